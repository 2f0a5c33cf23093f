namespace QuantumTrader.Features;

/// <summary>The features of <c>features.flow</c>, in vector order.</summary>
public static class FlowDefinitions
{
    private static readonly int[] Minutes = [1, 5, 15, 30, 60];
    private static readonly int[] VolumeMinutes = [1, 5, 15];

    /// <summary>
    /// From trades. T is a trade's time, or the last ns before the end of a candle or interval: the catalogue leaves open on which side a
    /// trade at the end itself falls, and so the windows hold the same trades as the candles.
    /// </summary>
    public static FeatureGroup Trades { get; } = new("flow", "Order flow of trades (T: time of a trade, or the last ns before the end of a candle or interval)",
    [
        .. Minutes.Select(w => Of($"flow_ofi_{w}m", $"(B - S)/(B + S) on quantity in (T - {w} min, T]", w) with { ZeroDivision = "0", Min = -1, Max = 1 }),
        .. Minutes.Select(w => Of($"flow_ofi_velocity_{w}m", $"flow_ofi_{w}m(T) - flow_ofi_{w}m(T - {w} min)", 2 * w) with { ZeroDivision = "0 for an empty window", Min = -2, Max = 2 }),
        .. Minutes.Select(w => Of($"flow_ofi_acceleration_{w}m", $"flow_ofi_velocity_{w}m(T) - flow_ofi_velocity_{w}m(T - {w} min)", 3 * w) with { ZeroDivision = "0 for an empty window", Min = -4, Max = 4 }),
        .. VolumeMinutes.Select(w => Of($"flow_buy_volume_{w}m", $"B: quantity of side +1 in (T - {w} min, T]", w) with { Min = 0, Unit = "quantity" }),
        .. VolumeMinutes.Select(w => Of($"flow_sell_volume_{w}m", $"S: quantity of side -1 in (T - {w} min, T]", w) with { Min = 0, Unit = "quantity" }),
        .. VolumeMinutes.Select(w => Of($"flow_trades_{w}m", $"trades in (T - {w} min, T], those without a side included", w) with { Min = 0, Unit = "trades" }),
        new("flow_volume_imbalance", "(B - S)/(B + S) over the last 100 trades") { Inputs = "trades", WarmAfter = "10 trades (min_trades)", ZeroDivision = "0", Min = -1, Max = 1 },
        new("flow_aggression_ratio", "share of side +1 among the last 50 trades with a known side") { Inputs = "trades", WarmAfter = "10 trades with a side (min_trades)", Neutral = 0.5, Min = 0, Max = 1 },
        new("flow_large_trade_ratio", "share of trades above the second size bound (large or whale) among the last 100 trades") { Inputs = "trades", WarmAfter = "10 trades (min_trades)", Min = 0, Max = 1 },
        new("tape_speed", "trades in (T - 10 s, T] / 10") { Inputs = "trades", WarmAfter = "10 s watched", Min = 0, Unit = "trades/s" },
        new("flow_cumulative_delta", "sum of B - S of the trading day up to T, trade by trade; restarts at the open. Warm only when the day was watched from its open: started later it would be another day's part") { Inputs = "trades, clock", WarmAfter = "the day's open", Unit = "quantity" },
    ]);

    /// <summary>All.</summary>
    public static IReadOnlyList<FeatureGroup> Groups { get; } = [Trades, new FeatureGroup("flow_book", "Liquidity of the book", BookDefinitions.Liquidity)];

    private static FeatureDefinition Of(string name, string formula, int minutes) => new(name, formula) { Inputs = "trades", WarmAfter = $"{minutes} min watched and 1 trade" };
}
