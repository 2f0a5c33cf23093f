using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features;

public sealed class TapeTests
{
    private static TapePattern[] Run(TapeOptions options, params IEnumerable<MarketEvent> events) => new Tape(options, Feed.NewMarket()).Drive(Feed.Numbered(events));

    private static MarketEvent[] Sweep(double lastSeconds, Side side = Side.Buy) =>
    [
        Feed.Trade(10_000, 1, quantity: 3, side: side), Feed.Trade(10_100, 2, quantity: 3, side: side), Feed.Trade(10_250, 3, quantity: 5, side: side),
        Feed.Trade(10_400, 4, quantity: 8, side: side), Feed.Trade(lastSeconds * 1000, 5, quantity: 9, side: side),
    ];

    private static IEnumerable<MarketEvent> Iceberg(params double[] quantities) =>
        quantities.Select((q, i) => Feed.Trade(1000 * i, i + 1, price: 100, quantity: q, side: Side.Sell));

    [Fact]
    public void Example_G_sweep()
    {
        var found = Run(new TapeOptions(), Sweep(10.6)).ShouldHaveSingleItem();
        found.Kind.ShouldBe(TapeKind.Sweep);
        (found.Side, found.Trades, found.FirstTrade, found.LastTrade, found.Quantity, found.Sequence).ShouldBe((Side.Buy, 5, 1L, 5L, 28 * Scaled.One, 5L));
        found.Confidence.ShouldBe(0.8, 1e-12);

        Run(new TapeOptions(), Sweep(10.8)).ShouldBeEmpty("5 per second is not above 5 per second");
    }

    [Fact]
    public void A_sweep_in_one_millisecond_is_infinitely_fast() =>
        Run(new TapeOptions(), Enumerable.Range(1, 5).Select(i => Feed.Trade(7, i, quantity: 11 * i, side: Side.Sell))).ShouldHaveSingleItem().Kind.ShouldBe(TapeKind.Sweep);

    [Fact]
    public void A_sweep_fires_once_per_run_and_again_when_the_side_has_changed()
    {
        var more = Enumerable.Range(6, 5).Select(i => Feed.Trade(10_600 + i, i, quantity: 10 + i, side: Side.Buy));
        Run(new TapeOptions(), [.. Sweep(10.6), .. more]).ShouldHaveSingleItem();

        var other = Sweep(10.6, Side.Sell).Select((e, i) => e with { EventTime = e.EventTime + 1_000_000_000, TradeNumber = 20 + i });
        Run(new TapeOptions(), [.. Sweep(10.6), .. other]).Select(p => p.Side).ShouldBe([Side.Buy, Side.Sell]);
    }

    [Fact]
    public void In_the_strict_sense_a_sweep_consumes_levels()
    {
        var strict = new TapeOptions { SweepMinLevels = 2 };
        Run(strict, Sweep(10.6)).ShouldBeEmpty();
        Run(strict, Sweep(10.6).Select((e, i) => e with { Price = e.Price + (i < 3 ? 0 : Scaled.One) })).ShouldHaveSingleItem();
        Run(strict, Sweep(10.6).Select((e, i) => e with { Price = e.Price - (i < 3 ? 0 : Scaled.One) })).ShouldBeEmpty("buyers who pay less consume nothing");
    }

    [Fact]
    public void Example_G_iceberg()
    {
        var found = Run(new TapeOptions(), Iceberg(4, 5, 4, 5, 4)).ShouldHaveSingleItem();
        (found.Kind, found.Side, found.Trades, found.Quantity, found.FirstTrade, found.LastTrade).ShouldBe((TapeKind.Iceberg, Side.Sell, 5, 22 * Scaled.One, 1L, 5L));
        found.Confidence.ShouldBe(0.7, 1e-12);

        Run(new TapeOptions(), Iceberg(4, 5, 4, 5, 12)).ShouldBeEmpty();
    }

    [Fact]
    public void An_iceberg_fires_once_until_its_price_has_left_the_window()
    {
        Run(new TapeOptions(), Iceberg([.. Enumerable.Repeat(4.0, 40)])).ShouldHaveSingleItem();

        var again = Iceberg(4, 4, 4, 4, 4).Select(e => e with { EventTime = e.EventTime + 200_000_000_000, TradeNumber = e.TradeNumber + 100 });
        Run(new TapeOptions(), [.. Iceberg(4, 4, 4, 4, 4), .. again]).Length.ShouldBe(2);
    }

    [Fact]
    public void A_trade_of_an_iceberg_may_be_as_old_as_the_window_allows()
    {
        double[] seconds = [0, 15, 30, 45, 60];
        Run(new TapeOptions(), seconds.Select((s, i) => Feed.Trade(s * 1000, i + 1, price: 100, quantity: 4, side: Side.Sell))).ShouldHaveSingleItem().Trades.ShouldBe(5);
        Run(new TapeOptions(), seconds.Select((s, i) => Feed.Trade(s * 1001, i + 1, price: 100, quantity: 4, side: Side.Sell))).ShouldBeEmpty();
    }

    [Fact]
    public void A_level_has_displayed_the_most_that_it_ever_showed()
    {
        MarketEvent[] events =
        [
            .. Feed.Snapshot(0, 1, (-100, 10), (101, 8)),
            Feed.Trade(1, 1, price: 101, quantity: 5, side: Side.Buy),
            .. Feed.Update(2, 2, 2, -1, (101, 3)),
            Feed.Trade(3, 2, price: 101, quantity: 1, side: Side.Buy),
        ];
        Run(new TapeOptions { BookIceberg = true }, events).ShouldBeEmpty("6 of the 8 that were displayed");
    }

    [Fact]
    public void A_block_trade_is_above_the_instruments_bound()
    {
        var found = Run(new TapeOptions(), Feed.Trade(0, 1, quantity: 100, side: Side.Sell), Feed.Trade(1, 2, quantity: 101, side: Side.Buy)).ShouldHaveSingleItem();
        (found.Kind, found.Side, found.LastTrade, found.Quantity).ShouldBe((TapeKind.BlockTrade, Side.Buy, 2L, 101 * Scaled.One));
    }

    [Fact]
    public void A_level_that_trades_more_than_it_ever_displayed_hides_something()
    {
        MarketEvent[] events =
        [
            .. Feed.Snapshot(0, 1, (-100, 10), (101, 8)),
            Feed.Trade(1, 1, price: 101, quantity: 8, side: Side.Buy),
            .. Feed.Update(2, 2, 2, -1, (101, 8)),
            Feed.Trade(3, 2, price: 101, quantity: 3, side: Side.Buy),
            Feed.Trade(4, 3, price: 101, quantity: 1, side: Side.Buy),
            Feed.Trade(5, 4, price: 101, quantity: 4, side: Side.Buy),
        ];
        var found = Run(new TapeOptions { BookIceberg = true }, events).ShouldHaveSingleItem();
        (found.Kind, found.Trades, found.Quantity, found.LastTrade).ShouldBe((TapeKind.BookIceberg, 3, 12 * Scaled.One, 3L));
        found.Confidence.ShouldBe(0.5, 1e-12);
        Run(new TapeOptions(), events).ShouldBeEmpty("it is only looked for when asked");

        var gone = events.Select(e => e.Kind == EventKind.BookLevel && e.EventTime == Feed.Time(2) ? e with { Quantity = 0 } : e);
        Run(new TapeOptions { BookIceberg = true }, gone).ShouldBeEmpty("a level that has gone starts anew");
    }

    [Fact]
    public void A_candle_that_takes_much_volume_without_moving_absorbs()
    {
        var quiet = Enumerable.Range(0, 19).Select(i => Feed.Trade(60_000 * i, quantity: 90, price: 100 + (i % 2), side: Side.Buy));
        var loud = new[] { Feed.Trade(60_000 * 19, quantity: 99, price: 100, side: Side.Sell), Feed.Trade((60_000 * 19) + 1, quantity: 99, price: 100.5, side: Side.Sell) };
        var found = Run(new TapeOptions(), [.. quiet, .. loud, Feed.Clock(60_000 * 20) with { Symbol = 1 }]).ShouldHaveSingleItem();
        (found.Kind, found.Side, found.EventTime).ShouldBe((TapeKind.Absorption, Side.Sell, Feed.Time(60_000 * 20)));
        found.Confidence.ShouldBe(Math.Min(1, 198 / (2 * ((19 * 90) + 198) / 20.0)), 1e-12);
    }

    [Fact]
    public void Sweeps_and_icebergs_are_those_of_the_plain_rules() => Prop.ForAll(
        ArbMap.Default.ArbFor<(byte Price, byte Quantity, byte Side, byte Gap)[]>(),
        steps =>
        {
            var time = 0L;
            TapeTrade[] trades =
            [
                .. steps.Select((s, i) => new TapeTrade(
                    time += s.Gap switch { < 120 => 0, < 240 => s.Gap * 1_000_000L, _ => 40_000_000_000L }, i + 1, (100 + (s.Price % 3)) * Scaled.One,
                    (s.Quantity == 255 ? 1_000_000_000 : 1 + (s.Quantity % 4)) * Scaled.One, (Side)((s.Side % 5) switch { 0 => 0, 1 => -1, _ => 1 }))),
            ];
            var sweeps = new SweepDetector(5, 5, 1);
            var icebergs = new IcebergDetector(20, 60_000_000_000, 5, 10 * Scaled.One, 2 * Scaled.One);
            var found = trades.Select((t, i) => (Sweep: sweeps.Add(in t, out var s) ? s.Confidence : 0, Icebergs: string.Join(' ', icebergs.Add(in t).Select(f => $"{f.Last.Price} {f.Last.Side} {f.Trades} {f.Quantity}").Order())));
            found.ShouldBe(TapeBatch.Run(trades));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Runs_may_be_cut_anywhere_and_another_symbol_changes_nothing() => Prop.ForAll(FeatureStreams.Arbitrary, steps =>
    {
        var events = FeatureStreams.From(steps);
        var options = new TapeOptions { BookIceberg = true };
        var all = new Tape(options, Feed.NewMarket()).Drive(events);
        new Tape(options, Feed.NewMarket()).Drive(events, 1).ShouldBe(all);
        new Tape(options, Feed.NewMarket()).Drive([.. events.Where(e => e.Symbol == 1)]).ShouldBe(all.Where(p => p.Symbol == 1));
    }).QuickCheckThrowOnFailure();
}

/// <summary>The rules of features.md 4.3 as they are written, read anew at each trade over all trades so far.</summary>
internal static class TapeBatch
{
    public static IEnumerable<(double Sweep, string Icebergs)> Run(TapeTrade[] trades)
    {
        var firedRun = -1;
        var fired = new HashSet<(long, Side)>();
        for (var n = 1; n <= trades.Length; n++)
        {
            var now = trades[n - 1];
            var run = trades[..n].Reverse().TakeWhile(t => t.Side == now.Side && now.Side != Side.None).Count();
            var five = trades[Math.Max(0, n - 5)..n];
            var isSweep = run >= 5
                && five.Zip(five.Skip(1)).All(p => p.Second.Quantity >= p.First.Quantity && (p.Second.Price - p.First.Price) * (int)now.Side >= 0)
                && (five[4].Time == five[0].Time || 4 / ((five[4].Time - five[0].Time) / 1e9) > 5)
                && firedRun != n - run;
            firedRun = isSweep ? n - run : firedRun;

            var window = trades[Math.Max(0, n - 20)..n].Where(t => now.Time - t.Time <= 60_000_000_000).ToList();
            var pairs = window.Where(t => t.Side != Side.None).GroupBy(t => (t.Price, t.Side)).ToList();
            // The trade that comes now cannot keep a pair alive that had left before it.
            fired.RemoveWhere(f => !pairs.Exists(p => p.Key == f && (p.Count() > 1 || p.Single() != now)));
            var icebergs = new List<string>();
            foreach (var pair in pairs)
            {
                var quantities = pair.Select(t => (double)t.Quantity / Scaled.One).ToList();
                var mean = quantities.Average();
                var deviation = Math.Sqrt(quantities.Average(q => (q - mean) * (q - mean)));
                if (quantities.Count >= 5 && mean < 10 && deviation < 2 && fired.Add(pair.Key))
                {
                    icebergs.Add($"{pair.Key.Price} {pair.Key.Side} {quantities.Count} {pair.Sum(t => t.Quantity)}");
                }
            }

            yield return (isSweep ? Math.Min(1, 0.16 * run) : 0, string.Join(' ', icebergs.Order()));
        }
    }
}
