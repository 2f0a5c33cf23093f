namespace QuantumTrader.Dataflow;

/// <summary>What happens to an event that finds its edge full.</summary>
public enum WhenFull
{
    /// <summary>The upstream block waits. Nothing is lost. The only choice on the trading path.</summary>
    Block,

    /// <summary>The new event is dropped and counted.</summary>
    DropNewest,

    /// <summary>The oldest waiting event is dropped and counted.</summary>
    DropOldest,

    /// <summary>Only the newest event per <see cref="IEvent{TSelf}.ConflationKey"/> is kept; the replaced one is counted.</summary>
    Conflate,

    /// <summary>
    /// What does not fit waits outside memory, in the store that keeps spilled events, and comes back in order. Nothing is lost and the
    /// upstream block never waits, unless that place is full too: then the new event is dropped and counted.
    /// </summary>
    Spill,
}

/// <summary>What happens when a block throws at an event.</summary>
public enum OnError
{
    /// <summary>The run fails, naming block and event.</summary>
    Fail,

    /// <summary>The event is handed over again up to <see cref="BlockSettings.Retries"/> times; then the run fails.</summary>
    Retry,

    /// <summary>The event is counted and kept as a sample; the block goes on with the next one.</summary>
    DeadLetter,

    /// <summary>The event is counted; the block goes on with the next one.</summary>
    Drop,
}

/// <summary>How one edge hands over.</summary>
public sealed record EdgeSettings
{
    /// <summary>Events that may wait in the edge; 0 for the engine's default.</summary>
    public int Capacity { get; init; }

    /// <summary>What happens to an event that finds the edge full.</summary>
    public WhenFull WhenFull { get; init; } = WhenFull.Block;
}

/// <summary>How one block runs.</summary>
public sealed record BlockSettings
{
    /// <summary>Starts a new island here even where the engine would fuse.</summary>
    public bool Boundary { get; init; }

    /// <summary>The block waits for the outside world, so it gets a thread of its own.</summary>
    public bool Io { get; init; }

    /// <summary>Instances that run beside each other; more than 1 needs a block whose state is partitioned by key.</summary>
    public int Parallelism { get; init; } = 1;

    /// <summary>What happens when the block throws.</summary>
    public OnError OnError { get; init; } = OnError.Fail;

    /// <summary>How often an event is handed over again under <see cref="OnError.Retry"/>.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>The input edges, or for a source its output edges; null for the engine's default, which may fuse.</summary>
    public EdgeSettings? Edge { get; init; }
}

/// <summary>How the engine runs a whole graph.</summary>
public sealed record EngineSettings
{
    /// <summary>
    /// Threads that run islands, besides those of sources and I/O blocks; 0 for one per processor, less one per source unless a block asks
    /// for a boundary or runs in parallel.
    /// </summary>
    public int Workers { get; init; }

    /// <summary>Events per batch: the largest run that crosses an edge in one hand-off. Of heavy events, such as feature vectors, fewer.</summary>
    public int Batch { get; init; } = 1024;

    /// <summary>Events that may wait in an edge that names no capacity. Of heavy events, such as feature vectors, fewer.</summary>
    public int Capacity { get; init; } = 32_768;

    /// <summary>Runs chains of blocks as plain calls on one worker; false puts every block on an island of its own.</summary>
    public bool Fuse { get; init; } = true;

    /// <summary>Rank of its threads, for graphs whose result nobody waits for; null for that of all others.</summary>
    public ThreadRank? Rank { get; init; }

    /// <summary>How long a stopping graph may take to hand on what it holds.</summary>
    public TimeSpan DrainDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Computes a SHA-256 over every block's ordered output.</summary>
    public bool Hashes { get; init; }
}
