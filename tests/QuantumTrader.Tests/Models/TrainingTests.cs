using QuantumTrader.Features;
using QuantumTrader.Models;
using QuantumTrader.Models.Training;

namespace QuantumTrader.Tests.Models;

public sealed class TrainingTests
{
    private const long Minute = 60_000_000_000;
    private static readonly FeatureSchema Schema = new("price_current", "hint", "noise");
    private static readonly TrainingOptions OneCandle = new() { Name = "planted", HorizonCandles = 1, CodeVersion = "test" };

    // The price goes up or down by 1 each minute; the hint says where to with the given strength, the noise says nothing.
    private static List<FeatureVector> Walk(int count, double strength, int seed = 1, int symbol = 1)
    {
        var random = new Random(seed);
        var vectors = new List<FeatureVector>();
        var price = 1000.0;
        for (var i = 0; i < count; i++)
        {
            var up = random.NextDouble() < 0.5;
            var hint = ((up ? 1 : -1) * strength) + Normal(random);
            vectors.Add(new FeatureVector(i, i * Minute, symbol, Schema, [price, hint, Normal(random)], [7]));
            price += up ? 1 : -1;
        }

        return vectors;
    }

    private static FeatureVector With(FeatureVector v, double[] values, ulong warm) => new(v.Sequence, v.EventTime, v.Symbol, v.Schema, values, [warm]);

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    [Fact]
    public void A_planted_signal_is_learned()
    {
        var trained = TrainingRun.Fit(Walk(3000, strength: 1), OneCandle);
        trained.Learned.ShouldBeTrue();
        trained.Manifest.Training!.Learned.ShouldBeTrue();
        trained.Report.ShouldContain("Learned:");

        // Two normals 2 apart: the best any model can do is right in 84.1 %, with an AUC of 0.921.
        trained.Manifest.Folds.Count.ShouldBe(5);
        trained.Manifest.Folds.ShouldAllBe(f => f.Accuracy > 0.80 && f.Accuracy < 0.88 && f.Auc > 0.89 && f.Auc < 0.95 && f.LogLoss < f.BaseLogLoss);
    }

    [Fact]
    public void Noise_is_called_not_learned()
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var trained = TrainingRun.Fit(Walk(1500, strength: 0, seed), OneCandle);
            trained.Learned.ShouldBeFalse();
            trained.Report.ShouldContain("NOTHING LEARNED");
        }
    }

    [Fact]
    public void The_planted_weights_are_found_again()
    {
        // Two normals with deviation 1 at -1 and 1: the log-odds of up are exactly 2 per unit of the hint.
        var rows = Walk(20_001, strength: 1);
        var labels = rows.Zip(rows.Skip(1), (a, b) => b.Values[0] > a.Values[0]).ToArray();
        var fit = LogisticTrainer.Fit([.. rows.Take(20_000).Select(r => r.Values[1..].ToArray())], labels, 1e-6);
        (fit.Weights[0] / fit.Scales[0]).ShouldBe(2, 0.08);
        (fit.Weights[1] / fit.Scales[1]).ShouldBe(0, 0.05);
    }

    [Fact]
    public void Worked_example_of_the_fit()
    {
        // x = -1 twice with one rise, x = 1 twice with two: standardised they stay as they are. With s1 = p(1), s0 = p(-1) the optimum of
        // the penalised loss has 2 - 2 s1 + 1 - 2 s0 = 0 (bias) and 2 - 2 s1 - (1 - 2 s0) = l2 w (weight).
        var fit = LogisticTrainer.Fit([[-1], [-1], [1], [1]], [true, false, true, true], 0.5);
        var (s0, s1) = (fit.Predict([-1]), fit.Predict([1]));
        (3 - (2 * s1) - (2 * s0)).ShouldBe(0, 1e-8);
        (1 - (2 * s1) + (2 * s0)).ShouldBe(0.5 * fit.Weights[0], 1e-8);
    }

    [Fact]
    public void A_feature_that_never_changes_gets_no_weight()
    {
        var fit = LogisticTrainer.Fit([[5, 1], [5, 2], [5, 3], [5, 4]], [false, true, false, true], 1);
        fit.Weights[0].ShouldBe(0);
        fit.Scales[0].ShouldBe(1);
    }

    [Fact]
    public void Perfectly_separable_rows_give_finite_weights()
    {
        var fit = LogisticTrainer.Fit([[-1e9], [-1], [1], [1e9]], [false, false, true, true], 1e-9);
        double.IsFinite(fit.Weights[0]).ShouldBeTrue();
        fit.Predict([1e9]).ShouldBeGreaterThan(0.9);
    }

    [Fact]
    public void The_same_vectors_give_the_same_bytes()
    {
        var a = TrainingRun.Fit(Walk(500, 1), OneCandle);
        var b = TrainingRun.Fit(Walk(500, 1), OneCandle);
        a.Onnx.ShouldBe(b.Onnx);
        a.Manifest.ToJson().ShouldBe(b.Manifest.ToJson());
        a.Report.ShouldBe(b.Report);
        TrainingRun.Fit(Walk(500, 1, seed: 2), OneCandle).Manifest.Training!.DataSha256.ShouldNotBe(a.Manifest.Training!.DataSha256);
    }

    [Fact]
    public void A_saved_model_is_loaded_by_onnx_runtime_and_answers_as_the_reference()
    {
        var folder = Directory.CreateTempSubdirectory("qt-train-");
        try
        {
            var vectors = Walk(500, 1);
            var trained = TrainingRun.Fit(vectors, OneCandle);
            var path = Path.Combine(folder.FullName, "models", "planted.onnx");
            trained.Save(path);
            using var model = OnnxModel.Load(path);
            model.Name.ShouldBe("planted");
            model.FeatureHash.ShouldBe(Schema.Hash);
            model.Manifest.ToJson().ShouldBe(trained.Manifest.ToJson());
            var rows = vectors.Take(499).Select(v => v.Values.ToArray()).ToArray();
            var labels = vectors.Zip(vectors.Skip(1), (x, y) => y.Values[0] > x.Values[0]).ToArray();
            var reference = LogisticTrainer.Fit(rows, labels, 1);
            foreach (var row in rows)
            {
                model.Predict(row).Up.ShouldBe(reference.Predict(row), 1e-12);
            }

            Directory.GetFiles(Path.GetDirectoryName(path)!).Length.ShouldBe(2);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void As_many_rows_as_the_horizon_are_purged_before_each_test(int horizon)
    {
        var trained = TrainingRun.Fit(Walk(700, 1), OneCandle with { HorizonCandles = horizon });
        trained.Manifest.Folds.ShouldAllBe(f => f.PurgedRows == horizon);

        // 700 vectors, the last ones without a label, in 6 parts: fold 1 has the first of them less the purged rows.
        trained.Manifest.Training!.Rows.ShouldBe(700 - horizon);
        trained.Manifest.Folds[0].TrainRows.ShouldBe(((700 - horizon) / 6) - horizon);
        trained.Manifest.Folds.Sum(f => f.TestRows).ShouldBe(700 - horizon - ((700 - horizon) / 6));
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
        var trained = TrainingRun.Fit(vectors, OneCandle with { HorizonCandles = 5 });
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
    public void The_area_under_the_curve_counts_pairs_in_the_right_order()
    {
        // Pairs (rise, fall): 0.8 > 0.3, 0.8 > 0.5, 0.5 > 0.3, and 0.5 = 0.5 counts half: 3.5 of 4.
        WalkForward.Auc([0.8, 0.3, 0.5, 0.5], [true, false, true, false]).ShouldBe(0.875);
        WalkForward.Auc([0.1, 0.2], [true, true]).ShouldBeNull();
    }

    [Fact]
    public void What_cannot_be_trained_on_is_said_in_words()
    {
        Should.Throw<TrainingException>(() => TrainingRun.Fit([], OneCandle)).Message.ShouldContain("no vectors");
        Should.Throw<TrainingException>(() => TrainingRun.Fit(Walk(100, 1), OneCandle)).Message.ShouldContain("Of 100 vectors 99 can be used");
        Should.Throw<TrainingException>(() => TrainingRun.Fit(Walk(500, 1), OneCandle with { L2 = 0 })).Message.ShouldContain("l2 0");
        Should.Throw<TrainingException>(() => TrainingRun.Fit([.. Walk(500, 1), Walk(1, 1)[0]], OneCandle)).Message.ShouldContain("order of time");
        Should.Throw<TrainingException>(() => TrainingRun.Fit(Walk(500, 1).ConvertAll(v => With(v, [1, 2, 3], 7)), OneCandle)).Message.ShouldContain("rose in 0 of 499");
        var other = new FeatureSchema("a", "b", "c");
        Should.Throw<TrainingException>(() => TrainingRun.Fit(Walk(500, 1).ConvertAll(v => v with { Schema = other }), OneCandle)).Message.ShouldContain("price_current");
        Should.Throw<TrainingException>(() => TrainingRun.Fit([.. Walk(500, 1), Walk(501, 1)[500] with { Schema = other }], OneCandle)).Message.ShouldContain("two schemas");
    }
}
