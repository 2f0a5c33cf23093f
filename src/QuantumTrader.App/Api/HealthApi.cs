using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;

namespace QuantumTrader.App.Api;

/// <summary>What was looked at.</summary>
/// <param name="Name">What.</param>
/// <param name="Healthy">Whether it is as it should be.</param>
/// <param name="Message">In words.</param>
internal sealed record HealthCheck(string Name, bool Healthy, string Message);

/// <summary>Whether a run is well.</summary>
/// <param name="Status"><c>healthy</c> or <c>unhealthy</c>.</param>
/// <param name="Checks">What was looked at.</param>
internal sealed record Health(string Status, IReadOnlyList<HealthCheck> Checks);

/// <summary><c>/health/live</c>: the process answers. <c>/health/ready</c>: the run is under way and nothing is short.</summary>
internal sealed class HealthApi : IApi
{
    // Longer than a burst, shorter than patience.
    private const double Stalled = 0.99;

    public void Map(IEndpointRouteBuilder routes, LiveRun run)
    {
        routes.MapGet("/health/live", () => Answer([new HealthCheck("process", true, "It answers.")])).WithName("live").WithSummary("Whether the process answers.").Produces<Health>();
        routes.MapGet("/health/ready", () => Answer(Checks(run))).WithName("ready").WithSummary("Whether the run is under way, and how its blocks are; 503 when it is not well.")
            .Produces<Health>().Produces<Health>(StatusCodes.Status503ServiceUnavailable);
    }

    private static JsonHttpResult<Health> Answer(IReadOnlyList<HealthCheck> checks)
    {
        var isHealthy = checks.All(c => c.Healthy);
        return TypedResults.Json(new Health(isHealthy ? "healthy" : "unhealthy", checks), statusCode: isHealthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static List<HealthCheck> Checks(LiveRun run)
    {
        var figures = run.Watch.Now();
        var report = figures.Report;
        var checks = new List<HealthCheck>
        {
            new("run", run.State is RunState.Running, run.State switch
            {
                RunState.Running => "It runs.",
                RunState.Draining => "It was asked to stop, and hands on what is under way.",
                RunState.Ended => "It has ended.",
                _ => $"It failed: {report.Fault ?? string.Join("; ", report.Imbalances)}",
            }),
        };
        foreach (var stuck in figures.Blocks.Where(b => b.Backpressured > Stalled && b.OutPerSecond == 0 && run.State == RunState.Running))
        {
            checks.Add(new HealthCheck(stuck.Report.Name, false, "It waits for room behind it, and nothing moves."));
        }

        foreach (var (block, gauge) in report.Blocks.SelectMany(b => b.Gauges.Where(g => g.Name.EndsWith("_up", StringComparison.Ordinal)).Select(g => (b.Name, g))))
        {
            checks.Add(new HealthCheck(block, gauge.Value > 0, gauge.Value > 0 ? "Connected." : "Not connected."));
        }

        return checks;
    }
}
