using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout;

/// <summary>
/// The states of all phases, and what every signal makes of them. Knows no clock, no thread and no disk: the same signals in the same
/// groups give the same states, in whatever order those of a group come.
/// </summary>
internal sealed class PhaseMachine
{
    private const int DeepestLevel = 4;

    private readonly IReadOnlyList<PhaseRamp> _ramps;
    private readonly int[][] _requires;
    private readonly PhaseState[] _states;

    /// <summary>A machine with the phases where their options put them.</summary>
    public PhaseMachine(IReadOnlyList<PhaseRamp> ramps)
    {
        _ramps = ramps;
        var names = ramps.Select(r => r.Phase.Name).ToList();
        _requires = [.. ramps.Select(r => r.Phase.Requires.Select(n => names.IndexOf(n)).Where(i => i >= 0).ToArray())];
        _states = [.. ramps.Select(r => r.Initial.Runs ? r.Initial with { Generation = 1 } : r.Initial)];
        Generation = 1;
    }

    /// <summary>Number of the last change.</summary>
    public long Generation { get; private set; }

    /// <summary>The states, by the index of the phase.</summary>
    public IReadOnlyList<PhaseState> States => _states;

    /// <summary>Takes what is known from an earlier run.</summary>
    public void Restore(IReadOnlyList<PhaseState> states, long generation)
    {
        states.ToArray().CopyTo(_states, 0);
        Generation = Math.Max(Generation, generation);
    }

    /// <summary>Why a signal would change nothing now; null when it would.</summary>
    public string? Refuses(PhaseSignal signal) => Next(signal.Phase, signal).Refusal;

    /// <summary>Signals that happen at the same time: what lowers goes before what raises, and what was lowered is not raised with it.</summary>
    public MachineResult Apply(params IReadOnlyList<PhaseSignal> signals)
    {
        PhaseState[] before = [.. _states];
        var causes = new PhaseSignal?[_states.Length];
        var isTouched = new bool[_states.Length];
        var refusals = new List<Refusal>();
        foreach (var signal in signals.OrderBy(s => s.Kind).ThenByDescending(s => s.Level).ThenBy(s => s.Phase).ThenBy(s => s.Reason, StringComparer.Ordinal).ThenBy(s => s.Actor, StringComparer.Ordinal))
        {
            foreach (var phase in Reach(signal))
            {
                var (next, refusal) = isTouched[phase] && !signal.Lowers ? (_states[phase], "something else happened to it at the same time") : Next(phase, signal);
                if (refusal is not null)
                {
                    refusals.Add(new Refusal(signal, $"'{_ramps[phase].Phase.Name}' was not changed: {refusal}."));
                    continue;
                }

                // One that was already where a rollback takes it counts as touched: a retry at the same time loses.
                isTouched[phase] = true;
                if (next != _states[phase])
                {
                    (_states[phase], causes[phase]) = (next, signal);
                }
            }
        }

        TakeDependents(causes);
        return new MachineResult(Publish(before, causes), refusals);
    }

    /// <summary>Puts phases elsewhere than an earlier run left them, and takes out what then has no ground.</summary>
    public IReadOnlyList<PhaseChange> Amend(IReadOnlyList<(int Phase, PhaseState To, string Reason)> amended)
    {
        PhaseState[] before = [.. _states];
        var causes = new PhaseSignal?[_states.Length];
        foreach (var (phase, to, reason) in amended)
        {
            (_states[phase], causes[phase]) = (to, new PhaseSignal(SignalKind.Pause, phase, reason));
        }

        TakeDependents(causes);
        return Publish(before, causes);
    }

    /// <summary>Makes phases this signal's that it finds out already, because of something else: a change of its own, though they stay where they are.</summary>
    public IReadOnlyList<PhaseChange> Claim(PhaseSignal signal, Func<int, bool> isOfAnother)
    {
        PhaseState[] before = [.. _states];
        var causes = new PhaseSignal?[_states.Length];
        foreach (var phase in Reach(signal).Where(p => isOfAnother(p) && _states[p].Stage == PhaseStage.Aborted))
        {
            causes[phase] = signal;
        }

        return Publish(before, causes);
    }

    private IEnumerable<int> Reach(PhaseSignal signal) => signal.Kind switch
    {
        SignalKind.Kill => Enumerable.Range(0, _states.Length),
        SignalKind.Rollback => Enumerable.Range(0, _states.Length).Where(p => _ramps[p].Phase.RollbackLevel <= Math.Min(signal.Level, DeepestLevel)),
        _ => [signal.Phase],
    };

    // A phase whose ground is gone goes with it, and whatever stands on that.
    private void TakeDependents(PhaseSignal?[] causes)
    {
        for (var isSettled = false; !isSettled;)
        {
            isSettled = true;
            for (var phase = 0; phase < _states.Length; phase++)
            {
                if (_states[phase].Runs && MissingGround(phase) is { } ground)
                {
                    (_states[phase], isSettled) = (Aborted(_states[phase]), false);
                    causes[phase] = new PhaseSignal(SignalKind.Abort, phase, $"it requires '{_ramps[ground].Phase.Name}', which is {_states[ground]}");
                }
            }
        }
    }

    private List<PhaseChange> Publish(PhaseState[] before, PhaseSignal?[] causes)
    {
        var changes = new List<PhaseChange>();
        for (var phase = 0; phase < _states.Length; phase++)
        {
            if (causes[phase] is { } cause)
            {
                // One number for all that happened together: from it on no operation sees the states before.
                _states[phase] = _states[phase] with { Generation = Generation + 1 };
                changes.Add(new PhaseChange(phase, before[phase], _states[phase], cause));
            }
        }

        Generation += changes.Count > 0 ? 1 : 0;
        return changes;
    }

    private int? MissingGround(int phase)
    {
        foreach (var required in _requires[phase])
        {
            if (!_states[required].Carries)
            {
                return required;
            }
        }

        return null;
    }

    private (PhaseState Next, string? Refusal) Next(int phase, PhaseSignal signal)
    {
        var (state, ramp) = (_states[phase], _ramps[phase]);
        (PhaseState, string?) Refuse(string words) => (state, words);
        switch (signal.Kind)
        {
            case SignalKind.Kill or SignalKind.Rollback or SignalKind.Abort:
                return (Aborted(state), null);
            case SignalKind.Hold or SignalKind.Pause:
                return state.Runs ? (state with { IsHeld = true }, null) : Refuse($"it is {state}, and there is nothing to hold");
            case SignalKind.Open:
                return !state.Serves || state.IsOpen ? Refuse($"it is {state}")
                    : state.Openings >= ramp.Breaker?.AbortAfter ? (Aborted(state), null)
                    : (state with { IsOpen = true, Openings = state.Openings + 1 }, null);
            case SignalKind.Close:
                return state.IsOpen ? (ramp.At(1, state) with { IsHeld = state.IsHeld }, null) : Refuse("its breaker is not open");
        }

        if (MissingGround(phase) is { } ground)
        {
            return Refuse($"it requires '{_ramps[ground].Phase.Name}', which is {_states[ground]}");
        }

        return signal.Kind switch
        {
            SignalKind.Start when state.Stage == PhaseStage.Off => (ramp.At(0, state with { Openings = 0 }), null),
            SignalKind.Retry when state.Stage == PhaseStage.Aborted => (ramp.At(0, state with { Openings = 0 }), null),
            SignalKind.Retry when state.IsHeld => (state with { IsHeld = false }, null),
            SignalKind.Retry => Refuse($"it is {state}; only an aborted or a held phase is tried again"),
            _ when state.Stage == PhaseStage.Aborted => Refuse("it is aborted; only `retry` brings it back, through the shadow"),
            SignalKind.Start => Refuse($"it is {state} already"),
            _ when state.Stage == PhaseStage.Off => Refuse("it is off; `start` it first"),
            _ when state.Stage == PhaseStage.Complete => Refuse("it is complete already"),
            _ when state.IsOpen => Refuse("its breaker is open; it goes on when the candidate has been good in the shadow"),
            SignalKind.Full when signal.Reason.Length == 0 => Refuse("to complete it without its steps needs a reason"),
            SignalKind.Full => (ramp.At(ramp.Steps.Count, state), null),
            _ when signal.Missing.Length > 0 => Refuse(signal.Missing),
            SignalKind.Advance when state.IsHeld => Refuse("it is held"),
            _ when state.Step + 1 >= ramp.Steps.Count && !ramp.LeadsToComplete => Refuse($"it has no steps; it stays where `at` puts it"),
            _ => (ramp.At(state.Step + 1, state), null),
        };
    }

    private static PhaseState Aborted(PhaseState state) =>
        state.Stage == PhaseStage.Aborted ? state : state with { Stage = PhaseStage.Aborted, Share = Share.None, Step = -1, IsHeld = false, IsOpen = false };
}
