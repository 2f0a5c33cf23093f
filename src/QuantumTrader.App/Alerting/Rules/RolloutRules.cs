using QuantumTrader.Features;
using QuantumTrader.Rollout;

namespace QuantumTrader.App.Alerting.Rules;

/// <summary>What goes wrong while something new is rolled out.</summary>
internal static class RolloutRules
{
    public static IReadOnlyList<AlertRule> All { get; } =
    [
        new("rollout_aborted", AlertSeverity.Critical, TimeSpan.FromMinutes(5), "A phase was aborted.", look => Of(look, p => p.State.Stage == PhaseStage.Aborted, "the candidate is out; the baseline serves everything")),
        new("rollout_held", AlertSeverity.Warning, TimeSpan.FromMinutes(30), "A phase does not go on by itself.", look => Of(look, p => p.State.IsHeld, "the phase keeps its share until somebody promotes or aborts it")),
        new("breaker_open", AlertSeverity.High, TimeSpan.FromMinutes(5), "A phase's breaker is open.", look => Of(look, p => p.State.IsOpen, "the candidate serves nothing and is probed in the shadow")),
        new("fallback", AlertSeverity.Warning, TimeSpan.FromMinutes(5), "The baseline answered in a candidate's stead: the first of a burst, with ALERT_ON_FALLBACK.", Fallbacks) { Unit = "answers" },
    ];

    private static IEnumerable<Reading> Of(Look look, Func<PhaseFigures, bool> isSo, string words) => look.Phases.Select(p => new Reading(p.Name, isSo(p) ? 1 : 0, $"{p.State}: {words}"));

    private static IEnumerable<Reading> Fallbacks(Look look) =>
        from phase in look.Phases
        let causes = phase.Fallbacks.Where(f => f.Value > 0).Select(f => FormattableString.Invariant($"{f.Key.ToString().ToLowerInvariant()} {f.Value}"))
        select new Reading(phase.Name, phase.Fallbacks.Values.Sum(), $"the baseline answered instead: {string.Join(", ", causes)}");
}
