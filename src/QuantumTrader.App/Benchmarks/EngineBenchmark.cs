using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Threading.Channels;
using System.Threading.Tasks.Dataflow;
using QuantumTrader.Dataflow;

namespace QuantumTrader.App.Benchmarks;

/// <summary>What the engine costs, against the same work without it and against per-item TPL Dataflow.</summary>
internal static class EngineBenchmark
{
    private const int Stages = 6;
    private const int Symbols = 64;

    // Of the peers that hand batches over; ours are as large by default.
    private const int BatchSize = 1024;

    /// <summary>A 64-byte event, as those of the market.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Tick : IEvent<Tick>
    {
        public long Sequence;
        public long Time;
        public long ReceiveTime;
        public long Price;
        public long Quantity;
        public long Number;
        public long Participants;
        public int Symbol;
        public int Flags;

        readonly long IEvent<Tick>.Sequence => Sequence;

        public readonly long PartitionKey => Symbol;

        public readonly long ConflationKey => Symbol;

        public static void AppendTo(ReadOnlySpan<Tick> events, IncrementalHash hash) => hash.AppendData(MemoryMarshal.AsBytes(events));
    }

    /// <summary>Work on one event. A struct, so that a loop over it is compiled for it: the operators pay what the hand-written loop pays.</summary>
    private interface IStep
    {
        void Apply(ref Tick t);
    }

    /// <summary>One operator per step.</summary>
    private sealed class StepBlock<TStep>(TStep step) : Filter<Tick> where TStep : struct, IStep
    {
        private TStep _step = step;

        public override void Process(EditableRun<Tick> run)
        {
            foreach (ref var t in run)
            {
                _step.Apply(ref t);
            }
        }
    }

    /// <summary>Next to no work, so that what is measured is the hand-over.</summary>
    private readonly struct Light : IStep
    {
        public void Apply(ref Tick t) => t.Number += t.Quantity;
    }

    private sealed class Generator(long count) : Source<Tick>
    {
        private long _made;

        public override bool Read(Output<Tick> output, int limit, CancellationToken stop)
        {
            for (var i = 0; i < limit && _made < count; i++)
            {
                Make(++_made, out output.Next());
            }

            return _made < count;
        }
    }

    private static void Make(long n, out Tick t)
    {
        t.Sequence = n;
        t.Time = n * 1000;
        t.ReceiveTime = (n * 1000) + (n & 7);
        t.Price = 5_000_000 + (500 * ((n * 7919) & 1023));
        t.Quantity = 1 + (n & 15);
        t.Number = n;
        t.Participants = n & 255;
        t.Symbol = 1 + (int)((n * 31) & (Symbols - 1));
        t.Flags = 0;
    }

    /// <summary>Runs all cases.</summary>
    public static BenchmarkResult Run(BenchmarkRequest request)
    {
        var isQuick = request.IsQuick;
        var scale = isQuick ? 10 : 1;
        var cases = new List<BenchmarkCase>();
        FusedBenchmark.Run(cases, 4_000_000 / scale);
        cases.Add(new BenchmarkCase("fused.cost_per_empty_operator", Rounds.Median(Rounds.Run(() => SampledCost(20_000_000 / scale))[0]), "ns/event", null, null));
        Boundary(cases, 6_000_000 / scale, 400_000 / scale);
        Offered(cases, isQuick);
        Allocation(cases, 40_000_000 / scale);
        Metrics(cases, 20_000_000 / scale);
        Taps(cases, 100_000_000 / scale);
        FanOut(cases, 20_000_000 / scale);
        return new BenchmarkResult("engine", cases);
    }

    /// <summary>What a fused operator costs that does next to nothing: reading one field per event.</summary>
    private static double SampledCost(int count)
    {
        var builder = new GraphBuilder().Add("source", new Generator(count)).Add("o0", new Last(), ["source"]);
        for (var i = 1; i <= Stages; i++)
        {
            builder.Add($"o{i}", new Last(), [$"o{i - 1}"]);
        }

        using var graph = builder.Build();
        EventsPerSecond(graph, count);
        // Not the first: it is charged with fetching the events from the source's core.
        return graph.Snapshot().Blocks.Skip(2).Average(b => b.NanosecondsPerEvent);
    }

    private static GraphBuilder LightChain(Source<Tick> source, EngineSettings settings) => Chain(settings, source,
        [.. Enumerable.Range(0, Stages).Select(_ => new StepBlock<Light>(new()))]);

    internal static GraphBuilder Chain<T>(EngineSettings settings, Source<T> source, params Block[] blocks) where T : struct, IEvent<T>
    {
        var builder = new GraphBuilder(settings).Add("source", source);
        for (var i = 0; i < blocks.Length; i++)
        {
            builder.Add($"step{i}", blocks[i], [i == 0 ? "source" : $"step{i - 1}"]);
        }

        return builder;
    }

    internal static double EventsPerSecond(Graph graph, int count)
    {
        var report = graph.RunAsync().GetAwaiter().GetResult();
        if (!report.Balanced || !report.Completed || report.Events != count)
        {
            throw new InvalidOperationException($"Invariant: the benchmark's graph must balance: {report.Fault} {string.Join("; ", report.Imbalances)}");
        }

        return count / report.Elapsed.TotalSeconds;
    }

    private static void Boundary(List<BenchmarkCase> cases, int count, int itemCount)
    {
        var figures = Rounds.Run(
            () => BoundaryGraph(count),
            () => TransformBlocks(itemCount),
            () => BatchedTransformBlocks(count),
            () => BatchedChannels(count));
        cases.Add(new BenchmarkCase("boundary", Rounds.Median(figures[0]), "events/s", 30, Rounds.Ratio(figures[0], figures[1])) { Against = "per-item TransformBlocks, bound 1024" });
        cases.Add(new BenchmarkCase("boundary.peer_transform_block", Rounds.Median(figures[1]), "events/s", null, null));
        cases.Add(new BenchmarkCase("boundary.against_batched_transform_blocks", Rounds.Median(figures[2]), "events/s", null, Rounds.Ratio(figures[0], figures[2])) { Against = "TransformBlocks of batches of the same size" });
        cases.Add(new BenchmarkCase("boundary.against_batched_channels", Rounds.Median(figures[3]), "events/s", null, Rounds.Ratio(figures[0], figures[3])) { Against = "Channels of batches of the same size" });
    }

    private static double BoundaryGraph(int count)
    {
        using var graph = LightChain(new Generator(count), new EngineSettings { Fuse = false }).Build();
        return EventsPerSecond(graph, count);
    }

    private static double TransformBlocks(int count)
    {
        var options = new ExecutionDataflowBlockOptions { BoundedCapacity = 1024, EnsureOrdered = true, SingleProducerConstrained = true };
        var (first, end) = TransformChain<Tick>(t => { default(Light).Apply(ref t); return t; }, options);
        var start = Stopwatch.GetTimestamp();
        for (long n = 1; n <= count; n++)
        {
            Make(n, out var t);
            if (!first.Post(t))
            {
                first.SendAsync(t).GetAwaiter().GetResult();
            }
        }

        first.Complete();
        end.GetAwaiter().GetResult();
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double BatchedTransformBlocks(int count)
    {
        var pool = new ConcurrentQueue<Tick[]>();
        var options = new ExecutionDataflowBlockOptions { BoundedCapacity = 32, EnsureOrdered = true, SingleProducerConstrained = true };
        var (first, end) = TransformChain<Tick[]>(ApplyToBatch, options, pool.Enqueue);
        var start = Stopwatch.GetTimestamp();
        for (long n = 1; n <= count;)
        {
            var batch = Fill(pool, ref n);
            if (!first.Post(batch))
            {
                first.SendAsync(batch).GetAwaiter().GetResult();
            }
        }

        first.Complete();
        end.GetAwaiter().GetResult();
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    [SuppressMessage("ApiDesign", "RS0030", Justification = "The chain is linear: completing behind the one input is right.")]
    private static (TransformBlock<T, T> First, Task End) TransformChain<T>(Func<T, T> step, ExecutionDataflowBlockOptions options, Action<T>? recycle = null)
    {
        var link = new DataflowLinkOptions { PropagateCompletion = true };
        var first = new TransformBlock<T, T>(step, options);
        var last = first;
        for (var i = 1; i < Stages - 1; i++)
        {
            var next = new TransformBlock<T, T>(step, options);
            last.LinkTo(next, link);
            last = next;
        }

        var end = new ActionBlock<T>(item => { var done = step(item); recycle?.Invoke(done); }, options);
        last.LinkTo(end, link);
        return (first, end.Completion);
    }

    private static double BatchedChannels(int count)
    {
        var pool = new ConcurrentQueue<Tick[]>();
        var channels = Enumerable.Range(0, Stages).Select(_ => Channel.CreateBounded<Tick[]>(new BoundedChannelOptions(32) { SingleReader = true, SingleWriter = true })).ToArray();
        var tasks = Enumerable.Range(0, Stages).Select(i => Task.Run(async () =>
        {
            var next = i + 1 < Stages ? channels[i + 1].Writer : null;
            while (await channels[i].Reader.WaitToReadAsync().ConfigureAwait(false))
            {
                while (channels[i].Reader.TryRead(out var batch))
                {
                    ApplyToBatch(batch);
                    if (next is null)
                    {
                        pool.Enqueue(batch);
                    }
                    else if (!next.TryWrite(batch))
                    {
                        await next.WriteAsync(batch).ConfigureAwait(false);
                    }
                }
            }

            next?.Complete();
        })).ToArray();
        var start = Stopwatch.GetTimestamp();
        for (long n = 1; n <= count;)
        {
            var batch = Fill(pool, ref n);
            if (!channels[0].Writer.TryWrite(batch))
            {
                channels[0].Writer.WriteAsync(batch).AsTask().GetAwaiter().GetResult();
            }
        }

        channels[0].Writer.Complete();
        Task.WaitAll(tasks);
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static Tick[] ApplyToBatch(Tick[] batch)
    {
        foreach (ref var t in batch.AsSpan())
        {
            default(Light).Apply(ref t);
        }

        return batch;
    }

    private static Tick[] Fill(ConcurrentQueue<Tick[]> pool, ref long n)
    {
        if (!pool.TryDequeue(out var batch))
        {
            batch = new Tick[BatchSize];
        }

        for (var i = 0; i < batch.Length; i++)
        {
            Make(n++, out batch[i]);
        }

        return batch;
    }

    // A source that wakes every millisecond and sends what is due by then.
    private sealed class Paced(long count, double eventsPerSecond) : Source<Tick>
    {
        private long _made;
        private long _start;

        public override bool Read(Output<Tick> output, int limit, CancellationToken stop)
        {
            _start = _start == 0 ? Stopwatch.GetTimestamp() : _start;
            long due;
            while ((due = Math.Min(count, (long)(Stopwatch.GetElapsedTime(_start).TotalSeconds * eventsPerSecond))) <= _made)
            {
                stop.WaitHandle.WaitOne(1);
            }

            for (var i = 0; i < limit && _made < due; i++)
            {
                Make(++_made, out output.Next());
            }

            return _made < count;
        }
    }

    private static void Offered(List<BenchmarkCase> cases, bool isQuick)
    {
        foreach (var rate in new[] { 10_000, 100_000 })
        {
            var latencies = Enumerable.Range(0, isQuick ? 1 : 3).Select(_ =>
            {
                using var graph = LightChain(new Paced(rate * (isQuick ? 1 : 2), rate), new EngineSettings { Fuse = false }).Build();
                return graph.RunAsync().GetAwaiter().GetResult().Latency.Single();
            }).ToList();
            cases.Add(new BenchmarkCase($"boundary.latency_p50_at_{rate / 1000}k", Rounds.Median(latencies.Select(l => l.P50)), "us", null, null));
            cases.Add(new BenchmarkCase($"boundary.latency_p99_at_{rate / 1000}k", Rounds.Median(latencies.Select(l => l.P99)), "us", null, null));
        }
    }

    // Measured inside one run, from its first quarter to its end: by then pools and queues have grown to what the traffic needs.
    private sealed class Metered(long count) : Source<Tick>
    {
        private readonly Generator _inner = new(count);
        private long _made;
        private long _atQuarter;

        public double BytesPerEvent { get; private set; }

        public override bool Read(Output<Tick> output, int limit, CancellationToken stop)
        {
            var more = _inner.Read(output, limit, stop);
            _made += limit;
            if (_atQuarter == 0 && _made >= count / 4)
            {
                _atQuarter = GC.GetTotalAllocatedBytes(true);
            }

            if (!more)
            {
                BytesPerEvent = (GC.GetTotalAllocatedBytes(true) - _atQuarter) / (count * 0.75);
            }

            return more;
        }
    }

    private static void Allocation(List<BenchmarkCase> cases, int count)
    {
        foreach (var fuse in new[] { true, false })
        {
            double Bytes()
            {
                var source = new Metered(count);
                using var graph = LightChain(source, new EngineSettings { Fuse = fuse }).Build();
                EventsPerSecond(graph, count);
                return source.BytesPerEvent;
            }

            var perEvent = Rounds.Median(Rounds.Run(Bytes)[0]);
            // A batch that the pool still lacked is 0.002 bytes for each of the events: two decimals tell what is paid per event.
            cases.Add(new BenchmarkCase(fuse ? "allocation.fused" : "allocation.boundary", Math.Round(perEvent, 2), "bytes/event", 0, null) { AtMost = true });
        }
    }

    private static void Metrics(List<BenchmarkCase> cases, int count)
    {
        double With(bool isOn)
        {
            using var graph = LightChain(new Generator(count), new EngineSettings()).Build();
            if (!isOn)
            {
                return EventsPerSecond(graph, count);
            }

            using var metrics = new EngineMetrics("bench", graph);
            using var listener = new System.Diagnostics.Metrics.MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Meter.Name == EngineMetrics.MeterName) { l.EnableMeasurementEvents(instrument); } } };
            listener.SetMeasurementEventCallback<long>((_, _, _, _) => { });
            listener.SetMeasurementEventCallback<double>((_, _, _, _) => { });
            listener.Start();
            using var timer = new Timer(_ => listener.RecordObservableInstruments(), null, 0, 100);
            return EventsPerSecond(graph, count);
        }

        var figures = Rounds.Run(() => With(true), () => With(false));
        cases.Add(new BenchmarkCase("metrics", Rounds.Median(figures[0]), "events/s", 0.95, Rounds.Ratio(figures[0], figures[1])) { Against = "all metrics off; on: scraped every 100 ms" });
    }

    // Every block tapped, and the taps emptied as often as the pages of the dashboard are drawn.
    private static void Taps(List<BenchmarkCase> cases, int count)
    {
        double With(int perBlock)
        {
            using var graph = LightChain(new Generator(count), new EngineSettings()).Build();
            var taps = graph.Blocks.Keys.SelectMany(b => Enumerable.Range(0, perBlock).Select(_ => (Tap<Tick>)graph.Tap(b, 16_384))).ToList();
            var read = new Tick[16_384];
            using var timer = taps.Count == 0 ? null : new Timer(_ => taps.ForEach(t => { lock (read) { t.Read(read); } }), null, 0, 250);
            return EventsPerSecond(graph, count);
        }

        var figures = Rounds.Run(() => With(1), () => With(0));
        cases.Add(new BenchmarkCase("taps", Rounds.Median(figures[0]), "events/s", 0.97, Rounds.Ratio(figures[0], figures[1])) { Against = "no tap; on: one on every block, emptied every 250 ms" });
    }

    private sealed class Last : Observer<Tick>
    {
        private long _sum;

        public override void Observe(Run<Tick> run)
        {
            foreach (ref readonly var t in run)
            {
                _sum += t.Price;
            }
        }

        public override object Report() => _sum;
    }

    private static void FanOut(List<BenchmarkCase> cases, int count)
    {
        double To(int sinks)
        {
            var builder = new GraphBuilder().Add("source", new Generator(count));
            for (var i = 0; i < sinks; i++)
            {
                builder.Add($"sink{i}", new Last(), ["source"]);
            }

            using var graph = builder.Build();
            return EventsPerSecond(graph, count);
        }

        var figures = Rounds.Run(() => To(4), () => To(1));
        cases.Add(new BenchmarkCase("fan_out", Rounds.Median(figures[0]), "events/s", 0.5, Rounds.Ratio(figures[0], figures[1])) { Against = "one sink" });
    }
}
