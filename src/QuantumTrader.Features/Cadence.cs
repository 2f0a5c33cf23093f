using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>When a block of features sends a vector.</summary>
public enum Cadence
{
    /// <summary>At the end of each candle; T is its end.</summary>
    Candle,

    /// <summary>After each trade of the market; T is its time.</summary>
    Trade,

    /// <summary>After each whole book message or quote; T is its time.</summary>
    Update,

    /// <summary>At each multiple of <c>interval_ms</c> inside the trading day that some event reaches; T is the multiple.</summary>
    Interval,
}

/// <summary>Options of every block of features whose vectors are not bound to candles.</summary>
public abstract record CadenceOptions
{
    /// <summary>When a vector is sent: at the end of each <c>candle</c>, after each <c>trade</c>, after each <c>update</c> (a whole book message or a quote), or every <c>interval</c> of event time.</summary>
    public Cadence Every { get; init; } = Cadence.Candle;

    /// <summary>Length of an interval in milliseconds of event time.</summary>
    [Range(1, 86_400_000)]
    public int IntervalMs { get; init; } = 1000;

    /// <summary>Length of a candle in seconds; a model must be used with the length that it was trained with. An edit reaches a trade only as long as its candle is open.</summary>
    [Range(1, 86_400)]
    public int CandleSeconds { get; init; } = 60;
}
