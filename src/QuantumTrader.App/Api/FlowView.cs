using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;

namespace QuantumTrader.App.Api;

/// <summary>What flows, what is stuck, and how long it takes: the topic <c>flow</c>, and what <c>qt top</c> shows.</summary>
/// <param name="Pipeline">The run.</param>
/// <param name="Blocks">By name.</param>
/// <param name="Edges">By <see cref="EdgeView.KeyOf"/>.</param>
/// <param name="Latency">By <c>FROM&gt;TO</c>.</param>
internal sealed record FlowView(
    PipelineView Pipeline, IReadOnlyDictionary<string, BlockView> Blocks, IReadOnlyDictionary<string, EdgeView> Edges, IReadOnlyDictionary<string, LatencyView> Latency)
{
    /// <summary>The run as it is now.</summary>
    public static FlowView Of(LiveRun run) => new(
        PipelineView.Of(run),
        BlockView.Of(run).Select(b => b with { Details = null }).ToDictionary(b => b.Name, StringComparer.Ordinal),
        EdgeView.Of(run).ToDictionary(EdgeView.KeyOf, StringComparer.Ordinal),
        LatencyView.Of(run).ToDictionary(l => $"{l.From}>{l.To}", StringComparer.Ordinal));
}

/// <summary>The topic <c>flow</c>.</summary>
internal sealed class FlowTopic(LiveRun run) : ITopic
{
    public string Name => "flow";

    public object Read() => FlowView.Of(run);
}

/// <summary><c>/api/flow</c>.</summary>
internal sealed class FlowApi : IApi
{
    public void Map(IEndpointRouteBuilder routes, LiveRun run) =>
        routes.MapGet("/api/flow", () => FlowView.Of(run)).WithName("flow").WithSummary("The run, its blocks, edges and latencies in one answer: the topic flow of the stream.");
}
