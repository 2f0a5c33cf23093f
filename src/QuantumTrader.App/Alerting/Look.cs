using QuantumTrader.Dataflow;
using QuantumTrader.Rollout;

namespace QuantumTrader.App.Alerting;

/// <summary>What the rules look at: the run now, and at the look before.</summary>
/// <param name="Now">The time, UTC.</param>
/// <param name="Pipeline">Name of the pipeline.</param>
/// <param name="Report">The account at this moment.</param>
/// <param name="Before">The account at the look before; null at the first.</param>
/// <param name="Phases">What the rollout's phases did, now and before.</param>
internal sealed record Look(DateTimeOffset Now, string Pipeline, GraphReport Report, GraphReport? Before, IReadOnlyList<PhaseFigures> Phases)
{
    /// <summary>What happened in the market since the look before; nothing where no rule asks.</summary>
    public IReadOnlyList<SymbolFigures> Symbols { get; init; } = [];

    /// <summary>A figure of every block that shows it.</summary>
    public IEnumerable<(BlockReport Block, BlockGauge Gauge)> Gauges(string name) =>
        Report.Blocks.SelectMany(b => b.Gauges.Where(g => g.Name == name).Select(g => (b, g)));

    /// <summary>The same block at the look before; null when there was none.</summary>
    public BlockReport? Previous(BlockReport block) => Before?.Blocks.FirstOrDefault(b => b.Name == block.Name);

    /// <summary>The same edge at the look before; null when there was none.</summary>
    public EdgeReport? Previous(EdgeReport edge) => Before?.Edges.FirstOrDefault(e => e.From == edge.From && e.To == edge.To && e.Port == edge.Port);
}

/// <summary>A phase at a look, and what was counted since the look before.</summary>
/// <param name="Name">The phase.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Fallbacks">Fallbacks since the look before, by their cause.</param>
internal sealed record PhaseFigures(string Name, PhaseState State, IReadOnlyDictionary<FallbackReason, long> Fallbacks);
