using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Market.Sources;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Benchmarks;

/// <summary>Six operators of the kind that a market pipeline has, as a declared graph and as one hand-written loop over the same code.</summary>
internal static class FusedBenchmark
{
    /// <summary>Work on one event. A struct, so that a loop over it is compiled for it: the operators pay what the hand-written loop pays.</summary>
    private interface IStep
    {
        void Apply(in MarketEvent e);
    }

    private sealed class StepBlock<TStep>(TStep step) : Observer<MarketEvent> where TStep : struct, IStep
    {
        private TStep _step = step;

        public override void Observe(Run<MarketEvent> run)
        {
            foreach (ref readonly var e in run)
            {
                _step.Apply(in e);
            }
        }
    }

    private readonly struct Book() : IStep
    {
        private readonly BookBuilder _book = new();

        public void Apply(in MarketEvent e) => _book.Process(in e);
    }

    private readonly struct Depth() : IStep
    {
        private readonly BookBuilder _book = new();
        private readonly long[] _imbalance = new long[1];

        public void Apply(in MarketEvent e)
        {
            if (_book.Process(in e) == BookChange.Applied)
            {
                var (bid, ask) = (_book.Book.BestBid, _book.Book.BestAsk);
                _imbalance[0] += bid.Quantity - ask.Quantity;
            }
        }
    }

    private readonly struct Bars(TradingCalendar calendar, int seconds) : IStep
    {
        private readonly CandleBuilder _candles = new(calendar, 1, seconds * 1_000_000_000L);

        public void Apply(in MarketEvent e)
        {
            if (e.EventTime >= _candles.NextBoundary)
            {
                _candles.Advance(e.EventTime, e.Sequence);
            }

            if (e.Kind == EventKind.Trade)
            {
                _candles.Add(in e);
            }
        }
    }

    private readonly struct Last() : IStep
    {
        private readonly Ring<MarketEvent> _ring = new(1000);

        public void Apply(in MarketEvent e) => _ring.Write(in e);
    }

    private readonly struct Delay() : IStep
    {
        private readonly long[] _counts = new long[64];

        public void Apply(in MarketEvent e) => _counts[System.Numerics.BitOperations.Log2((ulong)(e.ReceiveTime - e.EventTime) | 1)]++;
    }

    private sealed class Recorded(MarketEvent[] events) : Source<MarketEvent>
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

    public static void Run(List<BenchmarkCase> cases, int count)
    {
        var events = Simulate(count, out var market);
        // A run lasts some 40 ms: enough of them for the compiler to have finished with both sides.
        for (var i = 0; i < 30; i++)
        {
            Graph(events, market);
            HandWritten(events, market);
        }

        var figures = Rounds.Run(() => Graph(events, market), () => HandWritten(events, market));
        cases.Add(new BenchmarkCase("fused", Rounds.Median(figures[0]), "events/s", 0.9, Rounds.Ratio(figures[0], figures[1])) { Against = "hand-written loop" });
        cases.Add(new BenchmarkCase("fused.peer_loop", Rounds.Median(figures[1]), "events/s", null, null));
    }

    private static MarketEvent[] Simulate(int count, out MarketContext market)
    {
        market = new MarketContext(new MarketOptions { Symbols = ["DEMO"] }, new SectionContext(".", "."));
        using var source = new SimulatorSource(new SimulatorOptions { Seed = 1, Days = 1000 }, market, new BlockContext("feed", new SectionContext(".", "."), TimeProvider.System));
        source.Start();
        var events = new List<MarketEvent>(count + 1000);
        var output = new Output<MarketEvent>();
        while (events.Count < count && source.Read(output, 4096, CancellationToken.None))
        {
            events.AddRange(output.ToArray());
        }

        return [.. events];
    }

    private static double Graph(MarketEvent[] events, MarketContext market)
    {
        Block[] blocks =
        [
            new StepBlock<Book>(new()), new StepBlock<Last>(new()), new StepBlock<Bars>(new(market.Calendar, 60)),
            new StepBlock<Depth>(new()), new StepBlock<Bars>(new(market.Calendar, 1)), new StepBlock<Delay>(new()),
        ];
        using var graph = EngineBenchmark.Chain(new EngineSettings(), new Recorded(events), blocks).Build();
        return EngineBenchmark.EventsPerSecond(graph, events.Length);
    }

    // It copies its events into a batch first, as the graph's source must.
    private static double HandWritten(MarketEvent[] events, MarketContext market)
    {
        var (book, last, minutes, depth, seconds, delay) = (new Book(), new Last(), new Bars(market.Calendar, 60), new Depth(), new Bars(market.Calendar, 1), new Delay());
        var batch = new MarketEvent[256];
        var start = Stopwatch.GetTimestamp();
        for (var at = 0; at < events.Length; at += batch.Length)
        {
            var length = Math.Min(batch.Length, events.Length - at);
            events.AsSpan(at, length).CopyTo(batch);
            foreach (ref readonly var e in batch.AsSpan(0, length))
            {
                book.Apply(in e);
                last.Apply(in e);
                minutes.Apply(in e);
                depth.Apply(in e);
                seconds.Apply(in e);
                delay.Apply(in e);
            }
        }

        return events.Length / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
