using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;
using QuantumTrader.Dataflow;

namespace QuantumTrader.App.Api;

/// <summary>Time from a source to a last block since the start of the run.</summary>
/// <param name="From">The source, or <c>source</c> when there are several.</param>
/// <param name="To">The last block.</param>
/// <param name="Count">Events measured.</param>
/// <param name="P50">Median, in microseconds.</param>
/// <param name="P99">99th percentile, in microseconds.</param>
/// <param name="P999">99.9th percentile, in microseconds.</param>
/// <param name="RecentP99">99th percentile of the last minute, in microseconds; null when nothing came in it.</param>
internal sealed record LatencyView(string From, string To, long Count, double P50, double P99, double P999, double? RecentP99)
{
    /// <summary>All of them.</summary>
    public static IEnumerable<LatencyView> Of(LiveRun run) => run.Watch.Now().Report.Latency.Select(Of);

    private static LatencyView Of(LatencyReport l) => new(l.From, l.To, l.Count, Math.Round(l.P50, 1), Math.Round(l.P99, 1), Math.Round(l.P999, 1), l.RecentP99 is { } recent ? Math.Round(recent, 1) : null);
}

/// <summary><c>/api/latency</c>.</summary>
internal sealed class LatencyApi : IApi
{
    public void Map(IEndpointRouteBuilder routes, LiveRun run) =>
        routes.MapGet("/api/latency", () => LatencyView.Of(run).ToList()).WithName("latency").WithSummary("Time from the sources to each last block, in microseconds.");
}
