using QuantumTrader.Pipelines;
using QuantumTrader.Rollout.Serving;

namespace QuantumTrader.Rollout;

/// <summary>The phases of a pipeline: what is switched on step by step, and can be taken back at once.</summary>
[Section("rollout", "Phases that are switched on step by step, compared, and taken back at once.")]
public sealed class RolloutSection : IGraphDecorator
{
    private readonly TimeProvider _clock;

    /// <summary>The phases as the pipeline describes them.</summary>
    /// <exception cref="ConfigurationException">They do not fit together.</exception>
    public RolloutSection(RolloutOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        _clock = clock;
        Phases = [.. options.Phases.Select(p => new Phase(p) { State = StartOf(p) })];
    }

    /// <summary>The phases, in the order of the file.</summary>
    public IReadOnlyList<Phase> Phases { get; }

    private static PhaseState StartOf(PhaseOptions phase) => phase.At switch
    {
        "off" => PhaseState.Initial,
        "shadow" => new PhaseState(PhaseStage.Shadow, Share.None, -1, 1),
        "complete" => new PhaseState(PhaseStage.Complete, Share.All, -1, 1),
        _ when Share.TryParse(phase.At, out var share) => new PhaseState(PhaseStage.Serving, share, -1, 1),
        _ => throw new ConfigurationException("phases", $"Phase '{phase.Name}': at is '{phase.At}'. Legal: off, shadow, a percentage such as 10%, complete."),
    };

    /// <inheritdoc/>
    public IReadOnlyList<GraphPart> Decorate(IReadOnlyList<GraphPart> parts, BlockFactory factory)
    {
        foreach (var phase in Phases)
        {
            parts = new PhaseGraph(phase, parts, factory, _clock).Decorate();
        }

        return parts;
    }
}
