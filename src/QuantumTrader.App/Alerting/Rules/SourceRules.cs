using QuantumTrader.Features;

namespace QuantumTrader.App.Alerting.Rules;

/// <summary>What goes wrong with live data.</summary>
internal static class SourceRules
{
    private const string Connected = "qt_source_connected";

    public static IReadOnlyList<AlertRule> All { get; } =
    [
        new("connection_lost", AlertSeverity.Critical, TimeSpan.FromMinutes(1), "A live source has no connection.", ConnectionLost) { For = TimeSpan.FromSeconds(2) },
        new("data_gap", AlertSeverity.High, TimeSpan.FromMinutes(5), "A connected source brings no data.", DataGap) { For = TimeSpan.FromSeconds(10) },
    ];

    private static IEnumerable<Reading> ConnectionLost(Look look) =>
        look.Gauges(Connected).Select(g => new Reading(g.Block.Name, 1 - g.Gauge.Value, "the source is not connected; it connects again by itself"));

    private static IEnumerable<Reading> DataGap(Look look) =>
        from found in look.Gauges(Connected)
        let before = look.Previous(found.Block)
        select new Reading(found.Block.Name, before is not null && found.Block.In == before.In ? 1 : 0, "no data comes, although the source is running");
}
