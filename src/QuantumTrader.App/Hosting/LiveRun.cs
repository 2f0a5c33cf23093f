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

    /// <summary>Where it is.</summary>
    public RunState State => (RunState)Volatile.Read(ref _state);

    /// <summary>It was asked to stop.</summary>
    public void Drain() => Interlocked.CompareExchange(ref _state, (int)RunState.Draining, (int)RunState.Running);

    /// <summary>It is over.</summary>
    public void End(GraphReport report) => Volatile.Write(ref _state, (int)(report is { Completed: true, Balanced: true } ? RunState.Ended : RunState.Failed));
}
