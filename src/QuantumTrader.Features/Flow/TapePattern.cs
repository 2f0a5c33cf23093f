using System.Security.Cryptography;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>What the tape showed.</summary>
public enum TapeKind
{
    /// <summary>Trades of one side in quick succession whose size never falls.</summary>
    Sweep,

    /// <summary>Many trades of nearly the same small size at one price and side: an order that shows only a part of itself.</summary>
    Iceberg,

    /// <summary>More traded at a level than it ever displayed.</summary>
    BookIceberg,

    /// <summary>Much volume in a candle that did not move the price.</summary>
    Absorption,

    /// <summary>A single trade of unusual size.</summary>
    BlockTrade,
}

/// <summary>A pattern on the tape of one symbol.</summary>
/// <param name="Sequence">Sequence of the event that completed it.</param>
/// <param name="EventTime">Its time: ns UTC.</param>
/// <param name="Symbol">Interned symbol.</param>
/// <param name="Kind">Which pattern.</param>
/// <param name="Side">Aggressor of its trades; <see cref="Market.Side.None"/> when they have none.</param>
/// <param name="Confidence">From 0 to 1.</param>
/// <param name="Price">Price of the pattern, scaled by 1e-8: that of its newest trade, of its level, or the candle's close.</param>
/// <param name="Quantity">Quantity of its trades, scaled by 1e-8.</param>
/// <param name="Trades">Trades analysed.</param>
/// <param name="FirstTrade">Number of the oldest of them; 0 when not known.</param>
/// <param name="LastTrade">Number of the newest of them; 0 when not known.</param>
public readonly record struct TapePattern(
    long Sequence, long EventTime, int Symbol, TapeKind Kind, Side Side, double Confidence, long Price, long Quantity, int Trades, long FirstTrade, long LastTrade)
    : IEvent<TapePattern>
{
    /// <inheritdoc/>
    public long PartitionKey => Symbol;

    /// <summary>Symbol and kind: the newest pattern of each kind is kept.</summary>
    public long ConflationKey => ((long)Symbol << 8) | (long)Kind;

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<TapePattern> events, IncrementalHash hash)
    {
        foreach (ref readonly var e in events)
        {
            hash.Append(e.Sequence).Append(e.EventTime).Append(e.Symbol).Append((long)e.Kind).Append((long)e.Side).Append(e.Confidence)
                .Append(e.Price).Append(e.Quantity).Append(e.Trades).Append(e.FirstTrade).Append(e.LastTrade);
        }
    }
}
