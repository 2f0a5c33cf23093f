using System.Globalization;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;

namespace QuantumTrader.App.Reports;

/// <summary>What a run did to its phases.</summary>
/// <param name="Phases">Where each stands, and what was counted of it.</param>
/// <param name="Story">Every change, oldest first.</param>
internal sealed record RolloutReport(IReadOnlyList<RolloutReport.PhaseLine> Phases, IReadOnlyList<string> Story)
{
    /// <summary>One phase at the end of the run.</summary>
    public sealed record PhaseLine(string Name, string State, PhaseCounts Counts);

    /// <summary>The report of a section; null when the pipeline has none.</summary>
    public static RolloutReport? Of(RolloutSection? rollout, PipelinePlan plan, GraphReport graph) => rollout is null ? null : new RolloutReport(
        [.. rollout.Phases.Select(p => new PhaseLine(p.Options.Name, p.State.ToString(), p.Evidence.Count()))],
        [.. rollout.Control.Transitions.Select(t => $"{(t.EventTime == 0 ? "at the start" : IsoTime.ToText(t.EventTime))} {t.Phase}: {t.From} -> {t.To} ({t.Reason})")])
    { Migration = MigrationReport.Of(rollout.Phases, plan, graph.Blocks) };

    /// <summary>How far the pipeline has moved to its new path.</summary>
    public MigrationReport? Migration { get; init; }

    /// <summary>For people: the story, and a line per phase.</summary>
    public IEnumerable<string> ToLines() => Story.Concat(Phases.Select(p => string.Create(
        CultureInfo.InvariantCulture,
        $"{p.Name} is {p.State}: {p.Counts.EnhancedCalls:N0} of {p.Counts.Ops:N0} operations by the candidate, {p.Counts.Fallbacks.Values.Sum():N0} fallbacks; compared {p.Counts.Outcomes.Values.Sum():N0}, of which {p.Counts.Outcomes[Outcome.Match]:N0} agree, {p.Counts.Outcomes[Outcome.Mismatch]:N0} differ, {p.Counts.Outcomes[Outcome.CandidateError]:N0} without an answer; {p.Counts.ShadowShed:N0} shed{(p.Counts.Contradicted > 0 ? $"; asked again {p.Counts.Repeated:N0} times, the baseline contradicted itself {p.Counts.Contradicted:N0} times" : "")}")));
}
