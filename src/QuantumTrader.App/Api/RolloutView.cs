using System.Globalization;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Reports;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Rollout.Gates;

namespace QuantumTrader.App.Api;

/// <summary>The phases of a run as they are now: the page and the topic of the same name.</summary>
internal sealed record RolloutView(IReadOnlyDictionary<string, PhaseView> Phases, IReadOnlyList<LevelView> Levels)
{
    /// <summary>Part of the way that the shares of all phases have gone, from 0 to 1.</summary>
    public double MigrationProgress { get; init; }

    /// <summary>Number of the last change.</summary>
    public long Generation { get; init; }

    /// <summary>How far the pipeline has moved to its new path, without the single phases.</summary>
    public MigrationReport? Migration { get; init; }

    /// <summary>The phases of a run; empty when it has none.</summary>
    public static RolloutView Of(LiveRun run)
    {
        if (run.Factory.Section<RolloutSection>() is not { } rollout)
        {
            return new RolloutView(new Dictionary<string, PhaseView>(), []);
        }

        var transitions = rollout.Control.Transitions;
        var levels = rollout.Phases.Select(p => p.Options.RollbackLevel).Distinct().Order();
        return new RolloutView(
            rollout.Phases.Select((p, i) => PhaseView.Of(p, i, transitions)).ToDictionary(p => p.Name, StringComparer.Ordinal),
            [.. levels.Select(l => new LevelView(l, [.. rollout.Phases.Where(p => p.Options.RollbackLevel <= l).Select(p => p.Options.Name)]))])
        {
            MigrationProgress = MigrationReport.Progress(rollout.Phases),
            Generation = rollout.Control.Generation,
            Migration = MigrationReport.Of(rollout.Phases, run.Plan, run.Watch.Now().Report.Blocks) with { Phases = [] },
        };
    }
}

/// <summary>What a rollback to a level takes out.</summary>
internal sealed record LevelView(int Level, IReadOnlyList<string> Phases);

/// <summary>A step of a phase.</summary>
internal sealed record StepView(string Name, double Share);

/// <summary>What comparing has shown.</summary>
internal sealed record AgreementView(long Compared, long Match, long Mismatch, double? Ratio);

/// <summary>What a gate says.</summary>
internal sealed record GateView(string Verdict, string Evidence, double? Value, double? Limit, long Samples);

/// <summary>A change of a phase.</summary>
internal sealed record EntryView(string? Time, string From, string To, string Reason, string Actor);

/// <summary>One phase.</summary>
internal sealed record PhaseView
{
    private const int MaxEntries = 10;

    public required string Name { get; init; }

    /// <summary>Its place in the file.</summary>
    public required int Order { get; init; }

    public required PhaseKind Kind { get; init; }

    /// <summary><c>off</c>, <c>shadow</c>, <c>serving</c>, <c>complete</c>, <c>aborted</c>; or <c>held</c>, at the share that is given.</summary>
    public required string State { get; init; }

    /// <summary>The same in words.</summary>
    public required string Text { get; init; }

    /// <summary>The breaker keeps the candidate from serving.</summary>
    public required bool BreakerOpen { get; init; }

    /// <summary>Index among the steps; absent when it is in none.</summary>
    public required int? Step { get; init; }

    public required IReadOnlyList<StepView> Steps { get; init; }

    public required double Share { get; init; }

    /// <summary>Number of its last change.</summary>
    public required long Epoch { get; init; }

    public required IReadOnlyList<string> Requires { get; init; }

    public required int RollbackLevel { get; init; }

    /// <summary>Who lets it go on from here.</summary>
    public required Approval Approve { get; init; }

    public required string Candidate { get; init; }

    public required string? Baseline { get; init; }

    /// <summary>What the step still asks for, in words.</summary>
    public required string Missing { get; init; }

    public required PhaseCounts Counts { get; init; }

    public required AgreementView Agreement { get; init; }

    public required IReadOnlyDictionary<string, GateView> Gates { get; init; }

    /// <summary>The newest changes, by their numbers.</summary>
    public required IReadOnlyDictionary<string, EntryView> LastEntries { get; init; }

    public static PhaseView Of(Phase phase, int order, IReadOnlyList<PhaseTransition> transitions)
    {
        var (options, state, counts, step) = (phase.Options, phase.State, phase.Evidence.Count(), phase.Evidence.Read().Step);
        var (match, mismatch) = (counts.Outcomes[Outcome.Match] + counts.Outcomes[Outcome.Ignored], counts.Outcomes[Outcome.Mismatch]);
        return new PhaseView
        {
            Name = options.Name,
            Order = order,
            Kind = options.Kind,
            State = state.IsHeld ? "held" : NameOf(state),
            Text = state.ToString(),
            BreakerOpen = state.IsOpen,
            Step = state.Step >= 0 ? state.Step : null,
            Steps = [.. options.Steps.Select(s => new StepView(s.Serve is { } share ? share.ToString() : "shadow", s.Serve?.Fraction ?? 0))],
            Share = state.Share.Fraction,
            Epoch = state.Generation,
            Requires = options.Requires,
            RollbackLevel = options.RollbackLevel,
            Approve = state.Step >= 0 && state.Step < options.Steps.Count ? options.Steps[state.Step].Approve : options.Start,
            Candidate = options.Candidate.Block,
            Baseline = options.Baseline?.Block,
            Missing = step?.Missing ?? "",
            Counts = counts,
            Agreement = new AgreementView(match + mismatch, match, mismatch, match + mismatch == 0 ? null : Math.Round((double)match / (match + mismatch), 6)),
            Gates = (step?.Gates ?? []).ToDictionary(g => g.Name, Of, StringComparer.Ordinal),
            LastEntries = transitions.Where(t => t.Phase == options.Name).TakeLast(MaxEntries).ToDictionary(
                t => t.To.Generation.ToString(CultureInfo.InvariantCulture),
                t => new EntryView(t.EventTime == 0 ? null : IsoTime.ToText(t.EventTime), NameOf(t.From), NameOf(t.To), t.Reason, t.Actor), StringComparer.Ordinal),
        };
    }

    private static string NameOf(PhaseState state) => SnakeCase.From(state.Stage.ToString());

    private static GateView Of(GateReading reading) => new(
        reading.Verdict switch { GateVerdict.Passed => "pass", GateVerdict.Failed => "fail", _ => "open" },
        string.Create(CultureInfo.InvariantCulture, $"E against {Shown(reading.Against)}, for {Shown(reading.For)}{(reading.IsDryRun ? "; decides nothing" : "")}{(reading.Warns ? "; worth a look" : "")}"),
        Finite(reading.Value), Finite(reading.Limit), reading.Samples);

    private static string Shown(double evidence) => double.IsFinite(evidence) ? evidence.ToString(evidence < 10_000 ? "0.##" : "0.0e+0", CultureInfo.InvariantCulture) : "-";

    private static double? Finite(double value) => double.IsFinite(value) ? Math.Round(value, 6) : null;
}
