using QuantumTrader.App.Alerting.Rules;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Alerting;

/// <summary>The alerts that blocks of the pipeline make (alerts.flow), read from their outputs.</summary>
internal sealed class BlockAlerts : IDisposable
{
    // More than a person could read between two looks; the rest is counted by the tap.
    private const int Capacity = 1024;

    private readonly Tap<Alert>[] _taps;
    private readonly Alert[] _read = new Alert[Capacity];
    private readonly MarketContext? _market;

    public BlockAlerts(PipelinePlan plan, Graph graph, MarketContext? market)
    {
        _taps = [.. plan.Blocks.Where(b => b.Type.Output == typeof(Alert)).Select(b => (Tap<Alert>)graph.Tap(b.Name, Capacity))];
        _market = market;
    }

    /// <summary>What came since the last call, each as a rule of the same name. Cool-downs in event time are the block's own; this one is of the clock on the wall.</summary>
    public IEnumerable<(AlertRule Rule, Reading Reading)> Read()
    {
        foreach (var tap in _taps)
        {
            for (var count = tap.Read(_read); count > 0; count = tap.Read(_read))
            {
                for (var i = 0; i < count; i++)
                {
                    yield return Of(_read[i]);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tap in _taps)
        {
            tap.Dispose();
        }
    }

    private (AlertRule Rule, Reading Reading) Of(Alert alert)
    {
        var symbol = _market is { } market && alert.Symbol > 0 && alert.Symbol <= market.Symbols.Count ? market.Symbols.Name(alert.Symbol) : "";
        var words = FormattableString.Invariant($"{alert.Value:0.####} at {IsoTime.ToText(alert.EventTime)} (limit {alert.Limit:0.####}{(alert.Side == Side.None ? "" : $", {alert.Side}")})");
        return (FlowRules.Of(alert), new Reading(symbol, alert.Value, words));
    }
}
