using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout;

/// <summary>Options of the section <c>rollout</c>.</summary>
public sealed record RolloutOptions
{
    /// <summary>Where the state of the phases is kept between runs; without it every run begins anew.</summary>
    public StateOptions? State { get; init; }

    /// <summary>A file whose existence switches every phase off at once; none without it.</summary>
    public string? KillFile { get; init; }

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

    /// <summary>Event time for which the baseline of a completed phase stays, so that a rollback finds it warm: a pipeline that has dropped it earlier is refused.</summary>
    public TimeSpan KeepBaselineFor { get; init; } = TimeSpan.FromDays(1);
}
