using QuantumTrader.App.Alerting;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Hosting;

/// <summary>Where a run is.</summary>
internal enum RunState
{
    /// <summary>Its sources send.</summary>
    Running,

    /// <summary>It was asked to stop, and hands on what is under way.</summary>
    Draining,

    /// <summary>It is over, and every event is accounted for.</summary>
    Ended,

    /// <summary>It was broken off, or does not add up.</summary>
    Failed,
}

/// <summary>What the host shows: one run, from before its first event until after its last.</summary>
internal sealed class LiveRun(BlockFactory factory, Graph graph, TimeProvider clock)
{
    private int _state;
    private EventClock? _events;

    /// <summary>Made the sections of the run, and knows its plan.</summary>
    public BlockFactory Factory { get; } = factory;

    /// <summary>What is run.</summary>
    public PipelinePlan Plan => Factory.Plan;

    /// <summary>The graph; its blocks are disposed as soon as it has ended, its last account stays.</summary>
    public Graph Graph { get; } = graph;

    /// <summary>The wall clock.</summary>
    public TimeProvider Clock { get; } = clock;

    /// <summary>When it began.</summary>
    public DateTimeOffset Started { get; } = clock.GetUtcNow();

    /// <summary>Its figures.</summary>
    public RunWatch Watch { get; } = new(graph, clock);

    /// <summary>Time of the newest market event in nanoseconds since 1970; null when nobody looks, or nothing has come.</summary>
    public long? EventTime => _events?.Newest is > 0 and var newest ? newest : null;

    /// <summary>What watches it and tells people; null when nothing does.</summary>
    public AlertService? Alerts { get; set; }

    /// <summary>Whoever has the token may change something; false when there is none.</summary>
    public bool IsChangeable { get; set; }

    /// <summary>Where it is.</summary>
    public RunState State => (RunState)Volatile.Read(ref _state);

    /// <summary>The type of a block in YAML; of one that the engine put in, what it is.</summary>
    public string TypeOf(string block) => Plan.Blocks.FirstOrDefault(b => b.Name == block)?.Type.Name ?? SnakeCase.From(Graph.TypeOf(block).Split('`')[0]);

    /// <summary>Somebody watches: from now on <see cref="EventTime"/> is known, until what this returns is disposed.</summary>
    public IDisposable Follow() => _events = EventClock.Of(Plan, Graph);

    /// <summary>It was asked to stop.</summary>
    public void Drain() => Interlocked.CompareExchange(ref _state, (int)RunState.Draining, (int)RunState.Running);

    /// <summary>It is over.</summary>
    public void End(GraphReport report)
    {
        // Whoever sees the state also sees the last account.
        Watch.Forget();
        Volatile.Write(ref _state, (int)(report is { Completed: true, Balanced: true } ? RunState.Ended : RunState.Failed));
    }
}
