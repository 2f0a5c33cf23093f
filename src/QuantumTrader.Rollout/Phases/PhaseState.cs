using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout;

/// <summary>How far a phase has come.</summary>
public enum PhaseStage
{
    /// <summary>The candidate does not run.</summary>
    Off,

    /// <summary>The candidate runs, and nobody acts on it.</summary>
    Shadow,

    /// <summary>The candidate serves a share of the operations.</summary>
    Serving,

    /// <summary>The candidate serves all operations, for good.</summary>
    Complete,

    /// <summary>The candidate is out until somebody asks for another try.</summary>
    Aborted,
}

/// <summary>What a phase does with an operation. Immutable: every operation reads one, so that nothing of it can tear.</summary>
/// <param name="Stage">How far the phase is.</param>
/// <param name="Share">Share of the operations that the candidate serves.</param>
/// <param name="Step">Index of the step among the phase's steps; -1 when it is in none.</param>
/// <param name="Generation">Number of the change that led here; changes of all phases are counted together.</param>
public sealed record PhaseState(PhaseStage Stage, Share Share, int Step, long Generation)
{
    /// <summary>A phase that was never started.</summary>
    public static readonly PhaseState Initial = new(PhaseStage.Off, Share.None, -1, 0);

    /// <summary>Keeps its share and does not go on by itself.</summary>
    public bool IsHeld { get; init; }

    /// <summary>The breaker is open: the candidate serves nothing and is probed in the shadow.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Times that the breaker has opened since the phase was started or tried again.</summary>
    public int Openings { get; init; }

    /// <summary>The candidate is fed.</summary>
    public bool Runs => Stage is PhaseStage.Shadow or PhaseStage.Serving or PhaseStage.Complete;

    /// <summary>The candidate may serve.</summary>
    public bool Serves => Stage is PhaseStage.Serving or PhaseStage.Complete && !IsOpen;

    /// <summary>Others may build on it: it is complete, and nothing keeps it from serving.</summary>
    internal bool Carries => Stage == PhaseStage.Complete && !IsOpen;

    /// <summary>For people: <c>serving 10%, held</c>.</summary>
    public override string ToString() =>
        (Stage == PhaseStage.Serving ? $"serving {Share}" : Stage.ToString().ToLowerInvariant()) + (IsHeld ? ", held" : "") + (IsOpen ? ", breaker open" : "");
}
