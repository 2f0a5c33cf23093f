using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Features;

/// <summary>What was bought and sold at each price of a candle: features.md, section 4.4. Prices and quantities are plain numbers.</summary>
/// <param name="Sequence">Sequence of the event whose time closed the candle.</param>
/// <param name="EventTime">First ns after the candle, UTC.</param>
/// <param name="Symbol">Interned symbol.</param>
/// <param name="StartTime">First ns of the candle, UTC.</param>
/// <param name="Summary">The numbers over all levels.</param>
/// <param name="Prices">The levels that traded with a known side, from low to high. Never written after the footprint was sent.</param>
/// <param name="Sold">Quantity sold by aggressors, per level.</param>
/// <param name="Bought">Quantity bought by aggressors, per level.</param>
public readonly record struct Footprint(
    long Sequence, long EventTime, int Symbol, long StartTime, FootprintSummary Summary, double[] Prices, double[] Sold, double[] Bought) : IEvent<Footprint>
{
    /// <inheritdoc/>
    public long PartitionKey => Symbol;

    /// <inheritdoc/>
    public long ConflationKey => Symbol;

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<Footprint> events, IncrementalHash hash)
    {
        foreach (ref readonly var e in events)
        {
            var s = e.Summary;
            hash.Append(e.Sequence).Append(e.EventTime).Append(e.Symbol).Append(e.StartTime)
                .Append(s.Volume).Append(s.Delta).Append(s.Imbalance).Append(s.PocPrice).Append(s.PocShare).Append(s.ValueAreaLow).Append(s.ValueAreaHigh)
                .Append(s.BuyImbalances).Append(s.SellImbalances).Append((s.IsBuyStacked ? 1 : 0) + (s.IsSellStacked ? 2 : 0) + (s.IsAbsorptionWarm ? 4 : 0) + (s.IsAggregated ? 8 : 0))
                .Append(s.Absorption).Append(s.Step).Append(e.Prices.Length);
            hash.AppendData(MemoryMarshal.AsBytes(e.Prices.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(e.Sold.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(e.Bought.AsSpan()));
        }
    }
}

/// <summary>The numbers of a footprint over all its levels.</summary>
public readonly record struct FootprintSummary
{
    /// <summary>Quantity with a known side.</summary>
    public double Volume { get; init; }

    /// <summary>Bought less sold.</summary>
    public double Delta { get; init; }

    /// <summary>Delta / volume; 0 when there is none.</summary>
    public double Imbalance { get; init; }

    /// <summary>Level with the most volume; of equal ones the nearer to the close, then the higher. The close when there is no volume.</summary>
    public double PocPrice { get; init; }

    /// <summary>Its share of the volume.</summary>
    public double PocShare { get; init; }

    /// <summary>Lowest level of the value area.</summary>
    public double ValueAreaLow { get; init; }

    /// <summary>Highest level of the value area.</summary>
    public double ValueAreaHigh { get; init; }

    /// <summary>Levels with a buy imbalance.</summary>
    public int BuyImbalances { get; init; }

    /// <summary>Levels with a sell imbalance.</summary>
    public int SellImbalances { get; init; }

    /// <summary>Three or more levels one step apart have a buy imbalance.</summary>
    public bool IsBuyStacked { get; init; }

    /// <summary>Three or more levels one step apart have a sell imbalance.</summary>
    public bool IsSellStacked { get; init; }

    /// <summary>Absorption of the candle; 0 before there are 20 candles.</summary>
    public double Absorption { get; init; }

    /// <summary>True when there were 20 candles.</summary>
    public bool IsAbsorptionWarm { get; init; }

    /// <summary>Distance of the levels: the tick, or more when there were too many of them.</summary>
    public double Step { get; init; }

    /// <summary>True when there were more levels than allowed, so that neighbours were put together; a level then has the lowest of their prices.</summary>
    public bool IsAggregated { get; init; }
}
