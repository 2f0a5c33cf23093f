using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Features.Model65;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;

namespace QuantumTrader.App.Benchmarks;

/// <summary>What <c>model.onnx</c> adds to ONNX Runtime: alone, in batches, behind all 65 features, and while its model is exchanged.</summary>
internal static class ModelBenchmark
{
    private const int RunLength = 1024;

    // Short and many, in turn: whatever else the machine does then falls on all of them.
    private const int OneRowRounds = 31;
    private const int BatchRounds = 31;

    // A pipeline's vectors were just written, so they are in the cache: as few as do not repeat at once.
    private const int HotRows = 64;
    private static readonly OnnxOptions Plain = new() { Model = "set by the folder" };

    /// <summary>Runs all cases.</summary>
    public static BenchmarkResult Run(BenchmarkRequest request)
    {
        var scale = request.IsQuick ? 10 : 1;
        var cases = new List<BenchmarkCase>();
        using var files = new ModelFiles();
        var call = OneRow(cases, files, 12_000 / scale);
        Batches(cases, files, 100_000 / scale);
        Offered(cases, files, call, request.IsQuick);
        Swaps(cases, files, request.IsQuick ? 2 : 5);
        return new BenchmarkResult("models", cases);
    }

    private static FeatureVector[] Vectors() => [.. Enumerable.Range(1, RunLength).Select(i => new FeatureVector(i, i * 1_000_000L, 1, Model65Block.Schema, ModelFiles.Row(i), [ulong.MaxValue, ulong.MaxValue]))];

    private static double OneRow(List<BenchmarkCase> cases, ModelFiles files, int count)
    {
        var vectors = Vectors()[..HotRows];
        double[][] rows = [.. vectors.Select(v => v.Values.ToArray())];
        var next = 0;
        using var block = files.Block(Plain);
        using var bare = files.Bare(1);
        using var documented = files.AsDocumented();
        var output = new Output<Prediction>();
        block.Start();
        bare.Answer(rows[0]);
        var figures = Rounds.Run(
            OneRowRounds,
            () => MicrosecondsEach(count / HotRows, HotRows, () => Process(block, vectors, output)),
            () => MicrosecondsEach(count, 1, bare.Run),
            () => MicrosecondsEach(count, 1, () => documented.Run(rows[next++ % HotRows])),
            () => MicrosecondsEach(count, 1, () => bare.RunPlain(rows[next++ % HotRows])));
        cases.Add(new BenchmarkCase("models.one_row", Rounds.Median(figures[0]), "us", 1.15, Rounds.Ratio(figures[0], figures[1])) { AtMost = true, Against = "bare IoBinding, values in place" });
        cases.Add(new BenchmarkCase("models.one_row.bare", Rounds.Median(figures[1]), "us", null, null));
        cases.Add(new BenchmarkCase("models.one_row.plain_call", Rounds.Median(figures[2]), "us", 1.8, Rounds.Ratio(figures[2], figures[0])) { Against = "times the block's (InferenceSession.Run, new tensors, session as documented)" });
        cases.Add(new BenchmarkCase("models.one_row.plain_call_tuned", Rounds.Median(figures[3]), "us", null, Rounds.Ratio(figures[3], figures[0])) { Against = "times the block's (the same on a session opened for one thread, without an arena)" });

        // What a run costs in itself, without an event in it, is not the prediction's.
        var bytes = Allocated(() => Process(block, vectors, output)) - Allocated(() => Process(block, [], output));
        cases.Add(new BenchmarkCase("models.one_row.allocated", (double)bytes / HotRows, "B/prediction", 0, null) { AtMost = true });
        return Rounds.Median(figures[1]);
    }

    private static void Batches(List<BenchmarkCase> cases, ModelFiles files, int count)
    {
        var vectors = Vectors();
        var output = new Output<Prediction>();
        foreach (var size in new[] { 1, 8, 64, 512 })
        {
            using var block = files.Block(Plain with { Batch = size });
            using var bare = files.Bare(size);
            block.Start();
            var batches = Math.Max(1, count / (size == 1 ? 8 : 1) / size);
            var next = 0;
            var figures = Rounds.Run(
                BatchRounds,
                () => 1e6 / MicrosecondsEach(Math.Max(1, batches * size / RunLength), RunLength, () => Process(block, vectors, output)),
                () => 1e6 / MicrosecondsEach(batches, size, () => bare.Run(vectors.AsSpan(next++ * size % vectors.Length, size))),
                () => 1e6 / MicrosecondsEach(batches, size, bare.Run));
            cases.Add(new BenchmarkCase($"models.batch_{size}", Rounds.Median(figures[0]), "rows/s", 0.9, Rounds.Ratio(figures[0], figures[1])) { Against = "bare IoBinding, rows copied in" });
            cases.Add(new BenchmarkCase($"models.batch_{size}.against_values_in_place", Rounds.Median(figures[2]), "rows/s", null, Rounds.Ratio(figures[0], figures[2])) { Against = "(the block over bare IoBinding that gets no rows)" });
        }
    }

    private static void Process(Onnx block, FeatureVector[] vectors, Output<Prediction> output)
    {
        block.Process(Run<FeatureVector>.Of(vectors, block.Accounts), output);
        output.Clear();
    }

    private static double MicrosecondsEach(int times, int rows, Action action)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            action();
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / times / rows;
    }

    private static long Allocated(Action action)
    {
        action();
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    // From a trade to the signal, with all 65 features and the model between them.
    private static void Offered(List<BenchmarkCase> cases, ModelFiles files, double call, bool isQuick)
    {
        var market = MarketContext.Of(new TradingCalendar(), [new Instrument("DEMO", 0.5m, 1m, 1m)]);
        foreach (var rate in new[] { 1_000, 10_000, 50_000 })
        {
            var runs = Enumerable.Range(0, isQuick ? 1 : 3).Select(_ =>
            {
                var source = new PacedTrades(rate * (isQuick ? 1 : 4), rate);
                var arrivals = new Arrivals<Signal>(source);
                using var graph = new GraphBuilder()
                    .Add("source", source)
                    .Add("features", _ => new Model65Block(new Model65Options { Every = Cadence.Trade }, market), [("from", ["source"])], new BlockSettings())
                    .Add("model", _ => files.Block(Plain), [("from", ["features"])], new BlockSettings())
                    .Add("signal", _ => new SignalBlock(new SignalOptions { MinDirection = 0, MinConfidence = 0 }, market), [("from", ["model"])], new BlockSettings())
                    .Add("arrivals", arrivals, ["signal"])
                    .Build();
                Good(graph.RunAsync().GetAwaiter().GetResult());
                return arrivals.Latencies();
            }).ToList();
            var bare = BareOffered(files, rate * (isQuick ? 1 : 2), rate);
            foreach (var (name, share) in new[] { ("p50", 0.5), ("p99", 0.99), ("p99_9", 0.999) })
            {
                var latency = Rounds.Median(runs.Select(l => l[(int)(l.Length * share)]));
                cases.Add(new BenchmarkCase($"models.trade_to_signal_at_{rate / 1000}k.{name}", latency, "us", null, latency / call) { Against = "the bare call" });
                cases.Add(new BenchmarkCase($"models.trade_to_signal_at_{rate / 1000}k.{name}_bare", bare[(int)(bare.Length * share)], "us", null, null));
            }
        }
    }

    // The bare call alone at the same rate, without threads, queues or features: what the machine makes of it.
    private static double[] BareOffered(ModelFiles files, int count, int rate)
    {
        using var bare = files.Bare(1);
        var row = Vectors()[..1];
        var latencies = new double[count];
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            var due = start + (long)(i * (double)Stopwatch.Frequency / rate);
            while (Stopwatch.GetTimestamp() < due)
            {
                Thread.Yield();
            }

            bare.Run(row);
            latencies[i] = (Stopwatch.GetTimestamp() - due) * 1e6 / Stopwatch.Frequency;
        }

        return [.. latencies.Skip(count / 4).Order()];
    }

    private static void Swaps(List<BenchmarkCase> cases, ModelFiles files, int swaps)
    {
        const int Rate = 10_000;
        var stalls = new[] { 0, swaps }.Select(count =>
        {
            var source = new PacedVectors(Rate * (swaps + 1) / 2, Rate);
            var arrivals = new Arrivals<Prediction>(source);
            using var graph = new GraphBuilder()
                .Add("source", source)
                .Add("model", _ => files.Block(Plain with { Reload = ModelReload.OnChange, ReloadEveryMs = 50 }), [("from", ["source"])], new BlockSettings())
                .Add("arrivals", arrivals, ["model"])
                .Build();
            var run = graph.RunAsync();
            for (var i = 0; i < count; i++)
            {
                source.WaitFor(Rate * (i + 1) / 2);
                files.Write($"swap {i}", i + 10);
            }

            var report = run.GetAwaiter().GetResult();
            Good(report);
            var done = ((OnnxReport)report.Blocks.Single(b => b.Name == "model").Details!).Swaps;
            return (Lost: source.Count - arrivals.Count, Swaps: done, Longest: arrivals.Latencies()[^1]);
        }).ToArray();
        cases.Add(new BenchmarkCase("models.swap.events_lost", stalls[1].Lost, "events", 0, null) { AtMost = true });
        cases.Add(new BenchmarkCase("models.swap.models_taken", stalls[1].Swaps, "models", swaps, null));
        cases.Add(new BenchmarkCase("models.swap.longest_stall", stalls[1].Longest, "us", null, null));
        cases.Add(new BenchmarkCase("models.swap.longest_stall_without", stalls[0].Longest, "us", null, null));
    }

    private static void Good(GraphReport report)
    {
        if (!report.Completed || !report.Balanced)
        {
            throw new InvalidOperationException($"Invariant: the run failed: {report.Fault ?? string.Join("; ", report.Imbalances)}");
        }
    }

    /// <summary>Sends at a steady rate, each event when its time has come, however late those before it were.</summary>
    private abstract class Paced<T>(int count, int eventsPerSecond) : Source<T>, IPaced where T : struct, IEvent<T>
    {
        private int _made;
        private long _start;

        public int Count => count;

        public long DueAt(long number) => _start + (long)((number - 1) * (double)Stopwatch.Frequency / eventsPerSecond);

        public void WaitFor(int number)
        {
            while (Volatile.Read(ref _made) < number)
            {
                Thread.Yield();
            }
        }

        public override bool Read(Output<T> output, int limit, CancellationToken stop)
        {
            // A little later than now: the first events must not wait for what is only done once.
            _start = _start == 0 ? Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 20) : _start;
            long now;
            while ((now = Stopwatch.GetTimestamp()) < DueAt(_made + 1))
            {
                Thread.Yield();
            }

            for (var i = 0; i < limit && _made < count && DueAt(_made + 1) <= now; i++)
            {
                Make(_made + 1, ref output.Next());
                Volatile.Write(ref _made, _made + 1);
            }

            return _made < count;
        }

        protected abstract void Make(int number, ref T slot);
    }

    private interface IPaced
    {
        int Count { get; }

        long DueAt(long number);
    }

    private sealed class PacedTrades(int count, int eventsPerSecond) : Paced<MarketEvent>(count, eventsPerSecond)
    {
        private readonly Random _random = new(1);
        private long _price = 10_000;

        protected override void Make(int number, ref MarketEvent slot)
        {
            _price = Math.Max(100, _price + _random.Next(-2, 3));
            slot = new MarketEvent
            {
                Kind = EventKind.Trade, Sequence = number, TradeNumber = number, Symbol = 1, EventTime = (19_900L * 86_400_000_000_000L) + (number * 100_000_000L),
                Price = _price * Scaled.One / 2, Quantity = _random.Next(1, 20) * Scaled.One, Side = _random.Next(2) == 0 ? Side.Buy : Side.Sell,
                Buyer = _random.Next(1, 80), Seller = _random.Next(1, 80),
            };
        }
    }

    private sealed class PacedVectors(int count, int eventsPerSecond) : Paced<FeatureVector>(count, eventsPerSecond)
    {
        private readonly double[] _row = ModelFiles.Row(1);

        protected override void Make(int number, ref FeatureVector slot) =>
            FeatureVector.Write(ref slot, number, number * 1_000_000L, 1, Model65Block.Schema, _row, [ulong.MaxValue, ulong.MaxValue]);
    }

    private sealed class Arrivals<T>(IPaced source) : Observer<T> where T : struct, IEvent<T>
    {
        private readonly double[] _latencies = new double[source.Count];

        public int Count { get; private set; }

        /// <summary>From the first quarter on: before, the compiler is still at work.</summary>
        public double[] Latencies() => [.. _latencies.Take(Count).Skip(Count / 4).Order()];

        public override void Observe(Run<T> run)
        {
            var now = Stopwatch.GetTimestamp();
            foreach (ref readonly var e in run)
            {
                _latencies[Count++] = (now - source.DueAt(e.Sequence)) * 1e6 / Stopwatch.Frequency;
            }
        }
    }
}
