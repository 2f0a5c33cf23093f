using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>How the input edges of a block, or the output edges of a source, hand over.</summary>
public sealed record EdgeOptions
{
    /// <summary>Events that may wait in the edge; without it, the capacity of the section <c>engine</c>.</summary>
    [Range(1, 16_777_216)]
    public int? Capacity { get; init; }

    /// <summary>What happens to an event that finds the edge full.</summary>
    public WhenFull WhenFull { get; init; } = WhenFull.Block;

    internal EdgeSettings ToSettings() => new() { Capacity = Capacity ?? 0, WhenFull = WhenFull };
}

/// <summary>What can be said of every block, whatever its type.</summary>
public sealed record CommonOptions
{
    /// <summary>How the input edges, or a source's output edges, hand over.</summary>
    public EdgeOptions? Edge { get; init; }

    /// <summary>What happens when the block throws at an event.</summary>
    public OnError OnError { get; init; } = OnError.Fail;

    /// <summary>How often an event is handed over again when <c>on_error</c> is <c>retry</c>.</summary>
    [Range(0, 1000)]
    public int Retries { get; init; } = 3;

    /// <summary>Instances that run beside each other, each with its share of the keys.</summary>
    [Range(1, 64)]
    public int Parallelism { get; init; } = 1;

    /// <summary>Starts a new island here even where the engine would fuse.</summary>
    public bool Boundary { get; init; }

    /// <summary>Phase of the rollout that switches the block on.</summary>
    public string? Phase { get; init; }

    internal BlockSettings ToSettings(bool io) => new()
    {
        Edge = Edge?.ToSettings(),
        OnError = OnError,
        Retries = Retries,
        Parallelism = Parallelism,
        Boundary = Boundary,
        Io = io,
    };
}

/// <summary>What can be said of every source that can bring in any type of events.</summary>
public sealed record ChosenEventsOptions
{
    /// <summary>Name of the type of events that it sends, as `qt blocks` lists them.</summary>
    public string Events { get; init; } = "market";
}

/// <summary>How the engine runs the whole graph.</summary>
public sealed record EngineOptions
{
    /// <summary>
    /// Threads that run islands, besides those of sources and I/O blocks; 0 for one per processor, less one per source unless a block asks
    /// for a boundary or runs in parallel.
    /// </summary>
    [Range(0, 1024)]
    public int Workers { get; init; }

    /// <summary>Events per batch: the largest run that crosses an edge in one hand-off. Of heavy events, such as feature vectors, fewer.</summary>
    [Range(1, 65_536)]
    public int Batch { get; init; } = 1024;

    /// <summary>Events that may wait in an edge that names no capacity. Of heavy events, such as feature vectors, fewer.</summary>
    [Range(1, 16_777_216)]
    public int Capacity { get; init; } = 32_768;

    /// <summary>Runs chains of blocks as plain calls on one worker; false puts every block on an island of its own.</summary>
    public bool Fuse { get; init; } = true;

    /// <summary>Seconds that a stopping graph may take to hand on what it holds.</summary>
    [Range(0, 86_400)]
    public double DrainSeconds { get; init; } = 30;

    /// <summary>Computes a SHA-256 over every block's ordered output.</summary>
    public bool Hashes { get; init; }

    internal EngineSettings ToSettings() => new()
    {
        Workers = Workers,
        Batch = Batch,
        Capacity = Capacity,
        Fuse = Fuse,
        DrainDeadline = TimeSpan.FromSeconds(DrainSeconds),
        Hashes = Hashes,
    };
}

/// <summary>The keys that a pipeline file has whatever is registered.</summary>
internal static class PipelineKeys
{
    private static readonly OptionsModelReader Reader = new(DocCommentsOfPipelines());

    public static readonly string[] All = ["version", "pipeline", "engine", "switches", "plugins", "blocks", "tests"];

    public static readonly OptionsModel Common = Reader.Read(typeof(CommonOptions));

    public static readonly OptionsModel ChosenEvents = Reader.Read(typeof(ChosenEventsOptions));

    public static readonly OptionsModel Engine = Reader.Read(typeof(EngineOptions));

    public static readonly OptionsModel Switches = Reader.Read(typeof(SwitchOptions));

    private static Func<System.Reflection.Assembly, DocComments> DocCommentsOfPipelines()
    {
        var comments = DocComments.Beside(typeof(PipelineKeys).Assembly);
        return _ => comments;
    }
}
