using System.Diagnostics;
using QuantumTrader.App.Commands;
using QuantumTrader.App.Runs;
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
    private static readonly Model65Options PerTrade = new() { Every = Cadence.Trade };
    private static readonly FlowOptions FlowPerTrade = new() { Every = Cadence.Trade };
    private static readonly BookFeaturesOptions BookPerTrade = new() { Every = Cadence.Trade, Start = BookStart.FirstUpdate };

    /// <summary>Runs all cases.</summary>
    public static BenchmarkResult Run(BenchmarkRequest request)
    {
        var scale = request.IsQuick ? 10 : 1;
        var cases = new List<BenchmarkCase>();
        PerEvent(cases, 1_000_000 / scale);
        TimeTravel(cases, scale);
        Parallel(cases, 1_000_000 / scale);
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

    // Changes of one of the best twenty levels of a side, each with a header: two events. Levels come and go, so that the best quote moves.
    private static MarketEvent[] BookUpdates(int count, long gap)
    {
        const int Levels = 20;
        var random = new Random(1);
        var events = new MarketEvent[count];
        for (var i = 0; i < count; i += 2)
        {
            var update = 1 + (i / 2);
            var (time, isBid, level) = ((19_900L * 86_400_000_000_000L) + (update * gap), random.Next(2) == 0, 1 + random.Next(Levels));
            events[i] = new MarketEvent { Kind = EventKind.BookUpdate, Sequence = i + 1, EventTime = time, Symbol = 1, FirstUpdateId = update, LastUpdateId = update, PreviousUpdateId = -1, LevelCount = 1 };
            events[i + 1] = new MarketEvent
            {
                Kind = EventKind.BookLevel, Sequence = i + 2, EventTime = time, Symbol = 1, Side = isBid ? Side.Buy : Side.Sell, Flags = EventFlags.EndOfMessage,
                Price = (isBid ? 10_000 - level : 10_000 + level) * Scaled.One / 2, Quantity = random.Next(0, 20) * Scaled.One,
            };
        }

        return events;
    }

    private static void PerEvent(List<BenchmarkCase> cases, int count)
    {
        // Three hours of trades, the longest window, lie in the first quarter.
        var (trades, updates) = (Trades(count, 1, 100_000_000), BookUpdates(count, 100_000_000));
        var book = BookPerTrade with { Every = Cadence.Update };
        MarketEvent[] withBook = [.. updates[..1000].Select(e => e with { EventTime = trades[0].EventTime }), .. trades];
        var figures = Rounds.Run(
            () => NanosecondsPerEvent(withBook, withRings: true, new Model65Block(PerTrade, Market), new Flow(FlowPerTrade, Market), new BookFeatures(BookPerTrade, Market)),
            () => NanosecondsPerEvent(trades, withRings: true, new Model65Block(PerTrade, Market)),
            () => FromRings(trades, Math.Max(100, count / 1000)),
            () => NanosecondsPerEvent(trades, withRings: false, new Flow(FlowPerTrade, Market)),
            () => 2 * NanosecondsPerEvent(updates, withRings: false, new BookFeatures(book, Market)));
        cases.Add(AtMost("features.all_per_trade", Rounds.Median(figures[0]), "ns/event", 1000));
        cases.Add(new BenchmarkCase("features.65_per_trade", Rounds.Median(figures[1]), "ns/event", null, null));
        cases.Add(AtMost("features.65_per_trade.allocated", BytesPerEvent(trades, () => new Model65Block(PerTrade, Market)), "B/event", 0));
        cases.Add(new BenchmarkCase("features.65_from_rings", Rounds.Median(figures[2]), "ns/event", 200, Rounds.Ratio(figures[2], figures[1])) { Against = "65 per trade" });
        cases.Add(new BenchmarkCase("features.flow_per_trade", Rounds.Median(figures[3]), "ns/event", null, null));
        cases.Add(AtMost("features.flow_per_trade.allocated", BytesPerEvent(trades, () => new Flow(FlowPerTrade, Market)), "B/event", 0));
        cases.Add(AtMost("features.book_per_update", Rounds.Median(figures[4]), "ns/update", 1000));
        cases.Add(AtMost("features.book_per_update.allocated", BytesPerEvent(updates, () => new BookFeatures(book, Market)), "B/event", 0));
    }

    private static BenchmarkCase AtMost(string name, double value, string unit, double limit) => new(name, value, unit, limit, null) { AtMost = true };

    // The second half of the events through the blocks, and through the rings and their candles where asked for, with every vector in a batch.
    private static double NanosecondsPerEvent(MarketEvent[] events, bool withRings, params FeatureBlock[] blocks)
    {
        var rings = new RingsObserver(new RingsOptions { Trades = 1020 }, Market);
        rings.Start();
        var output = new Output<FeatureVector>();
        var (warm, start) = (events.Length / 2, 0L);
        for (var at = 0; at < events.Length; at += 256)
        {
            start = start == 0 && at >= warm ? Stopwatch.GetTimestamp() : start;
            var run = events.AsSpan(at, Math.Min(256, events.Length - at));
            if (withRings)
            {
                rings.Observe(Dataflow.Run<MarketEvent>.Of(run, rings.Accounts));
            }

            foreach (var block in blocks)
            {
                block.Process(Dataflow.Run<MarketEvent>.Of(run, block.Accounts), output);
                output.Clear();
            }
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds * 1e9 / (events.Length - warm);
    }

    // In a graph, because a run outside of one allocates its cursor.
    private static double BytesPerEvent(MarketEvent[] events, Func<Block> block) => Math.Round(Rounds.Median(Enumerable.Range(0, 3).Select(_ =>
    {
        var source = new MemorySource(events) { CountsBytes = true };
        using var graph = new GraphBuilder().Add("source", source).Add("features", block(), ["source"]).Build();
        EngineBenchmark.EventsPerSecond(graph, events.Length);
        return source.BytesPerEvent;
    })), 3);

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
        MarketEvent[][] halves = [.. trades.GroupBy(e => e.Symbol % 2).Select(half => half.ToArray())];
        var figures = Rounds.Run(
            () => Symbols(2, false, trades), () => Symbols(1, false, trades), () => Symbols(1, false, halves), () => Symbols(2, true, trades), () => Symbols(1, true, trades));
        cases.Add(new BenchmarkCase("features.8_symbols_2_instances", Rounds.Median(figures[0]), "events/s", 1.7, Rounds.Ratio(figures[0], figures[1])) { Against = "one instance" });
        cases.Add(new BenchmarkCase("features.8_symbols_2_graphs", Rounds.Median(figures[2]), "events/s", null, Rounds.Ratio(figures[2], figures[1])) { Against = "one instance: what the machine gives when nothing is shared" });
        // Then the vectors of both instances are put in order for whoever reads them.
        cases.Add(new BenchmarkCase("features.8_symbols_2_instances_read", Rounds.Median(figures[3]), "events/s", null, Rounds.Ratio(figures[3], figures[4])) { Against = "one instance, read as well" });
    }

    private static double Symbols(int instances, bool isRead, params MarketEvent[][] streams)
    {
        var graphs = streams.Select(trades => Everything(trades, new BlockSettings { Parallelism = instances }, isRead)).ToList();
        var start = Stopwatch.GetTimestamp();
        Task.WaitAll(graphs.Zip(streams, (graph, trades) => Task.Run(() => EngineBenchmark.EventsPerSecond(graph, trades.Length))));
        var elapsed = Stopwatch.GetElapsedTime(start);
        graphs.ForEach(g => g.Dispose());
        return streams.Sum(trades => (long)trades.Length) / elapsed.TotalSeconds;
    }

    private static Graph Everything(MarketEvent[] trades, BlockSettings settings, bool isRead)
    {
        var graph = new GraphBuilder()
            .Add("source", new MemorySource(trades))
            .Add("full", _ => new Model65Block(PerTrade, Market), [("from", ["source"])], settings)
            .Add("flow", _ => new Flow(FlowPerTrade, Market), [("from", ["source"])], settings)
            .Add("book", _ => new BookFeatures(BookPerTrade, Market), [("from", ["source"])], settings);
        return (isRead ? graph.Add("reader", new Ignore(), ["full", "flow", "book"]) : graph).Build();
    }

    private static void Recorded(List<BenchmarkCase> cases, BenchmarkRequest request)
    {
        if (ReplayBenchmark.Find(request) is not var (root, file))
        {
            return;
        }

        var loaded = new PipelineLoader(PipelineArguments.Registry).Load(
            Path.Combine(root, "pipelines", "replay-btcusdt.yml"), null, [$"blocks.feed.path={file}", "blocks.features.type=features.model65", "blocks.features.every=trade"]);
        var plan = loaded.Plan ?? throw new InvalidOperationException(string.Join("; ", loaded.Findings));
        // A round takes a tenth of a second, and the first ones run code that is not yet compiled for speed.
        var figures = Rounds.Run(request.IsQuick ? Rounds.Count : 60, () =>
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
