using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Models;

public sealed class OnnxTests : IDisposable
{
    private readonly OnnxFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_written_model_answers_in_onnx_runtime_what_the_managed_reference_says()
    {
        using var model = OnnxModel.Load(_files.Path);
        var random = new Random(7);
        for (var i = 0; i < 1000; i++)
        {
            double[] row = [90 + (20 * random.NextDouble()), (10 * random.NextDouble()) - 5];
            model.Predict(row).Up.ShouldBe(OnnxFixture.Reference.Predict(row), 1e-12);
        }

        // 0.2 + 1.5 (102 - 100) / 4 - 0.5 * 1 / 2 = 0.7; 1 / (1 + exp(-0.7)) = 0.668187772168166
        model.Predict([102, 1]).Up.ShouldBe(0.668187772168166, 1e-12);
    }

    [Fact]
    public void A_prediction_carries_direction_confidence_price_and_model()
    {
        using var block = _files.Block();
        var up = OnnxFixture.Run(block, OnnxFixture.Vector(5, 102, 1)).ShouldHaveSingleItem();
        up.ShouldSatisfyAllConditions(
            p => p.Sequence.ShouldBe(5),
            p => p.EventTime.ShouldBe(5000),
            p => p.Symbol.ShouldBe(1),
            p => p.Probability.ShouldBe(0.668187772168166, 1e-12),
            p => p.Direction.ShouldBe(0.336375544336332, 1e-12),
            p => p.Confidence.ShouldBe(0.668187772168166, 1e-12),
            p => p.Price.ShouldBe(102),
            p => p.Model.ShouldBe("small"));

        // 0.2 + 1.5 (98 - 100) / 4 - 0.5 * 1 / 2 = -0.8; 1 / (1 + exp(0.8)) = 0.310025518872388: falling is 0.689974481127612 likely.
        var down = OnnxFixture.Run(block, OnnxFixture.Vector(6, 98, 1)).ShouldHaveSingleItem();
        down.Direction.ShouldBe(-0.379948962255224, 1e-12);
        down.Confidence.ShouldBe(0.689974481127612, 1e-12);
    }

    [Fact]
    public void A_vector_that_is_not_warm_is_dropped_and_counted_unless_told_otherwise()
    {
        using var skips = _files.Block();
        OnnxFixture.Run(skips, OnnxFixture.Vector(1, 100, 0, warm: 1)).ShouldBeEmpty();
        skips.Accounts.Dropped["not_warm"].ShouldBe(1);
        using var predicts = _files.Block(OnNotWarm.Predict);
        OnnxFixture.Run(predicts, OnnxFixture.Vector(1, 100, 0, warm: 1)).Length.ShouldBe(1);
    }

    [Fact]
    public void A_prediction_allocates_nothing()
    {
        using var model = OnnxModel.Load(_files.Path);
        double[] row = [101, 0.5];
        var sum = 0.0;
        long Measure()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 10_000; i++)
            {
                sum += model.Predict(row).Up;
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Measure();
        Measure().ShouldBe(0);
        sum.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_vector_of_other_features_stops_the_block_and_names_the_first_difference()
    {
        using var block = _files.Block();
        var other = new FeatureSchema("price_current", "volume");
        var e = Should.Throw<ConfigurationException>(() => OnnxFixture.Run(block, new FeatureVector(1, 1, 1, other, [1, 2], [3])));
        e.Option.ShouldBe("model");
        e.Message.ShouldContain(other.Hash);
        e.Message.ShouldContain(block.ExpectedFeatureHash);
        e.Message.ShouldContain("place 2 expects 'slope', found 'volume'");
    }

    [Fact]
    public void The_same_names_made_by_somebody_else_fit()
    {
        using var block = _files.Block();
        OnnxFixture.Run(block, OnnxFixture.Vector(1, 100, 0) with { Schema = new FeatureSchema("price_current", "slope") }).Length.ShouldBe(1);
    }

    [Fact]
    public void A_model_of_single_precision_with_two_classes_and_any_number_of_rows_works()
    {
        // Written by hand: Identity of a float [-1, 2] tensor, columns down and up.
        ProtoBytes dimensions = new ProtoBytes().Message(1, new ProtoBytes().Text(2, "n")).Message(1, new ProtoBytes().Number(1, 2));
        ProtoBytes Tensor(string name) => new ProtoBytes().Text(1, name).Message(2, new ProtoBytes().Message(1, new ProtoBytes().Number(1, 1).Message(2, dimensions)));
        var graph = new ProtoBytes()
            .Message(1, new ProtoBytes().Text(1, "in").Text(2, "out").Text(4, "Identity"))
            .Text(2, "g").Message(11, Tensor("in")).Message(12, Tensor("out"));
        _files.Manifest = _files.Manifest with
        {
            Inputs = [new ModelInput("in", ElementType.Float, [-1, 2])],
            Outputs = [new ModelOutput("out", ElementType.Float, [-1, 2], OutputRole.Probability)],
            Classes = ["down", "up"],
            Golden = [new GoldenRow([0.25, 0.75], [0.25, 0.75])],
        };
        _files.Replace(new ProtoBytes().Number(1, 8).Message(7, graph).Message(8, new ProtoBytes().Text(1, "").Number(2, 13)).ToArray());
        using var block = _files.Block();

        // Probabilities that do not add up to 1 leave the rest to neither side: 0.5 - 0.25.
        var p = OnnxFixture.Run(block, OnnxFixture.Vector(1, 0.25, 0.5)).ShouldHaveSingleItem();
        (p.Probability, p.Direction, p.Confidence).ShouldBe((0.5, 0.25, 0.5));

        // An answer that is no probability is refused.
        OnnxFixture.Run(block, OnnxFixture.Vector(1, 0.25, 1.5)).ShouldBeEmpty();
        block.Accounts.Dropped["output_is_no_probability"].ShouldBe(1);
    }

    [Fact]
    public void Runs_may_be_cut_anywhere()
    {
        var vectors = Enumerable.Range(1, 40).Select(i => OnnxFixture.Vector(i, 90 + (i % 20), i % 7, i % 5 == 0 ? 1UL : 3UL)).ToArray();
        using var whole = _files.Block();
        using var cut = _files.Block();
        OnnxFixture.Run(whole, vectors).ShouldBe(vectors.SelectMany(v => OnnxFixture.Run(cut, v)).ToArray());
    }
}
