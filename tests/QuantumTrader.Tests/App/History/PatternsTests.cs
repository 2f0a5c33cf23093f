using QuantumTrader.App.History;
using QuantumTrader.Market;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;
using static QuantumTrader.Tests.Trading.TradingFixture;

namespace QuantumTrader.Tests.App.History;

/// <summary>Days that were made so that the answers can be worked out by hand.</summary>
public sealed class PatternsTests
{
    private const long Minute = 60_000_000_000;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    // Monday, 2024-01-01.
    private const long Monday = 19_723 * Day;

    private static readonly TradingCalendar Calendar = new();

    private static Candle Bar(long start, double price, double volume, double high = 0, double low = 0) => new()
    {
        StartTime = start, EndTime = start + Minute, Symbol = 1, Trades = 1, Sequence = start / Minute,
        Open = Scaled.FromDouble(price), Close = Scaled.FromDouble(price), High = Scaled.FromDouble(high == 0 ? price : high), Low = Scaled.FromDouble(low == 0 ? price : low), Volume = Scaled.FromDouble(volume),
    };

    private static IReadOnlyList<Patterns.Day> Days(params Candle[] bars) => Patterns.Days(bars, Calendar);

    [Fact]
    public void The_busiest_hour_of_a_week_is_found_and_the_quietest_of_those_with_bars()
    {
        // Each day: 10 at nine, 30 + the day's number at ten, 5 at sixteen; the price runs from 100 up to 104.
        var daily = Patterns.Daily(Days([.. Enumerable.Range(0, 7).SelectMany(d => (Candle[])
        [
            Bar(Monday + (d * Day) + (9 * Hour), 100, 10),
            Bar(Monday + (d * Day) + (10 * Hour), 101, 30 + d, high: 104),
            Bar(Monday + (d * Day) + (16 * Hour), 102, 5),
        ])]), Calendar);

        (daily.MostActiveHour, daily.LeastActiveHour).ShouldBe((10, 16));
        // 45 + the mean of 0 to 6.
        (daily.MeanDailyVolume, daily.MeanDailyRange).ShouldBe((48.0, 4.0));
        daily.Hours.Count.ShouldBe(24);
        daily.Hours[9].ShouldBe(new HourFigures(9, 70, 7));
        daily.Hours[10].ShouldBe(new HourFigures(10, 231, 7));
        daily.Hours[3].ShouldBe(new HourFigures(3, 0, 0));
    }

    [Fact]
    public void Volume_that_grows_by_two_a_day_has_that_slope_and_its_weekdays_their_means()
    {
        // 14 days from Monday: 100, 102, ..., 126.
        var volume = Patterns.Volume(Days([.. Enumerable.Range(0, 14).Select(d => Bar(Monday + (d * Day) + Hour, 100, 100 + (2 * d)))]));
        volume.Slope!.Value.ShouldBe(2, 1e-9);
        // Monday: (100 + 114) / 2.
        volume.Weekdays.ShouldBe([.. Enumerable.Range(1, 7).Select(w => new WeekdayFigures(w, 107 + (2 * (w - 1))))]);
        volume.Anomalies.ShouldBeEmpty();
    }

    [Fact]
    public void A_day_far_above_the_others_is_an_anomaly_though_it_is_one_of_seven()
    {
        // The others: 90, 100, 110, 90, 100, 110, mean 100, deviation the root of 400/5 = 8.944.
        double[] volumes = [90, 100, 110, 150, 90, 100, 110];
        var anomaly = Patterns.Volume(Days([.. volumes.Select((v, d) => Bar(Monday + (d * Day), 100, v))])).Anomalies.ShouldHaveSingleItem();
        (anomaly.Date, anomaly.Volume).ShouldBe(("2024-01-04", 150.0));
        anomaly.Z.ShouldBe(50 / Math.Sqrt(80), 1e-9);
        volumes[3] = 126;
        Patterns.Volume(Days([.. volumes.Select((v, d) => Bar(Monday + (d * Day), 100, v))])).Anomalies.ShouldBeEmpty("26 / 8.944 is below 3");
    }

    [Fact]
    public void Volatility_is_that_of_the_minutes_and_rises_falls_or_stays()
    {
        static IReadOnlyList<Patterns.Day> Moving(params double[] steps) => Days([.. steps.SelectMany((s, d) => (Candle[])
            [Bar(Monday + (d * Day), 100, 1), Bar(Monday + (d * Day) + Minute, 100 * Math.Exp(s), 1), Bar(Monday + (d * Day) + (2 * Minute), 100, 1)])]);

        var rising = Patterns.Volatility(Moving(0.01, 0.02, 0.03));
        // Two steps of s and -s: the root of 2 s².
        rising.Days.Select(d => d.Date).ShouldBe(["2024-01-01", "2024-01-02", "2024-01-03"]);
        rising.Days[1].Volatility.ShouldBe(Math.Sqrt(2) * 0.02, 1e-7);
        (rising.Current, rising.Trend).ShouldBe(("high", "rising"));
        Patterns.Volatility(Moving(0.03, 0.02, 0.01)).ShouldSatisfyAllConditions(v => v.Current.ShouldBe("low"), v => v.Trend.ShouldBe("falling"));
        Patterns.Volatility(Moving(0.02, 0.02, 0.02)).ShouldSatisfyAllConditions(v => v.Current.ShouldBe("normal"), v => v.Trend.ShouldBe("flat"));
        Patterns.Volatility(Moving(0.02)).ShouldSatisfyAllConditions(v => v.Current.ShouldBeNull(), v => v.Trend.ShouldBeNull());
        Patterns.Volatility([]).Days.ShouldBeEmpty();
    }

    [Fact]
    public void A_rise_that_turns_into_a_fall_changes_the_regime_from_up_to_down()
    {
        var market = MarketContext.Of(Calendar, new Instrument("X", 0.5m, 1, 1));
        var bars = Enumerable.Range(0, 300).Select(i => Bar(Monday + (i * Minute), 1000 + (i < 150 ? i : 300 - i), 1)).Select(b => b with { High = b.High + Scaled.One / 2, Low = b.Low - Scaled.One / 2 });
        var changes = Patterns.Regimes(Patterns.Days(bars, Calendar), market).Changes;

        changes[0].ShouldBe(new RegimeChange("2024-01-01T00:01:00Z", null, RegimeClass.Undefined, changes[0].Confidence));
        changes.Select(c => c.To).Where(c => c is RegimeClass.TrendUp or RegimeClass.TrendDown).ShouldBe([RegimeClass.TrendUp, RegimeClass.TrendDown]);
        changes.Zip(changes.Skip(1)).ShouldAllBe(pair => pair.Second.From == pair.First.To);
    }

    [Fact]
    public void Performance_of_known_trades_is_what_one_works_out_by_hand()
    {
        Patterns.Of([], 10, Calendar).ShouldBeNull();
        // Multiplier 10. Day 1: buy 1 at 100, sell at 110: +100, fees 2. Day 2: buy 1 at 110, sell at 104: -60, fees 2. Day 3: buy 2 at 100.
        Fill[] fills =
        [
            At(0, Side.Buy, 1, 100), At(0, Side.Sell, 1, 110),
            At(1, Side.Buy, 1, 110), At(1, Side.Sell, 1, 104),
            At(2, Side.Buy, 2, 100),
        ];
        var found = Patterns.Of(fills, 10, Calendar).ShouldNotBeNull();
        // 100 - 60 - 5 fees of 1.
        found.Profit.ShouldBe(35);
        found.Fills.ShouldBe(5);
        found.WinRate.ShouldBe(0.5);
        // The largest position: 2 at 100, times 10.
        found.Return!.Value.ShouldBe(35 / 2000.0, 1e-12);
        // From 98 down to 35.
        found.Drawdown.ShouldBe(63);
        // Days: 98, -62, -1: mean 35/3, deviation from the mean 80.78...
        double[] daily = [98, -62, -1];
        var deviation = Math.Sqrt(daily.Sum(d => Math.Pow(d - (35 / 3.0), 2)) / 2);
        found.Sharpe!.Value.ShouldBe(35 / 3.0 / deviation * Math.Sqrt(252), 1e-9);

        static Fill At(int day, Side side, double quantity, double price) => Fill(side, quantity, price, 1) with { EventTime = Monday + (day * Day) };
    }
}
