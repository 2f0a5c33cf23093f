using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Market.Sources;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Benchmarks;

/// <summary>
/// Six operators of the kind that a market pipeline has, as a declared graph and as one hand-written loop over the same code: book, last
/// events, minute candles, the basic features evaluated per trade, order flow over 1024 trades, delay histogram.
/// </summary>
internal static class FusedBenchmark
{
    /// <summary>Work on one event. A struct, so that a loop over it is compiled for it: the operators pay what the hand-written loop pays.</summary>
    private interface IStep
    {
        void Apply(in MarketEvent e);
    }

    private sealed class StepBlock<TStep>(TStep step) : Observer<MarketEvent> where TStep : struct, IStep
    {
        private readonly TStep _step = step;

        public override void Observe(Run<MarketEvent> run)
        {
            var step = _step;
            foreach (ref readonly var e in run)
            {
                step.Apply(in e);
            }
        }
    }

    private readonly struct Book() : IStep
    {
        private readonly BookBuilder _book = new();

        public void Apply(in MarketEvent e) => _book.Process(in e);
    }

    private readonly struct Features(TradingCalendar calendar) : IStep
    {
        private readonly CandleBuilder _candles = new(calendar, 1, 1_000_000_000L);
        private readonly BasicWindow _window = new();
        private readonly double[] _values = new double[BasicWindow.Schema.Names.Count];

        public void Apply(in MarketEvent e)
        {
            if (e.EventTime >= _candles.NextBoundary)
            {
                _candles.Advance(e.EventTime, e.Sequence);
                foreach (ref readonly var candle in _candles.Closed)
                {
                    _window.AddCandle(Scaled.ToDouble(candle.Close), Scaled.ToDouble(candle.Volume));
                }
            }

            if (e.Kind == EventKind.Trade)
            {
                _candles.Add(in e);
                _window.Evaluate(_values);
            }
        }
    }

    private readonly struct Flow() : IStep
    {
        private readonly long[] _window = new long[1024];
        private readonly long[] _state = new long[2];

        public void Apply(in MarketEvent e)
        {
            if (e.Kind == EventKind.Trade)
            {
                ref var oldest = ref _window[_state[0]++ & 1023];
                var signed = (int)e.Side * e.Quantity;
                _state[1] += signed - oldest;
                oldest = signed;
            }
        }
    }

    private readonly struct Bars(TradingCalendar calendar) : IStep
    {
        private readonly CandleBuilder _candles = new(calendar, 1, 60_000_000_000L);

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

    public static void Run(List<BenchmarkCase> cases, int count)
    {
        var events = Simulate(count, out var market);
        // Enough runs for the compiler to have finished with both sides.
        for (var i = 0; i < 10; i++)
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
            new StepBlock<Book>(new()), new StepBlock<Last>(new()), new StepBlock<Bars>(new(market.Calendar)),
            new StepBlock<Features>(new(market.Calendar)), new StepBlock<Flow>(new()), new StepBlock<Delay>(new()),
        ];
        using var graph = EngineBenchmark.Chain(new EngineSettings(), new MemorySource(events), blocks).Build();
        return EngineBenchmark.EventsPerSecond(graph, events.Length);
    }

    // It copies its events into a batch first, as the graph's source must.
    private static double HandWritten(MarketEvent[] events, MarketContext market)
    {
        var (book, last, minutes, features, flow, delay) = (new Book(), new Last(), new Bars(market.Calendar), new Features(market.Calendar), new Flow(), new Delay());
        var batch = new MarketEvent[new EngineSettings().Batch];
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
                features.Apply(in e);
                flow.Apply(in e);
                delay.Apply(in e);
            }
        }

        return events.Length / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
