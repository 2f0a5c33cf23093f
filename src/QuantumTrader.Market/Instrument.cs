namespace QuantumTrader.Market;

/// <summary>What is traded.</summary>
/// <param name="Symbol">Name in the feed, such as <c>BTCUSDT</c>.</param>
/// <param name="Tick">Smallest price step.</param>
/// <param name="Multiplier">Money per 1.0 of price and unit of quantity.</param>
/// <param name="QuantityStep">Smallest quantity step.</param>
public sealed record Instrument(string Symbol, decimal Tick, decimal Multiplier, decimal QuantityStep)
{
    /// <summary>Prices above this one are refused as errors of the feed.</summary>
    public decimal MaxPrice { get; init; } = 10_000_000_000m;
}
