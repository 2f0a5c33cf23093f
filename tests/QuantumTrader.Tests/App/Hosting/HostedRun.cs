using System.Net;
using QuantumTrader.App.Commands;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Telemetry;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App.Hosting;

/// <summary>A pipeline in this process, with a real host on a free port. It runs when it is told to.</summary>
internal sealed class HostedRun : IAsyncDisposable
{
    public const string Token = "correct horse battery staple";

    public const string Yaml = """
        version: 1
        pipeline: hosted
        market: { calendar: crypto, symbols: [DEMO] }
        blocks:
          feed:      { type: source.simulator, seed: 3, start: 2024-01-02, events: 20000, bad: 0.001, rate: 20 }
          normalize: { type: normalize, from: feed, max_lateness_ms: 0, boundary: true }
          book:      { type: book, from: normalize }
          rings:     { type: rings, from: book, trades: 100, books: 10, candles: 10 }
        """;

    private readonly BlockFactory _factory;
    private readonly Graph _graph;
    private readonly EngineMetrics _engine;
    private readonly RunMetrics _metrics;

    private HostedRun(PipelinePlan plan)
    {
        _factory = new BlockFactory(plan, TimeProvider.System);
        _graph = PipelineBuilder.Build(plan, _factory);
        Live = new LiveRun(_factory, _graph, TimeProvider.System);
        _engine = new EngineMetrics(plan.Name, _graph, Live.TypeOf);
        _metrics = new RunMetrics(Live);
    }

    public LiveRun Live { get; }

    public LiveHost Host { get; private set; } = null!;

    public HttpClient Client { get; } = new();

    public static async Task<HostedRun> StartAsync(
        string yaml = Yaml, string? token = Token, HostOptions? options = null, string listen = "127.0.0.1:0", IReadOnlyList<ITopic>? topics = null, Func<string, string?>? environment = null, IReadOnlyList<string>? sets = null)
    {
        var loaded = new PipelineLoader(PipelineArguments.Registry).LoadText(yaml, Path.Combine(Qt.Root, "pipelines", "hosted.yml"), null, sets, environment ?? (_ => null));
        var run = new HostedRun(loaded.Plan ?? throw new InvalidOperationException(string.Join('\n', loaded.Findings)));
        try
        {
            ListenAddress.TryParse(listen, out var address).ShouldBeTrue();
            run.Host = await LiveHost.StartAsync(run.Live, run._metrics, run._engine, options ?? new HostOptions { UpdatesPerSecond = 10 }, address, token, topics);
            run.Client.BaseAddress = new UriBuilder(run.Host.Address) { Host = IPAddress.Loopback.ToString() }.Uri;
            return run;
        }
        catch
        {
            await run.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs to the end, or until it is stopped.</summary>
    public async Task<GraphReport> RunAsync(CancellationToken stop = default)
    {
        var report = await _graph.RunAsync(stop);
        Live.End(report);
        return report;
    }

    /// <summary>Sends a request, with the headers given.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? body = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path) { Content = body };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value).ShouldBeTrue();
        }

        return Client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (Host is not null)
        {
            await Host.DisposeAsync();
        }

        _metrics.Dispose();
        _engine.Dispose();
        _graph.Dispose();
        _factory.Dispose();
    }
}
