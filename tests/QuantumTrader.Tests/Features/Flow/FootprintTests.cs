using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features;

public sealed class FootprintTests
{
    private static Footprint[] Run(FootprintOptions options, params IEnumerable<MarketEvent> events) => new FootprintBlock(options, Feed.NewMarket()).Drive(Feed.Numbered(events));

    private static readonly MarketEvent End = Feed.Clock(60_000) with { Symbol = 1 };

    private static IEnumerable<MarketEvent> Level(double price, double sold, double bought) =>
        [Feed.Trade(1, price: price, quantity: sold, side: Side.Sell), Feed.Trade(2, price: price, quantity: bought, side: Side.Buy)];

    private static MarketEvent[] ExampleH() =>
        [.. Level(5470, 30, 5), .. Level(5470.5, 12, 40), .. Level(5471, 8, 45), .. Level(5471.5, 2, 18)];

    [Fact]
    public void Example_H_of_the_catalogue()
    {
        var footprint = Run(new FootprintOptions(), [.. ExampleH(), Feed.Trade(3, price: 5471, quantity: 15), End]).ShouldHaveSingleItem();

        footprint.Prices.ShouldBe([5470, 5470.5, 5471, 5471.5]);
        footprint.Sold.ShouldBe([30, 12, 8, 2]);
        footprint.Bought.ShouldBe([5, 40, 45, 18]);
        var s = footprint.Summary;
        (s.Volume, s.Delta, s.Imbalance).ShouldBe((160, 56, 0.35));
        (s.PocPrice, s.PocShare).ShouldBe((5471.0, 0.33125));
        (s.ValueAreaLow, s.ValueAreaHigh).ShouldBe((5470.0, 5471.0));
        (s.BuyImbalances, s.SellImbalances, s.IsBuyStacked, s.IsSellStacked).ShouldBe((1, 0, false, false));
        (s.Step, s.IsAggregated, s.IsAbsorptionWarm).ShouldBe((0.5, false, false));
        (footprint.StartTime, footprint.EventTime).ShouldBe((Feed.Time(0), Feed.Time(60_000)));
    }

    [Fact]
    public void Absorption_of_example_H()
    {
        // 19 candles of 96 and one of 175: the mean of the last 20 is 99.95; the catalogue's 0.875 has a mean of 100.
        var window = new AbsorptionWindow(Scaled.One / 2);
        var volumes = Enumerable.Repeat(0L, 1).Concat(Enumerable.Repeat(1825L / 18, 18)).ToArray();
        volumes[0] = 1825 - volumes.Sum();
        foreach (var volume in volumes)
        {
            window.Add(new Candle { Volume = volume * Scaled.One }, out _).ShouldBeFalse();
        }

        window.Add(new Candle { Open = 5470 * Scaled.One, Close = (5470 * Scaled.One) + (Scaled.One / 2), Volume = 175 * Scaled.One }, out var absorption).ShouldBeTrue();
        absorption.ShouldBe(0.875, 1e-12);
        window.Add(new Candle { Open = 5470 * Scaled.One, Close = 5471 * Scaled.One, Volume = 175 * Scaled.One }, out absorption).ShouldBeTrue();
        absorption.ShouldBe(0, "two ticks are a move");
    }

    [Fact]
    public void Three_neighbours_with_an_imbalance_are_stacked()
    {
        var three = Run(new FootprintOptions(), [.. Level(100, 1, 30), .. Level(100.5, 1, 30), .. Level(101, 1, 30), End]).ShouldHaveSingleItem().Summary;
        (three.BuyImbalances, three.IsBuyStacked).ShouldBe((3, true));

        var apart = Run(new FootprintOptions(), [.. Level(100, 1, 30), .. Level(100.5, 1, 30), .. Level(101.5, 1, 30), End]).ShouldHaveSingleItem().Summary;
        (apart.BuyImbalances, apart.IsBuyStacked).ShouldBe((3, false));
    }

    [Fact]
    public void Of_equal_levels_the_nearer_to_the_close_has_control_then_the_higher()
    {
        Run(new FootprintOptions(), [.. Level(100, 5, 5), .. Level(103, 5, 5), Feed.Trade(3, price: 101), End]).ShouldHaveSingleItem().Summary.PocPrice.ShouldBe(100);
        Run(new FootprintOptions(), [.. Level(100, 5, 5), .. Level(102, 5, 5), Feed.Trade(3, price: 101), End]).ShouldHaveSingleItem().Summary.PocPrice.ShouldBe(102);
    }

    [Fact]
    public void A_candle_without_trades_has_an_empty_footprint_at_its_close()
    {
        var silent = Run(new FootprintOptions(), [.. Level(100, 1, 1), Feed.Clock(120_000) with { Symbol = 1 }])[1];
        silent.Prices.ShouldBeEmpty();
        (silent.Summary.Volume, silent.Summary.Imbalance, silent.Summary.PocPrice, silent.Summary.PocShare).ShouldBe((0, 0, 100, 0));
    }

    [Fact]
    public void Too_many_levels_are_put_together_and_it_says_so()
    {
        var levels = Enumerable.Range(0, 9).SelectMany(i => Level(100 + (0.5 * i), 1, 2));
        var footprint = Run(new FootprintOptions { MaxLevels = 3 }, [.. levels, End]).ShouldHaveSingleItem();
        footprint.Prices.ShouldBe([100, 102, 104]);
        footprint.Sold.ShouldBe([4, 4, 1]);
        footprint.Bought.ShouldBe([8, 8, 2]);
        (footprint.Summary.IsAggregated, footprint.Summary.Step, footprint.Summary.Volume).ShouldBe((true, 2, 27));
    }

    [Fact]
    public void Stream_and_batch_agree() => Prop.ForAll(FeatureStreams.Arbitrary, ArbMap.Default.ArbFor<byte>(), (steps, cap) =>
    {
        var events = FeatureStreams.From(steps);
        var options = new FootprintOptions { MaxLevels = 1 + (cap % 30) };
        var found = new FootprintBlock(options, Feed.NewMarket()).Drive(events);
        found.Select(Text).ShouldBe(FootprintBatch.Run(events, options).Select(Text));
        new FootprintBlock(options, Feed.NewMarket()).Drive(events, 1).Select(Text).ShouldBe(found.Select(Text));
    }).QuickCheckThrowOnFailure();

    private static string Text(Footprint f) => FormattableString.Invariant(
        $"{f.Sequence} {f.EventTime} {f.Symbol} {f.StartTime} {f.Summary with { Absorption = Math.Round(f.Summary.Absorption, 9) }} {string.Join(' ', f.Prices)} | {string.Join(' ', f.Sold)} | {string.Join(' ', f.Bought)}");
}

/// <summary>The footprint as features.md 4.4 defines it, from all trades of a candle at once, over the candles of the block <c>candles</c>.</summary>
internal static class FootprintBatch
{
    public static List<Footprint> Run(MarketEvent[] events, FootprintOptions options)
    {
        // One block per symbol, because candles of all symbols close together.
        var footprints = new List<Footprint>();
        foreach (var own in events.GroupBy(e => e.Symbol))
        {
            var candles = new CandlesOperator(new CandlesOptions(), Feed.NewMarket()).Drive([.. own]).Where(c => c.Symbol == own.Key).ToList();
            footprints.AddRange(candles.Select((c, i) => Make(c, candles.GetRange(Math.Max(0, i - 19), Math.Min(20, i + 1)), [.. own], options)));
        }

        return [.. footprints.OrderBy(f => f.Sequence).ThenBy(f => f.EventTime)];
    }

    private static Footprint Make(Candle candle, List<Candle> window, MarketEvent[] events, FootprintOptions options)
    {
        var trades = new List<MarketEvent>();
        foreach (var e in events.Where(e => e.Kind == EventKind.Trade && e.EventTime >= candle.StartTime && e.EventTime < candle.EndTime))
        {
            if (!e.Has(EventFlags.Edit))
            {
                trades.AddRange(e.Has(EventFlags.OffMarket) ? [] : [e]);
            }
            else if (trades.FindLastIndex(t => t.TradeNumber == e.TradeNumber) is >= 0 and var at)
            {
                var old = trades[at];
                trades.RemoveAt(at);
                trades.InsertRange(at, e.Has(EventFlags.OffMarket) ? [] : [e with { Side = e.Side == Side.None ? old.Side : e.Side }]);
            }
        }

        const decimal Tick = 0.5m;
        var step = Tick;
        var sided = trades.Where(t => t.Side != Side.None).Select(t => (Price: Scaled.ToDecimal(t.Price), Quantity: Scaled.ToDecimal(t.Quantity), t.Side)).ToList();
        while (sided.Select(t => Math.Floor(t.Price / step)).Distinct().Count() > options.MaxLevels)
        {
            step *= 2;
        }

        var levels = sided.GroupBy(t => Math.Floor(t.Price / step) * step)
            .Select(g => (Price: g.Key, Sold: g.Where(t => t.Side == Side.Sell).Sum(t => t.Quantity), Bought: g.Where(t => t.Side == Side.Buy).Sum(t => t.Quantity)))
            .OrderBy(l => l.Price).ToList();
        decimal Volume(int i) => i >= 0 && i < levels.Count ? levels[i].Sold + levels[i].Bought : -1;
        decimal Sold(decimal price) => levels.Where(l => l.Price == price).Sum(l => l.Sold);
        decimal Bought(decimal price) => levels.Where(l => l.Price == price).Sum(l => l.Bought);
        bool IsBuy(decimal p) => Bought(p) >= 10 && Bought(p) >= 3 * Math.Max(1, Sold(p - step));
        bool IsSell(decimal p) => Sold(p) >= 10 && Sold(p) >= 3 * Math.Max(1, Bought(p + step));

        var close = Scaled.ToDecimal(candle.Close);
        var total = levels.Sum(l => l.Sold + l.Bought);
        var delta = levels.Sum(l => l.Bought) - levels.Sum(l => l.Sold);
        var poc = levels.Select((l, i) => (l.Price, Index: i)).OrderByDescending(l => Volume(l.Index)).ThenBy(l => Math.Abs(l.Price - close)).ThenByDescending(l => l.Price).Select(l => l.Index).FirstOrDefault(-1);
        var (low, high, inside) = (poc, poc, Volume(poc));
        while (poc >= 0 && inside < 0.7m * total)
        {
            var up = Volume(high + 1) >= Volume(low - 1);
            inside += up ? Volume(++high) : Volume(--low);
        }

        var mean = window.Average(c => Scaled.ToDecimal(c.Volume));
        var isWarm = window.Count == 20;
        double Price(int i) => (double)(i < 0 ? close : levels[i].Price);
        return new Footprint(
            candle.Sequence, candle.EndTime, candle.Symbol, candle.StartTime,
            new FootprintSummary
            {
                Volume = (double)total,
                Delta = (double)delta + 0.0, // a decimal has a zero with a sign
                Imbalance = total == 0 ? 0 : ((double)delta + 0.0) / (double)total,
                PocPrice = Price(poc),
                PocShare = poc < 0 ? 0 : (double)Volume(poc) / (double)total,
                ValueAreaLow = Price(low),
                ValueAreaHigh = Price(high),
                BuyImbalances = levels.Count(l => IsBuy(l.Price)),
                SellImbalances = levels.Count(l => IsSell(l.Price)),
                IsBuyStacked = levels.Exists(l => IsBuy(l.Price) && IsBuy(l.Price + step) && IsBuy(l.Price + (2 * step))),
                IsSellStacked = levels.Exists(l => IsSell(l.Price) && IsSell(l.Price + step) && IsSell(l.Price + (2 * step))),
                Absorption = isWarm && mean > 0 && Math.Abs(candle.Close - candle.Open) <= Scaled.One / 2 ? Math.Min(1, (double)Scaled.ToDecimal(candle.Volume) / (double)(2 * mean)) : 0,
                IsAbsorptionWarm = isWarm,
                Step = (double)step,
                IsAggregated = step > Tick,
            },
            [.. levels.Select(l => (double)l.Price)], [.. levels.Select(l => (double)l.Sold)], [.. levels.Select(l => (double)l.Bought)]);
    }
}
