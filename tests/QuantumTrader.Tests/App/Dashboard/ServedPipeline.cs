using System.Net;
using QuantumTrader.App.Commands;
using QuantumTrader.App.Hosting;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;

namespace QuantumTrader.Tests.App.Dashboard;

/// <summary>A real pipeline that runs in this process, and its host.</summary>
internal sealed class ServedPipeline : IAsyncDisposable
{
    public const string Token = "the token of these tests";

    private readonly CancellationTokenSource _stop = new();
    private readonly BlockFactory _factory;
    private readonly Graph _graph;
    private readonly LiveHost _host;
    private readonly Task _run;

    private ServedPipeline(BlockFactory factory, Graph graph, LiveHost host, LiveRun live)
    {
        (_factory, _graph, _host, Live) = (factory, graph, host, live);
        _run = RunAsync();
    }

    public LiveRun Live { get; }

    public Uri Address => _host.Address;

    /// <summary>Starts one of pipelines/ on any free port, or on this one.</summary>
    public static Task<ServedPipeline> StartAsync(string pipeline, int port, params string[] sets) => StartFileAsync(Path.Combine(Qt.Root, "pipelines", pipeline), port, sets);

    /// <summary>Starts the pipeline of a file.</summary>
    public static async Task<ServedPipeline> StartFileAsync(string file, int port, params string[] sets)
    {
        var loaded = new PipelineLoader(PipelineArguments.Registry).Load(file, null, sets);
        var plan = loaded.Plan ?? throw new InvalidOperationException(string.Join("\n", loaded.Findings));
        var factory = new BlockFactory(plan, TimeProvider.System);
        var graph = PipelineBuilder.Build(plan, factory);
        factory.Section<RolloutSection>()?.Begin();
        var live = new LiveRun(factory, graph, TimeProvider.System);
        var host = await LiveHost.StartAsync(live, new HostOptions { UpdatesPerSecond = 10, RequestsPerSecond = 10_000 }, new IPEndPoint(IPAddress.Loopback, port), Token);
        return new ServedPipeline(factory, graph, host, live);
    }

    /// <summary>The run ends, as after Ctrl-C; the host stays.</summary>
    public async Task EndAsync()
    {
        await _stop.CancelAsync();
        await _run;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        await _host.DisposeAsync();
        _graph.Dispose();
        _factory.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync() => Live.End(await _graph.RunAsync(_stop.Token));
}
