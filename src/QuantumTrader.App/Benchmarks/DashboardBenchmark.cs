using System.Net;
using System.Net.Sockets;
using System.Text;
using QuantumTrader.App.Commands;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Telemetry;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Benchmarks;

/// <summary>
/// What open dashboards cost: a pipeline alone, and the same with a host, ten clients that follow every topic and one that never reads, in
/// turn. The clients run on the same processors, so their own work counts too.
/// </summary>
internal static class DashboardBenchmark
{
    private const int Dashboards = 10;
    private const double LeastRatio = 0.97;

    public static BenchmarkResult? Run(BenchmarkRequest request)
    {
        if (Repository.Find() is not { } root)
        {
            Console.Error.WriteLine("The benchmark runs pipelines/demo.yml, which was not found above this folder.");
            return null;
        }

        var load = new PipelineLoader(PipelineArguments.Registry).Load(Path.Combine(root, "pipelines", "demo.yml"), null, [request.IsQuick ? "blocks.feed.events=100000" : "blocks.feed.days=20"]);
        var plan = load.Plan ?? throw new InvalidOperationException($"Invariant: {string.Join("; ", load.Findings)}");
        var kilobytes = new List<double>();
        var figures = Rounds.Run(request.IsQuick ? 1 : Rounds.Count, () => EventsPerSecond(plan, isHosted: false, 0, kilobytes), () => EventsPerSecond(plan, isHosted: true, 0, kilobytes), () => EventsPerSecond(plan, isHosted: true, Dashboards, kilobytes));
        return new BenchmarkResult("dashboard",
        [
            new("no host", Rounds.Median(figures[0]), "events/s", null, null),
            new("a host that nobody asks", Rounds.Median(figures[1]), "events/s", null, Rounds.Ratio(figures[1], figures[0])) { Against = "no host" },
            new($"{Dashboards} dashboards and one that never reads", Rounds.Median(figures[2]), "events/s", LeastRatio, Rounds.Ratio(figures[2], figures[0])) { Against = "no host" },
            new("what each dashboard got", Rounds.Median(kilobytes), "kB/s", null, null),
        ]);
    }

    private static double EventsPerSecond(PipelinePlan plan, bool isHosted, int dashboards, List<double> kilobytes)
    {
        using var factory = new BlockFactory(plan, TimeProvider.System);
        using var graph = PipelineBuilder.Build(plan, factory);
        var live = new LiveRun(factory, graph, TimeProvider.System);
        using var engine = new EngineMetrics(plan.Name, graph, live.TypeOf);
        using var metrics = new RunMetrics(live);
        var host = isHosted ? LiveHost.StartAsync(live, metrics, engine, new HostOptions(), new IPEndPoint(IPAddress.Loopback, 0), token: null).GetAwaiter().GetResult() : null;
        var clients = Enumerable.Range(0, dashboards == 0 ? 0 : dashboards + 1).Select(i => new Dashboard(host!, isReading: i > 0)).ToList();
        var report = graph.RunAsync().GetAwaiter().GetResult();
        live.End(report);
        clients.ForEach(c => c.Dispose());
        kilobytes.AddRange(clients.Skip(1).Select(c => c.BytesRead / 1e3 / report.Elapsed.TotalSeconds));
        host?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return report.EventsPerSecond;
    }

    /// <summary>Follows every topic; throws away what it reads.</summary>
    private sealed class Dashboard : IDisposable
    {
        private readonly TcpClient _client = new();
        private long _bytesRead;

        public Dashboard(LiveHost host, bool isReading)
        {
            _client.Connect(IPAddress.Loopback, host.Address.Port);
            _client.GetStream().Write(Encoding.ASCII.GetBytes($"GET /api/stream?topics={string.Join(',', host.Hub.Topics)} HTTP/1.1\r\nHost: {host.Address.Authority}\r\n\r\n"));
            if (isReading)
            {
                _ = ReadAsync(_client.GetStream());
            }
        }

        public long BytesRead => Volatile.Read(ref _bytesRead);

        public void Dispose() => _client.Dispose();

        private async Task ReadAsync(NetworkStream stream)
        {
            var buffer = new byte[64 * 1024];
            try
            {
                while (await stream.ReadAsync(buffer).ConfigureAwait(false) is > 0 and var count)
                {
                    Volatile.Write(ref _bytesRead, _bytesRead + count);
                }
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException)
            {
                // The run is over.
            }
        }
    }
}
