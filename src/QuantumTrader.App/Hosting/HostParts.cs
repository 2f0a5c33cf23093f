using QuantumTrader.App.Api;
using QuantumTrader.App.Telemetry;
using QuantumTrader.App.Views;

namespace QuantumTrader.App.Hosting;

/// <summary>Everything that the host serves about a run.</summary>
internal static class HostParts
{
    /// <summary>The resources.</summary>
    public static IReadOnlyList<IApi> Apis(LiveRun run, RunViews views, PrometheusText metrics) =>
    [
        new HealthApi(),
        new PipelineApi(),
        new BlocksApi(),
        new TapApi(),
        new EdgesApi(),
        new LatencyApi(),
        new FlowApi(),
        new ConfigApi(),
        new MetricsApi(metrics),
        new AlertsApi(),
        new MarketApi(views),
        new RingsApi(views),
        new ModelApi(views),
        new TradingApi(views),
        new HistoryApi(views),
        new RolloutApi(run),
    ];

    /// <summary>The documents of the stream.</summary>
    public static IReadOnlyList<ITopic> Topics(LiveRun run, RunViews views) =>
    [
        new FlowTopic(run),
        new AlertsTopic(run),
        .. views.Market?.Instruments.Select(i => new MarketTopic(views, i.Symbol)) ?? [],
        new ModelApi(views),
        new TradingApi(views),
        new RolloutApi(run),
    ];
}
