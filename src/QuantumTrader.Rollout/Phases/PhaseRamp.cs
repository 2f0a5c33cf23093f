using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout;

/// <summary>A step with everything that it asks for.</summary>
/// <param name="Share">Share of the operations that the candidate serves; none in the shadow.</param>
/// <param name="MinBake">Least event time during which the candidate worked.</param>
/// <param name="MinSamples">Least number of operations that were compared (in the shadow) or that the candidate was asked for.</param>
/// <param name="Gates">The gates with their names.</param>
/// <param name="Approve">Who lets the phase go on.</param>
/// <param name="MaxWait">Event time after which the phase is held.</param>
internal sealed record RampStep(Share Share, TimeSpan MinBake, long MinSamples, IReadOnlyList<(string Name, GateOptions Gate)> Gates, Approval Approve, TimeSpan? MaxWait)
{
    /// <summary>Each gate's part of the chance of a false verdict.</summary>
    public double AlphaOf(GateOptions gate) => gate.Alpha / Math.Max(1, Gates.Count(g => !g.Gate.DryRun));
}

/// <summary>The way of a phase from off to complete. The first step is always the shadow.</summary>
internal sealed class PhaseRamp
{
    /// <summary>The way that a phase's options describe.</summary>
    /// <exception cref="ConfigurationException">The phase stands at something that is no place.</exception>
    public PhaseRamp(PhaseOptions phase)
    {
        Phase = phase;
        Initial = StartOf(phase);
        Steps = phase.Steps.Count > 0
            ? [.. phase.Steps.Select(s => Of(s, phase))]
            : Initial.Share > Share.None ? [Fixed(Share.None), Fixed(Initial.Share)] : [Fixed(Share.None)];
        LeadsToComplete = phase.Steps.Count > 0 || Initial.Stage == PhaseStage.Complete;
        Initial = Initial with { Step = Initial.Stage == PhaseStage.Serving ? 1 : Initial.Stage == PhaseStage.Shadow ? 0 : -1 };
    }

    /// <summary>The phase.</summary>
    public PhaseOptions Phase { get; }

    /// <summary>Where the phase stands when nothing is known of it.</summary>
    public PhaseState Initial { get; }

    /// <summary>The steps.</summary>
    public IReadOnlyList<RampStep> Steps { get; }

    /// <summary>Behind the last step the phase is complete; one that only has a place stays there.</summary>
    public bool LeadsToComplete { get; }

    /// <summary>What takes the candidate out at once; null for a phase that has neither steps nor a breaker.</summary>
    public BreakerOptions? Breaker => Phase.Breaker ?? (Phase.Steps.Count > 0 ? new BreakerOptions() : null);

    /// <summary>The state in a step.</summary>
    public PhaseState At(int step, PhaseState state) => step < Steps.Count
        ? state with { Stage = Steps[step].Share == Share.None ? PhaseStage.Shadow : PhaseStage.Serving, Share = Steps[step].Share, Step = step, IsHeld = false, IsOpen = false }
        : state with { Stage = PhaseStage.Complete, Share = Share.All, Step = -1, IsHeld = false, IsOpen = false };

    /// <summary>The step that a state is in; null when it is in none.</summary>
    public RampStep? StepOf(PhaseState state) => state.Step >= 0 && state.Step < Steps.Count ? Steps[state.Step] : null;

    private static PhaseState StartOf(PhaseOptions phase) => phase.At switch
    {
        "off" => PhaseState.Initial,
        "shadow" => PhaseState.Initial with { Stage = PhaseStage.Shadow },
        "complete" => PhaseState.Initial with { Stage = PhaseStage.Complete, Share = Share.All },
        _ when Share.TryParse(phase.At, out var share) && share > Share.None => PhaseState.Initial with { Stage = PhaseStage.Serving, Share = share },
        _ => throw new ConfigurationException("phases", $"Phase '{phase.Name}': at is '{phase.At}'. Legal: off, shadow, a percentage above 0% such as 10%, complete."),
    };

    private static RampStep Fixed(Share share) => new(share, TimeSpan.Zero, 0, [], Approval.Manual, null);

    private static RampStep Of(StepOptions step, PhaseOptions phase) => new(
        step.Serve ?? Share.None,
        step.Shadow is { } bake && bake.MinBake > step.MinBake ? bake.MinBake : step.MinBake,
        Math.Max(step.MinSamples, step.Shadow?.MinSamples ?? 0),
        [.. step.Gates.Where(phase.Gates.ContainsKey).Select(g => (g, phase.Gates[g]))],
        step.Approve,
        step.MaxWait);
}
