using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Features.TimeTravel;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Features.Model65;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features.TimeTravel;

public sealed class TimeTravelContractTests : FeatureContract
{
    protected override FeatureSchema Schema => TimeTravelBlock.Schema;

    protected override long Alignment => 3_600_000_000_000L;

    protected override IEnumerable<GoldenRow> Golden => [];

    protected override Operator<MarketEvent, FeatureVector> Create() => TimeTravelBlock.Of(new TimeTravelOptions(), Market);
}

public sealed class TimeTravelTests
{
    private const double Tolerance = 1e-9;
    private const double Hour = 3_600_000;

    private static double Value(FeatureVector vector, string name) => vector.Values[vector.Schema.IndexOf(name)];

    [Fact]
    public void Example_E_volume_pattern()
    {
        double[] x = [10, 20, 30, 40];
        var first = Formulas.Correlation(x, [12, 18, 33, 41]);
        first.ShouldBe(0.9869940746, Tolerance);
        var second = Formulas.Correlation(x, [40, 30, 20, 10]);
        second.ShouldBe(-1, Tolerance);
        double.IsNaN(Formulas.Correlation(x, [5, 5, 5, 5])).ShouldBeTrue();
        Formulas.VolumePattern(first + second, 2).ShouldBe(0.4967485187, Tolerance);
    }

    [Fact]
    public void Example_E_ranks()
    {
        var m = (5475 / 5470.0) - 1;
        Formulas.MidRank(m, [0.001, -0.002, m, 0, 0.0005]).ShouldBe(0.7, Tolerance);
        double[] history = [0, 0.0005, 0.002, -0.001, 0.0015];
        ((Formulas.MidRank(0.001, history) + Formulas.MidRank(-0.0005, history)) / 2).ShouldBe(0.4, Tolerance);
        double[] buckets = [900, 700, 500, 400, 300, 300, 500, 800];
        new[] { 0, 4, 7 }.Select(i => Formulas.MidRank(buckets[i], buckets)).ShouldBe([0.9375, 0.125, 0.8125]);
    }

    [Fact]
    public void Example_E_volatility_regime()
    {
        var sigma = Formulas.RealisedVolatility([5470, 5470.5, 5471, 5470.5, 5471.5]);
        sigma.ShouldBe(0.0002418056739, 1e-13);
        var rank = Formulas.MidRank(sigma, [1e-4, 1.2e-4, 1.5e-4, 2e-4, 3e-4]);
        rank.ShouldBe(0.8);
        Formulas.Regime(rank).ShouldBe("NORMAL");
        Formulas.Annualised(sigma, 540, 4).ShouldBe(0.04459987504, 1e-10);
        (Formulas.Regime(0.9), Formulas.Regime(0.1), Formulas.Regime(0.2)).ShouldBe(("HIGH", "LOW", "NORMAL"));
    }

    [Fact]
    public void Example_E_microstructure_imbalance()
    {
        (int Quantity, int Side)[] rows = [(1, 1), (2, 1), (2, -1), (3, 1), (2, -1), (12, 1), (1, 1), (8, -1), (2, 1)];
        var lookback = new Lookback();
        foreach (var (quantity, side) in rows)
        {
            lookback.Add(Feed.Trade(0, 1, 100, quantity, (Side)side), isGood: true);
        }

        lookback.LargeImbalance().ShouldBe(0.2, Tolerance);
    }

    [Fact]
    public void Example_E_volume_profile()
    {
        var lookback = new Lookback();
        foreach (var (price, quantity) in new[] { (5470.0, 10), (5470.5, 60), (5471.0, 20), (5471.5, 10) })
        {
            lookback.Add(Feed.Trade(0, 1, price, quantity), isGood: true);
        }

        Formulas.Concentration(lookback.SumOfSquaredShares, 4).ShouldBe(0.2266666667, Tolerance);
        lookback.Expire(long.MaxValue);
        (lookback.Trades, lookback.SumOfSquaredShares, lookback.LargeImbalance()).ShouldBe((0, 0.0, 0.0));
    }

    [Fact]
    public void Example_E_price_action_and_quality()
    {
        Formulas.PriceAction([100, 101, 100.5, 101.5, 102.5, 102, 103, 104, 103.5, 104.5]).ShouldBe(0.5928650138, Tolerance);
        double.IsNaN(Formulas.PriceAction([5, 5, 5])).ShouldBeTrue();
        Formulas.Quality(110, 120, 995, 1000, 24, 30).ShouldBe(0.9038888889, Tolerance);
        Formulas.Quality(0, 0, 0, 0, 24, 30).ShouldBe(0);
    }

    [Fact]
    public void The_index_of_quantities_is_what_sorting_gives()
    {
        var random = new Random(5);
        var index = new QuantityIndex();
        var plain = new List<(long Quantity, int Side)>();
        for (var i = 0; i < 20_000; i++)
        {
            if (plain.Count > 3000 && random.Next(2) == 0)
            {
                var at = random.Next(plain.Count);
                index.Change(plain[at].Quantity, plain[at].Side, -1);
                plain.RemoveAt(at);
            }
            else
            {
                plain.Add((random.Next(1, 5000), random.Next(-1, 2)));
                index.Change(plain[^1].Quantity, plain[^1].Side, 1);
            }

            if (i % 500 == 0)
            {
                var sorted = plain.Select(p => p.Quantity).Order().ToArray();
                var twice = sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2];
                index.TwiceMedian().ShouldBe(twice);
                var large = plain.Where(p => p.Quantity > twice / 2).ToList();
                index.Above(twice / 2).ShouldBe(((Int128)large.Sum(p => p.Quantity * p.Side), (Int128)large.Sum(p => p.Side == 0 ? 0 : p.Quantity)));
            }
        }
    }

    // Ten days of 09:00 to 18:00 with a trade every minute; the last day's prices rise most.
    private static IEnumerable<MarketEvent> Days(int days)
    {
        for (var day = 0; day < days; day++)
        {
            for (var minute = 0; minute < 540; minute++)
            {
                yield return Feed.Trade((day * 24 * Hour) + (9 * Hour) + (minute * 60_000) + 1, (day * 1000) + minute + 1, 5000 + (minute * 0.5 * (day + 1)), 1 + ((minute * 7) % 11), minute % 2 == 0 ? Side.Buy : Side.Sell);
            }
        }
    }

    [Fact]
    public void A_day_is_compared_with_the_same_minutes_of_the_days_before()
    {
        var block = TimeTravelBlock.Of(new TimeTravelOptions(), Examples.Exchange());
        var vectors = block.Drive(Feed.Numbered(Days(8)));
        var first = vectors[..500];
        first.ShouldAllBe(v => !v.IsWarm(v.Schema.IndexOf("historical_momentum_rank")));
        foreach (var v in first)
        {
            Value(v, "historical_momentum_rank").ShouldBe(0.5);
        }

        var last = vectors[^1];
        Value(last, "historical_momentum_rank").ShouldBe(1, "no day rose faster");
        Value(last, "volatility_regime").ShouldBe(1);
        Value(last, "momentum_percentile").ShouldBe(1);
        Value(last, "volume_pattern_score").ShouldBe(1, 1e-12, "every day has the same volumes");
        Value(last, "time_travel_used").ShouldBe(1);
        Value(last, "lookback_minutes").ShouldBe(120, 0.001);
        Value(last, "data_points").ShouldBe(120);
        Value(last, "data_quality").ShouldBe((1 + 1 + (7 / 30.0)) / 3, 1e-12);
        last.IsWarm(last.Schema.IndexOf("intraday_seasonality")).ShouldBeTrue();
        var sixth = vectors.First(v => v.IsWarm(v.Schema.IndexOf("historical_momentum_rank")));
        ((sixth.EventTime - Feed.Start) / 86_400_000_000_000L).ShouldBe(5, "the sixth day is the first with five before it");
    }

    [Fact]
    public void Bars_of_earlier_days_are_asked_for_once_per_day_and_give_the_same_as_having_seen_them()
    {
        var market = Examples.Exchange();
        var events = Feed.Numbered(Days(8));
        var all = TimeTravelBlock.Of(new TimeTravelOptions(), market).Drive(events);
        var asked = new List<int>();
        var candles = new CandlesOperator(new CandlesOptions { Seconds = 60 }, market).Drive(events);
        var schema = TimeTravelBlock.Schema;
        var state = new TimeTravelState(new TimeTravelOptions(), schema, market.Calendar, 1, Scaled.One / 2, day =>
        {
            asked.Add(day.Day);
            var bars = new DayBars(day, TimeTravelState.OpenMinute(market.Calendar, day));
            foreach (var candle in candles.Where(c => c.Symbol == 1))
            {
                bars.Add(in candle);
            }

            return bars;
        });

        var start = Feed.Time((7 * 24 * Hour) + (9 * Hour));
        var late = events.Where(e => e.EventTime >= start).ToArray();
        var compared = 0;
        foreach (var e in late)
        {
            state.Begin(e.EventTime);
            state.Candles.Advance(e.EventTime, e.Sequence);
            foreach (var candle in state.Candles.Closed.ToArray())
            {
                state.Close(in candle);
                state.Evaluate();
                state.Evaluate();
                var expected = all.Single(v => v.EventTime == candle.EndTime);
                state.Values.ToArray().ShouldBe(expected.Values.ToArray());
                state.Warm.ToArray().ShouldBe(expected.Warm.ToArray());
                compared++;
            }

            state.Candles.Add(in e);
            state.Add(in e, isGood: true);
        }

        compared.ShouldBe(539);
        state.Computed.ShouldBe(539, "the second call for a minute finds the first one's");
        asked.Count.ShouldBe(30);
        asked.ShouldBeUnique();
    }

    [Fact]
    public void Older_names_stand_for_three_of_the_features()
    {
        var block = TimeTravelBlock.Of(new TimeTravelOptions { UseAliases = true }, Examples.Exchange());
        var names = block.Drive(Feed.Numbered(Days(1)))[0].Schema.Names;
        names.ShouldContain("volume_pattern_similarity");
        names.ShouldContain("historical_momentum_percentile");
        names.ShouldContain("volatility_regime_score");
        FeatureCatalogue.Shipped.Find("volatility_regime_score")!.Value.Feature.Name.ShouldBe("volatility_regime");
    }
}
