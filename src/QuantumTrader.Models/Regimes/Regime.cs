using System.Security.Cryptography;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Models.Regimes;

/// <summary>What kind of market it is.</summary>
public enum RegimeClass : byte
{
    /// <summary>Nobody has looked.</summary>
    None,

    /// <summary>Prices rise.</summary>
    TrendUp,

    /// <summary>Prices fall.</summary>
    TrendDown,

    /// <summary>Prices go to and fro between two borders.</summary>
    Range,

    /// <summary>Prices move more than is usual, without a trend; only the analyzer <c>shape</c> says so.</summary>
    Volatile,

    /// <summary>It cannot be told.</summary>
    Undefined,
}

/// <summary>How clear a trend is.</summary>
public enum RegimeStrength : byte
{
    /// <summary>ADX up to 35.</summary>
    Weak,

    /// <summary>ADX above 35.</summary>
    Strong,
}

/// <summary>How a regime is traded.</summary>
public enum RegimeStrategy : byte
{
    /// <summary>Not at all.</summary>
    NoTrade,

    /// <summary>With the trend.</summary>
    Follow,

    /// <summary>Reversals at the borders of the range.</summary>
    Reversal,
}

/// <summary>Where the price stands in a range.</summary>
public enum RangePlace : byte
{
    /// <summary>There is no range.</summary>
    None,

    /// <summary>Near the support.</summary>
    Support,

    /// <summary>Near the resistance.</summary>
    Resistance,

    /// <summary>Near neither of them.</summary>
    Middle,
}

/// <summary>What kind of market a symbol's closed candles show. Prices are plain numbers.</summary>
public readonly record struct Regime : IEvent<Regime>
{
    /// <summary>Sequence of the candle.</summary>
    public long Sequence { get; init; }

    /// <summary>End of the candle: ns UTC.</summary>
    public long EventTime { get; init; }

    /// <summary>Interned symbol.</summary>
    public int Symbol { get; init; }

    /// <summary>Candles seen so far.</summary>
    public int Candles { get; init; }

    /// <summary>What kind of market it is.</summary>
    public RegimeClass Class { get; init; }

    /// <summary>How clear the trend is.</summary>
    public RegimeStrength Strength { get; init; }

    /// <summary>How it is traded.</summary>
    public RegimeStrategy Strategy { get; init; }

    /// <summary>Where the close stands in the range.</summary>
    public RangePlace Place { get; init; }

    /// <summary>How sure it is, from 0 to 1.</summary>
    public double Confidence { get; init; }

    /// <summary>Gain to aim at, in multiples of what is risked.</summary>
    public double RiskReward { get; init; }

    /// <summary>Close of the candle.</summary>
    public double Close { get; init; }

    /// <summary>Wilder's average directional index over 14 candles, from 0 to 100; 0 until 28 candles were seen.</summary>
    public double Adx { get; init; }

    /// <summary>Exponential mean of the closes, factor 2/10.</summary>
    public double Ema9 { get; init; }

    /// <summary>Exponential mean of the closes, factor 2/21.</summary>
    public double Ema20 { get; init; }

    /// <summary>Exponential mean of the closes, factor 2/51.</summary>
    public double Ema50 { get; init; }

    /// <summary>Wilder's average true range over 14 candles; the plain mean while there are fewer; 0 until there are two candles.</summary>
    public double Atr { get; init; }

    /// <summary>Nearest border below the close; 0 when there is none, or no range.</summary>
    public double Support { get; init; }

    /// <summary>Nearest border above the close; 0 when there is none, or no range.</summary>
    public double Resistance { get; init; }

    /// <inheritdoc/>
    public long PartitionKey => Symbol;

    /// <inheritdoc/>
    public long ConflationKey => Symbol;

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<Regime> events, IncrementalHash hash)
    {
        foreach (ref readonly var e in events)
        {
            hash.Append(e.Sequence).Append(e.EventTime).Append(e.Symbol).Append(e.Candles)
                .Append((long)e.Class).Append((long)e.Strength).Append((long)e.Strategy).Append((long)e.Place)
                .Append(e.Confidence).Append(e.RiskReward).Append(e.Close).Append(e.Adx).Append(e.Ema9).Append(e.Ema20).Append(e.Ema50)
                .Append(e.Atr).Append(e.Support).Append(e.Resistance);
        }
    }
}
