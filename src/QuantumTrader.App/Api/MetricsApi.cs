using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Telemetry;

namespace QuantumTrader.App.Api;

/// <summary><c>/metrics</c>, for Prometheus.</summary>
internal sealed class MetricsApi(PrometheusText metrics) : IApi
{
    public void Map(IEndpointRouteBuilder routes, LiveRun run) =>
        routes.MapGet("/metrics", () => TypedResults.Text(metrics.Scrape(), PrometheusText.ContentType)).WithName("metrics").WithSummary("All metrics in the text format of Prometheus.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain");
}
