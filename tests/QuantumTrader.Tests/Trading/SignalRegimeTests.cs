using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Tests.Market;
using QuantumTrader.Trading;
using static QuantumTrader.Tests.Trading.TradingFixture;

namespace QuantumTrader.Tests.Trading;

/// <summary>Signals from predictions that carry a regime; prices around 5000 in ticks of 0.5.</summary>
public class SignalRegimeTests
{
    private static readonly KnownRegime Trend = new(RegimeClass.TrendUp, 0.7, RangePlace.None, Atr: 4, Close: 5000);
    private static readonly KnownRegime AtSupport = new(RegimeClass.Range, 0.6, RangePlace.Support, Atr: 4, Close: 5000);

    // Passes every check in a trend: direction 0.8, so the rise is 0.9 likely.
    private static readonly Prediction Good = Prediction(0.8, 0.9) with { Regime = Trend, Magnitude = 0.004 };

    private static SignalBlock Block(SignalOptions? options = null) => new(options ?? new SignalOptions(), MakeMarket());

    private static string? Refusal(Prediction prediction, SignalOptions? options = null)
    {
        var block = Block(options);
        return block.Drive([prediction]).Length == 1 ? null : block.Accounts.Dropped.ShouldHaveSingleItem().Key;
    }

    [Fact]
    public void A_good_prediction_in_a_trend_becomes_a_signal_with_stop_and_take()
    {
        var signal = Block().Drive([Good]).ShouldHaveSingleItem();

        // Stop 1.5 * 4 * 0.8 = 4.8 points = 9.6 ticks; take 0.004 * 5000 = 20 points = 40 ticks, more than two stops.
        (signal.Side, signal.StopTicks, signal.TakeTicks).ShouldBe((Side.Buy, 10, 40));
        Block().Drive([Good with { Direction = -0.8, Probability = 0.1 }]).ShouldHaveSingleItem().Side.ShouldBe(Side.Sell);
    }

    public static TheoryData<string, Prediction> Refused => new()
    {
        { "not_finite", Good with { Magnitude = double.NaN } },
        { "unknown_symbol", Good with { Symbol = 3 } },
        { "stale", Good with { IsStale = true } },
        { "no_candles", Good with { Regime = KnownRegime.WithoutData } },
        { "weak_direction", Good with { Direction = 0.69 } },
        { "weak_magnitude", Good with { Magnitude = 0.0029 } },
        { "low_confidence", Good with { Confidence = 0.59 } },
        { "low_probability", Good with { Probability = 0.59 } },
        { "weak_regime", Good with { Regime = Trend with { Confidence = 0.59 } } },
        { "middle_of_range", Good with { Regime = AtSupport with { Place = RangePlace.Middle } } },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Each_refusal_has_its_reason(string reason, Prediction prediction) => Refusal(prediction).ShouldBe(reason);

    [Fact]
    public void Reasons_are_checked_in_their_order()
    {
        // Everything is wrong at first; what is put right brings the next reason up.
        var p = Good with { IsStale = true, Regime = KnownRegime.WithoutData, Direction = 0.1, Probability = 0.5, Confidence = 0.5, Magnitude = 0.001 };
        var options = new SignalOptions { Distances = new SignalDistances { TakeStops = 0, MinRiskReward = 50 } };
        var reasons = new List<string?> { Refusal(p, options) };
        Func<Prediction, Prediction>[] repairs =
        [
            x => x with { IsStale = false },
            x => x with { Regime = AtSupport with { Confidence = 0.5, Place = RangePlace.Middle } },
            x => x with { Direction = 0.5 },
            x => x with { Magnitude = 0.0015 },
            x => x with { Confidence = 0.6 },
            x => x with { Probability = 0.55 },
            x => x with { Regime = x.Regime with { Confidence = 0.6 } },
            x => x with { Regime = x.Regime with { Place = RangePlace.Resistance } },
            x => x with { Magnitude = 1 },
        ];
        foreach (var repair in repairs)
        {
            p = repair(p);
            reasons.Add(Refusal(p, options));
        }

        reasons.ShouldBe(["stale", "no_candles", "weak_direction", "weak_magnitude", "low_confidence", "low_probability", "weak_regime", "middle_of_range", "risk_reward", null]);
    }

    [Theory]
    [InlineData(RegimeClass.TrendUp, 0.60, 0.60, 0.70, 0.003)]
    [InlineData(RegimeClass.TrendDown, 0.60, 0.60, 0.70, 0.003)]
    [InlineData(RegimeClass.Range, 0.60, 0.55, 0.50, 0.0015)]
    [InlineData(RegimeClass.Undefined, 0.80, 0.80, 0.80, 0.005)]
    [InlineData(RegimeClass.Volatile, 0.80, 0.80, 0.80, 0.005)]
    public void Each_regime_has_its_row_of_thresholds(RegimeClass kind, double confidence, double probability, double direction, double magnitude)
    {
        var least = Good with { Confidence = confidence, Probability = probability, Direction = direction, Magnitude = magnitude, Regime = AtSupport with { Class = kind, Confidence = 1 } };
        Refusal(least).ShouldBeNull();
        Refusal(least with { Confidence = confidence - 0.001 }).ShouldBe("low_confidence");
        Refusal(least with { Probability = probability - 0.001 }).ShouldBe("low_probability");
        Refusal(least with { Direction = direction - 0.001 }).ShouldBe("weak_direction");
        Refusal(least with { Magnitude = magnitude - 0.0001 }).ShouldBe("weak_magnitude");
    }

    [Fact]
    public void One_threshold_of_a_row_can_be_changed_and_the_others_stay()
    {
        var options = new SignalOptions { Regimes = new RegimeThresholds { Trend = new ThresholdRow { Direction = 0.1 } } };
        Refusal(Good with { Direction = 0.1 }, options).ShouldBeNull();
        Refusal(Good with { Direction = 0.1, Confidence = 0.59 }, options).ShouldBe("low_confidence");
        Refusal(Good with { Direction = 0.1, Regime = AtSupport }, options).ShouldBe("weak_direction");
    }

    [Theory]
    [InlineData(RegimeClass.TrendUp, 1, 5, 10)] // 1.2 points = 2.4 ticks, so the minimum; an expected move of nothing, so two stops
    [InlineData(RegimeClass.TrendUp, 2.1, 5, 10)] // 2.52 points = 5.04 ticks
    [InlineData(RegimeClass.TrendUp, 4, 10, 20)]
    [InlineData(RegimeClass.Range, 4, 14, 28)] // 7.2 points = 14.4 ticks
    [InlineData(RegimeClass.Undefined, 4, 12, 24)]
    [InlineData(RegimeClass.Range, 0, 18, 36)] // no true range: 0.1 % of 5000 is 5 points, 9 points = 18 ticks
    public void Stop_and_take_follow_the_true_range_and_the_minimum_comes_last(RegimeClass kind, double atr, long stop, long take)
    {
        var options = new SignalOptions { MinRegimeConfidence = 0 };
        var signal = Block(options).Drive([Good with { Magnitude = 0, Direction = 0.9, Probability = 0.95, Regime = AtSupport with { Class = kind, Atr = atr } }]).ShouldHaveSingleItem();
        (signal.StopTicks, signal.TakeTicks).ShouldBe((stop, take));
    }

    [Fact]
    public void Without_a_price_of_its_own_the_last_close_counts() =>
        Block().Drive([Good with { Price = 0, Regime = Trend with { Close = 10_000 } }]).ShouldHaveSingleItem().TakeTicks.ShouldBe(80);

    [Fact]
    public void A_prediction_that_tells_no_move_is_only_refused_when_that_is_asked()
    {
        Refusal(Good with { Magnitude = 0 }).ShouldBeNull();
        Refusal(Good with { Magnitude = 0 }, new SignalOptions { RequireMagnitude = true }).ShouldBe("weak_magnitude");
        Refusal(Prediction(0.5) with { Magnitude = 0.00009 }).ShouldBe("weak_magnitude");
    }

    [Fact]
    public void Stale_predictions_count_when_that_is_asked() => Refusal(Good with { IsStale = true }, new SignalOptions { AcceptStale = true }).ShouldBeNull();

    [Fact]
    public void Predictions_are_looked_at_once_in_a_while()
    {
        var block = Block(new SignalOptions { MinPredictionSeconds = 60 });
        var signals = block.Drive([Prediction(0.1, seconds: 0), Prediction(1, seconds: 59), Prediction(1, seconds: 59, symbol: 2), Prediction(1, seconds: 60)]);
        signals.Select(s => (s.EventTime / Second, s.Symbol)).ShouldBe([(59, 2), (60, 1)]);
        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["prediction_too_soon"] = 1, ["weak_direction"] = 1 });
    }

    [Fact]
    public void Without_an_interval_the_order_of_several_models_does_not_matter() =>
        Block().Drive([Prediction(1, seconds: 60), Prediction(1, seconds: 0, model: "other")]).Length.ShouldBe(2);

    [Fact]
    public void Without_a_regime_there_is_neither_stop_nor_take_and_no_row()
    {
        var signal = Block().Drive([Prediction(0.3, 0.6)]).ShouldHaveSingleItem();
        (signal.StopTicks, signal.TakeTicks).ShouldBe((0, 0));
    }
}
