using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Models.Coordination;
using QuantumTrader.Models.Drift;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Models.Coordination;

public sealed class CoordinatorTests : IDisposable
{
    private const long Second = 1_000_000_000;
    private const long Hour = 3600 * Second;

    // In the order of the vectors; the enhanced model needs x and the rank, the fast one x alone.
    private static readonly FeatureSchema Schema = new("price_current", "x", "volatility_regime", "intraday_seasonality", "data_points", "data_quality");

    private readonly ModelFolder _models = new();

    public CoordinatorTests()
    {
        _models.Save("fast", 0, ("x", 1));

        // 0.7 = 1 / (1 + exp(-0.8472978603872036))
        _models.Save("enhanced", 0.8472978603872036, ("volatility_regime", 0), ("x", 0));
    }

    public void Dispose() => _models.Dispose();

    private static CoordinatorOptions Options => new() { Fast = "fast.onnx", Enhanced = "enhanced.onnx", FastHours = [9, 10], AdjustConfidence = false };

    private Coordinator Block(CoordinatorOptions options, TimeProvider? clock = null) => new(options, Feed.NewMarket(), _models.Context(clock));

    private static FeatureVector Vector(long sequence, double hour = 12, double x = 1, bool hasHistory = true, bool isWarm = true, int symbol = 1, double rank = 0.5, double seasonality = 0.5, double points = 1000, double quality = 1) => new(
        sequence, Feed.Start + (long)(hour * Hour) + (sequence * Second), symbol, Schema, [5000, x, rank, seasonality, points, quality],
        [(isWarm ? 0b11UL : 0b01) | (hasHistory ? 0b111100UL : 0)]);

    private static CoordinatorReport Report(Coordinator block) => (CoordinatorReport)block.Report();

    // What decides each rule, alone: force, phase, history, hours, breaker, share. The first that applies wins.
    [Theory]
    [InlineData(false, false, false, false, false, false, "enhanced")]
    [InlineData(true, true, true, true, true, true, "force_fast")]
    [InlineData(false, true, true, true, true, true, "phase_off")]
    [InlineData(false, false, true, true, true, true, "no_history")]
    [InlineData(false, false, false, true, true, true, "fast_hours")]
    [InlineData(false, false, false, false, true, true, "breaker_open")]
    [InlineData(false, false, false, false, false, true, "not_in_share")]
    [InlineData(true, false, false, false, false, false, "force_fast")]
    [InlineData(false, true, false, false, false, false, "phase_off")]
    [InlineData(false, false, true, false, false, false, "no_history")]
    [InlineData(false, false, false, true, false, false, "fast_hours")]
    [InlineData(false, false, false, false, true, false, "breaker_open")]
    public void The_first_rule_that_applies_decides(bool force, bool phaseOff, bool noHistory, bool fastHour, bool slow, bool notInShare, string rule)
    {
        // 20 slow answers open the breaker; they belong to the share, the last request may not.
        var share = Enumerable.Range(1, 200).Where(s => IsInShare(s)).Take(20).ToArray();
        var last = Enumerable.Range(share[^1] + 1, 100).First(s => IsInShare(s) != notInShare);
        var clock = new SteppingClock { StepMs = slow ? 200 : 1 };
        var options = Options with
        {
            TimeTravelPercentage = 0.5,
            Cache = false,
            ForceFast = force,
            EnhancedEnabled = !phaseOff,
            Breaker = new BreakerOptions { Enabled = true, ProbeSeconds = 3600 },
        };
        using var opener = Block(options with { ForceFast = false, EnhancedEnabled = true }, clock);
        opener.Drive(share.Select(s => Vector(s)).ToArray());
        Report(opener).Breaker.IsOpen.ShouldBe(slow);

        using var block = force || phaseOff ? Block(options, clock) : opener;
        var sent = block.Drive([Vector(last, fastHour ? 9 : 12, hasHistory: !noHistory)]).ShouldHaveSingleItem();
        sent.Model.ShouldBe(rule == "enhanced" ? "enhanced" : "fast");
        Report(block).Rules[rule].ShouldBe(rule == "enhanced" ? 21 : 1);
    }

    private static bool IsInShare(long sequence) =>
        Route.IsIn(new Route("time_travel", "operation").Hash([(byte)'A', .. BitConverter.GetBytes(sequence)]), 5000);

    [Fact]
    public void The_share_is_the_same_in_every_run_and_close_to_what_was_asked()
    {
        string[] Models(double share)
        {
            using var block = Block(Options with { TimeTravelPercentage = share });
            return [.. block.Drive([.. Enumerable.Range(1, 2000).Select(i => Vector(i, x: i / 1000.0))]).Select(p => p.Model)];
        }

        var half = Models(0.5);
        half.ShouldBe(Models(0.5));
        half.Count(m => m == "enhanced").ShouldBeInRange(900, 1100);
        Models(0).ShouldAllBe(m => m == "fast");
        Models(1).ShouldAllBe(m => m == "enhanced");
    }

    [Theory]
    [InlineData("FORCE_FAST_MODE", "true", "force_fast")]
    [InlineData("ENHANCED_ML_ENABLED", "false", "phase_off")]
    [InlineData("TIME_TRAVEL_ENABLED", "false", "phase_off")]
    [InlineData("TIME_TRAVEL_PERCENTAGE", "0.0", "not_in_share")]
    public void A_switch_that_is_changed_decides_from_the_next_vector_on(string name, string value, string rule)
    {
        var switches = new Switches(new SwitchOptions(), []);
        using var block = new Coordinator(Options with { Cache = false }, Feed.NewMarket(), _models.Context() with { Files = new SectionContext(_models.Path, _models.Path) { Switches = switches } });
        block.Drive([Vector(1)]).ShouldHaveSingleItem().Model.ShouldBe("enhanced");
        switches.Set(name, value, "api").IsAccepted.ShouldBeTrue();

        block.Drive([Vector(2)]).ShouldHaveSingleItem().Model.ShouldBe("fast");
        Report(block).Rules[rule].ShouldBe(1);
    }

    [Fact]
    public void What_file_or_environment_switch_goes_before_the_options_of_the_block()
    {
        var switches = new Switches(new SwitchOptions { ForceFastMode = false, EnhancedMlEnabled = true, TimeTravelPercentage = Share.All }, []);
        using var block = new Coordinator(Options with { ForceFast = true, EnhancedEnabled = false, TimeTravelPercentage = 0 }, Feed.NewMarket(), _models.Context() with { Files = new SectionContext(_models.Path, _models.Path) { Switches = switches } });

        block.Drive([Vector(1)]).ShouldHaveSingleItem().Model.ShouldBe("enhanced");
    }

    [Fact]
    public void The_hour_is_that_of_the_exchange()
    {
        var market = new MarketContext(new MarketOptions { Calendar = "b3", Symbols = ["WDOU24"] }, new SectionContext("/", "/"));
        using var block = new Coordinator(Options with { FastHours = [9] }, market, _models.Context());

        // 12:30 UTC is 9:30 in Sao Paulo.
        block.Drive([Vector(1, 12.5), Vector(2, 13.5, x: 2)]).Select(p => p.Model).ShouldBe(["fast", "enhanced"]);
    }

    [Fact]
    public void Confidence_of_the_example_comes_out()
    {
        ConfidenceInHistory.Adjust(0.70, 0.9, 300, 0.85, 0.5).ShouldBe(0.519435, 1e-12);
        using var block = Block(Options with { AdjustConfidence = true });
        var p = block.Drive([Vector(1, rank: 0.85, points: 300, quality: 0.9)]).ShouldHaveSingleItem();
        p.Confidence.ShouldBe(0.519435, 1e-12);
        (p.Probability, p.Direction, p.Price, p.Model).ShouldSatisfyAllConditions(x => x.Item1.ShouldBe(0.7, 1e-12), x => x.Item2.ShouldBe(0.4, 1e-12), x => x.Price.ShouldBe(5000), x => x.Model.ShouldBe("enhanced"));
    }

    [Theory]
    [InlineData(1, 500, 0.8, 0.3, 0.70)]
    [InlineData(1, 499, 0.8, 0.3, 0.63)]
    [InlineData(1, 99, 0.8, 0.3, 0.56)]
    [InlineData(1, 500, 0.81, 0.3, 0.595)]
    [InlineData(1, 500, 0.8, 0.29, 0.63)]
    [InlineData(0, 500, 0.8, 0.3, 0.49)]
    public void Each_factor_of_the_confidence_has_its_limit(double quality, double points, double rank, double seasonality, double expected) =>
        ConfidenceInHistory.Adjust(0.7, quality, points, rank, seasonality).ShouldBe(expected, 1e-12);

    [Fact]
    public void Adjusted_confidence_stays_between_its_bounds()
    {
        ConfidenceInHistory.Adjust(1, 1, 1000, 0, 1).ShouldBe(0.95);
        ConfidenceInHistory.Adjust(0.1, 0, 0, 1, 0).ShouldBe(0.1);
    }

    [Fact]
    public void Levels_follow_each_other_and_each_cause_is_counted()
    {
        _models.SaveEcho("echo", "x");
        using var block = Block(Options with { Enhanced = "echo.onnx", MaxStaleSeconds = 10 });
        var sent = block.Drive(
        [
            Vector(1, x: 0.6), // enhanced says 0.6
            Vector(2, x: 7), // 7 is no probability: fast
            Vector(5, x: 7, isWarm: false), // no history, and fast is not warm: the one of second 2 again
            Vector(12, x: 7, isWarm: false),
            Vector(13, x: 7, isWarm: false), // more than 10 s after it: none
            Vector(13, x: 7, isWarm: false, symbol: 2), // another symbol has nothing to send again
        ]);
        sent.Select(p => (p.Sequence, p.Model, p.IsStale)).ShouldBe([(1, "echo", false), (2, "fast", false), (5, "fast", true), (12, "fast", true)]);
        sent[2].EventTime.ShouldBe(Vector(5).EventTime);
        (sent[2] with { Sequence = 2, EventTime = sent[1].EventTime, IsStale = false }).ShouldBe(sent[1]);
        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["no_prediction"] = 2 });
        Report(block).ShouldSatisfyAllConditions(
            r => r.Fallbacks.ShouldBe(new Dictionary<string, long> { ["enhanced_output_is_no_probability"] = 1, ["fast_not_warm"] = 4 }),
            r => (r.TotalPredictions, r.FastModeCalls, r.TimeTravelCalls, r.Stale).ShouldBe((4, 1, 2, 2)));
    }

    [Fact]
    public void A_model_that_breaks_at_a_vector_is_followed_by_the_fast_one_and_asked_again()
    {
        _models.SaveFragile("fragile", "x");
        using var block = Block(Options with { Enhanced = "fragile.onnx" });
        block.Drive([Vector(1, x: 0), Vector(2, x: 7), Vector(3, x: 1)]).Select(p => p.Model).ShouldBe(["fragile", "fast", "fragile"]);
        Report(block).Fallbacks.ShouldBe(new Dictionary<string, long> { ["enhanced_error"] = 1 });
    }

    [Fact]
    public void Without_fallback_a_vector_at_which_a_model_fails_is_refused()
    {
        _models.SaveEcho("echo", "x");
        using var block = Block(Options with { Enhanced = "echo.onnx", FallbackOnError = false });
        block.Drive([Vector(1, x: 7), Vector(2, x: 0.5)]).Select(p => p.Sequence).ShouldBe([2]);
        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["enhanced_output_is_no_probability"] = 1 });
    }

    [Fact]
    public void Fallback_can_be_switched_off_between_two_vectors()
    {
        _models.SaveEcho("echo", "x");
        var switches = new Switches(new SwitchOptions(), []);
        using var block = new Coordinator(Options with { Enhanced = "echo.onnx" }, Feed.NewMarket(), _models.Context() with { Files = new SectionContext(_models.Path, _models.Path) { Switches = switches } });
        block.Drive([Vector(1, x: 7)]).ShouldHaveSingleItem().Model.ShouldBe("fast");
        switches.Set("FALLBACK_ON_ERROR", "false", "api").IsAccepted.ShouldBeTrue();

        block.Drive([Vector(2, x: 8)]).ShouldBeEmpty();
        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["enhanced_output_is_no_probability"] = 1 });
    }

    [Fact]
    public void The_first_fallback_of_a_burst_is_told_when_that_is_asked_for()
    {
        _models.SaveEcho("echo", "x");
        var switches = new Switches(new SwitchOptions(), []);
        using var block = new Coordinator(Options with { Enhanced = "echo.onnx" }, Feed.NewMarket(), _models.Context() with { Files = new SectionContext(_models.Path, _models.Path) { Switches = switches } });
        block.Drive([Vector(1, x: 7)]);
        block.Accounts.Notes.ShouldBeEmpty();
        switches.Set("ALERT_ON_FALLBACK", "true", "api").IsAccepted.ShouldBeTrue();

        // A vector a second; one that is not warm is none.
        block.Drive([Vector(2, x: 7, isWarm: false, hasHistory: false), .. Enumerable.Range(3, 40).Select(i => Vector(i, x: 6 + i))]);
        block.Accounts.Notes.Select(n => (n.Code, n.Message[(n.Message.IndexOf(' ') + 1)..])).ShouldBe(
        [
            ("model_fallback", "a model had no answer; now because of enhanced_output_is_no_probability."),
            ("model_fallback", "a model had no answer, 30 times since it was last told; now because of enhanced_output_is_no_probability."),
        ]);
    }

    [Fact]
    public void What_it_decided_and_asked_are_metrics()
    {
        _models.SaveEcho("echo", "x");
        using var block = Block(Options with { Enhanced = "echo.onnx" });
        block.Drive([Vector(1, hour: 9), Vector(2, hour: 9), Vector(3, x: 0.5), Vector(4, x: 7)]);

        double Of(string name, string of = "") => block.Gauges.Single(g => g.Name == name && g.Of == of).Value;
        (Of("qt_coordinator_requests", "fast_hours"), Of("qt_coordinator_requests", "enhanced"), Of("qt_coordinator_requests", "no_history")).ShouldBe((2, 2, 0));
        (Of("qt_coordinator_calls", "fast"), Of("qt_coordinator_calls", "enhanced")).ShouldBe((2, 2));
        (Of("qt_coordinator_cache_hits"), Of("qt_coordinator_fallbacks"), Of("qt_coordinator_stale"), Of("qt_coordinator_breaker_open")).ShouldBe((1, 1, 0, 0));
        block.Gauges.Select(g => (g.Name, g.Of)).ShouldBeUnique();
    }

    [Fact]
    public void Each_model_is_held_against_its_own_training()
    {
        // Small values are the usual ones, so that an answer's opposite is seen, too.
        Random random = new(1);
        double Usual() => Math.Pow(random.NextDouble(), 2);
        double[] inputs = [.. Enumerable.Range(0, 2000).Select(_ => Usual())];
        _models.SaveEcho("echo", "x");
        _models.SaveBins("echo", ("x", inputs), ("probability_up", inputs));
        _models.SaveBins("fast", ("x", inputs), ("probability_up", [.. inputs.Select(x => 1 / (1 + Math.Exp(-x)))]));
        using var block = Block(Options with { Enhanced = "echo.onnx", Drift = new DriftOptions { Window = 500, Every = 100 } });

        // As in training at noon, elsewhere in the morning.
        block.Drive([.. Enumerable.Range(1, 600).Select(i => Vector(i, x: Usual())), .. Enumerable.Range(601, 600).Select(i => Vector(i, hour: 9, x: 0.5 + (0.5 * random.NextDouble())))]);
        var report = Report(block);
        (report.FastDrift!.Score.Band, report.EnhancedDrift!.Score.Band).ShouldBe((DriftBand.Shifted, DriftBand.Stable));
        block.Gauges.Where(g => g.Name == "qt_model_drift_index").Select(g => (g.Of, g.Value > 0.25)).ShouldBe(
            [("fast.x", true), ("fast.probability_up", true), ("enhanced.x", false), ("enhanced.probability_up", false)]);
        block.Accounts.NoteCounts.Keys.ShouldBe(["feature_shifted", "score_shifted"]);

        using var unwatched = Block(Options);
        unwatched.Gauges.ShouldNotContain(g => g.Name == "qt_model_drift_index");
        Should.Throw<ConfigurationException>(() => Block(Options with { Drift = new DriftOptions() })).Option.ShouldBe("drift");
    }

    [Fact]
    public void A_vector_that_equals_the_one_before_in_its_minute_is_not_asked_about_again()
    {
        using var block = Block(Options);
        var sent = block.Drive([Vector(1), Vector(2), Vector(3, x: 2), Vector(4, x: 2, symbol: 2), Vector(5, x: 2), Vector(65, x: 2), Vector(66, hour: 9, x: 2)]);
        sent.Length.ShouldBe(7);
        (sent[1] with { Sequence = 1, EventTime = sent[0].EventTime }).ShouldBe(sent[0]);
        Report(block).CacheHits.ShouldBe(2);
        using var plain = Block(Options with { Cache = false });
        plain.Drive([Vector(1), Vector(2), Vector(3, x: 2), Vector(4, x: 2, symbol: 2), Vector(5, x: 2), Vector(65, x: 2), Vector(66, hour: 9, x: 2)]).ShouldBe(sent);
        Report(plain).CacheHits.ShouldBe(0);
    }

    [Fact]
    public void Mean_latencies_move_by_a_tenth()
    {
        var clock = new SteppingClock { StepMs = 10 };
        using var block = Block(Options, clock);
        block.Drive([Vector(1)]);
        clock.StepMs = 20;
        block.Drive([Vector(2, x: 2)]);
        Report(block).EnhancedMs.ShouldBe(11, 1e-9);
        Report(block).FastMs.ShouldBe(0);
    }

    [Fact]
    public void A_slow_model_is_left_alone_until_a_probe_is_fast_again()
    {
        var clock = new SteppingClock { StepMs = 150 };
        using var block = Block(Options with { Cache = false, Breaker = new BreakerOptions { Enabled = true } }, clock);
        string Ask(long second) => block.Drive([Vector(second)]).ShouldHaveSingleItem().Model;
        Enumerable.Range(1, 20).Select(i => Ask(i)).ShouldAllBe(m => m == "enhanced");
        Ask(21).ShouldBe("fast");
        Ask(79).ShouldBe("fast");
        Ask(80).ShouldBe("enhanced", "60 s after it opened one is let through");
        Ask(81).ShouldBe("fast", "which was slow");
        clock.StepMs = 50;
        Ask(140).ShouldBe("enhanced");
        Ask(141).ShouldBe("enhanced", "that one was in time");
        Report(block).Breaker.ShouldBe(new BreakerReport(false, 1, 2));
        block.Accounts.NoteCounts["breaker_open"].ShouldBe(1);
    }

    [Fact]
    public void One_slow_answer_does_not_open_the_breaker_and_off_it_never_opens()
    {
        var breaker = new LatencyBreaker(new BreakerOptions { Enabled = true });
        for (var i = 1; i <= 1000; i++)
        {
            breaker.Add(i % 50 == 0 ? 5000 : 100, i).ShouldBeFalse();
        }

        var off = new LatencyBreaker(new BreakerOptions());
        Enumerable.Range(1, 100).ShouldAllBe(i => !off.Add(5000, i) && !off.Refuses(i));
    }

    [Fact]
    public void What_does_not_fit_is_refused_by_the_name_of_its_option()
    {
        Should.Throw<ConfigurationException>(() => Block(Options with { FastHours = [24] })).Option.ShouldBe("fast_hours");
        var missing = Should.Throw<ConfigurationException>(() => Block(Options with { Enhanced = "nowhere.onnx" }));
        (missing.Option, missing.Outside).ShouldBe(("enhanced", true));
        using var block = Block(Options with { AdjustConfidence = true });
        var other = new FeatureVector(1, 1, 1, new FeatureSchema("x", "volatility_regime"), [1, 1], [3]);
        Should.Throw<ConfigurationException>(() => block.Drive([other])).Option.ShouldBe("adjust_confidence");
        var less = Should.Throw<ConfigurationException>(() => block.Drive([new FeatureVector(1, 1, 1, new FeatureSchema("x"), [1], [1])]));
        (less.Option, less.Message).ShouldBe(("enhanced", "Model 'enhanced' needs the feature 'volatility_regime', which is not in the vectors that come here (1 features). Join the features that it was trained on."));
    }

    [Fact]
    public void Runs_may_be_cut_anywhere()
    {
        FeatureVector[] vectors = [.. Enumerable.Range(1, 200).Select(i => Vector(i, x: i / 3 % 5, hasHistory: i % 7 != 0, isWarm: i % 11 != 0, symbol: 1 + (i % 2)))];
        using var whole = Block(Options with { TimeTravelPercentage = 0.5 });
        using var cut = Block(Options with { TimeTravelPercentage = 0.5 });
        cut.Drive(vectors, 1).ShouldBe(whole.Drive(vectors, 1000));
    }

    /// <summary>Every look at it is one step later than the one before.</summary>
    private sealed class SteppingClock : TimeProvider
    {
        private long _microseconds;

        public long StepMs { get; set; }

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => _microseconds += StepMs * 1000;
    }
}
