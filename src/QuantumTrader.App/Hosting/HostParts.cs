using QuantumTrader.App.Api;

namespace QuantumTrader.App.Hosting;

/// <summary>Everything that the host serves about a run.</summary>
internal static class HostParts
{
    /// <summary>The resources.</summary>
    public static IReadOnlyList<IApi> Apis(LiveRun run) =>
    [
        new HealthApi(),
        new PipelineApi(),
        new BlocksApi(),
        new EdgesApi(),
    ];

    /// <summary>The documents of the stream.</summary>
    public static IReadOnlyList<ITopic> Topics(LiveRun run) =>
    [
        new FlowTopic(run),
    ];
}
