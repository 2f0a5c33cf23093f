using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout;

/// <summary>When a candidate begins.</summary>
public enum ServeRace
{
    /// <summary>Together with the baseline.</summary>
    Warm,

    /// <summary>When the baseline has answered.</summary>
    Sequential,
}

/// <summary>How a candidate's answers are taken.</summary>
public sealed record ServeOptions
{
    /// <summary>
    /// <c>warm</c>: the candidate begins together with the baseline, and an operation takes as long as the slower of both. <c>sequential</c>:
    /// it begins when the baseline has answered, so that they never compete for a processor, and an operation takes both their times.
    /// </summary>
    public ServeRace Race { get; init; } = ServeRace.Warm;

    /// <summary>Time until the baseline's answer stands, from the arrival of an operation or, with <c>race: sequential</c>, from the baseline's answer. None waits as long as the candidate works: for replays, whose result must not depend on the machine.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>For <c>race: sequential</c>: time that the baseline takes at most.</summary>
    public TimeSpan? Baseline { get; init; }

    /// <summary>Time that an operation may take in all, from its arrival: nobody waits for the candidate beyond it. Longer than the deadline; with <c>race: sequential</c> at least deadline and baseline together.</summary>
    public TimeSpan? Budget { get; init; }

    /// <summary>What a valid answer is.</summary>
    public ValidOptions Valid { get; init; } = new();
}

/// <summary>What a valid answer is.</summary>
public sealed record ValidOptions
{
    /// <summary>Every number of the answer is finite.</summary>
    public bool Finite { get; init; } = true;

    /// <summary>Least and greatest value of every field that is compared; none without it.</summary>
    public IReadOnlyList<double> Range { get; init; } = [];

    /// <summary>Greatest age of an answer against its operation, in event time; none without it.</summary>
    public TimeSpan? MaxAge { get; init; }
}

/// <summary>What happens to an operation that a candidate has no room for.</summary>
public enum ShadowOverload
{
    /// <summary>The candidate misses it, and it is counted.</summary>
    Shed,

    /// <summary>The main path waits: for replays, whose result must not depend on the machine.</summary>
    Wait,
}

/// <summary>Where a candidate runs.</summary>
public enum Isolation
{
    /// <summary>On threads of its own.</summary>
    Thread,

    /// <summary>In a process of its own.</summary>
    Process,
}

/// <summary>How a candidate runs where nobody acts on it.</summary>
public sealed record ShadowOptions
{
    /// <summary><c>thread</c>: in this process, on threads behind all others. <c>process</c>: in a process of its own, which may exhaust its memory or die of native code, and nobody else notices. It opens no store, bus or connection. Only for phases of kind <c>value</c>.</summary>
    public Isolation Isolation { get; init; } = Isolation.Thread;

    /// <summary>Megabytes of managed memory that a candidate in a process of its own may hold; when it needs more, its process ends and is replaced.</summary>
    [Range(32, 1_048_576)]
    public int MaxMegabytes { get; init; } = 1024;

    /// <summary>Part of all processors that a candidate may use in the shadow. Beyond it, it rests, and what then does not fit its queue is shed.</summary>
    public Share CpuShare { get; init; } = new(1_000);

    /// <summary>Kilobytes of managed memory that a candidate in the shadow may allocate for an operation on its thread, on average; one that allocates more makes everybody pause, and is given up. Not for one in a process of its own.</summary>
    [Range(1, 1_048_576)]
    public int MaxKilobytesPerOperation { get; init; } = 1024;

    /// <summary>Operations that a candidate in the shadow may be given in a second. Beyond them it rests, and what then does not fit its queue is shed. Any number without it.</summary>
    [Range(1, 10_000_000)]
    public int? MaxOperationsPerSecond { get; init; }

    /// <summary>A candidate that is not ready by then is given up; without it <c>hang_after</c>, and 30 s for one in a process of its own, which has to load first.</summary>
    public TimeSpan? StartWithin { get; init; }

    /// <summary>Share of the operations that are compared.</summary>
    public Share Sample { get; init; } = Share.All;

    /// <summary>Operations that may wait for the candidate.</summary>
    [Range(1, 1_048_576)]
    public int Queue { get; init; } = 1024;

    /// <summary>What happens when that many wait: <c>shed</c> or <c>wait</c>.</summary>
    public ShadowOverload Overload { get; init; } = ShadowOverload.Shed;

    /// <summary>A candidate that works on one operation for longer is given up and made anew.</summary>
    public TimeSpan HangAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After as many candidates given up the phase is held.</summary>
    [Range(0, 100)]
    public int MaxAbandoned { get; init; } = 2;

    /// <summary>What <c>start_within</c> comes to.</summary>
    internal TimeSpan StartsWithin => StartWithin ?? (Isolation == Isolation.Process ? TimeSpan.FromSeconds(30) : HangAfter);
}

/// <summary>When two answers are the same.</summary>
public sealed record CompareOptions
{
    /// <summary>Rules by field of the event; without any, every field must be equal.</summary>
    public IReadOnlyDictionary<string, FieldRule> Fields { get; init; } = new Dictionary<string, FieldRule>();

    /// <summary>Differences that are known and accepted for a while.</summary>
    public IReadOnlyList<IgnoreOptions> Ignore { get; init; } = [];

    /// <summary>The phase may be completed although differences were ignored in its last step.</summary>
    public bool AcceptIgnores { get; init; }

    /// <summary>Share of the operations on which the baseline is compared with itself: it must agree, or it is no baseline.</summary>
    public Share AaSample { get; init; } = Share.None;
}

/// <summary>How a field may agree.</summary>
public enum Agreement
{
    /// <summary>The values must be close: within <c>abs</c>, <c>rel</c> or <c>ulp</c>; equal without any.</summary>
    Value,

    /// <summary>The sign must be the same.</summary>
    Sign,

    /// <summary>The text must be the same.</summary>
    Class,
}

/// <summary>When a field of two answers is the same.</summary>
public sealed record FieldRule
{
    /// <summary>Greatest absolute difference.</summary>
    public double? Abs { get; init; }

    /// <summary>Greatest difference as a fraction of the greater of both.</summary>
    public double? Rel { get; init; }

    /// <summary>Greatest difference in units of the last place.</summary>
    public long? Ulp { get; init; }

    /// <summary>What must agree: <c>value</c>, <c>sign</c> or <c>class</c>.</summary>
    public Agreement Agree { get; init; } = Agreement.Value;

    /// <summary>Two that are not a number agree.</summary>
    public bool NanEqual { get; init; }

    /// <summary>For a vector: how many of its values may differ.</summary>
    [Range(0, 1_000_000)]
    public int MaxViolations { get; init; }
}

/// <summary>A difference that is known.</summary>
public sealed record IgnoreOptions
{
    /// <summary>The field.</summary>
    [Required]
    public string Path { get; init; } = "";

    /// <summary>Why it is accepted.</summary>
    [Required]
    public string Reason { get; init; } = "";

    /// <summary>Last day, <c>yyyy-MM-dd</c>; afterwards the pipeline is refused.</summary>
    [Required]
    public string Until { get; init; } = "";
}
