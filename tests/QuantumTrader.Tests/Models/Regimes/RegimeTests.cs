using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;
using QuantumTrader.Tests.Pipelines;

namespace QuantumTrader.Tests.Models.Regimes;

public sealed class RegimeTests
{
    private const long Minute = 60_000_000_000;

    private static RegimeBlock Block(RegimeOptions? options = null) => new(options ?? new RegimeOptions(), Feed.NewMarket());

    private static Candle[] Candles(IEnumerable<(double High, double Low, double Close)> prices, int symbol = 1) =>
        [.. prices.Select((p, i) => new Candle
        {
            Sequence = i + 1,
            StartTime = Feed.Start + (i * Minute),
            EndTime = Feed.Start + ((i + 1) * Minute),
            Symbol = symbol,
            Trades = 1,
            High = Scaled.FromDouble(p.High),
            Low = Scaled.FromDouble(p.Low),
            Open = Scaled.FromDouble(p.Close),
            Close = Scaled.FromDouble(p.Close),
        })];

    private static (double, double, double)[] Around(IEnumerable<double> closes, double half = 1) => [.. closes.Select(c => (c + half, c - half, c))];

    private static double[] Line(int count, double from, double step) => [.. Enumerable.Range(0, count).Select(i => from + (i * step))];

    private static double[] Wave(int count, double middle, double height, int period) => [.. Enumerable.Range(0, count).Select(i => middle + (height * Math.Sin(2 * Math.PI * i / period)))];

    private static Regime Last((double, double, double)[] prices, RegimeOptions? options = null) => Block(options).Drive(Candles(prices))[^1];

    [Fact]
    public void A_market_that_rises_is_a_strong_trend_up_that_is_followed()
    {
        var regime = Last(Around(Line(60, 1000, 1)));
        (regime.Class, regime.Strength, regime.Strategy, regime.RiskReward, regime.Place).ShouldBe((RegimeClass.TrendUp, RegimeStrength.Strong, RegimeStrategy.Follow, 2, RangePlace.None));

        // Only rises: ADX 100, so min(0.8, 0.5 + 75/75).
        (regime.Adx, regime.Confidence).ShouldBe((100, 0.8));
        regime.Ema9.ShouldBeGreaterThan(regime.Ema20);
        regime.Ema20.ShouldBeGreaterThan(regime.Ema50);
        regime.Atr.ShouldBe(2, 1e-12, "high and low lie one above and below the close, and the close before one below that");
    }

    [Fact]
    public void A_market_that_falls_is_a_trend_down() =>
        Last(Around(Line(60, 1000, -1))).ShouldSatisfyAllConditions(r => r.Class.ShouldBe(RegimeClass.TrendDown), r => r.Strategy.ShouldBe(RegimeStrategy.Follow), r => r.Confidence.ShouldBe(0.8));

    [Fact]
    public void A_market_that_goes_to_and_fro_is_a_range_with_borders()
    {
        var regime = Last(Around(Wave(101, 1000, 10, 8)));
        (regime.Class, regime.Confidence, regime.Strategy, regime.RiskReward).ShouldBe((RegimeClass.Range, 0.6, RegimeStrategy.Reversal, 1.5));
        regime.Adx.ShouldBeLessThan(25);
        (regime.Support, regime.Resistance).ShouldBe((989, 1011));

        // Candle 101 is at phase 4 of 8, in the middle; two later it is at the bottom, two before at the top.
        regime.Place.ShouldBe(RangePlace.Middle);
        Last(Around(Wave(103, 1000, 10, 8))).Place.ShouldBe(RangePlace.Support);
        Last(Around(Wave(99, 1000, 10, 8))).Place.ShouldBe(RangePlace.Resistance);
        Last(Around(Wave(103, 1000, 10, 8)), new RegimeOptions { NearPercent = 0.05 }).Place.ShouldBe(RangePlace.Middle);
    }

    [Fact]
    public void A_strong_move_against_the_order_of_the_means_is_undefined()
    {
        var regime = Last(Around([.. Line(90, 1000, 1), .. Line(10, 1086, -3)]));
        regime.Adx.ShouldBeGreaterThan(25);
        (regime.Class, regime.Confidence, regime.Strategy, regime.RiskReward).ShouldBe((RegimeClass.Undefined, 0.3, RegimeStrategy.NoTrade, 1));
    }

    [Theory]
    [InlineData(25, 3, 2, 1, RegimeClass.Undefined, 0.3)]
    [InlineData(25, 1, 2, 3, RegimeClass.Undefined, 0.3)]
    [InlineData(24.999999, 3, 2, 1, RegimeClass.Range, 0.6)]
    [InlineData(24.999999, 2, 3, 1, RegimeClass.Range, 0.6)]
    [InlineData(32.5, 3, 2, 1, RegimeClass.TrendUp, 0.6)]
    [InlineData(40, 1, 2, 3, RegimeClass.TrendDown, 0.7)]
    [InlineData(90, 3, 2, 1, RegimeClass.TrendUp, 0.8)]
    [InlineData(90, 2, 2, 1, RegimeClass.Undefined, 0.3)]
    [InlineData(90, 1, 3, 2, RegimeClass.Undefined, 0.3)]
    public void The_edges_of_the_classes_are_where_the_table_puts_them(double adx, double ema9, double ema20, double ema50, RegimeClass expected, double confidence)
    {
        var (kind, sure) = RegimeRules.OfTrend(adx, ema9, ema20, ema50, maxRangeSpreadPercent: 0);
        kind.ShouldBe(expected);
        sure.ShouldBe(confidence, 1e-12);
    }

    [Fact]
    public void Before_50_candles_it_is_undefined_and_without_data_there_is_none()
    {
        var regimes = Block().Drive(Candles(Around(Line(50, 1000, 1))));
        regimes[..49].ShouldAllBe(r => r.Class == RegimeClass.Undefined && r.Confidence == 0.3);
        regimes[49].Class.ShouldBe(RegimeClass.TrendUp);
        (regimes[0].Atr, regimes[0].Adx, regimes[26].Adx, regimes[27].Adx).ShouldBe((0, 0, 0, 100));
        Block().Drive(Array.Empty<Candle>()).ShouldBeEmpty();
    }

    [Fact]
    public void A_range_whose_means_are_far_apart_is_none_under_the_older_rule()
    {
        RegimeRules.OfTrend(10, 101.1, 100.5, 100, maxRangeSpreadPercent: 1).Class.ShouldBe(RegimeClass.Undefined);
        RegimeRules.OfTrend(10, 100.9, 100.5, 100, maxRangeSpreadPercent: 1).Class.ShouldBe(RegimeClass.Range);
    }

    [Fact]
    public void The_second_analyzer_tells_the_same_markets_apart_by_their_shape()
    {
        var shape = new RegimeOptions { Analyzer = RegimeAnalyzer.Shape };
        double[] noise = [.. Enumerable.Range(0, 70).Select(i => i % 2 * 0.6)];
        Last(Around(Line(70, 1000, 0.5).Zip(noise, (a, b) => a + b)), shape).ShouldSatisfyAllConditions(r => r.Class.ShouldBe(RegimeClass.TrendUp), r => r.Confidence.ShouldBeInRange(0.75, 0.8));
        Last(Around(Line(70, 1000, -0.5).Zip(noise, (a, b) => a + b)), shape).Class.ShouldBe(RegimeClass.TrendDown);
        Last(Around(Wave(70, 1000, 3, 8)), shape).ShouldSatisfyAllConditions(r => r.Class.ShouldBe(RegimeClass.Range), r => r.Support.ShouldBe(996));
        Last(Around(Wave(70, 1000, 100, 8)), shape).ShouldSatisfyAllConditions(r => r.Class.ShouldBe(RegimeClass.Volatile), r => r.Strategy.ShouldBe(RegimeStrategy.NoTrade), r => r.Confidence.ShouldBe(0.3));

        // It rose once and lay still since: no slope in the last 20, and nothing comes back to the bottom.
        Last(Around([.. Line(30, 1000, 1), .. Enumerable.Repeat(1030.0, 25)]), shape).Class.ShouldBe(RegimeClass.Undefined);
    }

    [Fact]
    public void Every_candle_gives_one_regime_of_its_symbol()
    {
        var (rising, falling) = (Candles(Around(Line(60, 1000, 1))), Candles(Around(Line(60, 1000, -1)), symbol: 2));
        var both = Block().Drive([.. rising.Zip(falling).SelectMany(p => new[] { p.First, p.Second })]);
        both.Length.ShouldBe(120);
        (both[^2].Class, both[^1].Class).ShouldBe((RegimeClass.TrendUp, RegimeClass.TrendDown));
        (both[^1].Sequence, both[^1].EventTime, both[^1].Close).ShouldBe((60, Feed.Start + (60 * Minute), 941));
    }

    [Fact]
    public void A_candle_that_cannot_be_one_is_refused_and_spoils_nothing()
    {
        var good = Candles(Around(Line(60, 1000, 1)));
        var block = Block();
        block.Drive([.. good[..30], good[30] with { Symbol = 9 }, good[30] with { Low = 0 }, good[30] with { High = good[30].Low - 1 }, .. good[30..]])[^1].ShouldBe(Block().Drive(good)[^1]);
        block.Accounts.Dropped["bad_candle"].ShouldBe(3);
    }

    [Fact]
    public void Candle_by_candle_gives_what_the_formulas_give_for_the_whole_list() => Prop.ForAll(
        ArbMap.Default.ArbFor<int>(), ArbMap.Default.ArbFor<PositiveInt>(), (seed, run) =>
        {
            var prices = Walk(seed);
            var regimes = Block().Drive(Candles(prices), run.Get);
            for (var n = 1; n <= prices.Length; n += 7)
            {
                var (was, expected) = (regimes[n - 1], RegimeBatch.Of(prices[..n]));
                (was.Class, was.Strength, was.Place, was.Candles, was.Support, was.Resistance)
                    .ShouldBe((expected.Class, expected.Strength, expected.Place, expected.Candles, expected.Support, expected.Resistance));
                was.Confidence.ShouldBe(expected.Confidence, 1e-9);
                was.Adx.ShouldBe(expected.Adx, 1e-8);
                was.Atr.ShouldBe(expected.Atr, 1e-8);
                was.Ema9.ShouldBe(expected.Ema9, 1e-8);
                was.Ema20.ShouldBe(expected.Ema20, 1e-8);
                was.Ema50.ShouldBe(expected.Ema50, 1e-8);
            }

            Block().Drive(Candles(prices), 1).ShouldBe(regimes);
        }).QuickCheckThrowOnFailure();

    // Trends of random slope, one behind the other, on a grid of half points.
    private static (double, double, double)[] Walk(int seed)
    {
        var random = new Random(seed);
        var (close, drift) = (5000.0, 0.0);
        return [.. Enumerable.Range(0, random.Next(1, 160)).Select(i =>
        {
            drift = i % 40 == 0 ? random.Next(-3, 4) * 0.5 : drift;
            close += drift + (random.Next(-6, 7) * 0.5);
            return (close + (random.Next(0, 5) * 0.5), close - (random.Next(0, 5) * 0.5), close);
        })];
    }
}

public sealed class RegimeFormatTests : FormatContract<Regime>
{
    protected override EventFormat<Regime> Format { get; } = new RegimeFormat(Market);

    protected override Regime Make(Dice dice) => new()
    {
        Sequence = dice.Whole(),
        EventTime = dice.Time(),
        Symbol = dice.Symbol(),
        Candles = dice.Whole32(),
        Class = dice.Choice<RegimeClass>(),
        Strength = dice.Choice<RegimeStrength>(),
        Strategy = dice.Choice<RegimeStrategy>(),
        Place = dice.Choice<RangePlace>(),
        Confidence = dice.Real(),
        RiskReward = dice.Real(),
        Close = dice.Real(),
        Adx = dice.Real(),
        Ema9 = dice.Real(),
        Ema20 = dice.Real(),
        Ema50 = dice.Real(),
        Atr = dice.Real(),
        Support = dice.Real(),
        Resistance = dice.Real(),
    };
}
