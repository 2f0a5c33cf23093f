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
/// What open dashboards cost: one pipeline runs throughout, and in turn there is no host, a host, a host with ten clients that follow every
/// topic and one that never reads. Looks of a second each, so that a machine whose speed drifts is compared with itself. The clients run on
/// the same processors, so their own work counts too; opening them does not.
/// </summary>
internal static class DashboardBenchmark
{
    private const int Dashboards = 10;
    private const double LeastRatio = 0.97;
    private const int Looks = 21;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(0.2);

    public static BenchmarkResult? Run(BenchmarkRequest request)
    {
        if (Repository.Find() is not { } root)
        {
            Console.Error.WriteLine("The benchmark runs pipelines/demo.yml, which was not found above this folder.");
            return null;
        }

        var load = new PipelineLoader(PipelineArguments.Registry).Load(Path.Combine(root, "pipelines", "demo.yml"), null, ["blocks.feed.days=3650"]);
        var plan = load.Plan ?? throw new InvalidOperationException($"Invariant: {string.Join("; ", load.Findings)}");
        using var pipeline = new Pipeline(plan);
        var figures = Rounds.Run(request.IsQuick ? 1 : Looks, () => pipeline.Look(isHosted: false, 0), () => pipeline.Look(isHosted: true, 0), () => pipeline.Look(isHosted: true, Dashboards));
        return new BenchmarkResult("dashboard",
        [
            new("no host", Rounds.Median(figures[0]), "events/s", null, null),
            new("a host that nobody asks", Rounds.Median(figures[1]), "events/s", null, Rounds.Ratio(figures[1], figures[0])) { Against = "no host" },
            new($"{Dashboards} dashboards and one that never reads", Rounds.Median(figures[2]), "events/s", LeastRatio, Rounds.Ratio(figures[2], figures[0])) { Against = "no host" },
            new("what each dashboard got", Rounds.Median(pipeline.KilobytesPerSecond), "kB/s", null, null),
            new($"threads of the pipeline; at work on {Environment.ProcessorCount} processors", pipeline.ThreadsAtWork(), "", null, null),
        ]);
    }

    private sealed class Pipeline : IDisposable
    {
        private readonly PipelinePlan _plan;
        private readonly BlockFactory _factory;
        private readonly Graph _graph;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task<GraphReport> _running;

        public Pipeline(PipelinePlan plan)
        {
            _plan = plan;
            _factory = new BlockFactory(plan, TimeProvider.System);
            _graph = PipelineBuilder.Build(plan, _factory);
            _running = _graph.RunAsync(_stop.Token);
        }

        /// <summary>What each client that reads was sent, per look.</summary>
        public List<double> KilobytesPerSecond { get; } = [];

        /// <summary>Threads that were at work at a time, on average over the run.</summary>
        public double ThreadsAtWork() => _graph.Snapshot().Blocks.DistinctBy(b => b.Island).Sum(b => b.Busy);

        /// <summary>Events per second while somebody, or nobody, watches.</summary>
        public double Look(bool isHosted, int dashboards)
        {
            var live = new LiveRun(_factory, _graph, TimeProvider.System);
            using var engine = new EngineMetrics(_plan.Name, _graph, live.TypeOf);
            using var metrics = new RunMetrics(live);
            var host = isHosted ? LiveHost.StartAsync(live, metrics, engine, new HostOptions(), new IPEndPoint(IPAddress.Loopback, 0), token: null).GetAwaiter().GetResult() : null;
            var clients = Enumerable.Range(0, dashboards == 0 ? 0 : dashboards + 1).Select(i => new Dashboard(host!, isReading: i > 0)).ToList();
            Waiting.Until(() => clients.Skip(1).All(c => c.BytesRead > 0));
            Waiting.For(Settling);
            var (before, bytes) = (_graph.Snapshot(), clients.Select(c => c.BytesRead).ToList());
            Waiting.For(DashboardBenchmark.Look);
            var after = _graph.Snapshot();
            var seconds = (after.Elapsed - before.Elapsed).TotalSeconds;
            KilobytesPerSecond.AddRange(clients.Zip(bytes, (c, b) => (c.BytesRead - b) / 1e3 / seconds).Skip(1));
            clients.ForEach(c => c.Dispose());
            host?.DisposeAsync().AsTask().GetAwaiter().GetResult();
            return (after.Events - before.Events) / seconds;
        }

        public void Dispose()
        {
            _stop.Cancel();
            var report = _running.GetAwaiter().GetResult();
            _graph.Dispose();
            _factory.Dispose();
            _stop.Dispose();
            if (!report.Balanced)
            {
                throw new InvalidOperationException($"Invariant: the run must balance: {string.Join("; ", report.Imbalances)}");
            }
        }
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
