using System.Security.Cryptography;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.App;

namespace QuantumTrader.Tests.Models;

/// <summary>Models that ONNX's own Python package made; Made/make_models.py says what each computes.</summary>
public sealed class ForeignModelTests : IDisposable
{
    private static readonly ModelInput Row = new("row", ElementType.Double, [-1, 2]);
    private readonly OnnxFixture _files = new();

    public void Dispose() => _files.Dispose();

    private void Use(string model, IReadOnlyList<ModelInput> inputs, IReadOnlyList<ModelOutput> outputs, string[] classes, params GoldenRow[] golden)
    {
        var bytes = File.ReadAllBytes(Path.Combine(Qt.Root, "tests", "QuantumTrader.Tests", "Models", "Made", model + ".onnx"));
        _files.Manifest = _files.Manifest with
        {
            Inputs = inputs, Outputs = outputs, Classes = classes, Golden = golden, GoldenTolerance = 1e-6, ModelSha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)),
        };
        _files.Replace(bytes);
    }

    private void UseTable(params GoldenRow[] golden) => Use("table", [Row], [new ModelOutput("probability", ElementType.Double, [-1, 1], OutputRole.Probability)], ["up"], golden);

    private void UseSequence() => Use(
        "sequence",
        [new ModelInput("window", ElementType.Float, [-1, 4, 2]) { Window = 4 }],
        [new ModelOutput("scores", ElementType.Float, [-1, 2], OutputRole.Score) { Apply = ScoreTransform.Softmax }],
        ["down", "up"],
        new GoldenRow(SequenceRow, SequenceScores));

    // Computed with numpy in double precision from the weights in the file, by the formulas of ONNX's GRU.
    private static readonly double[] SequenceRow = [0.5, -1, 1, 0.25, -0.75, 2, 1.5, -0.5];
    private static readonly double[] SequenceScores = [-1.4748784406202846, 2.3810558220006284];

    private void UseTree(string file = "tree", string label = "label") => Use(
        file,
        [new ModelInput("X", ElementType.Float, [-1, 2])],
        [
            new ModelOutput(label, ElementType.Int64, [-1], OutputRole.Label) { Labels = [-1, 0, 1] },
            new ModelOutput("probabilities", ElementType.Float, [-1, 3], OutputRole.Probability),
        ],
        ["down", "flat", "up"],
        new GoldenRow([100, -2], [-1, 0.75, 0.125, 0.125]), new GoldenRow([100, 0], [0, 0.25, 0.5, 0.25]), new GoldenRow([100, 2], [1, 0.125, 0.25, 0.625]));

    private void UseRegression(double? deviation = 0.002, double scale = 0.0001) => Use(
        "regression",
        [
            new ModelInput("prices", ElementType.Double, [-1, 3]) { Features = ["price_current"], Window = 3 },
            new ModelInput("slope", ElementType.Float, [-1, 1]) { Features = ["slope"] },
        ],
        [new ModelOutput("basis_points", ElementType.Double, [-1, 1], OutputRole.Return) { Scale = scale, Deviation = deviation }],
        ["up"],
        // 104 - 100 + 2 * 0.5
        new GoldenRow([100, 9, 101, 9, 104, 0.5], [5]));

    [Fact]
    public void A_sequence_model_sees_the_last_vectors_of_each_symbol_oldest_first()
    {
        UseSequence();
        using var block = _files.Block();
        using var model = OnnxModel.Load(_files.Path);
        var vectors = Enumerable.Range(0, 40).Select(i => OnnxFixture.Vector(i, Math.Sin(i), Math.Cos(3 * i)) with { Symbol = 1 + (i % 2) }).ToArray();
        var predictions = OnnxFixture.Run(block, vectors);

        // Three vectors of each of the two symbols come before the first window.
        predictions.Length.ShouldBe(34);
        block.Accounts.Dropped["window_not_full"].ShouldBe(6);
        foreach (var prediction in predictions)
        {
            var i = (int)prediction.Sequence;
            double[] window = [.. new[] { i - 6, i - 4, i - 2, i }.SelectMany(k => vectors[k].Values.ToArray())];
            prediction.Probability.ShouldBe(model.Predict(window).Up);
        }

        predictions.Select(p => p.Probability).Distinct().Count().ShouldBe(34);
    }

    [Fact]
    public void A_label_beside_probabilities_decides_whether_to_act()
    {
        UseTree();
        using var block = _files.Block();
        var predictions = OnnxFixture.Run(block, OnnxFixture.Vector(1, 100, -2), OnnxFixture.Vector(2, 100, 0), OnnxFixture.Vector(3, 100, 2));
        predictions.Select(p => (p.Probability, p.Direction, p.Confidence)).ShouldBe([(0.125, -0.625, 0.75), (0.25, 0, 0.25), (0.625, 0.5, 0.625)]);
    }

    [Fact]
    public void A_label_alone_is_a_certain_direction()
    {
        UseTree();
        _files.Manifest = _files.Manifest with { Outputs = [_files.Manifest.Outputs[0]], Golden = [new GoldenRow([100, 2], [1])] };
        _files.Write();
        using var block = _files.Block();
        OnnxFixture.Run(block, OnnxFixture.Vector(1, 100, -2), OnnxFixture.Vector(2, 100, 0)).Select(p => (p.Probability, p.Direction, p.Confidence)).ShouldBe([(0, -1, 1), (0, 0, 0)]);
    }

    [Fact]
    public void A_label_that_the_manifest_does_not_know_is_refused()
    {
        UseTree();
        _files.Manifest = _files.Manifest with
        {
            Outputs = [_files.Manifest.Outputs[0] with { Labels = [-1, 5, 1] }, _files.Manifest.Outputs[1]], Golden = [_files.Manifest.Golden[0]],
        };
        _files.Write();
        using var block = _files.Block();
        OnnxFixture.Run(block, OnnxFixture.Vector(1, 100, 0)).ShouldBeEmpty();
        block.Accounts.Dropped["unknown_label"].ShouldBe(1);
    }

    [Fact]
    public void Maps_of_a_model_with_zipmap_are_refused_with_the_remedy()
    {
        UseTree("zipmap");
        var message = _files.Refusal().Message;
        message.ShouldContain("'probabilities' is no tensor but a sequence");
        message.ShouldContain("zipmap");
    }

    [Fact]
    public void An_output_that_the_manifest_does_not_name_may_be_anything()
    {
        UseTree("zipmap");
        _files.Manifest = _files.Manifest with { Outputs = [_files.Manifest.Outputs[0]], Golden = [new GoldenRow([100, 2], [1])] };
        _files.Write();
        using var block = _files.Block();
        OnnxFixture.Run(block, OnnxFixture.Vector(1, 100, 2)).ShouldHaveSingleItem().Direction.ShouldBe(1);
    }

    [Fact]
    public void A_regression_gives_the_magnitude_and_by_its_deviation_a_probability()
    {
        UseRegression();
        using var block = _files.Block();
        var up = OnnxFixture.Run(block, OnnxFixture.Vector(1, 100, 0), OnnxFixture.Vector(2, 90, 0), OnnxFixture.Vector(3, 110, 5)).ShouldHaveSingleItem();

        // 110 - 100 + 2 * 5 = 20 basis points; logistic with deviation 0.002: 1 / (1 + exp(-pi / sqrt(3))) = 0.859791...
        up.Magnitude.ShouldBe(0.002, 1e-15);
        up.Probability.ShouldBe(1 / (1 + Math.Exp(-1.813799364234218)), 1e-12);
        up.Price.ShouldBe(110);

        var down = OnnxFixture.Run(block, OnnxFixture.Vector(4, 70, 0)).ShouldHaveSingleItem();
        down.Magnitude.ShouldBe(0.002, 1e-15);
        down.Direction.ShouldBe(-up.Direction, 1e-12);
    }

    [Fact]
    public void A_return_above_the_price_itself_is_refused()
    {
        UseRegression();
        using var block = _files.Block();
        OnnxFixture.Run(block, OnnxFixture.Vector(1, 0, 0), OnnxFixture.Vector(2, 0, 0), OnnxFixture.Vector(3, 10_001, 0)).ShouldBeEmpty();
        block.Accounts.Dropped["return_out_of_range"].ShouldBe(1);
    }

    [Fact]
    public void An_answer_that_is_no_finite_number_is_refused()
    {
        UseRegression();
        using var block = _files.Block();

        // 1e308 - -1e308 is infinite, and infinity less itself is no number.
        OnnxFixture.Run(block, [.. new[] { -1e308, 0, 1e308 }.Select((price, i) => OnnxFixture.Vector(i, price, 0))]).ShouldBeEmpty();
        block.Accounts.Dropped["output_not_finite"].ShouldBe(1);
        block.Accounts.DeadLetters.ShouldHaveSingleItem().Reason.ShouldBe("output_not_finite");
    }

    [Fact]
    public void A_return_alone_needs_its_deviation()
    {
        UseRegression(deviation: null);
        _files.Refusal().Message.ShouldContain("says nothing but a return");
    }

    [Theory]
    [InlineData("sequence")]
    [InlineData("tree")]
    [InlineData("regression")]
    public void Batches_give_the_same_bits_as_rows_one_by_one(string model)
    {
        Action use = model switch { "sequence" => () => UseSequence(), "tree" => () => UseTree(), _ => () => UseRegression() };
        use();
        var random = new Random(1);
        var vectors = Enumerable.Range(0, 700).Select(i => OnnxFixture.Vector(i, 100 + random.NextDouble(), random.NextDouble() - 0.5, i % 9 == 0 ? 1UL : 3UL) with { Symbol = 1 + random.Next(3) }).ToArray();
        using var one = _files.Block();
        var expected = OnnxFixture.Run(one, vectors);
        foreach (var batch in new[] { 2, 7, 64, 512 })
        {
            using var block = _files.Block(new OnnxOptions { Batch = batch });
            OnnxFixture.Run(block, vectors[..300]).Concat(OnnxFixture.Run(block, vectors[300..301])).Concat(OnnxFixture.Run(block, vectors[301..])).ShouldBe(expected);
            block.Accounts.Dropped.ShouldBe(one.Accounts.Dropped);
        }
    }

    [Fact]
    public void A_model_that_looks_across_rows_is_not_run_in_batches()
    {
        Use("neighbours", [Row], [new ModelOutput("probabilities", ElementType.Double, [-1, 2], OutputRole.Probability)], ["up", "down"], new GoldenRow([1, 2], [0.5, 0.5]), new GoldenRow([5, 1], [0.5, 0.5]));
        using (var block = _files.Block())
        {
            OnnxFixture.Run(block, OnnxFixture.Vector(1, 7, 1)).ShouldHaveSingleItem().Probability.ShouldBe(0.5);
        }

        var e = Should.Throw<ConfigurationException>(() => _files.Block(new OnnxOptions { Batch = 8 }));
        e.Message.ShouldContain("depends on the place of the row in a batch");
        e.Message.ShouldContain("batch: 1");
    }

    public static TheoryData<int, OnError> Faults => new() { { 1, OnError.Drop }, { 8, OnError.Drop }, { 8, OnError.DeadLetter }, { 1, OnError.DeadLetter }, { 8, OnError.Retry }, { 8, OnError.Fail } };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task An_event_at_which_the_model_fails_follows_the_fault_policy_and_takes_no_other_with_it(int batch, OnError policy)
    {
        UseTable(new GoldenRow([0, 0], [0.1]), new GoldenRow([0, 1], [0.9]));
        var vectors = Enumerable.Range(1, 100).Select(i => OnnxFixture.Vector(i, 100, i is 30 or 31 or 77 ? 5 : i % 2)).ToArray();
        var seen = new Seen();
        using var graph = new GraphBuilder()
            .Add("source", new Given(vectors))
            .Add("model", _ => _files.Block(new OnnxOptions { Batch = batch }), [("from", ["source"])], new BlockSettings { OnError = policy })
            .Add("seen", seen, ["model"])
            .Build();
        var report = await graph.RunAsync(CancellationToken.None);
        var isTolerant = policy is OnError.Drop or OnError.DeadLetter;
        report.Completed.ShouldBe(isTolerant);
        if (isTolerant)
        {
            report.Balanced.ShouldBeTrue();
            seen.Sequences.ShouldBe(Enumerable.Range(1, 100).Select(i => (long)i).Except([30, 31, 77]));
            report.Blocks.Single(b => b.Name == "model").Errors["OnnxRuntimeException"].ShouldBe(3);
        }
        else
        {
            report.Fault.ShouldNotBeNull().ShouldContain("event 30");
            seen.Sequences.ShouldBe(Enumerable.Range(1, seen.Sequences.Count).Select(i => (long)i));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task A_vector_at_which_the_model_failed_is_not_part_of_later_windows(int batch)
    {
        Use(
            "steps", [new ModelInput("row", ElementType.Double, [-1, 2]) { Features = ["slope"], Window = 2 }],
            [new ModelOutput("probability", ElementType.Double, [-1, 1], OutputRole.Probability)], ["up"], new GoldenRow([0, 1, 0, 0], [0.375]));
        double SlopeAt(int i) => i % 11 == 5 ? 7 : i * i / 5 % 2;
        var vectors = Enumerable.Range(1, 200).Select(i => OnnxFixture.Vector(i, 0, SlopeAt(i)) with { Symbol = 1 + (i % 3) }).ToArray();
        var seen = new Seen();
        using var graph = new GraphBuilder()
            .Add("source", new Given(vectors))
            .Add("model", _ => _files.Block(new OnnxOptions { Batch = batch }), [("from", ["source"])], new BlockSettings { OnError = OnError.Drop })
            .Add("seen", seen, ["model"])
            .Build();
        (await graph.RunAsync(CancellationToken.None)).Completed.ShouldBeTrue();
        var expected = new List<double>();
        for (var i = 1; i <= 200; i++)
        {
            var before = i - 3;
            while (before > 0 && SlopeAt(before) > 1)
            {
                before -= 3;
            }

            if (SlopeAt(i) <= 1 && before > 0)
            {
                expected.Add((SlopeAt(i) == 0 ? 0.125 : 0.5) + (SlopeAt(before) / 4));
            }
        }

        seen.Probabilities.ShouldBe(expected);
        expected.Distinct().Count().ShouldBe(4);
    }

    [Fact]
    public void A_fixed_number_of_rows_is_filled_up_with_copies()
    {
        ModelOutput output = new("probabilities", ElementType.Double, [4, 2], OutputRole.Probability);
        Use("neighbours", [Row with { Shape = [4, 2] }], [output], ["up", "down"], new GoldenRow([1, 2], [0.5, 0.5]), new GoldenRow([5, 1], [0.5, 0.5]));
        using var block = _files.Block();

        // Nothing differs from the mean of the rows, because all are the same.
        OnnxFixture.Run(block, OnnxFixture.Vector(1, 7, 1), OnnxFixture.Vector(2, -3, 4)).Select(p => p.Probability).ShouldBe([0.5, 0.5]);
    }

    [Fact]
    public void A_model_that_answers_golden_rows_otherwise_is_refused()
    {
        UseTable(new GoldenRow([0, 0], [0.1]));
        _files.Manifest = _files.Manifest with { Golden = [new GoldenRow([0, 1], [0.8])] };
        _files.Write();
        _files.Refusal().Message.ShouldContain("answers golden row 0 with 0.9");
    }

    private sealed class Given(FeatureVector[] vectors) : Source<FeatureVector>
    {
        public override bool Read(Output<FeatureVector> output, int limit, CancellationToken stop)
        {
            foreach (ref readonly var vector in vectors.AsSpan())
            {
                output.Add(in vector);
            }

            return false;
        }
    }

    private sealed class Seen : Observer<Prediction>
    {
        public List<long> Sequences { get; } = [];

        public List<double> Probabilities { get; } = [];

        public override void Observe(Run<Prediction> run)
        {
            foreach (ref readonly var prediction in run)
            {
                Sequences.Add(prediction.Sequence);
                Probabilities.Add(prediction.Probability);
            }
        }
    }
}
