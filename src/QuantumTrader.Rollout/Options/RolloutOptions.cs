using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout;

/// <summary>Options of the section <c>rollout</c>.</summary>
public sealed record RolloutOptions
{
    /// <summary>Where the state of the phases is kept between runs; without it every run begins anew.</summary>
    public StateOptions? State { get; init; }

    /// <summary>A file whose existence switches every phase off at once; none without it.</summary>
    public string? KillFile { get; init; }

    /// <summary>What is told to the outside, and how often.</summary>
    public AlertOptions Alerts { get; init; } = new();

    /// <summary>The phases, in the order in which they are switched on.</summary>
    public IReadOnlyList<PhaseOptions> Phases { get; init; } = [];
}

/// <summary>What becomes of a phase that was serving when the process died.</summary>
public enum OnCrash
{
    /// <summary>It begins again in the shadow.</summary>
    Shadow,

    /// <summary>It is aborted.</summary>
    Abort,
}

/// <summary>Where the state of the phases is kept.</summary>
public sealed record StateOptions
{
    /// <summary>Folder of the journal and the state; created when it is missing.</summary>
    public string Path { get; init; } = "state/rollout";

    /// <summary>What becomes of a phase that was serving when the process died: <c>shadow</c> or <c>abort</c>.</summary>
    public OnCrash OnCrash { get; init; } = OnCrash.Shadow;

    /// <summary>Two crashes within this time abort the phase.</summary>
    public TimeSpan CrashWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the baseline stays ready, in event time, behind a phase that is complete.</summary>
    public TimeSpan KeepBaselineFor { get; init; } = TimeSpan.FromHours(24);
}

/// <summary>What a rollout tells the outside.</summary>
public enum RolloutAlert
{
    /// <summary>An answer of the candidate was replaced by the baseline's.</summary>
    Fallback,

    /// <summary>A phase was aborted.</summary>
    Abort,

    /// <summary>A phase stopped advancing.</summary>
    Hold,

    /// <summary>The candidate's scores have moved away from the baseline's.</summary>
    Drift,

    /// <summary>The share of served operations is not the one that was asked for.</summary>
    Srm,
}

/// <summary>Which alerts a rollout sends.</summary>
public sealed record AlertOptions
{
    /// <summary>What is told: <c>fallback</c>, <c>abort</c>, <c>hold</c>, <c>drift</c>, <c>srm</c>.</summary>
    public IReadOnlyList<RolloutAlert> On { get; init; } = [RolloutAlert.Fallback, RolloutAlert.Abort, RolloutAlert.Hold, RolloutAlert.Drift, RolloutAlert.Srm];

    /// <summary>The first of a kind is told at once; those behind it are counted and told together after this time.</summary>
    public TimeSpan MinInterval { get; init; } = TimeSpan.FromSeconds(30);
}
