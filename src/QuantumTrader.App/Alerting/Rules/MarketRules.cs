using QuantumTrader.Features;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Alerting.Rules;

/// <summary>What happens in the market and to the predictions of it, in event time and symbol by symbol.</summary>
internal static class MarketRules
{
    public static IReadOnlyList<AlertRule> All { get; } =
    [
        new("price_change", AlertSeverity.High, TimeSpan.FromMinutes(5), "The price of a symbol moved too far in 5 minutes.", look => Of(look, s => s.PriceChange with { Value = Math.Abs(s.PriceChange.Value) }, s => FormattableString.Invariant($"the price moved by {s.PriceChange.Value:+0.00%;-0.00%} in 5 minutes"))) { Limit = 0.02, Unit = "of the price" },
        new("volume_spike", AlertSeverity.Medium, TimeSpan.FromMinutes(5), "Far more of a symbol was traded in a minute than in the 20 before it.", look => Of(look, s => s.VolumeRatio, s => FormattableString.Invariant($"{s.VolumeRatio.Value:0.0} times the mean volume of the 20 minutes before"))) { Limit = 3, Unit = "times their mean" },
        new("volatility_high", AlertSeverity.Info, TimeSpan.FromMinutes(30), "A symbol moves more in 5 minutes than it did most of the day.", look => Of(look, s => s.VolatilityRank, s => FormattableString.Invariant($"more volatile than {s.VolatilityRank.Value:P0} of the day before"))) { Limit = 0.8, Unit = "rank within a day" },
        new("low_confidence", AlertSeverity.Medium, TimeSpan.FromMinutes(10), "The models are unsure of a symbol: mean confidence of 5 minutes' predictions.", look => Of(look, s => s.Confidence, s => FormattableString.Invariant($"mean confidence {s.Confidence.Value:0.000} over 5 minutes"))) { Limit = 0.5, IsBelow = true },
    ];

    /// <summary>Some of these rules are in force.</summary>
    public static bool AreIn(IReadOnlyList<AlertRule> rules) => rules.Any(r => All.Any(m => m.Name == r.Name));

    private static IEnumerable<Reading> Of(Look look, Func<SymbolFigures, Moment> figure, Func<SymbolFigures, string> words) =>
        from symbol in look.Symbols
        let moment = figure(symbol)
        select new Reading(symbol.Symbol, moment.Value, double.IsNaN(moment.Value) ? "" : $"{words(symbol)}, at {IsoTime.ToText(moment.Time)}");
}
