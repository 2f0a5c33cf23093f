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
        Control = new PhaseControl(options.Phases);
    }

    /// <summary>Runs the phases, and takes commands.</summary>
    public PhaseControl Control { get; }

    /// <summary>The phases, in the order of the file.</summary>
    public IReadOnlyList<Phase> Phases => Control.Phases;

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
