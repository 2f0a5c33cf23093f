using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Journal;

/// <summary>What is known of earlier runs.</summary>
/// <param name="Entries">The journal.</param>
/// <param name="Sums">What the steps had summed up.</param>
/// <param name="EventTime">The last event time that is known, ns UTC; 0 when none is.</param>
/// <param name="Damage">Why it cannot be believed; null when it can.</param>
internal sealed record Recovered(IReadOnlyList<JournalEntry> Entries, IReadOnlyDictionary<string, StepSums> Sums, long EventTime, string? Damage)
{
    /// <summary>The process that wrote last died.</summary>
    public bool IsUnclean => Entries.LastOrDefault(e => e.Kind is JournalKind.Began or JournalKind.Stopped)?.Kind == JournalKind.Began;

    /// <summary>Phases whose last change was that a switch took them out.</summary>
    public IReadOnlyList<string> TakenOutBySwitch =>
        [.. Entries.Where(e => e.Kind == JournalKind.Change).GroupBy(e => e.Phase!).Where(g => g.Last() is { Actor: PhaseControl.SwitchActor, To.Stage: PhaseStage.Aborted }).Select(g => g.Key)];

    /// <summary>Event time until which the baseline of a completed phase must stay, ns UTC; null when it has none to keep.</summary>
    public long? BaselineKeptUntil(string phase, StateOptions options) =>
        Entries.LastOrDefault(e => e.Kind == JournalKind.Change && e.Phase == phase) is { To.Stage: PhaseStage.Complete, Baseline: not null } completed
            && completed.EventTime + (options.KeepBaselineFor.Ticks * 100) is var until && until > EventTime ? until : null;

    /// <summary>Refuses phases that have dropped a baseline too soon.</summary>
    /// <exception cref="ConfigurationException">One has.</exception>
    public void CheckBaselines(IReadOnlyList<Phase> phases, StateOptions options)
    {
        foreach (var completed in Entries.Where(e => e.Baseline is not null).GroupBy(e => e.Phase!).Select(g => g.Last()))
        {
            if (BaselineKeptUntil(completed.Phase!, options) is { } until && phases.All(p => p.Options.Name != completed.Phase || p.Options.Baseline?.Block != completed.Baseline))
            {
                throw new ConfigurationException("state.keep_baseline_for", $"the phase '{completed.Phase}' is complete since {IsoTime.ToText(completed.EventTime)}, and its baseline '{completed.Baseline}' stays until {IsoTime.ToText(until)} of event time, so that a rollback finds it warm. Put the phase with its baseline back, or shorten keep_baseline_for.");
            }
        }
    }

    /// <summary>Brings the phases to where they were, and then to where they may be now.</summary>
    /// <param name="control">Phases that have not run yet.</param>
    /// <param name="options">What becomes of a phase when the process died.</param>
    /// <param name="now">For the window of crashes.</param>
    /// <param name="asRun">A run begins, so that a crash before it counts; else somebody only looks or sends a command.</param>
    public void Restore(PhaseControl control, StateOptions options, DateTimeOffset now, bool asRun)
    {
        var last = Entries.Where(e => e.Kind == JournalKind.Change).GroupBy(e => e.Phase!).ToDictionary(g => g.Key, g => g.Last());
        var states = control.Phases.Select(p => last.TryGetValue(p.Options.Name, out var entry) ? Known(p, entry) : p.State).ToList();
        var valid = Damage is null ? Sums.Where(s => control.Phases.Any(p => p.Options.Name == s.Key && last.GetValueOrDefault(s.Key)?.Generation == s.Value.Through)) : [];
        control.Restore(states, Entries.Select(e => e.Generation).DefaultIfEmpty(0).Max(), valid.ToDictionary(s => s.Key, s => s.Value));

        var hasCrashed = asRun && IsUnclean;
        var again = hasCrashed && Entries.LastOrDefault(e => e.Kind == JournalKind.Crashed) is { } crash && now - crash.Time <= options.CrashWindow;
        var amended = new List<(int, PhaseState, string)>();
        for (var i = 0; i < states.Count; i++)
        {
            if (Amend(control.Phases[i].Options, states[i], last.GetValueOrDefault(control.Phases[i].Options.Name), options, hasCrashed, again) is var (to, reason) && to != states[i])
            {
                amended.Add((i, to, reason));
            }
        }

        control.Amend(amended);
    }

    // A phase without steps is where the file says, unless it was taken out.
    private static PhaseState Known(Phase phase, JournalEntry entry) =>
        phase.Options.Steps.Count > 0 || entry.To!.Stage == PhaseStage.Aborted ? entry.To!.ToState(entry.Generation) : phase.State;

    private (PhaseState To, string Reason) Amend(PhaseOptions phase, PhaseState state, JournalEntry? last, StateOptions options, bool hasCrashed, bool again)
    {
        var aborted = state with { Stage = PhaseStage.Aborted, Share = Share.None, Step = -1, IsHeld = false, IsOpen = false };
        var shadow = new PhaseRamp(phase).At(0, state with { Openings = 0 });
        if (Damage is not null)
        {
            return (aborted, $"the state could not be read: {Damage}");
        }

        if (!state.Runs || last is null)
        {
            return (state, "");
        }

        if (hasCrashed && state.Stage != PhaseStage.Complete && (again || (state.Stage == PhaseStage.Serving && options.OnCrash == OnCrash.Abort)))
        {
            return (aborted, again ? "the process died twice within crash_window" : "the process died while the candidate served");
        }

        if (phase.Steps.Count == 0)
        {
            return (state, "");
        }

        return last.Candidate != JournalEntry.CandidateHash(phase) ? (shadow, "the candidate, its comparison or its salt is another one")
            : hasCrashed && state.Stage == PhaseStage.Serving ? (shadow, "the process died while the candidate served")
            : last.Ramp != JournalEntry.RampHash(phase) && state.Stage != PhaseStage.Complete ? (Fit(phase, state), "its steps or gates are others")
            : (state, "");
    }

    // The same share, held, at the step that comes nearest to it from below.
    private static PhaseState Fit(PhaseOptions phase, PhaseState state) =>
        state with { IsHeld = true, Step = Math.Max(0, phase.Steps.Count(s => (s.Serve ?? Share.None) <= state.Share) - 1) };
}
