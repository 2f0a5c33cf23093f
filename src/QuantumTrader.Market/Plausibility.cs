using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>Says what cannot be true of an event; null when all of it can be.</summary>
internal sealed class Plausibility(MarketContext market)
{
    private const long MaxQuantity = 1_000_000_000 * Scaled.One;

    // By symbol; number 0 is of events that belong to none.
    private readonly long[] _maxPrices = [0, .. market.Instruments.Select(i => (long)(i.MaxPrice * Scaled.One))];

    public bool Knows(int symbol) => (uint)(symbol - 1) < (uint)(_maxPrices.Length - 1);

    public string? Fault(in MarketEvent e)
    {
        var symbol = (uint)e.Symbol < (uint)_maxPrices.Length ? e.Symbol : 0;
        if (symbol == 0 && !(e.Symbol == 0 && e.Kind is EventKind.State or EventKind.Clock))
        {
            return e.Kind is EventKind.None or > EventKind.Clock ? "bad_kind" : "bad_symbol";
        }

        if (e.EventTime <= 0)
        {
            return "bad_time";
        }

        var maxPrice = _maxPrices[symbol];
        return e.Kind switch
        {
            EventKind.Trade => PriceFault(e.Price, maxPrice) ?? (e.Quantity is <= 0 or > MaxQuantity ? "bad_quantity" : null),
            EventKind.Quote => PriceFault(e.Price, maxPrice) ?? PriceFault(e.AskPrice, maxPrice)
                ?? (e.Quantity is < 0 or > MaxQuantity || e.AskQuantity is < 0 or > MaxQuantity ? "bad_quantity" : null),
            EventKind.MarkPrice => PriceFault(e.Price, maxPrice),
            EventKind.None or > EventKind.Clock => "bad_kind",
            _ => null,
        };
    }

    /// <summary>The same of a book's level, whose symbol is known and whose time is its header's.</summary>
    public string? LevelFault(in MarketEvent level) =>
        PriceFault(level.Price, _maxPrices[level.Symbol]) ?? (level.Quantity is < 0 or > MaxQuantity ? "bad_quantity" : null);

    private static string? PriceFault(long price, long maxPrice) => price <= 0 || price > maxPrice ? "bad_price" : null;
}
