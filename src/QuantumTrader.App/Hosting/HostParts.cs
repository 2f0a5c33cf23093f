using QuantumTrader.App.Api;
using QuantumTrader.App.Telemetry;

namespace QuantumTrader.App.Hosting;

/// <summary>Everything that the host serves about a run.</summary>
internal static class HostParts
{
    /// <summary>The resources.</summary>
    public static IReadOnlyList<IApi> Apis(LiveRun run, PrometheusText metrics) =>
    [
        new HealthApi(),
        new PipelineApi(),
        new BlocksApi(),
        new EdgesApi(),
        new LatencyApi(),
        new FlowApi(),
        new ConfigApi(),
        new MetricsApi(metrics),
        new AlertsApi(),
    ];

    /// <summary>The documents of the stream.</summary>
    public static IReadOnlyList<ITopic> Topics(LiveRun run) =>
    [
        new FlowTopic(run),
        new AlertsTopic(run),
    ];
}
