using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features;

/// <summary>Example F and all random streams, after each trade.</summary>
public class FlowContractTests : FeatureContract
{
    // A window of the last n is independent of the start only when it is full.
    protected virtual FlowOptions Options => new() { MinTrades = 100 };

    protected override FeatureSchema Schema => Flow.Schema;

    protected override IEnumerable<GoldenRow> Golden => [];

    protected override Operator<MarketEvent, FeatureVector> Create() => new Flow(Options, Market);

    protected override IReadOnlyList<FeatureVector>? Batch(MarketEvent[] events) => FlowBatch.Run(events, Options, Market);
}

/// <summary>The same at the end of each candle.</summary>
public sealed class FlowCandleContractTests : FlowContractTests
{
    protected override FlowOptions Options => new() { MinTrades = 100, Every = Cadence.Candle };
}

/// <summary>The same every ten seconds, with too little room for the long windows.</summary>
public sealed class FlowIntervalContractTests : FlowContractTests
{
    protected override FlowOptions Options => new() { MinTrades = 100, Every = Cadence.Interval, IntervalMs = 10_000 };
}

/// <summary>The flow features as the catalogue writes them: every window is found anew, in decimals, over all trades there ever were.</summary>
internal static class FlowBatch
{
    private const long Second = 1_000_000_000;

    private sealed class Row
    {
        public required long Time;
        public required long Number;
        public required decimal Quantity;
        public required Side Side;
        public required long Candle;
    }

    public static List<FeatureVector> Run(MarketEvent[] events, FlowOptions options, MarketContext market)
    {
        var vectors = new List<FeatureVector>();
        var rows = new Dictionary<int, List<Row>>();
        var since = new Dictionary<int, long>();
        var last = new Dictionary<int, long>();
        foreach (var e in events)
        {
            var trades = rows.TryGetValue(e.Symbol, out var known) ? known : rows[e.Symbol] = [];
            since.TryAdd(e.Symbol, e.EventTime);
            foreach (var tick in Ticks(e, last, trades.Count > 0, options))
            {
                vectors.Add(Evaluate(e.Sequence, tick, tick - 1, e.Symbol, trades, since[e.Symbol], options, market));
            }

            last[e.Symbol] = e.EventTime;
            if (e.Kind == EventKind.Trade && Take(e, trades, options) && options.Every == Cadence.Trade)
            {
                vectors.Add(Evaluate(e.Sequence, e.EventTime, e.EventTime, e.Symbol, trades, since[e.Symbol], options, market));
            }
        }

        return vectors;
    }

    // The market of these streams is open day and night, so once there was a trade candles follow each other without a gap; but a day
    // without any event of the symbol has none.
    private static IEnumerable<long> Ticks(MarketEvent e, Dictionary<int, long> last, bool hasTrades, FlowOptions options)
    {
        if (!last.TryGetValue(e.Symbol, out var before))
        {
            yield break;
        }

        if (options.Every == Cadence.Interval)
        {
            var length = options.IntervalMs * 1_000_000L;
            if (e.EventTime / length > before / length)
            {
                yield return e.EventTime / length * length;
            }
        }
        else if (options.Every == Cadence.Candle && hasTrades)
        {
            var length = options.CandleSeconds * Second;
            for (var candle = (before / length) + 1; candle * length <= e.EventTime; candle++)
            {
                var day = ((candle * length) - 1) / (86_400 * Second);
                if (day == before / (86_400 * Second) || day == e.EventTime / (86_400 * Second))
                {
                    yield return candle * length;
                }
            }
        }
    }

    private static bool Take(MarketEvent e, List<Row> trades, FlowOptions options)
    {
        var candle = e.EventTime / (options.CandleSeconds * Second);
        if (e.Has(EventFlags.Edit))
        {
            var row = trades.FindLast(t => t.Number == e.TradeNumber && t.Candle == candle);
            if (row is not null && e.Has(EventFlags.OffMarket))
            {
                trades.Remove(row);
            }
            else if (row is not null)
            {
                row.Quantity = Scaled.ToDecimal(e.Quantity);
                row.Side = e.Side == Side.None ? row.Side : e.Side;
            }

            return false;
        }

        if (e.Has(EventFlags.OffMarket))
        {
            return false;
        }

        trades.Add(new Row { Time = e.EventTime, Number = e.TradeNumber, Quantity = Scaled.ToDecimal(e.Quantity), Side = e.Side, Candle = candle });
        return true;
    }

    private static FeatureVector Evaluate(long sequence, long eventTime, long t, int symbol, List<Row> all, long since, FlowOptions options, MarketContext market)
    {
        var (values, warm) = (new List<double>(), new List<bool>());
        int[] minutes = [1, 5, 15, 30, 60];
        List<Row> Window(long from, long to) => [.. all.Where(r => r.Time > from && r.Time <= to)];
        static decimal Bought(IEnumerable<Row> rows) => rows.Where(r => r.Side == Side.Buy).Sum(r => r.Quantity);
        static decimal Sold(IEnumerable<Row> rows) => rows.Where(r => r.Side == Side.Sell).Sum(r => r.Quantity);
        static double Imbalance(List<Row> rows) => Bought(rows) + Sold(rows) is var total && total == 0 ? 0 : (double)((Bought(rows) - Sold(rows)) / total);
        double Ofi(long at, int w) => Imbalance(Window(at - (w * 60 * Second), at));
        bool IsWatched(long span) => all.Count > 0 && t - span >= since;
        void Add(bool isWarm, double value, double neutral = 0)
        {
            values.Add(isWarm ? value : neutral);
            warm.Add(isWarm);
        }

        foreach (var w in minutes)
        {
            Add(IsWatched(w * 60 * Second), Ofi(t, w));
        }

        double Velocity(long at, int w) => Ofi(at, w) - Ofi(at - (w * 60 * Second), w);
        foreach (var w in minutes)
        {
            Add(IsWatched(2 * w * 60 * Second), Velocity(t, w));
        }

        foreach (var w in minutes)
        {
            Add(IsWatched(3 * w * 60 * Second), Velocity(t, w) - Velocity(t - (w * 60 * Second), w));
        }

        foreach (var amount in new Func<List<Row>, double>[] { r => (double)Bought(r), r => (double)Sold(r), r => r.Count })
        {
            foreach (var w in minutes.Take(3))
            {
                Add(IsWatched(w * 60 * Second), amount(Window(t - (w * 60 * Second), t)));
            }
        }

        var recent = all.TakeLast(100).ToList();
        var sided = all.Where(r => r.Side != Side.None).TakeLast(50).ToList();
        Add(recent.Count >= options.MinTrades, Imbalance(recent));
        Add(sided.Count >= Math.Min(50, options.MinTrades), sided.Count == 0 ? 0 : (double)sided.Count(r => r.Side == Side.Buy) / sided.Count, 0.5);
        Add(recent.Count >= options.MinTrades, recent.Count == 0 ? 0 : (double)recent.Count(r => r.Quantity > 20) / recent.Count);
        Add(IsWatched(10 * Second), Window(t - (10 * Second), t).Count / 10.0);
        var day = t / (86_400 * Second);
        var today = all.Where(r => r.Time / (86_400 * Second) == day).ToList();
        Add(all.Count > 0 && since <= day * 86_400 * Second, (double)(Bought(today) - Sold(today)));
        Add(false, 0);
        Add(false, 0);
        var bits = warm.Select((w, i) => w ? 1UL << i : 0).Aggregate(0UL, (a, b) => a | b);
        return new FeatureVector(sequence, eventTime, symbol, Flow.Schema, [.. values], [bits]);
    }
}
