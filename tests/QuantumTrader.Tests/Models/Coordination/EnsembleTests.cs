using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Models;
using QuantumTrader.Models.Coordination;
using QuantumTrader.Models.Drift;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Models.Coordination;

public sealed class EnsembleTests : IDisposable
{
    private static readonly FeatureSchema Schema = new("x");
    private readonly ModelFolder _models = new();

    public void Dispose() => _models.Dispose();

    private static EnsembleOptions Options => new() { Members = ["a", "b"] };

    private Ensemble Block(EnsembleOptions options) => new(options, _models.Context());

    private static FeatureVector Vector(long sequence, int symbol = 1, long? time = null) => new(sequence, time ?? sequence, symbol, Schema, [1], [1]);

    private static Prediction Prediction(long sequence, string model, double up, int symbol = 1, RegimeClass kind = RegimeClass.None, long? time = null) =>
        new(sequence, time ?? sequence, symbol, up, (2 * up) - 1, Math.Max(up, 1 - up), up / 100, 5000, model) { Regime = new KnownRegime(kind, 0.6, RangePlace.None, 1, 1) };

    // As the graph does: of equal sequences the side port comes first.
    private static Prediction[] Run(Ensemble block, FeatureVector[] vectors, params Prediction[] predictions)
    {
        var output = new Output<Prediction>();
        foreach (var sequence in vectors.Select(v => v.Sequence).Concat(predictions.Select(p => p.Sequence)).Distinct().Order())
        {
            block.ProcessSide(Run<Prediction>.Of([.. predictions.Where(p => p.Sequence == sequence)], block.Accounts), output);
            block.Process(Run<FeatureVector>.Of([.. vectors.Where(v => v.Sequence == sequence)], block.Accounts), output);
        }

        block.Complete(output);
        return output.ToArray();
    }

    [Fact]
    public void The_mean_is_weighted()
    {
        using var block = Block(Options with { Weights = new Dictionary<string, double> { ["a"] = 3 } });
        var p = Run(block, [Vector(1)], Prediction(1, "b", 0.4), Prediction(1, "a", 0.8)).ShouldHaveSingleItem();

        // (3 * 0.8 + 0.4) / 4 = 0.7
        p.Probability.ShouldBe(0.7, 1e-12);
        p.Direction.ShouldBe(0.4, 1e-12);
        p.Confidence.ShouldBe(0.7, 1e-12);
        p.Magnitude.ShouldBe(0.007, 1e-12);
        (p.Sequence, p.Price, p.Model, p.Regime.IsJoined).ShouldBe((1, 5000, "ensemble", false));
    }

    [Fact]
    public void Each_regime_has_its_weights()
    {
        var weights = new Dictionary<string, IReadOnlyDictionary<string, double>> { ["trend_up"] = new Dictionary<string, double> { ["a"] = 1, ["b"] = 0 }, ["range"] = new Dictionary<string, double> { ["a"] = 0 } };
        using var block = Block(Options with { RegimeWeights = weights });
        var regimes = new[] { RegimeClass.TrendUp, RegimeClass.Range, RegimeClass.TrendDown, RegimeClass.None };
        var sent = Run(
            block, [.. regimes.Select((_, i) => Vector(i + 1))],
            [.. regimes.SelectMany((kind, i) => new[] { Prediction(i + 1, "a", 0.9, kind: kind), Prediction(i + 1, "b", 0.5, kind: kind) })]);
        sent.Select(p => Math.Round(p.Probability, 12)).ShouldBe([0.9, 0.5, 0.7, 0.7]);
        sent.Select(p => p.Regime.Class).ShouldBe(regimes);
    }

    [Fact]
    public void A_further_model_may_combine_them_by_their_names()
    {
        // The names stand in another order than the members.
        _models.Save("stack", 0, ("b", -2), ("a", 4));
        using var block = Block(Options with { Stack = "stack.onnx", OnMissing = MissingMember.Neutral });
        var sent = Run(block, [Vector(1), Vector(2)], Prediction(1, "a", 0.9), Prediction(1, "b", 0.4), Prediction(2, "a", 0.9));

        // 4 * 0.9 - 2 * 0.4 = 2.8; with one half for the missing one 2.6
        sent.Select(p => p.Probability).ShouldBe([1 / (1 + Math.Exp(-2.8)), 1 / (1 + Math.Exp(-2.6))], 1e-12);
    }

    [Theory]
    [InlineData(MissingMember.Skip, null)]
    [InlineData(MissingMember.LeaveOut, 0.9)]
    [InlineData(MissingMember.Neutral, 0.7)]
    public void A_member_that_says_nothing_costs_what_the_option_says(MissingMember onMissing, double? expected)
    {
        using var block = Block(Options with { OnMissing = onMissing });
        var sent = Run(block, [Vector(1), Vector(2)], Prediction(1, "a", 0.9), Prediction(2, "a", 0.6), Prediction(2, "b", 0.6));
        sent.Select(p => Math.Round(p.Probability, 12)).ShouldBe(expected is { } first ? [first, 0.6] : [0.6]);
        block.Accounts.Dropped.ShouldBe(expected is null ? new Dictionary<string, long> { ["member_missing"] = 1 } : []);
        ((EnsembleReport)block.Report()).Missing.ShouldBe(new Dictionary<string, long> { ["a"] = 0, ["b"] = 1 });
    }

    [Fact]
    public void A_vector_that_no_member_answers_gives_nothing_and_waits_for_nobody()
    {
        using var block = Block(Options with { OnMissing = MissingMember.Neutral });
        Run(block, [Vector(1), Vector(3)], Prediction(2, "a", 0.9), Prediction(2, "b", 0.9)).ShouldBeEmpty();
        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["no_member"] = 2 });
        ((EnsembleReport)block.Report()).WithoutVector.ShouldBe(2);
    }

    [Fact]
    public void Vectors_of_one_cause_are_told_apart_by_symbol_and_time()
    {
        using var block = Block(Options);
        var sent = Run(
            block, [Vector(5, 1, 60), Vector(5, 1, 120), Vector(5, 2, 60)],
            Prediction(5, "a", 0.6, 1, time: 60), Prediction(5, "a", 0.7, 1, time: 120), Prediction(5, "a", 0.8, 2, time: 60),
            Prediction(5, "b", 0.6, 1, time: 60), Prediction(5, "b", 0.7, 1, time: 120), Prediction(5, "b", 0.8, 2, time: 60));
        sent.Select(p => (p.Symbol, p.EventTime, Math.Round(p.Probability, 12))).ShouldBe([(1, 60, 0.6), (1, 120, 0.7), (2, 60, 0.8)]);
    }

    [Fact]
    public void What_is_no_members_or_comes_twice_is_counted()
    {
        using var block = Block(Options);
        Run(block, [Vector(1)], Prediction(1, "c", 0.1), Prediction(1, "a", 0.9), Prediction(1, "a", 0.1), Prediction(1, "b", 0.9)).ShouldHaveSingleItem().Probability.ShouldBe(0.9, 1e-12);
        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["twice"] = 1, ["unknown_member"] = 1 });
    }

    [Fact]
    public void Members_without_weight_and_stale_ones_are_seen()
    {
        using var block = Block(Options with { Weights = new Dictionary<string, double> { ["a"] = 0 }, OnMissing = MissingMember.LeaveOut });
        Run(block, [Vector(1)], Prediction(1, "a", 0.9)).ShouldBeEmpty();
        block.Accounts.Dropped["no_weight"].ShouldBe(1);
        Run(block, [Vector(2)], Prediction(2, "b", 0.9) with { IsStale = true }).ShouldHaveSingleItem().IsStale.ShouldBeTrue();
    }

    [Fact]
    public void The_stacking_model_is_held_against_its_training()
    {
        _models.Save("stack", 0, ("b", -2), ("a", 4));
        var random = new Random(1);
        double[][] rows = [.. Enumerable.Range(0, 2000).Select(_ => (double[])[random.NextDouble(), random.NextDouble()])];
        _models.SaveBins("stack", ("b", [.. rows.Select(r => r[0])]), ("a", [.. rows.Select(r => r[1])]), ("probability_up", [.. rows.Select(r => 1 / (1 + Math.Exp((2 * r[0]) - (4 * r[1]))))]));
        using var block = Block(Options with { Stack = "stack.onnx", Drift = new DriftOptions { Window = 500, Every = 100 } });

        // One member has become sure of a rise.
        var members = Enumerable.Range(1, 600).SelectMany(i => new[] { Prediction(i, "a", 0.9 + (0.1 * random.NextDouble())), Prediction(i, "b", random.NextDouble()) });
        Run(block, [.. Enumerable.Range(1, 600).Select(i => Vector(i))], [.. members]).Length.ShouldBe(600);
        ((EnsembleReport)block.Report()).Drift!.Features.Select(f => (f.Name, f.Band == DriftBand.Shifted)).ShouldBe([("b", false), ("a", true)]);
        block.Gauges.Select(g => g.Of).ShouldBe(["stack.b", "stack.a", "stack.probability_up"]);

        Should.Throw<ConfigurationException>(() => Block(Options with { Drift = new DriftOptions() })).Option.ShouldBe("drift");
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_what_is_legal()
    {
        string Refused(EnsembleOptions options) => Should.Throw<ConfigurationException>(() => Block(options)).Option;
        Refused(Options with { Members = ["a"] }).ShouldBe("members");
        Refused(Options with { Members = ["a", "a"] }).ShouldBe("members");
        Refused(Options with { Weights = new Dictionary<string, double> { ["c"] = 1 } }).ShouldBe("weights");
        Refused(Options with { Weights = new Dictionary<string, double> { ["a"] = -1 } }).ShouldBe("weights");
        Refused(Options with { RegimeWeights = new Dictionary<string, IReadOnlyDictionary<string, double>> { ["up"] = new Dictionary<string, double>() } }).ShouldBe("regime_weights");
        _models.Save("stack", 0, ("a", 1), ("c", 1));
        Refused(Options with { Stack = "stack.onnx", OnMissing = MissingMember.LeaveOut }).ShouldBe("on_missing");
        Should.Throw<ConfigurationException>(() => Block(Options with { Stack = "stack.onnx" })).Message
            .ShouldBe("Model 'stack' takes [a, c]; expected the members, [a, b]. Train it on their probabilities, or name other members.");
    }
}
