using System.Diagnostics;
using QuantumTrader.App.Commands;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Features.Model65;
using QuantumTrader.Features.TimeTravel;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Benchmarks;

/// <summary>What features cost per event, against computing the same vector anew from rings and ticks.</summary>
internal static class FeatureBenchmark
{
    private static readonly MarketContext Market = MarketContext.Of(new TradingCalendar(), [.. Enumerable.Range(1, 8).Select(i => new Instrument($"S{i}", 0.5m, 1m, 1m))]);
    private static readonly Model65Options PerTrade = new() { Evaluate = EvaluateOn.Trade };

    /// <summary>Runs all cases.</summary>
    public static BenchmarkResult Run(BenchmarkRequest request)
    {
        var scale = request.IsQuick ? 10 : 1;
        var cases = new List<BenchmarkCase>();
        Model65(cases, 1_000_000 / scale);
        TimeTravel(cases, scale);
        Parallel(cases, 2_000_000 / scale);
        Recorded(cases, request);
        return new BenchmarkResult("features", cases);
    }

    private static MarketEvent[] Trades(int count, int symbols, long gap)
    {
        var random = new Random(1);
        var price = 10_000L;
        var trades = new MarketEvent[count];
        for (var i = 0; i < count; i++)
        {
            price = Math.Max(100, price + random.Next(-2, 3));
            trades[i] = new MarketEvent
            {
                Kind = EventKind.Trade, Sequence = i + 1, EventTime = (19_900L * 86_400_000_000_000L) + (i * gap), TradeNumber = i + 1, Symbol = 1 + (i % symbols),
                Price = price * Scaled.One / 2, Quantity = random.Next(1, 20) * Scaled.One, Side = random.Next(2) == 0 ? Side.Buy : Side.Sell,
                Buyer = random.Next(1, 80), Seller = random.Next(1, 80),
            };
        }

        return trades;
    }

    private static void Model65(List<BenchmarkCase> cases, int count)
    {
        var trades = Trades(count, 1, 40_000_000);
        var (allocated, naive) = (0.0, 0.0);
        var figures = Rounds.Run(() => Incremental(trades, out allocated), () => naive = FromRings(trades, Math.Max(100, count / 1000)));
        cases.Add(new BenchmarkCase("features.65_per_trade", Rounds.Median(figures[0]), "ns/event", 1000, null) { AtMost = true });
        cases.Add(new BenchmarkCase("features.65_per_trade.allocated", allocated, "B/event", 0.01, null) { AtMost = true });
        cases.Add(new BenchmarkCase("features.65_from_rings", Rounds.Median(figures[1]), "ns/event", 200, Rounds.Ratio(figures[1], figures[0])) { Against = "65 per trade" });
    }

    // One trade through the rings, the candles and all 65, with a vector in a batch for each.
    private static double Incremental(MarketEvent[] trades, out double allocated)
    {
        var rings = new RingsObserver(new RingsOptions { Trades = 1020 }, Market);
        rings.Start();
        var block = new Model65Block(PerTrade, Market);
        var output = new Output<FeatureVector>();
        var warm = trades.Length / 2;
        Feed(trades.AsSpan(0, warm), rings, block, output);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        Feed(trades.AsSpan(warm), rings, block, output);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)(trades.Length - warm);
        return seconds * 1e9 / (trades.Length - warm);
    }

    private static void Feed(ReadOnlySpan<MarketEvent> trades, RingsObserver rings, Model65Block block, Output<FeatureVector> output)
    {
        for (var at = 0; at < trades.Length; at += 256)
        {
            var run = trades.Slice(at, Math.Min(256, trades.Length - at));
            rings.Observe(Dataflow.Run<MarketEvent>.Of(run, rings.Accounts));
            block.Process(Dataflow.Run<MarketEvent>.Of(run, block.Accounts), output);
            output.Clear();
        }
    }

    // The same vector by the same formulas, from the newest trades and candles as the rings hold them.
    private static double FromRings(MarketEvent[] trades, int vectors)
    {
        var rings = new RingsObserver(new RingsOptions { Trades = 1520 }, Market);
        rings.Start();
        rings.Observe(Dataflow.Run<MarketEvent>.Of(trades, rings.Accounts));
        Market.Rings.TryGet(rings.Name, out var set);
        var (newest, candles) = (new MarketEvent[1520], new Candle[201]);
        var (values, warm) = (new double[65], new ulong[2]);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < vectors; i++)
        {
            var count = set!.Of(1).Trades.ReadLast(newest);
            var bars = new Bars();
            foreach (ref readonly var candle in candles.AsSpan(0, set.Of(1).Candles.ReadLast(candles)))
            {
                bars.Add(in candle);
            }

            var windows = new TradeWindows(20, 1000, 100);
            foreach (ref readonly var e in newest.AsSpan(0, count))
            {
                windows.Add(in e);
            }

            var writer = new FeatureWriter(values, warm, Model65Block.Schema.Neutrals, 0);
            Volatility.Write(bars, ref writer);
            Returns.Write(bars, ref writer);
            new OrderFlow().Write(bars, true, ref writer);
            OrderFlow.WriteTurnover(windows, ref writer);
            Volume.Write(bars, ref writer);
            Volume.WriteIntensity(bars, windows.CountInMinute(newest[count - 1].EventTime), true, 1, ref writer);
            Technical.Write(bars, 0.5, ref writer);
            Microstructure.WriteRanking(windows, ref writer);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds * 1e9 / vectors;
    }

    private static void TimeTravel(List<BenchmarkCase> cases, int scale)
    {
        // 31 days of a trade every 2 seconds; the last is today.
        const long Gap = 2_000_000_000;
        const int PerDay = 43_200;
        var trades = Trades(31 * PerDay, 1, Gap);
        var block = TimeTravelBlock.Of(new TimeTravelOptions(), Market);
        var output = new Output<FeatureVector>();
        foreach (var run in trades.Chunk(8192))
        {
            block.Process(Dataflow.Run<MarketEvent>.Of(run, block.Accounts), output);
            output.Clear();
        }

        var state = block.StateOf(1);
        var figures = Rounds.Run(() => Repeat(5000 / scale, () => { state.Forget(); state.Evaluate(); }), () => Repeat(1_000_000 / scale, state.Evaluate), () => Repeat(1, () => Rescan(trades)));
        cases.Add(new BenchmarkCase("features.time_travel.cold", Rounds.Median(figures[0]) / 1000, "us/vector", 50, null) { AtMost = true });
        cases.Add(new BenchmarkCase("features.time_travel.cached", Rounds.Median(figures[1]) / 1000, "us/vector", 1, null) { AtMost = true });
        cases.Add(new BenchmarkCase("features.time_travel.from_ticks", Rounds.Median(figures[2]) / 1000, "us/vector", 1000, Rounds.Ratio(figures[2], figures[0])) { Against = "cold" });
    }

    // What one vector costs without bars: the ticks of all days are read for it.
    private static void Rescan(MarketEvent[] trades)
    {
        var candles = new CandleBuilder(Market.Calendar, 1, 60_000_000_000L);
        foreach (ref readonly var e in trades.AsSpan())
        {
            if (e.EventTime >= candles.NextBoundary)
            {
                candles.Advance(e.EventTime, e.Sequence);
            }

            candles.Add(in e);
        }
    }

    private static double Repeat(int count, Action action)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            action();
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds * 1e9 / count;
    }

    private static void Parallel(List<BenchmarkCase> cases, int count)
    {
        var trades = Trades(count, 8, 5_000_000);
        var figures = Rounds.Run(() => Symbols(trades, 2), () => Symbols(trades, 1));
        cases.Add(new BenchmarkCase("features.8_symbols_2_instances", Rounds.Median(figures[0]), "events/s", 1.7, Rounds.Ratio(figures[0], figures[1])) { Against = "one instance" });
    }

    private sealed class Given(MarketEvent[] events) : Source<MarketEvent>
    {
        private int _at;

        public override bool Read(Output<MarketEvent> output, int limit, CancellationToken stop)
        {
            foreach (ref readonly var e in events.AsSpan(_at, Math.Min(limit, events.Length - _at)))
            {
                output.Next() = e;
            }

            _at = Math.Min(events.Length, _at + limit);
            return _at < events.Length;
        }
    }

    private static double Symbols(MarketEvent[] trades, int instances)
    {
        using var graph = new GraphBuilder()
            .Add("source", new Given(trades))
            .Add("features", _ => new Model65Block(PerTrade, Market), [("from", ["source"])], new BlockSettings { Parallelism = instances })
            .Build();
        return EngineBenchmark.EventsPerSecond(graph, trades.Length);
    }

    private static void Recorded(List<BenchmarkCase> cases, BenchmarkRequest request)
    {
        if (ReplayBenchmark.Find(request) is not var (root, file))
        {
            return;
        }

        var loaded = new PipelineLoader(PipelineArguments.Registry).Load(
            Path.Combine(root, "pipelines", "replay-btcusdt.yml"), null, [$"blocks.feed.path={file}", "blocks.features.type=features.model65", "blocks.features.evaluate=trade"]);
        var plan = loaded.Plan ?? throw new InvalidOperationException(string.Join("; ", loaded.Findings));
        var figures = Rounds.Run(() =>
        {
            var report = PartialRun.RunAsync(plan, new Dictionary<string, Observer<FeatureVector>> { ["features"] = new Ignore() }, null, CancellationToken.None).GetAwaiter().GetResult();
            return PartialRun.Problem(report) is { } problem ? throw new InvalidOperationException($"Invariant: {problem}") : report.EventsPerSecond;
        });
        cases.Add(new BenchmarkCase("features.recorded_day", Rounds.Median(figures[0]), "events/s", null, null));
    }

    private sealed class Ignore : Observer<FeatureVector>
    {
        public override void Observe(Run<FeatureVector> run) { }
    }
}
