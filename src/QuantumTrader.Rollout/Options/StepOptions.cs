using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout;

/// <summary>Who lets a phase go on.</summary>
public enum Approval
{
    /// <summary>The gates.</summary>
    Auto,

    /// <summary>A person, with <c>qt rollout promote</c>, once the gates have passed.</summary>
    Manual,
}

/// <summary>One step on the way from off to complete.</summary>
public sealed record StepOptions
{
    /// <summary>The candidate runs beside the baseline, and nobody acts on it. Either this or <c>serve</c>.</summary>
    public ShadowStepOptions? Shadow { get; init; }

    /// <summary>The share of operations that the candidate serves.</summary>
    public Share? Serve { get; init; }

    /// <summary>Least time in this step, in event time during which the candidate worked.</summary>
    public TimeSpan MinBake { get; init; }

    /// <summary>Least number of operations in this step: those compared in the shadow, later those that the candidate was asked for.</summary>
    [Range(0, 1_000_000_000)]
    public long MinSamples { get; init; }

    /// <summary>The gates that must have passed.</summary>
    public IReadOnlyList<string> Gates { get; init; } = [];

    /// <summary>Who lets the phase go on: <c>auto</c> or <c>manual</c>.</summary>
    public Approval Approve { get; init; } = Approval.Auto;

    /// <summary>A phase that has not gone on after this time is held; never without it.</summary>
    public TimeSpan? MaxWait { get; init; }
}

/// <summary>What a step in the shadow asks for.</summary>
public sealed record ShadowStepOptions
{
    /// <summary>Least time in this step, in event time.</summary>
    public TimeSpan MinBake { get; init; }

    /// <summary>Least number of operations compared.</summary>
    [Range(0, 1_000_000_000)]
    public long MinSamples { get; init; }
}

/// <summary>What a gate looks at.</summary>
public enum GateMetric
{
    /// <summary>Share of compared operations whose answers differ.</summary>
    MismatchRate,

    /// <summary>Share of operations on which the candidate gave no valid answer in time.</summary>
    FallbackRate,

    /// <summary>Share of operations on which the candidate was later than the deadline.</summary>
    ShareOverDeadline,

    /// <summary>Population stability index of a field, candidate against baseline.</summary>
    Psi,

    /// <summary>Whether the share of keys on each side is the one that was asked for.</summary>
    SampleRatio,
}

/// <summary>What happens when a gate fails.</summary>
public enum OnGateFail
{
    /// <summary>The phase is aborted.</summary>
    Abort,

    /// <summary>The phase keeps its share and is held.</summary>
    Freeze,
}

/// <summary>A condition for going on.</summary>
public sealed record GateOptions
{
    /// <summary>What it looks at.</summary>
    public GateMetric Metric { get; init; }

    /// <summary>The margin: the greatest rate that is no worse than the baseline.</summary>
    public Share? Max { get; init; }

    /// <summary>Adds the rate at which the baseline disagrees with itself to the margin: <c>noise</c>.</summary>
    public string? Over { get; init; }

    /// <summary>Operations whose mean counts as one observation, so that errors that come in bursts do not count as independent. To pass, a rate needs about <c>6 / max</c> blocks without any at an alpha of 1 %.</summary>
    [Range(1, 1_000_000)]
    public int Block { get; init; } = 100;

    /// <summary>Chance of a false verdict that is accepted, over the whole step however often one looks.</summary>
    [Range(0.000001, 0.5)]
    public double Alpha { get; init; } = 0.01;

    /// <summary>What happens when it fails: <c>abort</c> or <c>freeze</c>.</summary>
    public OnGateFail OnFail { get; init; } = OnGateFail.Abort;

    /// <summary>It is computed and told, and decides nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>For <c>psi</c>: the field.</summary>
    public string? Field { get; init; }

    /// <summary>For <c>psi</c>: from here on it is told.</summary>
    public double Warn { get; init; } = 0.1;

    /// <summary>For <c>psi</c>: from here on the phase is held.</summary>
    public double Hold { get; init; } = 0.25;

    /// <summary>For <c>psi</c>: quantile bins of the baseline.</summary>
    [Range(2, 100)]
    public int Bins { get; init; } = 10;
}

/// <summary>What takes a candidate out at once.</summary>
public sealed record BreakerOptions
{
    /// <summary>Event time over which the ratio is taken.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Fewer operations in the window decide nothing.</summary>
    [Range(1, 1_000_000)]
    public int MinThroughput { get; init; } = 100;

    /// <summary>Share of operations without a valid answer that opens it.</summary>
    public Share FailureRatio { get; init; } = new(500);

    /// <summary>Operations in a row without a valid answer that open it.</summary>
    [Range(1, 1_000_000)]
    public int Consecutive { get; init; } = 10;

    /// <summary>Operations without a valid answer that an hour of event time may have: one more opens it, whatever their share. Any number without it.</summary>
    [Range(1, 1_000_000_000)]
    public int? FallbacksPerHour { get; init; }

    /// <summary>Good answers in the shadow that close it again; the phase then goes on at its first percentage.</summary>
    [Range(1, 1_000_000)]
    public int ShadowProbes { get; init; } = 50;

    /// <summary>Times that it may open before the phase is aborted.</summary>
    [Range(1, 1000)]
    public int AbortAfter { get; init; } = 3;
}
