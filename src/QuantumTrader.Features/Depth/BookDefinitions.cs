namespace QuantumTrader.Features;

/// <summary>The features of <c>features.book</c>, in vector order.</summary>
public static class BookDefinitions
{
    private static readonly int[] Minutes = [1, 5, 15];

    /// <summary>How much stands in the book; also in <c>features.flow</c>.</summary>
    public static IReadOnlyList<FeatureDefinition> Liquidity { get; } =
    [
        new("liquidity_score", "0.7 min(D/D_ref, 1) + 0.3 max(0, 1 - (spread in ticks - 1)/10); D = quantity of the best 10 levels of both sides, D_ref = depth_reference of the instrument; an empty, one-sided, locked or crossed book has 0") { Inputs = "book", WarmAfter = "1 book", Min = 0, Max = 1 },
        new("liquidity_mean_10", "mean liquidity_score of the last 10 book updates, the current one included; low_liquidity is a score below 0.7 of it") { Inputs = "book", WarmAfter = "10 book updates", Min = 0, Max = 1 },
    ];

    /// <summary>All.</summary>
    public static IReadOnlyList<FeatureGroup> Groups { get; } =
    [
        new("quotes", "Order flow of the best quotes",
        [
            .. Minutes.Select(w => Of($"book_ofi_{w}m", $"sum of e_n in (T - {w} min, T]; e_n = [Pb >= Pb'] Qb - [Pb <= Pb'] Qb' - [Pa <= Pa'] Qa + [Pa >= Pa'] Qa' for each change of the best quote (Cont, Kukanov, Stoikov 2014), ' = the quote before. The first quote, and the first after a missing side, only sets the quote before; a locked or crossed one counts as none", w) with { Unit = "quantity" }),
            .. Minutes.Select(w => Of($"book_ofi_norm_{w}m", $"book_ofi_{w}m / mean of (Qb + Qa)/2 over the same changes", w) with { ZeroDivision = "0" }),
            .. Minutes.Select(w => Of($"book_mlofi_{w}m", $"sum in (T - {w} min, T] of the mean of e_n over the best levels (option levels, default 5), e_n of a level from its price and quantity after each whole book message; a level that is not there counts as an empty one at the worst price", w) with { Unit = "quantity" }),
            new("book_queue_imbalance", "(Qb - Qa)/(Qb + Qa) of the last quote that was not locked or crossed") { Inputs = "book", WarmAfter = "1 quote with both sides", ZeroDivision = "0", Min = -1, Max = 1 },
            new("micro_price", "(Pb Qa + Pa Qb)/(Qa + Qb) of that quote") { Inputs = "book", WarmAfter = "1 quote with both sides", ZeroDivision = "0", Min = 0, Unit = "price" },
            new("book_spread", "Pa - Pb of that quote") { Inputs = "book", WarmAfter = "1 quote with both sides", Min = 0, Unit = "ticks" },
            Spread("mean"), Spread("min"), Spread("max"),
        ]),
        new("depth", "Depth and liquidity",
        [
            new("bid_depth", "quantity of the best 10 bids") { Inputs = "book", WarmAfter = "1 book", Min = 0, Unit = "quantity" },
            new("ask_depth", "quantity of the best 10 asks") { Inputs = "book", WarmAfter = "1 book", Min = 0, Unit = "quantity" },
            new("depth_imbalance", "(bid_depth - ask_depth)/(bid_depth + ask_depth)") { Inputs = "book", WarmAfter = "1 book", ZeroDivision = "0", Min = -1, Max = 1 },
            .. Liquidity,
            Profile("mean"), Profile("min"), Profile("max"),
            new("liquidity_spread_mean_50", "mean spread over those of the last 50 book updates that left one: not empty, one-sided, locked or crossed") { Inputs = "book", WarmAfter = "50 book updates", ZeroDivision = "0", Min = 0, Unit = "ticks" },
        ]),
    ];

    private static FeatureDefinition Of(string name, string formula, int minutes) => new(name, formula) { Inputs = "book", WarmAfter = $"{minutes} min watched and 1 change" };

    private static FeatureDefinition Spread(string what) =>
        new($"book_spread_{what}_50", $"{what} of the spread over the last 50 changes of the best quote") { Inputs = "book", WarmAfter = "50 quotes with both sides", Min = 0, Unit = "ticks" };

    private static FeatureDefinition Profile(string what) =>
        new($"liquidity_{what}_50", $"{what} of liquidity_score over the last 50 book updates") { Inputs = "book", WarmAfter = "50 book updates", Min = 0, Max = 1 };
}
