using QuantumTrader.Pipelines;
using QuantumTrader.Rollout.Gates;

namespace QuantumTrader.Rollout;

/// <summary>A phase has changed, for whoever writes it down or tells it.</summary>
/// <param name="Phase">Its name.</param>
/// <param name="From">What it was.</param>
/// <param name="To">What it is.</param>
/// <param name="Actor">Who: <c>auto</c>, <c>cli</c>, <c>api</c>.</param>
/// <param name="Reason">Why.</param>
/// <param name="EventTime">Event time of the last tick, ns UTC; 0 before the first.</param>
/// <param name="Gates">What the gates of the step that ended said.</param>
public sealed record PhaseTransition(
    string Phase, PhaseState From, PhaseState To, string Actor, string Reason, long EventTime, IReadOnlyList<GateReading> Gates);

/// <summary>
/// Runs the phases: at ticks of event time by what was seen of them, and by commands, which any thread may send. What lowers takes effect
/// before the call returns; what raises at the phase's next tick, so that it meets whatever else happens there. Each change is published
/// as one immutable state; nothing on the main path waits for more than that.
/// </summary>
public sealed class PhaseControl
{
    /// <summary>Who takes a phase out because of its switch.</summary>
    internal const string SwitchActor = "switch";

    private const int MaxTransitions = 1000;

    private readonly Queue<PhaseTransition> _transitions = new();
    private const int MaxWaiting = 64;

    private readonly Lock _gate = new();
    private readonly PhaseMachine _machine;
    private readonly PhaseRamp[] _ramps;
    private readonly List<PhaseCommand> _waiting = [];
    private readonly HashSet<string> _takenOut = new(StringComparer.Ordinal);
    private long _eventTime;

    /// <summary>The phases where their options put them.</summary>
    /// <exception cref="ConfigurationException">One stands at something that is no place.</exception>
    public PhaseControl(IReadOnlyList<PhaseOptions> phases)
    {
        _ramps = [.. phases.Select(p => new PhaseRamp(p))];
        _machine = new PhaseMachine(_ramps);
        Phases = [.. phases.Select(p => new Phase(this, p))];
        for (var i = 0; i < _ramps.Length; i++)
        {
            Phases[i].State = _machine.States[i];
            Phases[i].Evidence.Begin(_ramps[i], _machine.States[i]);
        }
    }

    /// <summary>The phases, in the order of the file.</summary>
    public IReadOnlyList<Phase> Phases { get; }

    /// <summary>Number of the last change.</summary>
    public long Generation
    {
        get
        {
            lock (_gate)
            {
                return _machine.Generation;
            }
        }
    }

    /// <summary>Event time of the last tick of any phase, ns UTC; 0 before the first.</summary>
    internal long EventTime
    {
        get
        {
            lock (_gate)
            {
                return _eventTime;
            }
        }
    }

    /// <summary>The latest changes of this run, oldest first; the journal has them all.</summary>
    public IReadOnlyList<PhaseTransition> Transitions
    {
        get
        {
            lock (_gate)
            {
                return [.. _transitions];
            }
        }
    }

    /// <summary>Told of every change, in order, under the lock of this object: it must neither wait nor come back.</summary>
    internal Action<PhaseTransition>? Changed { get; set; }

    /// <summary>True while everything must stay off: there is a kill file. Asked at every tick.</summary>
    internal Func<bool>? IsKilled { get; set; }

    /// <summary>Which switch keeps a phase off, in words; null when none does.</summary>
    internal Func<string, string?> WhatKeepsOff { get; init; } = _ => null;

    /// <summary>
    /// From now on phases that have a switch are out while it is off, and begin again when it is on: in the shadow, or without steps where
    /// <c>at</c> puts them. One that something else took out stays out.
    /// </summary>
    /// <param name="switches">The switches.</param>
    internal void Follow(Switches switches)
    {
        lock (_gate)
        {
            foreach (var phase in Phases)
            {
                Obey(phase, "it is on again");
            }
        }

        switches.Changed += change =>
        {
            lock (_gate)
            {
                foreach (var phase in Phases)
                {
                    Obey(phase, change.ToString());
                }
            }
        };
    }

    /// <summary>Phases that a switch took out in an earlier run.</summary>
    internal void Recall(IEnumerable<string> takenOutBySwitch)
    {
        lock (_gate)
        {
            _takenOut.UnionWith(takenOutBySwitch);
        }
    }

    // What a person or the kill file takes back stays out, also where a switch had it out before; the journal tells of it, so that the next run knows.
    private MachineResult TakeBack(PhaseSignal signal)
    {
        var claimed = signal.Kind == SignalKind.Hold ? [] : _machine.Claim(signal, p => _takenOut.Remove(_ramps[p].Phase.Name));
        Publish(claimed);
        var result = Apply(signal);
        return result with { Changes = [.. claimed, .. result.Changes] };
    }

    private void Obey(Phase phase, string change)
    {
        var (index, name) = (IndexOf(phase), phase.Options.Name);
        PhaseSignal Signal(SignalKind kind, string reason) => new(kind, index, reason) { Actor = SwitchActor };
        if (WhatKeepsOff(name) is { } off)
        {
            if (phase.State.Runs)
            {
                _takenOut.Add(name);
                Apply(Signal(SignalKind.Abort, off));
            }
        }
        else if (_takenOut.Remove(name) && phase.State.Stage == PhaseStage.Aborted && IsKilled?.Invoke() != true)
        {
            Apply(Signal(SignalKind.Retry, change));
            // Without steps there is nothing to go through: whoever switches it on wants it where the file puts it.
            if (_ramps[index] is { Phase.Steps.Count: 0, Initial.Serves: true } ramp)
            {
                Apply(Signal(ramp.Initial.Stage == PhaseStage.Complete ? SignalKind.Full : SignalKind.Promote, change));
            }
        }
    }

    /// <summary>Somebody asks something. Any thread.</summary>
    public CommandAnswer Send(PhaseCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        lock (_gate)
        {
            if (Complaint(command) is { } words)
            {
                return new CommandAnswer(false, words, _machine.Generation);
            }

            var phase = Find(command.Phase);
            var signal = Signal(command);
            if (command.Lowers)
            {
                return Answer(TakeBack(signal));
            }

            if (_machine.Refuses(signal) is { } refusal)
            {
                return new CommandAnswer(false, $"'{command.Phase}' was not changed: {refusal}.", _machine.Generation);
            }

            if (!_machine.States[phase].Runs)
            {
                // Nothing of it passes by, so it has no ticks.
                return Answer(Apply(signal));
            }

            if (_waiting.Count >= MaxWaiting)
            {
                return new CommandAnswer(false, $"{MaxWaiting} commands wait for the next tick already; ask again when events flow.", _machine.Generation);
            }

            _waiting.Add(command);
            return new CommandAnswer(true, "Taken; it is done at the next tick of event time.", _machine.Generation);
        }
    }

    /// <summary>Does at once what waits for a tick: for a rollout that does not run.</summary>
    internal CommandAnswer SendOffline(PhaseCommand command)
    {
        lock (_gate)
        {
            var answer = Send(command);
            return answer.IsAccepted && _waiting.Count > 0 ? Answer(Apply(TakeWaiting())) : answer;
        }
    }

    internal void Tick(Phase phase, long eventTime)
    {
        lock (_gate)
        {
            _eventTime = Math.Max(_eventTime, eventTime);
            phase.Evidence.Tick(eventTime);
            var signals = TakeWaiting();
            if (IsKilled?.Invoke() == true)
            {
                signals.Add(Killed);
            }

            AddSeen(signals, IndexOf(phase));
            if (signals.Count > 0)
            {
                Apply(signals);
            }

            StartThoseThatMay();
        }
    }

    /// <summary>The breaker must open; at once, and not only at the next tick.</summary>
    internal void Open(Phase phase) => Apply(SignalKind.Open, phase, "the breaker opened");

    /// <summary>A phase must stop going on by itself.</summary>
    internal void Pause(Phase phase, string reason) => Apply(SignalKind.Pause, phase, reason);

    /// <summary>Everything must be off: there is a kill file.</summary>
    internal void Kill()
    {
        lock (_gate)
        {
            TakeBack(Killed);
        }
    }

    /// <summary>Goes on from an earlier run, before anything flows.</summary>
    /// <param name="states">By the index of the phase.</param>
    /// <param name="generation">Number of the last change.</param>
    /// <param name="sums">What the steps had summed up, by the name of the phase.</param>
    internal void Restore(IReadOnlyList<PhaseState> states, long generation, IReadOnlyDictionary<string, StepSums> sums)
    {
        lock (_gate)
        {
            _machine.Restore(states, generation);
            for (var i = 0; i < _ramps.Length; i++)
            {
                var known = sums.GetValueOrDefault(Phases[i].Options.Name);
                Phases[i].State = states[i];
                Phases[i].Evidence.Begin(_ramps[i], states[i], known);
            }
        }
    }

    /// <summary>Puts phases elsewhere than an earlier run left them, and takes out what then has no ground.</summary>
    internal void Amend(IReadOnlyList<(int Phase, PhaseState To, string Reason)> amended)
    {
        lock (_gate)
        {
            Publish(_machine.Amend(amended));
        }
    }

    /// <summary>Starts what nobody has to start, as far as what it requires is complete.</summary>
    internal void Start()
    {
        lock (_gate)
        {
            StartThoseThatMay();
        }
    }

    private void StartThoseThatMay()
    {
        for (var i = 0; i < _ramps.Length; i++)
        {
            if (_machine.States[i].Stage == PhaseStage.Off && _ramps[i].Phase is { Start: Approval.Auto, Steps.Count: > 0 } && IsKilled?.Invoke() != true && WhatKeepsOff(_ramps[i].Phase.Name) is null)
            {
                var signal = new PhaseSignal(SignalKind.Start, i, "what it requires is complete");
                if (_machine.Refuses(signal) is null)
                {
                    Apply(signal);
                }
            }
        }
    }

    /// <summary>What the steps have summed up, by the name of the phase.</summary>
    internal IReadOnlyDictionary<string, StepSums> Sums()
    {
        lock (_gate)
        {
            var sums = new Dictionary<string, StepSums>();
            foreach (var phase in Phases)
            {
                if (phase.Evidence.Save() is { } step)
                {
                    sums[phase.Options.Name] = step with { Through = phase.State.Generation };
                }
            }

            return sums;
        }
    }

    private static PhaseSignal Killed => new(SignalKind.Kill, -1, "the kill file exists");

    private void Apply(SignalKind kind, Phase phase, string reason)
    {
        lock (_gate)
        {
            Apply(new PhaseSignal(kind, IndexOf(phase), reason));
        }
    }

    private MachineResult Apply(params IReadOnlyList<PhaseSignal> signals)
    {
        var result = _machine.Apply(signals);
        Publish(result.Changes);
        return result;
    }

    private void Publish(IReadOnlyList<PhaseChange> changes)
    {
        foreach (var change in changes)
        {
            var phase = Phases[change.Phase];
            var gates = phase.Evidence.Read().Step?.Gates ?? [];
            phase.State = change.To;
            if (!KeepsMeasuring(change))
            {
                phase.Evidence.Begin(_ramps[change.Phase], change.To);
            }

            var transition = new PhaseTransition(phase.Options.Name, change.From, change.To, change.Cause.Actor, change.Cause.Reason, _eventTime, gates);
            if (_transitions.Count == MaxTransitions)
            {
                _transitions.Dequeue();
            }

            _transitions.Enqueue(transition);
            Changed?.Invoke(transition);
        }
    }

    // A hold stops the phase from going on, not from being watched.
    private static bool KeepsMeasuring(PhaseChange change) =>
        change.To == change.From with { IsHeld = true, Generation = change.To.Generation };

    private void AddSeen(List<PhaseSignal> signals, int phase)
    {
        var (step, mayClose) = Phases[phase].Evidence.Read();
        if (mayClose)
        {
            signals.Add(new PhaseSignal(SignalKind.Close, phase, "the candidate was good in the shadow"));
        }

        if (step?.Abort is { } abort)
        {
            signals.Add(new PhaseSignal(SignalKind.Abort, phase, abort));
        }

        var state = _machine.States[phase];
        if (step?.Pause is { } pause && !state.IsHeld)
        {
            signals.Add(new PhaseSignal(SignalKind.Pause, phase, pause));
        }

        if (step?.Missing.Length == 0 && !state.IsHeld && _ramps[phase].StepOf(state)?.Approve == Approval.Auto)
        {
            signals.Add(new PhaseSignal(SignalKind.Advance, phase, "the step has all that it asks for"));
        }
    }

    private List<PhaseSignal> TakeWaiting()
    {
        List<PhaseSignal> signals = [.. _waiting.Select(Signal)];
        _waiting.Clear();
        return signals;
    }

    private PhaseSignal Signal(PhaseCommand command)
    {
        var phase = Find(command.Phase);
        var kind = command.Action switch
        {
            PhaseAction.Start => SignalKind.Start,
            PhaseAction.Promote => command.Full ? SignalKind.Full : SignalKind.Promote,
            PhaseAction.Hold => SignalKind.Hold,
            PhaseAction.Retry => SignalKind.Retry,
            PhaseAction.Abort => SignalKind.Abort,
            PhaseAction.Rollback => SignalKind.Rollback,
            _ => SignalKind.Kill,
        };
        var missing = kind == SignalKind.Promote ? Phases[phase].Evidence.Read().Step?.Missing ?? "" : "";
        return new PhaseSignal(kind, phase, command.Reason) { Actor = command.Actor, Level = command.Level, Missing = missing };
    }

    private string? Complaint(PhaseCommand command) => command.Action switch
    {
        PhaseAction.Kill => null,
        PhaseAction.Rollback => command.Level is >= 1 and <= 4 ? null : $"the level of a rollback was {command.Level}; legal: 1 to 4.",
        _ when Find(command.Phase) < 0 => $"no phase is named '{command.Phase}'. Phases: {string.Join(", ", _ramps.Select(r => r.Phase.Name))}.",
        _ when !command.Lowers && IsKilled?.Invoke() == true => "the kill file exists; remove it first.",
        _ when !command.Lowers && WhatKeepsOff(command.Phase) is { } reason => $"{reason}; change the switch first.",
        _ => null,
    };

    private CommandAnswer Answer(MachineResult result) => result.Refusals is [var refusal, ..] && result.Changes.Count == 0
        ? new CommandAnswer(false, refusal.Words, _machine.Generation)
        : new CommandAnswer(true, result.Changes.Count == 0 ? "Nothing had to be changed." : string.Join("; ", result.Changes.Select(c => $"'{Phases[c.Phase].Options.Name}' is {c.To}")) + ".", _machine.Generation);

    private int Find(string name) => Array.FindIndex(_ramps, r => r.Phase.Name == name);

    private int IndexOf(Phase phase) => Find(phase.Options.Name);
}
