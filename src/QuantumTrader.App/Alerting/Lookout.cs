using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;

namespace QuantumTrader.App.Alerting;

/// <summary>Takes looks at a run, each with what has changed since the one before.</summary>
internal sealed class Lookout(BlockFactory factory, Graph graph, MarketWatch? market, TimeProvider clock) : IDisposable
{
    private readonly Dictionary<string, IReadOnlyDictionary<FallbackReason, long>> _fallbacks = new(StringComparer.Ordinal);
    private readonly RolloutSection? _rollout = factory.Section<RolloutSection>();
    private GraphReport? _before;

    /// <summary>A look; called by one thread at a time.</summary>
    public Look Look()
    {
        var report = graph.Snapshot();
        var look = new Look(clock.GetUtcNow(), factory.Plan.Name, report, _before, [.. (_rollout?.Phases ?? []).Select(Figures)]) { Symbols = market?.Read() ?? [] };
        _before = report;
        return look;
    }

    /// <inheritdoc/>
    public void Dispose() => market?.Dispose();

    private PhaseFigures Figures(Phase phase)
    {
        var name = phase.Options.Name;
        var now = phase.Evidence.Count().Fallbacks;
        var before = _fallbacks.GetValueOrDefault(name);
        _fallbacks[name] = now;
        // Nobody is told of fallbacks who has not asked for it: the baseline's answer is a good answer.
        var isTold = factory.Switches.Now.AlertOnFallback == true;
        return new PhaseFigures(name, phase.State, now.ToDictionary(f => f.Key, f => isTold ? f.Value - (before?.GetValueOrDefault(f.Key) ?? 0) : 0));
    }
}
