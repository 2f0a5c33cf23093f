using QuantumTrader.Features;
using QuantumTrader.Models.Training;

namespace QuantumTrader.Tests.Models.Training;

/// <summary>Simulated minutes in which some features say where the price goes next.</summary>
internal static class TrainingData
{
    public const long Minute = 60_000_000_000;

    public static readonly FeatureSchema Schema = new("price_current", "hint", "noise");

    private static readonly FeatureSchema Bare = new("hint", "noise");

    public static readonly TrainingOptions OneCandle = new() { Name = "planted", Labels = new FixedHorizonOptions { HorizonCandles = 1 }, CodeVersion = "test" };

    /// <summary>Take or stop at 2 within 3 minutes: with steps of 1 all three classes come.</summary>
    public static readonly TrainingOptions Barriers = OneCandle with
    {
        Labels = new TripleBarrierOptions { HorizonCandles = 3, Take = new Distance(2, DistanceUnit.Ticks), Stop = new Distance(2, DistanceUnit.Ticks) },
        TickSize = 1,
    };

    public static TheoryData<string> Learners { get; } = ["logistic", "mlp", "trees"];

    public static LearnerOptions Learner(string name) => name switch
    {
        "mlp" => new PerceptronOptions { Hidden = [16], LearningRate = 0.01 },
        "trees" => new TreesOptions { LearningRate = 0.1, LeafRows = 20 },
        _ => new LogisticOptions(),
    };

    /// <summary>The price goes up or down by 1 each minute; the hint says where to with the given strength, the noise says nothing.</summary>
    public static List<FeatureVector> Walk(int count, double strength, int seed = 1, int symbol = 1)
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

    /// <summary>The price goes up in 4 of 5 minutes in which hint and noise have the same sign, else in 1 of 5: each alone says nothing.</summary>
    public static List<FeatureVector> ExclusiveOr(int count, int seed = 1)
    {
        var random = new Random(seed);
        var vectors = new List<FeatureVector>();
        var price = 1000.0;
        for (var i = 0; i < count; i++)
        {
            var (a, b) = (Normal(random), Normal(random));
            vectors.Add(new FeatureVector(i, i * Minute, 1, Schema, [price, a, b], [7]));
            price += random.NextDouble() < (a * b > 0 ? 0.8 : 0.2) ? 1 : -1;
        }

        return vectors;
    }

    public static FeatureVector WithoutPrice(FeatureVector v) => new(v.Sequence, v.EventTime, v.Symbol, Bare, v.Values[1..].ToArray(), [3]);

    public static FeatureVector With(FeatureVector v, double[] values, ulong warm) => new(v.Sequence, v.EventTime, v.Symbol, v.Schema, values, [warm]);

    /// <summary>Rows for a learner: the features, and the outcome that a rule gives them.</summary>
    public static TrainingRows Rows(int count, int outcomes, Func<double[], int> outcome, int seed = 1, int width = 3)
    {
        var random = new Random(seed);
        return new TrainingRows(
            [.. Enumerable.Range(0, count).Select(i =>
            {
                var values = Enumerable.Range(0, width).Select(_ => Normal(random)).ToArray();
                return new LabelledRow(i, i, 1, values, outcome(values), 0, 0);
            })],
            outcomes, 0);
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
