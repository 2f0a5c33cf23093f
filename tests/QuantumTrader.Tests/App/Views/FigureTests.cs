using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.App.Views;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.App.Views;

public sealed class FigureTests
{
    private static CloseFigures Closes(params (double Close, double Volume)[] candles)
    {
        var figures = new CloseFigures();
        foreach (var (close, volume) in candles)
        {
            figures.Add(close, volume);
        }

        return figures;
    }

    [Fact]
    public void Averages_of_closes_are_those_of_an_obvious_recomputation() => Check.QuickThrowOnFailure(Prop.ForAll<byte[]>(bytes =>
    {
        var closes = bytes.Select(b => 100.0 + (b % 30)).ToArray();
        var volumes = bytes.Select(b => (double)(b / 8)).ToArray();
        var found = Closes([.. closes.Zip(volumes)]);
        double? Mean(double[] values, int n) => values.Length < n ? null : values[^n..].Average();
        double? rsi = null;
        if (closes.Length > 14)
        {
            // Wilder (1978): the first mean is plain, each later one is (13 times the one before + the change) / 14.
            var changes = closes.Zip(closes.Skip(1), (a, b) => b - a).ToArray();
            var (gain, loss) = (changes[..14].Sum(c => Math.Max(c, 0)) / 14, changes[..14].Sum(c => Math.Max(-c, 0)) / 14);
            foreach (var change in changes[14..])
            {
                (gain, loss) = (((13 * gain) + Math.Max(change, 0)) / 14, ((13 * loss) + Math.Max(-change, 0)) / 14);
            }

            rsi = gain + loss == 0 ? 50 : loss == 0 ? 100 : 100 - (100 / (1 + (gain / loss)));
        }

        var mean = Mean(closes, 20);
        var deviation = mean is null ? null : (double?)Math.Sqrt(closes[^20..].Select(c => Math.Pow(c - mean.Value, 2)).Average());
        var volume = Mean(volumes, 20);
        return Same(found.ShortMean, Mean(closes, 9)) && Same(found.LongMean, mean) && Same(found.UpperBand, mean + (2 * deviation)) && Same(found.LowerBand, mean - (2 * deviation))
            && Same(found.Rsi, rsi) && Same(found.VolumeTrend, volume is > 0 ? (Mean(volumes, 5) / volume) - 1 : null);

        static bool Same(double? a, double? b) => a.HasValue == b.HasValue && Math.Abs((a ?? 0) - (b ?? 0)) < 1e-7;
    }));

    [Fact]
    public void Prices_that_only_rise_have_an_rsi_of_100_and_those_that_stand_still_50()
    {
        Closes([.. Enumerable.Range(1, 15).Select(i => (100.0 + i, 1.0))]).Rsi.ShouldBe(100);
        Closes([.. Enumerable.Range(1, 15).Select(i => (100.0 - i, 1.0))]).Rsi.ShouldBe(0);
        Closes([.. Enumerable.Range(1, 15).Select(_ => (100.0, 1.0))]).Rsi.ShouldBe(50);
        Closes([.. Enumerable.Range(1, 14).Select(_ => (100.0, 1.0))]).Rsi.ShouldBeNull();
    }

    [Fact]
    public void Predictions_of_five_minutes_are_counted_by_side_and_by_how_often_it_changes()
    {
        var window = new PredictionWindow(300, 100);
        window.Stability.ShouldBeNull();
        (window.Count, window.MeanConfidence, window.BullishShare).ShouldBe((0, null, null));
        foreach (var (time, direction) in new[] { (0, 0.9), (100, 0.5), (200, -0.1), (300, -0.2), (400, 0.3) })
        {
            window.Add(time, direction, 0.5 + (direction / 10));
        }

        // 0 and 100 have left: (100, 400] holds -, -, +, so one change of two.
        window.Count.ShouldBe(3);
        window.Stability.ShouldBe(0.5);
        window.BullishShare!.Value.ShouldBe(1.0 / 3, 1e-12);
        window.MeanConfidence!.Value.ShouldBe(0.5, 1e-12);
        window.AdvanceTo(600);
        (window.Count, window.Stability).ShouldBe((1, null));

        // Another model's, which are read later: one too old, one between the others.
        window.Add(700, 0.1, 0.5);
        window.Add(350, -0.9, 0.5);
        window.Add(500, -0.9, 0.5);
        // (400, 700] holds -, +: that of 400 has left.
        (window.Count, window.BullishShare, window.Stability).ShouldBe((2, 0.5, 0.0));
        window.AdvanceTo(800);
        (window.Count, window.BullishShare).ShouldBe((1, 1.0));
    }

    [Theory]
    [InlineData(null, null, null, 0, "healthy", "")]
    [InlineData(true, 10.0, 100.0, 0.05, "healthy", "")]
    [InlineData(false, 1.0, 1.0, 0, "degraded", "store_down")]
    [InlineData(true, 10.1, 1.0, 0, "degraded", "data_stale")]
    [InlineData(true, 1.0, 100.1, 0, "degraded", "latency_high")]
    [InlineData(true, 1.0, 1.0, 0.051, "degraded", "errors")]
    [InlineData(false, 11.0, 101.0, 1, "degraded", "store_down,data_stale,latency_high,errors")]
    public void Health_is_degraded_by_each_of_its_reasons(bool? store, double? age, double? latency, double errors, string status, string reasons)
    {
        var health = RunHealth.Judge(store, 1, age, latency, errors);
        (health.Status, string.Join(',', health.Reasons)).ShouldBe((status, reasons));
    }

    [Theory]
    [InlineData(0.05, "none")]
    [InlineData(0.15, "warn")]
    [InlineData(0.3, "hold")]
    public void An_index_of_drift_becomes_a_word_that_the_page_knows(double index, string word) => ModelView.Drift(index).ShouldBe(word);

    [Fact]
    public void A_curve_keeps_its_first_and_its_newest_point_and_never_more_than_it_may()
    {
        var curve = new EquityCurve(50);
        for (var i = 0; i < 10_000; i++)
        {
            curve.Add(i, i * 2);
            curve.Points.Count.ShouldBeLessThanOrEqualTo(50);
            curve.Points[^1].ShouldBe((i, i * 2.0));
        }

        curve.Points[0].ShouldBe((0, 0.0));
        curve.Points.Count.ShouldBeGreaterThan(20);
        curve.Points.ShouldBe(curve.Points.OrderBy(p => p.Time));
    }

    [Fact]
    public void The_model_that_answers_is_the_one_that_most_requests_went_to_since_the_last_look()
    {
        var before = new Dictionary<string, double>();
        ModelView.RuleOf([Requests("fast_hours", 5), Requests("enhanced", 0)], before, "").ShouldBe("fast_hours");
        ModelView.RuleOf([Requests("fast_hours", 5), Requests("enhanced", 0)], before, "fast_hours").ShouldBe("fast_hours");
        ModelView.RuleOf([Requests("fast_hours", 6), Requests("enhanced", 3)], before, "fast_hours").ShouldBe("enhanced");

        static BlockGauge Requests(string rule, double count) => new("qt_coordinator_requests", "", count) { Of = rule };
    }
}
