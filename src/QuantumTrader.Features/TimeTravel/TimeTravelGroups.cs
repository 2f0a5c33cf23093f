namespace QuantumTrader.Features.TimeTravel;

/// <summary>What the time-travel features are.</summary>
internal static class TimeTravelGroups
{
    private const string Lookback = "the lookback was seen, back to the open at most";

    public static FeatureGroup Features { get; } = new("time_travel", "Time travel",
    [
        Past("volume_pattern_score", "(1 + mean c_d) / 2; c_d = Pearson of today's volumes of the last 60 minutes with the same clock minutes of past day d of 7, skipped where either is constant", "60 minutes, 1 day that can be compared") with { Aliases = ["volume_pattern_similarity"] },
        Past("historical_momentum_rank", "midrank of P(T)/P(T - 60 min) - 1 among the same clock window of the last 30 trading days", "5 past days") with { Aliases = ["historical_momentum_percentile"] },
        Today("microstructure_imbalance", "(B - S) / (B + S) over the trades of the last 120 minutes with qty > 2 median(qty)") with { Min = -1, Neutral = 0, ZeroDivision = "0" },
        Past("volatility_regime", "midrank of sqrt(sum of squared log-returns of 1-minute closes over 120 minutes, clipped at the open) among the last 30 trading days", "5 past days") with { Aliases = ["volatility_regime_score"] },
        Past("intraday_seasonality", "midrank of the current half hour's mean volume over whole past days among all half hours of the session", "5 whole past days"),
        Past("momentum_percentile", "mean over h in 5, 15, 30, 60 min of the midrank of P(T)/P(T - h) - 1 among the last 14 trading days", "5 past days"),
        Today("volume_profile_score", "(sum s_k^2 - 1/K) / (1 - 1/K), s_k = share of volume at tick k of the K ticks from the lowest to the highest price of the last 120 minutes, K >= 2"),
        Today("price_action_quality", "mean of R^2 of a line through the 1-minute closes of the last 120 minutes, abs(last - first) / sum abs(change), and 1 - flips / (moves - 1); at least 10 closes"),
    ]);

    public static FeatureGroup Quality { get; } = new("time_travel_quality", "Quality of the time travel",
    [
        Meta("time_travel_used", "1 if at least one feature came from history") with { Max = 1 },
        Meta("lookback_minutes", "(T - first row of the lookback) / 60 s") with { Unit = "min", Inputs = "trades", WarmAfter = Lookback },
        Meta("data_points", "trades in the lookback") with { Inputs = "trades", WarmAfter = Lookback },
        Meta("data_quality", "mean of: minutes with trades / minutes of the lookback inside the day; good rows / rows read; days that can be compared / 30") with { Max = 1, ZeroDivision = "0" },
    ]);

    /// <summary>The same features, under the names that older models use where there are such.</summary>
    public static FeatureGroup WithAliases(FeatureGroup group) => group with
    {
        Features = [.. group.Features.Select(f => f.Aliases.Count == 0 ? f : f with { Name = f.Aliases[0], Aliases = [f.Name] })],
    };

    private static FeatureDefinition Past(string name, string formula, string warm) => new(name, formula) { Inputs = "history", WarmAfter = warm, Neutral = 0.5, Min = 0, Max = 1 };

    private static FeatureDefinition Today(string name, string formula) => Past(name, formula, Lookback) with { Inputs = "trades" };

    private static FeatureDefinition Meta(string name, string formula) => new(name, formula) { Inputs = "trades, history", WarmAfter = "1 minute", Min = 0 };
}
