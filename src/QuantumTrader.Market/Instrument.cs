namespace QuantumTrader.Market;

/// <summary>What is traded.</summary>
/// <param name="Symbol">Name in the feed, such as <c>BTCUSDT</c>.</param>
/// <param name="Tick">Smallest price step.</param>
/// <param name="Multiplier">Money per 1.0 of price and unit of quantity.</param>
/// <param name="QuantityStep">Smallest quantity step.</param>
public sealed record Instrument(string Symbol, decimal Tick, decimal Multiplier, decimal QuantityStep)
{
    // One instance, so that instruments that name no bounds stay equal.
    private static readonly decimal[] DefaultSizeBounds = [5, 20, 50];

    /// <summary>Prices above this one are refused as errors of the feed.</summary>
    public decimal MaxPrice { get; init; } = 10_000_000_000m;

    /// <summary>Largest quantity of a small, a medium and a large trade; what is above the last is a whale.</summary>
    public IReadOnlyList<decimal> SizeBounds { get; init; } = DefaultSizeBounds;

    /// <summary>A single trade above this quantity is a block trade.</summary>
    public decimal BlockTradeQuantity { get; init; } = 100;

    /// <summary>Quantity in the best ten levels of both sides together from which on the book counts as deep.</summary>
    public decimal DepthReference { get; init; } = 1000;
}
