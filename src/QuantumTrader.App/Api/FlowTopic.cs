using QuantumTrader.App.Hosting;

namespace QuantumTrader.App.Api;

/// <summary>The topic <c>flow</c>: what the page of the same name shows.</summary>
internal sealed class FlowTopic(LiveRun run) : ITopic
{
    public string Name => "flow";

    public object Read() => new
    {
        Pipeline = PipelineView.Of(run),
        Blocks = BlockView.Of(run).Select(b => b with { Details = null }).ToDictionary(b => b.Name, StringComparer.Ordinal),
        Edges = EdgeView.Of(run).ToDictionary(EdgeView.KeyOf, StringComparer.Ordinal),
        Latency = LatencyView.Of(run).ToDictionary(l => $"{l.From}>{l.To}", StringComparer.Ordinal),
    };
}
