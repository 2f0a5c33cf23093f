using QuantumTrader.Features;

namespace QuantumTrader.App.Alerting.Rules;

/// <summary>What goes wrong with the store.</summary>
internal static class StoreRules
{
    public static IReadOnlyList<AlertRule> All { get; } =
    [
        new(
            "store_down", AlertSeverity.Critical, TimeSpan.FromMinutes(1), "The store takes no events.",
            look => look.Gauges("qt_store_up").Select(g => new Reading(g.Block.Name, 1 - g.Gauge.Value, "the store does not answer; events wait on disk and go in, in order, when it is back"))),
    ];
}
