using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features;

public sealed class BookFeaturesTests
{
    private static readonly BookFeaturesOptions EachUpdate = new() { Every = Cadence.Update, FullWindows = false };

    private static FeatureVector[] Run(BookFeaturesOptions options, params IEnumerable<MarketEvent> events) => new BookFeatures(options, Feed.NewMarket()).Drive(Feed.Numbered(events));

    private static double Value(FeatureVector vector, string name) => vector.Values[vector.Schema.IndexOf(name)];

    private static bool IsWarm(FeatureVector vector, string name) => vector.IsWarm(vector.Schema.IndexOf(name));

    private static MarketEvent Quote(double ms, double bid, double bidQuantity, double ask, double askQuantity) => Feed.Quote(ms, bid, ask) with
    {
        Quantity = Scaled.FromDouble(bidQuantity),
        AskQuantity = Scaled.FromDouble(askQuantity),
    };

    private static MarketEvent[] ExampleI() =>
    [
        Quote(0, 5471, 404, 5471.5, 86), Quote(1, 5471, 404, 5471.5, 20), Quote(2, 5471, 398, 5471.5, 20), Quote(3, 5471, 398, 5472, 848), Quote(4, 5471.5, 225, 5472, 848),
    ];

    [Fact]
    public void Example_I_of_the_catalogue()
    {
        var vectors = Run(EachUpdate with { BestFrom = BestQuoteFrom.Quote }, ExampleI());

        vectors.Select(v => Value(v, "book_ofi_1m")).ShouldBe([0, 66, 60, 80, 305]);
        vectors.Select(v => IsWarm(v, "book_ofi_1m")).ShouldBe([false, true, true, true, true]);
        var last = vectors[^1];
        Value(last, "book_ofi_norm_1m").ShouldBe(0.7719076242, 1e-10);
        Value(last, "micro_price").ShouldBe(5471.604846, 1e-6);
        Value(last, "book_queue_imbalance").ShouldBe(-0.5806150979, 1e-10);
        Value(last, "book_spread").ShouldBe(1);
    }

    [Fact]
    public void Example_I_from_a_book()
    {
        // The same quotes as changes of levels, with one level more behind each best.
        MarketEvent[] events =
        [
            .. Feed.Snapshot(0, 1, (-5471, 404), (-5470, 7), (5471.5, 86), (5472, 848), (5475, 9)),
            .. Feed.Update(1, 2, 2, -1, (5471.5, 20)),
            .. Feed.Update(2, 3, 3, -1, (-5471, 398)),
            .. Feed.Update(3, 4, 4, -1, (5471.5, 0)),
            .. Feed.Update(4, 5, 5, -1, (-5471.5, 225)),
        ];
        var vectors = Run(EachUpdate, events);
        vectors.Select(v => Value(v, "book_ofi_1m")).ShouldBe([0, 66, 60, 80, 305]);
        Value(vectors[^1], "bid_depth").ShouldBe(225 + 398 + 7);
        Value(vectors[^1], "ask_depth").ShouldBe(848 + 9);
        Value(vectors[^1], "depth_imbalance").ShouldBe((630.0 - 857) / (630 + 857), 1e-12);
        Value(vectors[^1], "liquidity_score").ShouldBe(1, 1e-12, "1487 are more than the reference of 1000, and the spread is one tick");
    }

    [Fact]
    public void A_crossed_quote_is_counted_and_moves_nothing()
    {
        var example = ExampleI();
        var block = new BookFeatures(EachUpdate with { BestFrom = BestQuoteFrom.Quote }, Feed.NewMarket());
        var vectors = block.Drive(Feed.Numbered([.. example[..2], Quote(1.5, 5473, 1, 5472, 1), Quote(1.6, 5472, 1, 5472, 1), .. example[2..]]));

        Value(vectors[^1], "book_ofi_1m").ShouldBe(305);
        Value(vectors[2], "micro_price").ShouldBe(Value(vectors[1], "micro_price"));
        ((IReadOnlyDictionary<string, BookFeaturesReport>)block.Report())["A"].ShouldBe(new BookFeaturesReport(4, 2));
    }

    [Fact]
    public void A_book_that_loses_its_thread_only_sets_the_anchor_when_it_is_back()
    {
        MarketEvent[] events =
        [
            .. Feed.Snapshot(0, 1, (-100, 10), (101, 10)),
            .. Feed.Update(1, 2, 2, -1, (-100, 15)),
            .. Feed.Update(2, 9, 9, -1, (-100, 99)),
            .. Feed.Snapshot(3, 20, (-100, 50), (101, 10)),
            .. Feed.Update(4, 21, 21, -1, (-100, 52)),
        ];
        var vectors = Run(EachUpdate, events);
        vectors.Select(v => Value(v, "book_ofi_1m")).ShouldBe([0, 5, 5, 5, 7]);
        vectors.Select(v => IsWarm(v, "liquidity_score")).ShouldBe([true, true, false, true, true]);
        vectors.Select(v => IsWarm(v, "micro_price")).ShouldBe([true, true, false, true, true]);
    }

    [Fact]
    public void The_deep_imbalance_is_the_mean_over_the_levels()
    {
        MarketEvent[] events =
        [
            .. Feed.Snapshot(0, 1, (-100, 10), (-99, 20), (101, 10)),
            .. Feed.Update(1, 2, 2, -1, (-99, 26)),
            .. Feed.Update(2, 3, 3, -1, (-98, 4)),
            .. Feed.Update(3, 4, 4, -1, (102, 30)),
        ];
        var vectors = Run(EachUpdate with { Levels = 2 }, events);
        // 6 more on the second bid; the third bid is not looked at; the second ask was not there before.
        vectors.Select(v => Value(v, "book_mlofi_1m")).ShouldBe([0, 3, 3, -12]);
        vectors.Select(v => Value(v, "book_ofi_1m")).ShouldAllBe(v => v == 0);
    }

    [Fact]
    public void Ten_levels_a_side_are_depth()
    {
        var levels = Enumerable.Range(0, 12).SelectMany(i => new[] { (-(100.0 - i), Math.Pow(2, i)), (101.0 + i, 3 * Math.Pow(2, i)) });
        var vector = Run(EachUpdate, Feed.Snapshot(0, 1, [.. levels])).ShouldHaveSingleItem();
        (Value(vector, "bid_depth"), Value(vector, "ask_depth")).ShouldBe((1023, 3 * 1023));
    }

    [Fact]
    public void Levels_that_come_back_after_a_missing_side_only_set_the_anchor()
    {
        MarketEvent[] events =
        [
            .. Feed.Snapshot(0, 1, (-100, 10), (101, 10)),
            .. Feed.Update(1, 2, 2, -1, (101, 0)),
            .. Feed.Update(2, 3, 3, -1, (101, 70)),
            .. Feed.Update(3, 4, 4, -1, (101, 72)),
        ];
        Run(EachUpdate with { Levels = 1 }, events).Select(v => Value(v, "book_mlofi_1m")).ShouldBe([0, 0, 0, -2]);
    }

    [Fact]
    public void The_mean_spread_of_fifty_updates_leaves_out_those_without_one()
    {
        var steps = Enumerable.Range(2, 49).SelectMany(i => Feed.Update(i, i, i, -1, (-100, i % 2 == 0 ? 0 : 400)));
        var vectors = Run(EachUpdate, [.. Feed.Snapshot(0, 1, (-100, 400), (101, 400)), .. steps]);
        (vectors.Length, IsWarm(vectors[^1], "liquidity_spread_mean_50"), Value(vectors[^1], "liquidity_spread_mean_50")).ShouldBe((50, true, 2));
        Value(vectors[^1], "liquidity_mean_50").ShouldBe(DepthWindow.ScoreOf(800, 1000, 2) / 2, 1e-12);
    }

    [Theory]
    [InlineData("one-sided")]
    [InlineData("locked")]
    [InlineData("crossed")]
    public void A_book_without_a_spread_has_no_liquidity(string kind)
    {
        MarketEvent[] book = kind switch
        {
            "one-sided" => Feed.Snapshot(0, 1, (-100, 500)),
            "locked" => Feed.Snapshot(0, 1, (-100, 500), (100, 500)),
            _ => Feed.Snapshot(0, 1, (-101, 500), (100, 500)),
        };
        var vector = Run(EachUpdate, book).ShouldHaveSingleItem();
        (IsWarm(vector, "liquidity_score"), Value(vector, "liquidity_score")).ShouldBe((true, 0));
    }

    [Fact]
    public void The_profile_looks_back_on_fifty_updates()
    {
        var quiet = Enumerable.Range(2, 59).SelectMany(i => Feed.Update(i, i, i, -1, (-100, 400 + i)));
        var vectors = Run(EachUpdate, [.. Feed.Snapshot(0, 1, (-100, 400), (100.5, 400)), .. quiet, .. Feed.Update(70, 61, 61, -1, (-100, 0), (-99, 1))]);

        IsWarm(vectors[48], "liquidity_mean_50").ShouldBeFalse();
        IsWarm(vectors[49], "liquidity_mean_50").ShouldBeTrue();
        IsWarm(vectors[8], "liquidity_mean_10").ShouldBeFalse();
        IsWarm(vectors[9], "liquidity_mean_10").ShouldBeTrue();
        // 401 units instead of 861, and 3 ticks.
        var (score, usual) = (DepthWindow.ScoreOf(401, 1000, 3), Enumerable.Range(12, 49).Select(i => DepthWindow.ScoreOf(800 + i, 1000, 1)).ToArray());
        Value(vectors[^1], "liquidity_score").ShouldBe(score, 1e-12);
        Value(vectors[^1], "liquidity_min_50").ShouldBe(score, 1e-12);
        Value(vectors[^1], "liquidity_max_50").ShouldBe(usual.Max(), 1e-12);
        Value(vectors[^1], "liquidity_mean_50").ShouldBe((usual.Sum() + score) / 50, 1e-12);
        Value(vectors[^1], "liquidity_mean_10").ShouldBe((usual[^9..].Sum() + score) / 10, 1e-12);
        Value(vectors[^1], "liquidity_spread_mean_50").ShouldBe((49 + 3) / 50.0, 1e-12);
    }

    [Fact]
    public void Quotes_agree_with_the_plain_formula() => Prop.ForAll(
        ArbMap.Default.ArbFor<(byte Bid, byte Ask, byte BidQuantity, byte AskQuantity, byte Gap)[]>(), ArbMap.Default.ArbFor<bool>(), (steps, isFull) =>
        {
            var time = 0.0;
            MarketEvent[] events = Feed.Numbered(steps.Select(s => Quote(
                time += s.Gap switch { < 100 => 0, < 200 => s.Gap * 10, _ => 100_000 },
                100 + (s.Bid % 4), s.BidQuantity == 255 ? 1_000_000_000 : s.BidQuantity % 5, 101 + (s.Ask % 5), s.AskQuantity % 5)));
            var options = EachUpdate with { BestFrom = BestQuoteFrom.Quote, FullWindows = isFull };
            var found = new BookFeatures(options, Feed.NewMarket()).Drive(events);
            var expected = QuoteBatch.Run(events, isFull);
            for (var i = 0; i < events.Length; i++)
            {
                foreach (var (name, (isWarm, value)) in expected[i])
                {
                    IsWarm(found[i], name).ShouldBe(isWarm, $"{name} of {i}");
                    Value(found[i], name).ShouldBe(isWarm ? value : 0, 1e-9 * Math.Max(1, Math.Abs(value)), $"{name} of {i}");
                }
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Runs_may_be_cut_anywhere_and_every_value_is_in_its_range() => Prop.ForAll(
        ArbMap.Default.ArbFor<(byte Kind, short Price, byte Quantity, byte Gap)[]>(), steps =>
        {
            var events = Books(steps);
            foreach (var cadence in Enum.GetValues<Cadence>())
            {
                var options = new BookFeaturesOptions { Every = cadence, IntervalMs = 100, FullWindows = false };
                var found = new BookFeatures(options, Feed.NewMarket()).Drive(events);
                FeatureStreams.Difference(found, new BookFeatures(options, Feed.NewMarket()).Drive(events, 1)).ShouldBeNull();
                foreach (var vector in found)
                {
                    for (var i = 0; i < vector.Values.Length; i++)
                    {
                        var (value, d) = (vector.Values[i], BookFeatures.Schema.Definitions[i]);
                        (double.IsFinite(value) && value >= d.Min && value <= d.Max && (vector.IsWarm(i) || value == d.Neutral)).ShouldBeTrue($"{d.Name} was {value}");
                    }
                }
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Depth_and_deep_imbalance_agree_with_the_plain_formula() => Prop.ForAll(
        ArbMap.Default.ArbFor<(byte Kind, short Price, byte Quantity, byte Gap)[]>(), steps =>
        {
            var events = Books(steps);
            var found = new BookFeatures(EachUpdate with { Levels = 3 }, Feed.NewMarket()).Drive(events);
            var expected = DepthBatch.Run(events, 3);
            found.Length.ShouldBe(expected.Count);
            for (var i = 0; i < found.Length; i++)
            {
                foreach (var (name, value) in expected[i])
                {
                    Value(found[i], name).ShouldBe(value, 1e-9 * Math.Max(1, Math.Abs(value)), $"{name} of {i}");
                }
            }
        }).QuickCheckThrowOnFailure();

    // A chain of updates behind a first snapshot, all within a minute; sometimes a snapshot in between, an empty or a crossed book.
    private static MarketEvent[] Books((byte Kind, short Price, byte Quantity, byte Gap)[] steps)
    {
        var (time, id) = (0.0, 1L);
        var events = new List<MarketEvent>(Feed.Snapshot(0, 1, (-100, 10), (101, 12)));
        foreach (var (kind, price, quantity, gap) in steps)
        {
            time += gap / 10.0;
            id++;
            var isBid = price % 2 == 0;
            var level = ((isBid ? -1 : 1) * ((isBid ? 95 : 100) + (Math.Abs(price % 14) / 2.0)), quantity % 6 * (quantity > 250 ? 1e8 : 1));
            events.AddRange(kind < 8 ? Feed.Snapshot(time, id, (-99, 3), (102, 5), level) : Feed.Update(time, id, id, -1, level));
        }

        return Feed.Numbered(events);
    }
}

/// <summary>features.md 4.5 over all quotes so far, in decimals.</summary>
internal static class QuoteBatch
{
    public static List<Dictionary<string, (bool IsWarm, double Value)>> Run(MarketEvent[] quotes, bool isFull)
    {
        var results = new List<Dictionary<string, (bool, double)>>();
        for (var n = 1; n <= quotes.Length; n++)
        {
            var (t, since) = (quotes[n - 1].EventTime, quotes[0].EventTime);
            var changes = new List<(long Time, decimal E, decimal Depth)>();
            MarketEvent? anchor = null;
            var seen = default((long, long, long, long));
            foreach (var q in quotes[..n])
            {
                var key = (q.BidPrice, q.BidQuantity, q.AskPrice, q.AskQuantity);
                if (key == seen || q.BidPrice >= q.AskPrice)
                {
                    seen = key;
                    continue;
                }

                seen = key;
                if (anchor is { } a)
                {
                    decimal D(long x) => Scaled.ToDecimal(x);
                    var e = (q.BidPrice >= a.BidPrice ? D(q.BidQuantity) : 0) - (q.BidPrice <= a.BidPrice ? D(a.BidQuantity) : 0)
                        - (q.AskPrice <= a.AskPrice ? D(q.AskQuantity) : 0) + (q.AskPrice >= a.AskPrice ? D(a.AskQuantity) : 0);
                    changes.Add((q.EventTime, e, (D(q.BidQuantity) + D(q.AskQuantity)) / 2));
                }

                anchor = q;
            }

            var result = new Dictionary<string, (bool, double)>();
            foreach (var w in new[] { 1, 5, 15 })
            {
                var from = t - (w * 60_000_000_000L);
                var inside = changes.Where(c => c.Time > from).ToList();
                var isWarm = changes.Count > 0 && (!isFull || from >= since);
                var mean = inside.Count == 0 ? 0 : inside.Average(c => c.Depth);
                result[$"book_ofi_{w}m"] = (isWarm, (double)inside.Sum(c => c.E));
                result[$"book_ofi_norm_{w}m"] = (isWarm, mean == 0 ? 0 : (double)(inside.Sum(c => c.E) / mean));
            }

            if (anchor is { } last)
            {
                double b = last.BidQuantity, s = last.AskQuantity;
                result["book_queue_imbalance"] = (true, b + s == 0 ? 0 : (b - s) / (b + s));
                result["micro_price"] = (true, b + s == 0 ? 0 : ((Scaled.ToDouble(last.BidPrice) * s) + (Scaled.ToDouble(last.AskPrice) * b)) / (b + s));
                result["book_spread"] = (true, Scaled.ToDouble(last.AskPrice - last.BidPrice) / 0.5);
            }

            results.Add(result);
        }

        return results;
    }
}

/// <summary>Depth, liquidity and the deep imbalance from sorted dictionaries, level by level.</summary>
internal static class DepthBatch
{
    public static List<Dictionary<string, double>> Run(MarketEvent[] events, int depth)
    {
        var results = new List<Dictionary<string, double>>();
        SortedDictionary<decimal, decimal> bids = [], asks = [];
        (List<(decimal P, decimal Q)> Bids, List<(decimal P, decimal Q)> Asks)? before = null;
        var flow = 0m;
        var scores = new List<double>();
        foreach (var e in events)
        {
            if (e.Kind == EventKind.BookSnapshot)
            {
                bids.Clear();
                asks.Clear();
            }

            if (e.Kind == EventKind.BookLevel)
            {
                var side = e.Side == Side.Buy ? bids : asks;
                side.Remove(Scaled.ToDecimal(e.Price));
                if (e.Quantity > 0)
                {
                    side.Add(Scaled.ToDecimal(e.Price), Scaled.ToDecimal(e.Quantity));
                }
            }

            if (!e.Has(EventFlags.EndOfMessage))
            {
                continue;
            }

            var best = (Bids: bids.Reverse().Select(l => (P: l.Key, Q: l.Value)).ToList(), Asks: asks.Select(l => (P: l.Key, Q: l.Value)).ToList());
            var isCrossed = best.Bids.Count > 0 && best.Asks.Count > 0 && best.Bids[0].P >= best.Asks[0].P;
            if (best.Bids.Count == 0 || best.Asks.Count == 0)
            {
                before = null;
            }
            else if (!isCrossed)
            {
                for (var m = 0; m < depth && before is not null; m++)
                {
                    var (pb, qb) = At(before.Value.Bids, m, 0);
                    var (pa, qa) = At(before.Value.Asks, m, decimal.MaxValue);
                    var (nb, mb) = At(best.Bids, m, 0);
                    var (na, ma) = At(best.Asks, m, decimal.MaxValue);
                    flow += (nb >= pb ? mb : 0) - (nb <= pb ? qb : 0) - (na <= pa ? ma : 0) + (na >= pa ? qa : 0);
                }

                before = best;
            }

            var (bid, ask) = (best.Bids.Take(10).Sum(l => l.Q), best.Asks.Take(10).Sum(l => l.Q));
            var hasSpread = best.Bids.Count > 0 && best.Asks.Count > 0 && !isCrossed;
            scores.Add(hasSpread ? (double)((0.7m * Math.Min((bid + ask) / 1000, 1)) + (0.3m * Math.Max(0, 1 - ((((best.Asks[0].P - best.Bids[0].P) / 0.5m) - 1) / 10)))) : 0);
            results.Add(new Dictionary<string, double>
            {
                ["book_mlofi_1m"] = before is null ? 0 : (double)(flow / depth),
                ["bid_depth"] = (double)bid,
                ["ask_depth"] = (double)ask,
                ["depth_imbalance"] = bid + ask == 0 ? 0 : (double)((bid - ask) / (bid + ask)),
                ["liquidity_score"] = scores[^1],
                ["liquidity_mean_10"] = scores.Count < 10 ? 0 : scores.TakeLast(10).Average(),
                ["liquidity_mean_50"] = scores.Count < 50 ? 0 : scores.TakeLast(50).Average(),
                ["liquidity_min_50"] = scores.Count < 50 ? 0 : scores.TakeLast(50).Min(),
                ["liquidity_max_50"] = scores.Count < 50 ? 0 : scores.TakeLast(50).Max(),
            });
        }

        return results;
    }

    private static (decimal P, decimal Q) At(List<(decimal P, decimal Q)> levels, int m, decimal otherwise) => m < levels.Count ? levels[m] : (otherwise, 0);
}
