using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout;

/// <summary>What a phase changes.</summary>
public enum PhaseKind
{
    /// <summary>An answer: the candidate's stands for the baseline's.</summary>
    Value,

    /// <summary>A side effect is added; the baseline is not to have it.</summary>
    Effect,
}

/// <summary>A change that is switched on step by step.</summary>
public sealed record PhaseOptions
{
    /// <summary>Its name.</summary>
    [Required]
    public string Name { get; init; } = "";

    /// <summary><c>value</c>: the candidate's answers stand for the baseline's. <c>effect</c>: the candidate adds a side effect.</summary>
    public PhaseKind Kind { get; init; } = PhaseKind.Value;

    /// <summary>Level of a rollback that switches this phase off, and every phase of a lower level with it: 1 to 4.</summary>
    [Range(1, 4)]
    public int RollbackLevel { get; init; } = 1;

    /// <summary>Phases that must be complete before this one starts.</summary>
    public IReadOnlyList<string> Requires { get; init; } = [];

    /// <summary>The block whose answers stand when the candidate's do not. A phase of kind <c>effect</c> has none.</summary>
    public BlockReference? Baseline { get; init; }

    /// <summary>The block that is rolled out.</summary>
    [Required]
    public CandidateOptions Candidate { get; init; } = new();

    /// <summary>Which operations the candidate serves.</summary>
    public RouteOptions Route { get; init; } = new();

    /// <summary>How the candidate's answers are taken.</summary>
    public ServeOptions Serve { get; init; } = new();

    /// <summary>How the candidate runs where nobody acts on it.</summary>
    public ShadowOptions Shadow { get; init; } = new();

    /// <summary>When two answers are the same.</summary>
    public CompareOptions Compare { get; init; } = new();

    /// <summary>What takes the candidate out at once. A phase with steps has one even when it is not given.</summary>
    public BreakerOptions? Breaker { get; init; }

    /// <summary>Who starts it: a person with <c>qt rollout start</c> (<c>manual</c>), or nobody (<c>auto</c>): it starts as soon as what it requires is complete.</summary>
    public Approval Start { get; init; } = Approval.Manual;

    /// <summary>The way from off to complete. Without steps the phase goes where <c>at</c> says, and stays there.</summary>
    public IReadOnlyList<StepOptions> Steps { get; init; } = [];

    /// <summary>The gates that steps name.</summary>
    public IReadOnlyDictionary<string, GateOptions> Gates { get; init; } = new Dictionary<string, GateOptions>();

    /// <summary>Where the phase stands without gates or commands: <c>off</c>, <c>shadow</c>, a percentage, or <c>complete</c>.</summary>
    public string At { get; init; } = "off";
}

/// <summary>Names a block.</summary>
public sealed record BlockReference
{
    /// <summary>Its name in the pipeline.</summary>
    [Required]
    public string Block { get; init; } = "";
}

/// <summary>The block that is rolled out.</summary>
public sealed record CandidateOptions
{
    /// <summary>Its name in the pipeline. Blocks that only feed it belong to it.</summary>
    [Required]
    public string Block { get; init; } = "";

    /// <summary>Its version: a new one begins again in the shadow.</summary>
    public string Version { get; init; } = "";
}

/// <summary>What is chosen by its hash.</summary>
public enum RouteUnit
{
    /// <summary>Each operation for itself: the share is exact.</summary>
    Operation,

    /// <summary>All operations of a symbol together: the share is that of the symbols.</summary>
    Symbol,

    /// <summary>All operations of a strategy together.</summary>
    Strategy,

    /// <summary>All operations of an account together.</summary>
    Account,
}

/// <summary>Which operations a candidate serves.</summary>
public sealed record RouteOptions
{
    /// <summary>What is chosen: <c>operation</c>, <c>symbol</c>, <c>strategy</c> or <c>account</c>.</summary>
    public RouteUnit Unit { get; init; } = RouteUnit.Operation;

    /// <summary>Two phases of the same salt choose the same keys; the phase's name without it.</summary>
    public string? Salt { get; init; }

    /// <summary>Keys that are always served, whatever their hash, as soon as the candidate serves any.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Keys that are never served; goes before <c>include</c>.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];
}
