using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;
using QuantumTrader.Dataflow;

namespace QuantumTrader.App.Api;

/// <summary>An edge of a run as it is now. The name of an instance of a parallel block ends in <c>#</c> and its number.</summary>
internal sealed record EdgeView(
    string From, string To, string Port, bool Fused, int Depth, int Capacity, WhenFull WhenFull, long In, long Out, IReadOnlyDictionary<string, long> Dropped, long Spilled, int HighWater)
{
    /// <summary>What tells it from others: <c>FROM&gt;TO:PORT</c>.</summary>
    public static string KeyOf(EdgeView edge) => $"{edge.From}>{edge.To}:{edge.Port}";

    /// <summary>All edges.</summary>
    public static IEnumerable<EdgeView> Of(LiveRun run) => run.Watch.Now().Report.Edges.Select(e => new EdgeView(
        e.From, e.To, e.Port, e.Fused, e.Depth, e.Capacity, e.WhenFull, e.In, e.Out, e.Dropped, e.Spilled, e.HighWater));
}

/// <summary><c>/api/edges</c>.</summary>
internal sealed class EdgesApi : IApi
{
    public void Map(IEndpointRouteBuilder routes, LiveRun run) =>
        routes.MapGet("/api/edges", () => EdgeView.Of(run).ToList()).WithName("edges").WithSummary("Every edge: how full it is, what it dropped and why.");
}
