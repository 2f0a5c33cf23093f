using QuantumTrader.Dataflow;
using QuantumTrader.Features;

namespace QuantumTrader.App.Alerting.Rules;

/// <summary>What goes wrong in the engine itself.</summary>
internal static class EngineRules
{
    private const string Conflated = "conflated";

    public static IReadOnlyList<AlertRule> All { get; } =
    [
        new("run_failed", AlertSeverity.Critical, TimeSpan.FromMinutes(1), "The run was broken off.", RunFailed),
        new("unbalanced", AlertSeverity.Critical, TimeSpan.FromMinutes(1), "Events are unaccounted for.", Unbalanced),
        new("events_lost", AlertSeverity.High, TimeSpan.FromMinutes(5), "An edge that is not allowed to wait has dropped events.", EventsLost) { Unit = "events" },
        new("edge_full", AlertSeverity.Warning, TimeSpan.FromMinutes(5), "An edge that drops or spills when it is full is nearly full.", EdgeFull) { Limit = 0.9, Unit = "share of its capacity", For = TimeSpan.FromSeconds(5) },
        new("spilling", AlertSeverity.Warning, TimeSpan.FromMinutes(5), "Events of an edge wait on disk.", Spilling) { Unit = "events", For = TimeSpan.FromSeconds(10) },
        new("error_rate", AlertSeverity.Error, TimeSpan.FromMinutes(5), "A block fails at too many events.", ErrorRate) { Limit = 0.05, Unit = "share of its events" },
        new("latency", AlertSeverity.Medium, TimeSpan.FromMinutes(5), "Events take too long from source to last block (99th percentile of the last half to one minute).", Latency) { Limit = 0.1, Unit = "s", For = TimeSpan.FromSeconds(5) },
    ];

    private static IEnumerable<Reading> RunFailed(Look look) => [new(look.Pipeline, look.Report.Fault is null ? 0 : 1, look.Report.Fault ?? "")];

    private static IEnumerable<Reading> Unbalanced(Look look) => [new(look.Pipeline, look.Report.Imbalances.Count, string.Join("; ", look.Report.Imbalances.Take(3)))];

    private static IEnumerable<Reading> EventsLost(Look look) =>
        from edge in Lossy(look)
        let lost = Lost(edge) - (look.Previous(edge) is { } before ? Lost(before) : 0)
        select new Reading(NameOf(edge), lost, FormattableString.Invariant($"{lost} events were dropped because the edge was full ({Lost(edge)} in all): {edge.To} is too slow, or the edge too small"));

    private static IEnumerable<Reading> EdgeFull(Look look) =>
        from edge in Lossy(look)
        let fill = (double)edge.Depth / edge.Capacity
        select new Reading(NameOf(edge), fill, FormattableString.Invariant($"{fill:P0} full; when it is full it will {edge.WhenFull switch { WhenFull.Spill => "spill to disk", _ => "drop events" }}"));

    private static IEnumerable<Reading> Spilling(Look look) =>
        look.Report.Edges.Select(e => new Reading(NameOf(e), e.Spilled, FormattableString.Invariant($"{e.Spilled} events wait on disk; they come back in order when {e.To} catches up")));

    private static IEnumerable<Reading> ErrorRate(Look look) =>
        from block in look.Report.Blocks
        let before = look.Previous(block)
        let taken = block.In - (before?.In ?? 0)
        let failed = block.Errors.Values.Sum() - (before?.Errors.Values.Sum() ?? 0)
        select new Reading(block.Name, failed == 0 ? 0 : failed / (double)Math.Max(taken, failed), FormattableString.Invariant($"{failed} of {taken} events failed: {string.Join(", ", block.Errors.Keys)}"));

    private static IEnumerable<Reading> Latency(Look look) =>
        look.Report.Latency.Select(l => new Reading(l.To, l.RecentP99 / 1e6 ?? double.NaN, FormattableString.Invariant($"99 % of events take up to {l.RecentP99 / 1e3:0.#} ms from {l.From}")));

    // An edge that waits is slow but loses nothing; the engine names it as the bottleneck.
    private static IEnumerable<EdgeReport> Lossy(Look look) => look.Report.Edges.Where(e => !e.Fused && e.WhenFull is not (WhenFull.Block or WhenFull.Conflate));

    private static long Lost(EdgeReport edge) => edge.Dropped.Where(d => d.Key != Conflated).Sum(d => d.Value);

    private static string NameOf(EdgeReport edge) => $"{edge.From}->{edge.To}";
}
