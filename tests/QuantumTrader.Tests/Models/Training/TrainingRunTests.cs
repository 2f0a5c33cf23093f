using QuantumTrader.Features;
using QuantumTrader.Models;
using QuantumTrader.Models.Training;
using static QuantumTrader.Tests.Models.Training.TrainingData;

namespace QuantumTrader.Tests.Models.Training;

public sealed class TrainingRunTests
{
    public static TheoryData<string, bool> LearnersAndLabels { get; } = new() { { "logistic", false }, { "logistic", true }, { "mlp", false }, { "mlp", true }, { "trees", false }, { "trees", true } };

    [Theory]
    [MemberData(nameof(Learners), MemberType = typeof(TrainingData))]
    public void A_planted_signal_is_learned(string learner)
    {
        var trained = TrainingRun.Fit(Walk(3000, strength: 1), OneCandle with { Learner = Learner(learner) });
        trained.Learned.ShouldBeTrue();
        trained.Manifest.Training!.Learned.ShouldBeTrue();
        trained.Report.ShouldContain("\nLearned:");

        // Two normals 2 apart: the best any model can do is right in 84.1 %, with an AUC of 0.921 and, at that, a Brier score of 0.11.
        trained.Manifest.Folds.Count.ShouldBe(5);
        trained.Manifest.Folds.ShouldAllBe(f => f.Accuracy > 0.79 && f.Accuracy < 0.88 && f.Auc > 0.88 && f.Auc < 0.95 && f.LogLoss < f.BaseLogLoss && f.Brier > 0.08 && f.Brier < 0.15);

        // Each trade wins or loses 1 of about 1000.
        trained.Manifest.Folds.ShouldAllBe(f => f.Trades > 300 && f.MeanNetReturn > 0.0005 && f.MeanNetReturn < 0.001);
        trained.Manifest.Calibration.ShouldHaveSingleItem().ExpectedError.ShouldBeLessThan(0.06);
    }

    [Theory]
    [MemberData(nameof(LearnersAndLabels))]
    public void Noise_is_called_not_learned(string learner, bool barriers)
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            var trained = TrainingRun.Fit(Walk(1500, strength: 0, seed), (barriers ? Barriers : OneCandle) with { Learner = Learner(learner) });
            trained.Learned.ShouldBeFalse(trained.Report);
            trained.Report.ShouldContain("NOTHING LEARNED");
            trained.Html.ShouldContain("class=\"verdict nothing\"");
        }
    }

    [Theory]
    [InlineData("logistic", false)]
    [InlineData("mlp", true)]
    [InlineData("trees", true)]
    public void What_no_feature_says_alone_is_learned_by_networks_and_trees_only(string learner, bool learned)
    {
        // Without the price's level, of which the future holds other values than the past.
        var vectors = ExclusiveOr(3000);
        foreach (var options in new[] { OneCandle, Barriers })
        {
            var trained = new TrainingRun(vectors.ConvertAll(WithoutPrice), options with { Learner = Learner(learner) }, vectors).Fit(CancellationToken.None);
            trained.Learned.ShouldBe(learned, trained.Report);
        }
    }

    [Fact]
    public void A_signal_costs_more_than_it_brings_when_costs_are_higher()
    {
        var free = TrainingRun.Fit(Walk(1000, 1), OneCandle);
        var costly = TrainingRun.Fit(Walk(1000, 1), OneCandle with { Labels = OneCandle.Labels with { Cost = new Distance(0.002, DistanceUnit.Fraction) } });
        costly.Manifest.Folds.Zip(free.Manifest.Folds).ShouldAllBe(f => f.First.Trades == f.Second.Trades && Math.Abs(f.Second.MeanNetReturn!.Value - 0.002 - f.First.MeanNetReturn!.Value) < 1e-12);
        costly.Manifest.Folds.ShouldAllBe(f => f.MeanNetReturn < 0);
    }

    [Theory]
    [MemberData(nameof(LearnersAndLabels))]
    public void The_same_vectors_give_the_same_bytes(string learner, bool barriers)
    {
        var options = (barriers ? Barriers : OneCandle) with { Learner = Learner(learner) };
        var a = TrainingRun.Fit(ExclusiveOr(600), options);
        var b = TrainingRun.Fit(ExclusiveOr(600), options);
        a.Onnx.ShouldBe(b.Onnx);
        a.Manifest.ToJson().ShouldBe(b.Manifest.ToJson());
        a.Report.ShouldBe(b.Report);
        a.Html.ShouldBe(b.Html);
        Manifest.Parse(a.Manifest.ToJson()).ToJson().ShouldBe(a.Manifest.ToJson());
        TrainingRun.Fit(ExclusiveOr(600, seed: 2), options).Manifest.Training!.DataSha256.ShouldNotBe(a.Manifest.Training!.DataSha256);
        if (learner != "logistic")
        {
            TrainingRun.Fit(ExclusiveOr(600), options with { Seed = 2 }).Onnx.ShouldNotBe(a.Onnx);
        }
    }

    [Theory]
    [MemberData(nameof(LearnersAndLabels))]
    public void A_saved_model_passes_all_checks_of_the_model_block(string learner, bool barriers)
    {
        using var folder = new TemporaryFolder();
        var trained = TrainingRun.Fit(ExclusiveOr(600), (barriers ? Barriers : OneCandle) with { Learner = Learner(learner) });
        var path = Path.Combine(folder.Path, "models", "planted.onnx");
        trained.Save(path);
        using var model = OnnxModel.Load(path);
        model.Name.ShouldBe("planted");
        model.FeatureHash.ShouldBe(Schema.Hash);
        model.Manifest.ToJson().ShouldBe(trained.Manifest.ToJson());
        model.Manifest.Classes.ShouldBe(barriers ? new[] { "flat", "down", "up" } : ["up"]);
        Directory.GetFiles(Path.GetDirectoryName(path)!).Select(Path.GetFileName).Order(StringComparer.Ordinal).ShouldBe(["planted.onnx", "planted.onnx.html", "planted.onnx.json"]);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(7, 0)]
    [InlineData(7, 12)]
    public void As_many_rows_as_the_horizon_are_purged_before_each_test_and_as_many_as_the_embargo_left_out(int horizon, int embargo)
    {
        var trained = TrainingRun.Fit(Walk(700, 1), OneCandle with { Labels = new FixedHorizonOptions { HorizonCandles = horizon }, EmbargoCandles = embargo });
        trained.Manifest.Folds.ShouldAllBe(f => f.PurgedRows == horizon && f.EmbargoedRows == embargo);

        // 700 vectors, the last ones without a label, in 6 parts: fold 1 has the first of them less the rows left out.
        trained.Manifest.Training!.Rows.ShouldBe(700 - horizon);
        trained.Manifest.Folds[0].TrainRows.ShouldBe(((700 - horizon) / 6) - horizon - embargo);
        trained.Manifest.Folds.Sum(f => f.TestRows).ShouldBe(700 - horizon - ((700 - horizon) / 6));
    }

    [Fact]
    public void No_label_that_a_fold_is_fitted_on_ends_in_its_test_or_in_the_embargo()
    {
        var labels = Labels.Make(Walk(900, 1), Walk(900, 1), Barriers);
        var rows = new TrainingRows(labels.Rows, 3, 4 * Minute);
        using var state = new TrainingState(null, []);
        foreach (var fold in WalkForward.Run(rows, Barriers, state, _ => { }, CancellationToken.None))
        {
            fold.Past.Rows.Rows.ShouldAllBe(r => r.EndTime < fold.Test[0].Time - (4 * Minute));
            (fold.Past.Purged + fold.Past.Embargoed + fold.Past.Rows.Rows.Length).ShouldBe(rows.Rows.Count(r => r.Time < fold.Test[0].Time));
        }
    }

    [Fact]
    public void A_label_does_not_reach_over_a_gap()
    {
        var vectors = Walk(400, 1);
        for (var i = 200; i < 400; i++)
        {
            vectors[i] = vectors[i] with { EventTime = vectors[i].EventTime + (12 * 60 * Minute) }; // a night
        }

        // 5 rows before the night and 5 before the end have no price 5 candles ahead.
        var trained = TrainingRun.Fit(vectors, OneCandle with { Labels = new FixedHorizonOptions { HorizonCandles = 5 } });
        trained.Manifest.Training!.Rows.ShouldBe(390);
        trained.Report.ShouldContain("10 without a price at the horizon");
    }

    [Fact]
    public void Rows_that_are_not_warm_are_left_out()
    {
        var vectors = Walk(400, 1);
        for (var i = 0; i < 20; i++)
        {
            vectors[i] = With(vectors[i], vectors[i].Values.ToArray(), 3);
        }

        TrainingRun.Fit(vectors, OneCandle).Manifest.Training!.Rows.ShouldBe(379);
    }

    [Fact]
    public void Symbols_are_labelled_by_their_own_prices()
    {
        var one = Walk(300, 1, seed: 1, symbol: 1);
        var two = Walk(300, 1, seed: 2, symbol: 2).Select(v => With(v, [v.Values[0] + 5000, v.Values[1], v.Values[2]], 7));
        var mixed = one.Zip(two, (a, b) => new[] { a, b }).SelectMany(x => x).ToList();
        var trained = TrainingRun.Fit(mixed, OneCandle);
        trained.Manifest.Training!.Rows.ShouldBe(598);
        trained.Learned.ShouldBeTrue();

        // Both symbols of a minute stay on one side of each cut, so one minute of each is purged.
        trained.Manifest.Folds.ShouldAllBe(f => f.PurgedRows == 2);
    }

    [Fact]
    public void Prices_may_come_from_another_block()
    {
        var vectors = Walk(500, 1);
        var bare = vectors.ConvertAll(WithoutPrice);
        Should.Throw<TrainingException>(() => TrainingRun.Fit(bare, OneCandle)).Message.ShouldContain("--prices");
        var priced = vectors.Where((_, i) => i != 100).ToList();
        var trained = new TrainingRun(bare, OneCandle, priced).Fit(CancellationToken.None);
        trained.Learned.ShouldBeTrue();
        trained.Manifest.Training!.Rows.ShouldBe(497); // neither the one without a price nor the one before it
    }

    [Fact]
    public void Bins_of_the_training_rows_hold_a_tenth_each()
    {
        var bins = TrainingRun.Fit(Walk(1001, 1), OneCandle).Manifest.Bins!;
        bins.Features.Select(f => f.Name).ShouldBe(Schema.Names);
        bins.Features[1].Edges.Count.ShouldBe(9);
        bins.Features[1].Shares.ShouldBe(Enumerable.Repeat(0.1, 10), 1e-9);
        bins.Score.Shares.Sum().ShouldBe(1, 1e-9);

        // Equal values are never parted: 1 holds half of these, and takes five tenths.
        var few = TrainingBins.Of("few", [1, 1, 1, 1, 1, 2, 3, 4, 5, 6]);
        few.Edges.ShouldBe([1, 2, 3, 4, 5]);
        few.Shares.ShouldBe([0.5, 0.1, 0.1, 0.1, 0.1, 0.1], 1e-12);
        TrainingBins.Of("constant", [7, 7]).Shares.ShouldBe([1]);
    }

    [Fact]
    public void The_page_needs_nothing_from_elsewhere_and_knows_dark_and_light()
    {
        var html = TrainingRun.Fit(Walk(500, 1), Barriers with { Name = "a<b" }).Html;
        html.ShouldContain("color-scheme: light dark");
        html.ShouldContain("<title>Model a&lt;b</title>");
        foreach (var forbidden in new[] { "<script", "http:", "https:", "src=", "href=", "@import", "url(" })
        {
            html.ShouldNotContain(forbidden);
        }

        // Well-formed but for the line that says it is HTML and the two tags without an end.
        System.Xml.Linq.XDocument.Parse(html["<!doctype html>\n".Length..].Replace("<meta charset=\"utf-8\">", "", StringComparison.Ordinal)
            .Replace("<meta name=\"viewport\" content=\"width=device-width\">", "", StringComparison.Ordinal).Replace("<br>", "", StringComparison.Ordinal)).Root!.Name.LocalName.ShouldBe("html");
    }

    [Fact]
    public void A_run_that_was_stopped_goes_on_behind_its_last_fold_and_gives_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        var (path, vectors, options) = (Path.Combine(folder.Path, "state"), ExclusiveOr(600), OneCandle with { Learner = Learner("trees") });
        var whole = TrainingRun.Fit(vectors, options);
        using var stop = new CancellationTokenSource();
        var stopped = new TrainingRun(vectors, options)
        {
            StatePath = path,
            Progress = p =>
            {
                if (p.Step == "fold 4 of 5")
                {
                    stop.Cancel();
                }
            },
        };
        Should.Throw<OperationCanceledException>(() => stopped.Fit(stop.Token));

        // Half a record of a fourth fold is left out.
        File.AppendAllText(path, "half a record");
        var (continued, steps) = (0, new HashSet<string>());
        var again = new TrainingRun(vectors, options) { StatePath = path, Continued = n => continued = n, Progress = p => steps.Add(p.Step) }.Fit(CancellationToken.None);
        continued.ShouldBe(3);
        steps.Order(StringComparer.Ordinal).ShouldBe(["final model", "fold 4 of 5", "fold 5 of 5"]);
        again.Onnx.ShouldBe(whole.Onnx);
        again.Manifest.ToJson().ShouldBe(whole.Manifest.ToJson());
        again.Html.ShouldBe(whole.Html);

        // The state of other options is not used.
        continued = 0;
        new TrainingRun(vectors, options with { Seed = 3 }) { StatePath = path, Continued = n => continued = n }.Fit(CancellationToken.None);
        continued.ShouldBe(0);
    }

    [Fact]
    public void A_damaged_state_is_used_up_to_the_damage()
    {
        using var folder = new TemporaryFolder();
        var (path, vectors) = (Path.Combine(folder.Path, "state"), Walk(500, 1));
        var whole = new TrainingRun(vectors, OneCandle) { StatePath = path }.Fit(CancellationToken.None);
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
        var continued = 0;
        var again = new TrainingRun(vectors, OneCandle) { StatePath = path, Continued = n => continued = n }.Fit(CancellationToken.None);
        continued.ShouldBe(2);
        again.Manifest.ToJson().ShouldBe(whole.Manifest.ToJson());
    }

    [Fact]
    public void What_cannot_be_trained_on_is_said_in_words()
    {
        string Refusal(IReadOnlyList<FeatureVector> vectors, TrainingOptions options) => Should.Throw<TrainingException>(() => TrainingRun.Fit(vectors, options)).Message;

        Refusal([], OneCandle).ShouldContain("no vectors");
        Refusal(Walk(100, 1), OneCandle).ShouldContain("Of 100 vectors 99 can be used");
        Refusal(Walk(500, 1), OneCandle with { CandleSeconds = 10 }).ShouldContain("Most vectors lie 60 s apart, not 10");
        Refusal(Walk(500, 1), OneCandle with { Learner = new LogisticOptions { L2 = 0 } }).ShouldContain("l2 was 0");
        Refusal(Walk(500, 1), OneCandle with { Learner = new PerceptronOptions { Hidden = [8, 8, 8] } }).ShouldContain("[8, 8, 8]");
        Refusal(Walk(500, 1), OneCandle with { Learner = new TreesOptions { Subsample = 0 } }).ShouldContain("a subsample of 0");
        Refusal(Walk(500, 1), Barriers with { TickSize = 0 }).ShouldContain("the size of a tick was 0");
        Refusal(Walk(500, 1), OneCandle with { Level = 0 }).ShouldContain("level was 0");
        Refusal([.. Walk(500, 1), Walk(1, 1)[0]], OneCandle).ShouldContain("order of time");
        Refusal(Walk(500, 1).ConvertAll(v => With(v, [1, 2, 3], 7)), OneCandle).ShouldContain("rose in 0 of 499");
        Refusal(Walk(500, 1).ConvertAll(v => v with { Schema = new FeatureSchema("a", "b", "c") }), OneCandle).ShouldContain("price_current");
        Refusal([.. Walk(500, 1), Walk(501, 1)[500] with { Schema = new FeatureSchema("a", "b", "c") }], OneCandle).ShouldContain("two schemas");
    }
}
