using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime;
using System.Text;
using QuantumTrader.App.Alerting;
using QuantumTrader.App.Commands;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Logging;
using QuantumTrader.App.Telemetry;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Benchmarks;

/// <summary>
/// What open dashboards cost: one pipeline runs throughout, and in turn there is no host, a host, the same with ten clients that follow every
/// topic and one that never reads. Many short looks, so that a machine whose speed drifts is compared with itself. The clients run on
/// the same processors, so their own work counts too; opening them, and compiling what is new, does not.
/// </summary>
internal static class DashboardBenchmark
{
    private const int Dashboards = 10;
    private const double LeastRatio = 0.97;
    private const int Looks = 45;

    public static BenchmarkResult? Run(BenchmarkRequest request)
    {
        if (Repository.Find() is not { } root)
        {
            Console.Error.WriteLine("The benchmark runs pipelines/demo.yml, which was not found above this folder.");
            return null;
        }

        var load = new PipelineLoader(PipelineArguments.Registry).Load(Path.Combine(root, "pipelines", "demo.yml"), null, ["blocks.feed.days=3650"]);
        var plan = load.Plan ?? throw new InvalidOperationException($"Invariant: {string.Join("; ", load.Findings)}");
        using var pipeline = new WatchedPipeline(plan);
        var figures = Rounds.Run(request.IsQuick ? 1 : Looks, pipeline.Alone, pipeline.WithHost, () => pipeline.WithDashboards(Dashboards));
        return new BenchmarkResult("dashboard",
        [
            new($"no host, {Rounds.Format(pipeline.ThreadsAtWork)} threads at work on {Environment.ProcessorCount} processors", Rounds.Median(figures[0]), "events/s", null, null),
            new("a host that nobody asks", Rounds.Median(figures[1]), "events/s", null, Rounds.Ratio(figures[1], figures[0])) { Against = "no host" },
            new($"{Dashboards} dashboards and one that never reads", Rounds.Median(figures[2]), "events/s", LeastRatio, Rounds.Ratio(figures[2], figures[1])) { Against = "that host" },
            new("what each dashboard got", Rounds.Median(pipeline.KilobytesPerSecond), "kB/s", null, null),
        ]);
    }

    /// <summary>A pipeline that runs as fast as it can, and what is opened and closed beside it.</summary>
    private sealed class WatchedPipeline : IDisposable
    {
        private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(400);
        private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(100);
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

        private readonly PipelinePlan _plan;
        private readonly BlockFactory _factory;
        private readonly Graph _graph;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task<GraphReport> _running;
        private OpenHost? _host;

        public WatchedPipeline(PipelinePlan plan)
        {
            _plan = plan;
            _factory = new BlockFactory(plan, TimeProvider.System);
            _graph = PipelineBuilder.Build(plan, _factory);
            _running = _graph.RunAsync(_stop.Token);
        }

        /// <summary>What each client that reads was sent, per look.</summary>
        public List<double> KilobytesPerSecond { get; } = [];

        /// <summary>Threads of the pipeline that were at work at a time, on average over the run.</summary>
        public double ThreadsAtWork => _graph.Snapshot().Blocks.DistinctBy(b => b.Island).Sum(b => b.Busy);

        /// <summary>Events per second without a host.</summary>
        public double Alone()
        {
            CloseHost();
            return Measure().EventsPerSecond;
        }

        /// <summary>Events per second while a host listens; it goes on listening.</summary>
        public double WithHost()
        {
            _host ??= new OpenHost(_plan, _factory, _graph);
            return Measure().EventsPerSecond;
        }

        /// <summary>Events per second while so many clients read, and one does not.</summary>
        public double WithDashboards(int count)
        {
            _host ??= new OpenHost(_plan, _factory, _graph);
            using var silent = new Dashboard(_host.Live, isReading: false);
            var clients = Enumerable.Range(0, count).Select(_ => new Dashboard(_host.Live, isReading: true)).ToList();
            Waiting.Until(() => clients.All(c => c.BytesRead > 0));
            var (eventsPerSecond, bytes, seconds) = Measure(clients);
            KilobytesPerSecond.Add(bytes / 1e3 / seconds / count);
            clients.ForEach(c => c.Dispose());
            return eventsPerSecond;
        }

        public void Dispose()
        {
            CloseHost();
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

        private (double EventsPerSecond, long Bytes, double Seconds) Measure(params List<Dashboard> clients)
        {
            WaitForCompiler();
            var (before, bytes) = (_graph.Snapshot(), clients.Sum(c => c.BytesRead));
            Waiting.For(Look);
            var after = _graph.Snapshot();
            var seconds = (after.Elapsed - before.Elapsed).TotalSeconds;
            return ((after.Events - before.Events) / seconds, clients.Sum(c => c.BytesRead) - bytes, seconds);
        }

        // Until nothing has been compiled for a while: what is new is compiled twice and more, on processors that the pipeline could use.
        private static void WaitForCompiler()
        {
            var since = Stopwatch.StartNew();
            long methods;
            do
            {
                methods = JitInfo.GetCompiledMethodCount();
                Waiting.For(Quiet);
            }
            while (JitInfo.GetCompiledMethodCount() != methods && since.Elapsed < Patience);
        }

        private void CloseHost()
        {
            _host?.Dispose();
            _host = null;
        }
    }

    /// <summary>A host as <c>--listen</c> opens it, with the alerts.</summary>
    private sealed class OpenHost : IDisposable
    {
        private readonly EngineMetrics _engine;
        private readonly RunMetrics _metrics;
        private readonly AlertService _alerts;

        public OpenHost(PipelinePlan plan, BlockFactory factory, Graph graph)
        {
            var run = new LiveRun(factory, graph, TimeProvider.System);
            _engine = new EngineMetrics(plan.Name, graph, run.TypeOf);
            _metrics = new RunMetrics(run);
            // They own the log.
            run.Alerts = _alerts = new AlertsSection(new AlertsOptions(), factory.Files, run.Clock).Start(factory, graph, RunLog.Open(LogForm.Off, run.Clock, () => Microsoft.Extensions.Logging.LogLevel.None));
            Live = LiveHost.StartAsync(run, _metrics, _engine, new HostOptions(), new IPEndPoint(IPAddress.Loopback, 0), token: null).GetAwaiter().GetResult();
        }

        public LiveHost Live { get; }

        public void Dispose()
        {
            Live.DisposeAsync().AsTask().GetAwaiter().GetResult();
            _alerts.DisposeAsync().AsTask().GetAwaiter().GetResult();
            _metrics.Dispose();
            _engine.Dispose();
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
