using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;

namespace QuantumTrader.App.Benchmarks;

/// <summary>
/// What a hostile candidate in the shadow costs the primary: 99th percentile of the time from the source to the end of the pipeline, with
/// and without it, in turn. The source does not wait for the pipeline, so a stall counts for every operation that it delays. Beside it, the
/// naive way: a task for each operation.
/// </summary>
internal static class ShadowBenchmark
{
    private const double MostRatio = 1.25;
    private static readonly BlockRegistry Registry = BlockRegistry.Scan([typeof(ShadowBenchmark).Assembly, typeof(MarketContext).Assembly, typeof(RolloutSection).Assembly]);

    public static IEnumerable<BenchmarkCase> Run(BenchmarkRequest request)
    {
        var operations = request.IsQuick ? 300 : 2000;
        Misbehaviour[] modes = [Misbehaviour.Throws, Misbehaviour.Hangs, Misbehaviour.Spins, Misbehaviour.Sleeps, Misbehaviour.Allocates];
        Func<double> none = () => P99(operations, null, false);
        var figures = Rounds.Run(request.IsQuick ? 1 : 3, [none, .. modes.Select(m => (Func<double>)(() => P99(operations, m, false))), .. modes.Select(m => (Func<double>)(() => P99(operations, m, true)))]);
        yield return new BenchmarkCase("shadow: p99 without one", Rounds.Median(figures[0]), "us", null, null);
        for (var i = 0; i < modes.Length; i++)
        {
            // What allocates makes everybody pause: it belongs into a process of its own, and its figure is only stated.
            double? limit = modes[i] == Misbehaviour.Allocates ? null : MostRatio;
            var name = modes[i].ToString().ToLowerInvariant();
            yield return Against($"shadow: p99 with one that {name}", figures[1 + i], figures[0], limit);
            yield return Against($"shadow: the same by a task per operation, {name}", figures[1 + modes.Length + i], figures[0], null);
        }
    }

    private static BenchmarkCase Against(string name, double[] figures, double[] none, double? limit) =>
        new(name, Rounds.Median(figures), "us", limit, Rounds.Ratio(figures, none)) { AtMost = true, Against = "without a shadow" };

    private static double P99(int operations, Misbehaviour? mode, bool isNaive)
    {
        var word = mode?.ToString().ToLowerInvariant() ?? "none";
        var yaml = $$"""
            version: 1
            pipeline: shadow
            market: { symbols: [DEMO] }
            blocks:
              feed:      { type: bench.feed, operations: {{operations}} }
              baseline:  { type: bench.work, from: feed{{(isNaive ? $", beside: {word}" : "")}} }
              {{(mode is null || isNaive ? "" : $"candidate: {{ type: bench.work, from: feed, is: {word}, phase: new }}")}}
              end:       { type: bench.end, from: baseline }
            {{(mode is null || isNaive ? "" : "rollout: { phases: [ { name: new, baseline: { block: baseline }, candidate: { block: candidate }, at: shadow, shadow: { queue: 64, hang_after: 100ms } } ] }")}}
            """;
        var loaded = new PipelineLoader(Registry).LoadText(yaml, Path.Combine(Repository.Find() ?? Directory.GetCurrentDirectory(), "pipelines", "shadow.yml"), null, null, _ => null);
        using var factory = new BlockFactory(loaded.Plan ?? throw new InvalidOperationException($"Invariant: {string.Join("; ", loaded.Findings)}"), TimeProvider.System);
        using var graph = PipelineBuilder.Build(loaded.Plan, factory);
        var (feed, end) = ((ShadowFeed)graph.Blocks["feed"], (ShadowEnd)graph.Blocks["end"]);
        graph.RunAsync().GetAwaiter().GetResult();
        // The first quarter is the compiler's.
        var latencies = end.Arrived.Zip(feed.Sent, (a, s) => (a - s) * 1e6 / Stopwatch.Frequency).Skip(operations / 4).Order().ToArray();
        return latencies[(int)(0.99 * latencies.Length)];
    }
}

/// <summary>What a candidate of the benchmark does at every operation.</summary>
internal enum Misbehaviour
{
    None,
    Throws,
    Hangs,
    Spins,
    Sleeps,
    Allocates,
}

internal sealed record ShadowFeedOptions
{
    public int Operations { get; init; }
}

/// <summary>Sends an operation about every millisecond and remembers when.</summary>
[Block("bench.feed", "Sends operations.")]
internal sealed class ShadowFeed(ShadowFeedOptions options) : Source<MarketEvent>
{
    private int _sent;

    public long[] Sent { get; } = new long[options.Operations];

    public override bool Read(Output<MarketEvent> output, int limit, CancellationToken stop)
    {
        stop.WaitHandle.WaitOne(1);
        var number = _sent + 1;
        Sent[_sent++] = Stopwatch.GetTimestamp();
        output.Add(new MarketEvent { Kind = EventKind.Trade, Sequence = number, TradeNumber = number, Symbol = 1, EventTime = number * 1_000_000L, Price = Scaled.One, Quantity = Scaled.One });
        return _sent < options.Operations;
    }
}

internal sealed record ShadowWorkOptions
{
    public Misbehaviour Is { get; init; }

    public Misbehaviour Beside { get; init; }
}

/// <summary>Works for some microseconds; misbehaves as it is told, or starts a task that does.</summary>
[Block("bench.work", "Answers operations.")]
internal sealed class ShadowWork(ShadowWorkOptions options) : Operator<MarketEvent, MarketEvent>
{
    // Ends the tasks of the naive way with their run: those that hang would else hold the pool's threads in the runs behind it.
    private readonly CancellationTokenSource _end = new();

    public override void Process(Run<MarketEvent> run, Output<MarketEvent> output)
    {
        foreach (ref readonly var operation in run)
        {
            if (options.Beside != Misbehaviour.None)
            {
                _ = Task.Run(() => Misbehave(options.Beside, _end.Token), _end.Token);
            }

            Thread.SpinWait(200);
            Misbehave(options.Is, BrokenOff);
            output.Pass(in operation);
        }
    }

    public override void Dispose()
    {
        _end.Cancel();
        base.Dispose();
    }

    private static void Misbehave(Misbehaviour mode, CancellationToken end)
    {
        switch (mode)
        {
            case Misbehaviour.Throws:
                throw new InvalidOperationException("made to fail");
            case Misbehaviour.Hangs:
                end.WaitHandle.WaitOne(TimeSpan.FromSeconds(2));
                break;
            case Misbehaviour.Sleeps:
                end.WaitHandle.WaitOne(20);
                break;
            case Misbehaviour.Spins:
                for (var until = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 50); Stopwatch.GetTimestamp() < until && !end.IsCancellationRequested;)
                {
                }

                break;
            case Misbehaviour.Allocates:
                GC.KeepAlive(new byte[1 << 20]);
                break;
        }
    }
}

/// <summary>Remembers when each operation came to its end.</summary>
[Block("bench.end", "Takes answers.")]
internal sealed class ShadowEnd : Observer<MarketEvent>
{
    public List<long> Arrived { get; } = [];

    public override void Observe(Run<MarketEvent> run)
    {
        var now = Stopwatch.GetTimestamp();
        foreach (ref readonly var _ in run)
        {
            Arrived.Add(now);
        }
    }
}
