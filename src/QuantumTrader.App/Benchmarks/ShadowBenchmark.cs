using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Storage;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.App.Benchmarks;

/// <summary>
/// What a hostile candidate in the shadow costs the primary: 99th percentile of the time from the source to the end of the pipeline, with
/// and without it, in turn. Operations are due every millisecond whatever became of those before, and count from when they are due, so
/// that a stall counts for every operation that it delays. Beside it, the naive way: a task for each operation.
/// </summary>
internal static class ShadowBenchmark
{
    private const double MostRatio = 1.25;
    private const int DeadlineMilliseconds = 3;
    private const int Operations = 150;

    // Before those that count: the compiler's, and a process of its own has just used all processors to start.
    private const int Lead = 150;

    // So many that one that hangs is made anew, twice, and given up while they come.
    private const int HangingOperations = 3600;

    // What the switch may take beyond the deadline: to be woken, on a machine that does other things too.
    private const double MostServed = (DeadlineMilliseconds + 2) * 1000;

    // Microseconds from one operation to the next: in the shadow more than a candidate can do, served more than its deadline.
    private const int ShadowPace = 1000;
    private const int ServingPace = 5000;
    private static readonly BlockRegistry Registry = BlockRegistry.Scan(
        [typeof(ShadowBenchmark).Assembly, typeof(MarketContext).Assembly, typeof(FeatureBlock).Assembly, typeof(RolloutSection).Assembly, typeof(StoreSection).Assembly, typeof(Bus).Assembly]);

    public static IEnumerable<BenchmarkCase> Run(BenchmarkRequest request)
    {
        Misbehaviour[] hostile = [Misbehaviour.Throws, Misbehaviour.Hangs, Misbehaviour.Spins, Misbehaviour.Sleeps, Misbehaviour.Allocates];
        // The first for what the others are worth on this machine. What allocates in this process makes everybody pause: its figure is only stated.
        (Misbehaviour? Mode, string Phase, string Name, double? Limit)[] shadows =
        [
            (null, "", "without one, against itself", null),
            .. hostile.Where(m => m != Misbehaviour.Hangs).Select(m => ((Misbehaviour?)m, Shadow, $"with one that {Word(m)}", m == Misbehaviour.Allocates ? (double?)null : MostRatio)),
            .. new[] { Misbehaviour.Spins, Misbehaviour.Allocates }.Select(m => ((Misbehaviour?)m, Apart, $"with one in a process of its own that {Word(m)}", (double?)MostRatio)),
        ];
        // Short and often: what a candidate does to one operation of a hundred it does in the quiet runs too. All beside the same runs without one.
        var figures = Rounds.Run(request.IsQuick ? 1 : 36, [() => P99(Operations, null, ""), .. shadows.Select(s => new Func<double>(() => P99(Operations, s.Mode, s.Phase)))]);
        foreach (var (shadow, with) in shadows.Zip(figures.Skip(1)))
        {
            yield return Against($"shadow: p99, quiet runs, {shadow.Name}", with, figures[0], request.IsQuick ? null : shadow.Limit);
        }

        var hanging = Rounds.Run(request.IsQuick ? 1 : 15, Beside(HangingOperations, Misbehaviour.Hangs, Shadow));
        yield return Against("shadow: p99, quiet runs, with one that hangs", hanging[1], hanging[0], request.IsQuick ? null : MostRatio);

        // Once, and short: the tasks of one run are more than this machine can do, and nothing is held against them.
        foreach (var mode in hostile)
        {
            var naive = Rounds.Run(1, Beside(Operations, mode, ""));
            yield return Against($"shadow: the same by a task per operation, {Word(mode)}", naive[1], naive[0], null);
        }

        (Misbehaviour Mode, double Share, string Name)[] serving =
        [
            (Misbehaviour.None, 0.5, "median behind one that answers"),
            (Misbehaviour.Throws, 0.5, "median behind one that throws"),
            (Misbehaviour.Sleeps, 0.5, $"median behind one that sleeps, deadline {DeadlineMilliseconds} ms"),
            (Misbehaviour.Sleeps, 0.99, $"p99 behind one that sleeps, deadline {DeadlineMilliseconds} ms"),
        ];
        var served = Rounds.Run(request.IsQuick ? 1 : 5, [.. serving.Select(s => new Func<double>(() => Latency(s.Share, request.IsQuick ? 50 : 300, s.Mode, Serving, ServingPace)))]);
        foreach (var ((mode, _, name), times) in serving.Zip(served))
        {
            double? limit = request.IsQuick || mode != Misbehaviour.Sleeps ? null : MostServed;
            yield return new BenchmarkCase($"serving: {name}", Rounds.Median(times), "us", limit, null) { AtMost = true };
        }
    }

    private static readonly string Shadow = "at: shadow, shadow: { queue: 64 }";

    private static readonly string Apart = Shadow.Replace("queue", "isolation: process, queue", StringComparison.Ordinal);

    private static readonly string Serving = $"at: 100%, serve: {{ deadline: {DeadlineMilliseconds}ms }}";

    private static string Word(Misbehaviour? mode) => mode?.ToString().ToLowerInvariant() ?? "none";

    private static Func<double>[] Beside(int operations, Misbehaviour? mode, string phase) => [() => P99(operations, null, ""), () => P99(operations, mode, phase)];

    private static BenchmarkCase Against(string name, double[] with, double[] without, double? limit) =>
        new(name, Rounds.Quiet(with), "us", limit, Rounds.Quiet(with) / Rounds.Quiet(without)) { AtMost = true, Against = "without a shadow" };

    /// <summary>The sections of a pipeline of these blocks.</summary>
    public static BlockFactory Load(string yaml)
    {
        var loaded = new PipelineLoader(Registry).LoadText(yaml, Path.Combine(Repository.Find() ?? Directory.GetCurrentDirectory(), "pipelines", "shadow.yml"), null, null, _ => null);
        return new BlockFactory(loaded.Plan ?? throw new InvalidOperationException($"Invariant: {string.Join("; ", loaded.Findings)}"), TimeProvider.System);
    }

    /// <summary>With a candidate that misbehaves in a phase, or, where no phase is given, in a task for each operation.</summary>
    private static double P99(int operations, Misbehaviour? mode, string phase) => Latency(0.99, operations, mode, phase, ShadowPace);

    private static double Latency(double share, int operations, Misbehaviour? mode, string phase, int paceMicroseconds)
    {
        var (word, isNaive) = (Word(mode), phase.Length == 0);
        var yaml = $$"""
            version: 1
            pipeline: shadow
            market: { symbols: [DEMO] }
            blocks:
              feed:      { type: bench.feed, operations: {{Lead + operations}}, pace_microseconds: {{paceMicroseconds}} }
              baseline:  { type: bench.work, from: feed{{(isNaive ? $", beside: {word}" : "")}} }
              {{(mode is null || isNaive ? "" : $"candidate: {{ type: bench.work, from: feed, is: {word}, phase: new }}")}}
              end:       { type: bench.end, from: baseline }
            {{(mode is null || isNaive ? "" : $"rollout: {{ phases: [ {{ name: new, baseline: {{ block: baseline }}, candidate: {{ block: candidate }}, {phase} }} ] }}")}}
            """;
        using var factory = Load(yaml);
        using var graph = PipelineBuilder.Build(factory.Plan, factory);
        var (feed, end) = ((ShadowFeed)graph.Blocks["feed"], (ShadowEnd)graph.Blocks["end"]);
        graph.RunAsync().GetAwaiter().GetResult();
        var latencies = end.Arrived.Zip(feed.Due, (a, s) => (a - s) * 1e6 / Stopwatch.Frequency).Skip(Lead).Order().ToArray();
        return latencies[(int)(share * latencies.Length)];
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

    /// <summary>Microseconds between two operations; 0 sends them as fast as they are taken.</summary>
    public int PaceMicroseconds { get; init; } = 1000;
}

/// <summary>Sends operations at a steady rate, and knows when each was due.</summary>
[Block("bench.feed", "Sends operations.")]
internal sealed class ShadowFeed(ShadowFeedOptions options) : Source<MarketEvent>
{
    private readonly long _pace = options.PaceMicroseconds * Stopwatch.Frequency / 1_000_000;
    private int _sent;
    private long _due;

    public long[] Due { get; } = new long[options.PaceMicroseconds > 0 ? options.Operations : 0];

    /// <summary>When a quarter of the operations had been sent: by then pools and threads are what they will be.</summary>
    public long QuarterAt { get; private set; }

    public override bool Read(Output<MarketEvent> output, int limit, CancellationToken stop)
    {
        if (_pace > 0)
        {
            WaitUntilDue(stop);
            Due[_sent] = _due;
            limit = 1;
        }

        if (_sent < options.Operations / 4)
        {
            QuarterAt = Stopwatch.GetTimestamp();
        }

        for (var i = 0; i < limit && _sent < options.Operations; i++)
        {
            var number = ++_sent;
            output.Add(new MarketEvent { Kind = EventKind.Trade, Sequence = number, TradeNumber = number, Symbol = 1, EventTime = number * 1_000_000L, Price = Scaled.One, Quantity = Scaled.One });
        }

        return _sent < options.Operations;
    }

    // Sleeps through most of the pause, and looks at the clock for the last of it: a timer alone is late by more than what is measured.
    private void WaitUntilDue(CancellationToken stop)
    {
        _due = _due == 0 ? Stopwatch.GetTimestamp() + _pace : _due + _pace;
        while (_due - Stopwatch.GetTimestamp() > 3 * Stopwatch.Frequency / 2000)
        {
            stop.WaitHandle.WaitOne(1);
        }

        while (Stopwatch.GetTimestamp() < _due)
        {
            Thread.SpinWait(20);
        }
    }
}

internal sealed record ShadowWorkOptions
{
    public Misbehaviour Is { get; init; }

    public Misbehaviour Beside { get; init; }

    /// <summary>Turns of an empty loop that an answer takes.</summary>
    public int Turns { get; init; } = 200;

    /// <summary>Contracts in its answers, by which they are told from others'.</summary>
    public int Says { get; init; } = 1;
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

            if (options.Turns > 0)
            {
                Thread.SpinWait(options.Turns);
            }

            Misbehave(options.Is, BrokenOff);
            output.Add(operation with { Quantity = options.Says * Scaled.One });
        }
    }

    // Not only when it is disposed: the end of the run itself waits for a thread of the pool, which those that hang hold.
    public override void Complete(Output<MarketEvent> output) => _end.Cancel();

    public override void Dispose()
    {
        _end.Dispose();
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
    // Of as many as ever come at a pace. The millions that come as fast as they can would have it grow, and that would be what is measured.
    private const int MostTimes = 8192;
    private long _marked;

    /// <summary>When each of the first ones came.</summary>
    public List<long> Arrived { get; } = new(MostTimes);

    /// <summary>Answers that said 2 so far, and when the last of them came.</summary>
    public (long Count, long At) Marked => (Volatile.Read(ref _marked), MarkedAt);

    private long MarkedAt { get; set; }

    public override void Observe(Run<MarketEvent> run)
    {
        var now = Stopwatch.GetTimestamp();
        foreach (ref readonly var answer in run)
        {
            if (Arrived.Count < MostTimes)
            {
                Arrived.Add(now);
            }

            if (answer.Quantity == 2 * Scaled.One)
            {
                MarkedAt = now;
                Volatile.Write(ref _marked, _marked + 1);
            }
        }
    }
}
