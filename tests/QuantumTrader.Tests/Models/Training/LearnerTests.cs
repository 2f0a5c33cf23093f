using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using QuantumTrader.Models;
using QuantumTrader.Models.Training;
using static QuantumTrader.Tests.Models.Training.TrainingData;

namespace QuantumTrader.Tests.Models.Training;

public sealed class LearnerTests
{
    private static ILearned Fit(LearnerOptions options, TrainingRows rows, ulong seed = 1) => options.Create(seed).Fit(rows, _ => { }, CancellationToken.None);

    private static Logistic FitLogistic(double[][] rows, bool[] ups, double l2) => (Logistic)Fit(
        new LogisticOptions { L2 = l2 }, new TrainingRows([.. rows.Select((r, i) => new LabelledRow(i, i, 1, r, ups[i] ? 1 : 0, 0, 0))], 2, 0));

    private static double[] Answer(ILearned learned, double[] row, int outcomes)
    {
        var probabilities = new double[outcomes];
        learned.Predict(row, probabilities);
        return probabilities;
    }

    // Up in the first and third quadrant; of three outcomes the first when far from the centre.
    private static int Quadrant(double[] x, int outcomes) => outcomes == 3 && Math.Abs(x[2]) > 1 ? 0 : (x[0] * x[1] > 0 ? 1 : 0) + outcomes - 2;

    public static TheoryData<string, int> LearnersAndOutcomes { get; } = new() { { "logistic", 2 }, { "logistic", 3 }, { "mlp", 2 }, { "mlp", 3 }, { "trees", 2 }, { "trees", 3 } };

    [Theory]
    [MemberData(nameof(LearnersAndOutcomes))]
    public void The_file_answers_in_onnx_runtime_what_the_reference_says(string name, int outcomes)
    {
        var options = name == "mlp" ? new PerceptronOptions { Hidden = [12, 7], LearningRate = 0.01 } : Learner(name);
        var learned = Fit(options, Rows(2000, outcomes, x => Quadrant(x, outcomes)));
        using var session = new InferenceSession(learned.ToOnnx("test", "hash"));
        session.ModelMetadata.CustomMetadataMap["feature_hash"].ShouldBe("hash");

        // Features in double precision, of which some differ from a threshold by less than single precision can tell; and far ones.
        var rows = Rows(2000, outcomes, x => 0, seed: 9).Rows.Select(r => r.Values).ToList();
        if (learned is TreeEnsemble ensemble)
        {
            var questions = ensemble.Trees.SelectMany(t => t.Nodes).Where(n => !n.IsLeaf).ToArray();
            questions.ShouldNotBeEmpty();
            rows.AddRange(questions.SelectMany(q => new[] { -1e-9, 0, 1e-9 }.Select(d =>
            {
                var row = new double[3];
                row[q.Feature] = q.Threshold + (d * Math.Abs(q.Threshold));
                return row;
            })));
        }

        rows.AddRange([[1e9, -1e9, 1e9], [-1e300, 0, 0], [1e-40, -1e-40, 0]]);
        foreach (var row in rows)
        {
            using var answer = session.Run([NamedOnnxValue.CreateFromTensor(TrainedTensors.Input, new DenseTensor<double>(row, [1, row.Length]))]);
            var found = answer.Single(a => a.Name == TrainedTensors.Output(outcomes)).AsEnumerable<double>().ToArray();
            found.ShouldBe(Answer(learned, row, outcomes)[^found.Length..], learned.Tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(LearnersAndOutcomes))]
    public void The_same_rows_give_the_same_file_and_a_seed_another(string name, int outcomes)
    {
        var rows = Rows(500, outcomes, x => Quadrant(x, outcomes));
        var first = Fit(Learner(name), rows).ToOnnx("test", "hash");
        Fit(Learner(name), rows).ToOnnx("test", "hash").ShouldBe(first);
        (name == "logistic").ShouldBe(first.AsSpan().SequenceEqual(Fit(Learner(name), rows, seed: 2).ToOnnx("test", "hash")));
    }

    [Theory]
    [MemberData(nameof(LearnersAndOutcomes))]
    public void Too_few_rows_to_choose_by_give_the_base_rates_or_a_fit_and_never_fail(string name, int outcomes)
    {
        var learned = Fit(Learner(name), Rows(outcomes, outcomes, x => 1));
        Answer(learned, [0, 0, 0], outcomes).Sum().ShouldBe(1, 1e-12);
        using var session = new InferenceSession(learned.ToOnnx("test", "hash"));
        session.InputMetadata.Keys.ShouldBe([TrainedTensors.Input]);
        using var answer = session.Run([NamedOnnxValue.CreateFromTensor(TrainedTensors.Input, new DenseTensor<double>(new double[3], [1, 3]))]);
        answer.Single().AsEnumerable<double>().Last().ShouldBe(Answer(learned, [0, 0, 0], outcomes)[^1], learned.Tolerance);
    }

    [Fact]
    public void The_planted_weights_are_found_again()
    {
        // Two normals with deviation 1 at -1 and 1: the log-odds of up are exactly 2 per unit of the hint.
        var rows = Walk(20_001, strength: 1);
        var labels = rows.Zip(rows.Skip(1), (a, b) => b.Values[0] > a.Values[0]).ToArray();
        var fit = FitLogistic([.. rows.Take(20_000).Select(r => r.Values[1..].ToArray())], labels, 1e-6);
        (fit.Weights[0] / fit.Scales[0]).ShouldBe(2, 0.08);
        (fit.Weights[1] / fit.Scales[1]).ShouldBe(0, 0.05);
    }

    [Fact]
    public void Worked_example_of_the_fit()
    {
        // x = -1 twice with one rise, x = 1 twice with two: standardised they stay as they are. With s1 = p(1), s0 = p(-1) the optimum of
        // the penalised loss has 2 - 2 s1 + 1 - 2 s0 = 0 (bias) and 2 - 2 s1 - (1 - 2 s0) = l2 w (weight).
        var fit = FitLogistic([[-1], [-1], [1], [1]], [true, false, true, true], 0.5);
        var (s0, s1) = (fit.Predict([-1]), fit.Predict([1]));
        (3 - (2 * s1) - (2 * s0)).ShouldBe(0, 1e-8);
        (1 - (2 * s1) + (2 * s0)).ShouldBe(0.5 * fit.Weights[0], 1e-8);
    }

    [Fact]
    public void With_three_outcomes_and_no_feature_that_varies_the_answer_is_their_shares()
    {
        var fit = Fit(new LogisticOptions(), new TrainingRows([.. new[] { 0, 1, 1, 2, 2, 2 }.Select((o, i) => new LabelledRow(i, i, 1, [5], o, 0, 0))], 3, 0));
        Answer(fit, [5], 3).ShouldBe([1 / 6.0, 2 / 6.0, 3 / 6.0], 1e-8);
    }

    [Fact]
    public void At_the_optimum_of_softmax_regression_the_gradient_is_zero()
    {
        // d/dw_ki of sum -ln p + l2/2 w^2 = sum (p_k - y_k) x_i + l2 w_ki, for the scores that are free.
        const double l2 = 0.7;
        var rows = Rows(300, 3, x => x[0] > 0.5 ? 2 : x[1] > 0 ? 1 : 0, width: 2);
        var fit = (Softmax)Fit(new LogisticOptions { L2 = l2 }, rows);
        fit.Weights[0].ShouldAllBe(w => w == 0);
        for (var k = 1; k < 3; k++)
        {
            for (var i = 0; i < 2; i++)
            {
                var gradient = l2 * fit.Weights[k][i];
                foreach (var row in rows.Rows)
                {
                    gradient += (Answer(fit, row.Values, 3)[k] - (row.Outcome == k ? 1 : 0)) * ((row.Values[i] - fit.Scaler.Means[i]) / fit.Scaler.Scales[i]);
                }

                gradient.ShouldBe(0, 1e-7);
            }
        }
    }

    [Fact]
    public void A_feature_that_never_changes_gets_no_weight()
    {
        var fit = FitLogistic([[5, 1], [5, 2], [5, 3], [5, 4]], [false, true, false, true], 1);
        fit.Weights[0].ShouldBe(0);
        fit.Scales[0].ShouldBe(1);
    }

    [Fact]
    public void Perfectly_separable_rows_give_finite_weights()
    {
        var fit = FitLogistic([[-1e9], [-1], [1], [1e9]], [false, false, true, true], 1e-9);
        double.IsFinite(fit.Weights[0]).ShouldBeTrue();
        fit.Predict([1e9]).ShouldBeGreaterThan(0.9);
    }

    [Fact]
    public void The_gradient_of_a_network_is_the_slope_of_its_loss()
    {
        var learned = (Perceptron)Fit(new PerceptronOptions { Hidden = [5, 4], Epochs = 2 }, Rows(200, 3, x => Quadrant(x, 3)));
        double[] row = [0.3, -1.2, 0.7];
        var gradient = learned.Zeros();
        learned.AddGradient(learned.Scale(row), 2, gradient, 1);
        const double step = 1e-6;
        for (var layer = 0; layer < 3; layer++)
        {
            foreach (var (values, slopes) in new[] { (learned.Layers[layer].Weights, gradient[layer].Weights), (learned.Layers[layer].Biases, gradient[layer].Biases) })
            {
                for (var i = 0; i < values.Length; i++)
                {
                    var value = values[i];
                    values[i] = value + step;
                    var above = -Math.Log(Answer(learned, row, 3)[2]);
                    values[i] = value - step;
                    var below = -Math.Log(Answer(learned, row, 3)[2]);
                    values[i] = value;
                    slopes[i].ShouldBe((above - below) / (2 * step), 1e-6);
                }
            }
        }
    }

    [Fact]
    public void Worked_example_of_a_tree()
    {
        // p = 1/2 everywhere, so gradients are -1/2 for the three ups and 1/2 for the three others, curvatures 1/4. Between 3 and 4 all
        // ups are parted from the rest: gain (1.5^2 / (0.75 + 1)) 2 - 0. Answers: -(-1.5) / 1.75 = 0.857, times a learning rate of 1/2.
        var grower = new TreeGrower(new BinnedRows([[1], [2], [3], [4], [5], [6]]), new TreesOptions { LeafRows = 1, Leaves = 2, LearningRate = 0.5 });
        for (var i = 0; i < 6; i++)
        {
            (grower.Gradients[i], grower.Curvatures[i]) = (i < 3 ? -0.5 : 0.5, 0.25);
        }

        var tree = grower.Grow([0, 1, 2, 3, 4, 5], 0);
        tree.Nodes.Length.ShouldBe(3);
        tree.Nodes[0].Threshold.ShouldBe(3.5f);
        tree.Answer([3.5]).ShouldBe((float)(1.5 / 1.75 / 2));
        tree.Answer([3.6]).ShouldBe((float)(-1.5 / 1.75 / 2));
    }

    [Fact]
    public void Trees_keep_within_their_limits()
    {
        var rows = Rows(3000, 2, x => Quadrant(x, 2));
        var ensemble = (TreeEnsemble)Fit(new TreesOptions { Depth = 3, Leaves = 6, LeafRows = 100, Rounds = 30, Subsample = 1 }, rows);
        ensemble.Trees.Length.ShouldBeInRange(1, 30);
        foreach (var tree in ensemble.Trees)
        {
            tree.Nodes.Count(n => n.IsLeaf).ShouldBeInRange(1, 6);
            Depth(tree, 0).ShouldBeLessThanOrEqualTo(3);
        }

        static int Depth(Tree tree, int node) => tree.Nodes[node].IsLeaf ? 0 : 1 + Math.Max(Depth(tree, tree.Nodes[node].Left), Depth(tree, tree.Nodes[node].Right));
    }

    [Fact]
    public void Bins_never_part_equal_values_and_a_feature_that_never_changes_has_one()
    {
        var bins = new BinnedRows([.. Enumerable.Range(0, 1000).Select(i => new double[] { i / 100, 7, i })]);
        bins.Bounds[0].ShouldBe([0.5f, 1.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f, 7.5f, 8.5f]);
        bins.Bounds[1].ShouldBeEmpty();
        bins.Bounds[2].Length.ShouldBe(BinnedRows.MostBins - 1);
        bins.Bins[2].Max().ShouldBe((byte)(BinnedRows.MostBins - 1));

        // Between neighbours of single precision there is nothing: the bound is the lower one.
        var (low, high) = (1f, float.BitIncrement(1f));
        new BinnedRows([[low], [high]]).Bounds[0].ShouldBe([low]);
    }
}
