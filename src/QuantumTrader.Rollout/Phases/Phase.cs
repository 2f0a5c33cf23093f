using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout;

/// <summary>One phase of a running pipeline: what it does now, and what was seen of its candidate.</summary>
public sealed class Phase
{
    private readonly PhaseControl _control;
    private PhaseState _state = PhaseState.Initial;

    internal Phase(PhaseControl control, PhaseOptions options)
    {
        _control = control;
        Options = options;
        Evidence.Tripped = () =>
        {
            Settle?.Invoke();
            control.Open(this);
        };
        var salt = options.Route.Salt ?? options.Name;
        var unit = options.Route.Unit.ToString().ToLowerInvariant();
        Route = new Route(salt, unit);
        // Another salt: else what is compared in the shadow is exactly what is served later.
        ShadowRoute = new Route(salt + "/shadow", unit);
        RepetitionRoute = new Route(salt + "/repetition", unit);
    }

    /// <summary>What the pipeline says of it.</summary>
    public PhaseOptions Options { get; }

    /// <summary>What it does with an operation that begins now. One volatile read.</summary>
    public PhaseState State
    {
        get => Volatile.Read(ref _state);
        internal set
        {
            Volatile.Write(ref _state, value);
            if (!value.Runs)
            {
                TakenOut?.Invoke();
            }
        }
    }

    /// <summary>
    /// Where the candidate stands to the main path: behind it, and in the shadow it gets only what is left over. But not where the main path
    /// waits for it; nor in a complete phase, because nothing answers for it any more until it is late, and a busy machine would make it late.
    /// </summary>
    internal ThreadRank? Rank => Options.Shadow.Overload == ShadowOverload.Wait ? null
        : Options.Kind == PhaseKind.Effect || State.Stage == PhaseStage.Shadow ? ThreadRank.Idle
        : State.Stage == PhaseStage.Complete ? null
        : ThreadRank.Behind;

    /// <summary>Somebody may wait for what the candidate says.</summary>
    internal bool IsAwaited => State.Stage != PhaseStage.Shadow || Options.Shadow.Overload == ShadowOverload.Wait;

    /// <summary>Told, on any thread, when the candidate is no longer asked; behind the change, which counts already. It must not wait.</summary>
    internal Action? TakenOut { get; set; }

    /// <summary>Waits, where results must not depend on the machine, until all is compared that was offered: for a change between two ticks.</summary>
    internal Action? Settle { get; set; }

    /// <summary>Chooses what is served.</summary>
    public Route Route { get; }

    /// <summary>Chooses what is compared in the shadow.</summary>
    public Route ShadowRoute { get; }

    /// <summary>Chooses where the baseline is asked again.</summary>
    public Route RepetitionRoute { get; }

    /// <summary>What was seen of it.</summary>
    public PhaseEvidence Evidence { get; } = new();

    /// <summary>Those of some keys that a share serves.</summary>
    public IReadOnlyList<string> Keys(IEnumerable<string> keys, Share share) => share == Share.None
        ? []
        : [.. keys.Where(k => !Options.Route.Exclude.Contains(k) && (Options.Route.Include.Contains(k) || Pipelines.Route.IsIn(Route.Hash(k), share.BasisPoints)))];

    /// <summary>Called on the main path between two operations whenever event time has moved on by a second or more.</summary>
    /// <param name="eventTime">ns UTC.</param>
    public void Tick(long eventTime)
    {
        EventTime = eventTime;
        _control.Tick(this, eventTime);
    }

    /// <summary>Stops going on by itself; the share stays.</summary>
    public void Hold(string reason) => _control.Pause(this, reason);

    /// <summary>Event time of the last <see cref="Tick"/>, ns UTC.</summary>
    public long EventTime { get; private set; }
}
