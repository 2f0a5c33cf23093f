using QuantumTrader.Market;

namespace QuantumTrader.Models;

/// <summary>What the models that are trained here have in common: their tensors, and how scores become probabilities.</summary>
internal static class TrainedTensors
{
    /// <summary>Name of the input: rows of doubles, one per feature.</summary>
    public const string Input = "features";

    /// <summary>Name of the output: rows of doubles, one per class.</summary>
    public static string Output(int outcomes) => outcomes == 2 ? "probability_up" : "probabilities";

    /// <summary>Columns of the output: of two outcomes only the second is written.</summary>
    public static int Columns(int outcomes) => outcomes == 2 ? 1 : outcomes;

    /// <summary>Ends a graph that has made the tensor <c>score</c> of <see cref="Columns"/> columns; -1 rows are any number.</summary>
    public static byte[] ToBytes(this OnnxWriter writer, string name, string featureHash, int features, int outcomes, long rows = -1) => writer
        .Node(outcomes == 2 ? "Sigmoid" : "Softmax", Output(outcomes), "score")
        .Input(Input, rows, features)
        .Output(Output(outcomes), rows, Columns(outcomes))
        .Metadata("feature_hash", featureHash)
        .ToBytes(name);

    /// <summary>Probabilities of all outcomes: from one score those of not and of yes, from several one each.</summary>
    public static void ToProbabilities(ReadOnlySpan<double> scores, Span<double> probabilities)
    {
        if (scores.Length == 1)
        {
            probabilities[1] = Sigmoid(scores[0]);
            probabilities[0] = 1 - probabilities[1];
            return;
        }

        var largest = scores[0];
        foreach (var score in scores)
        {
            largest = Math.Max(largest, score);
        }

        var sum = 0.0;
        for (var i = 0; i < scores.Length; i++)
        {
            sum += probabilities[i] = StableMath.ExpOfMinus(largest - scores[i]);
        }

        for (var i = 0; i < scores.Length; i++)
        {
            probabilities[i] /= sum;
        }
    }

    /// <summary>1 / (1 + exp(-score)), in the form that does not overflow.</summary>
    public static double Sigmoid(double score)
    {
        var e = StableMath.ExpOfMinus(Math.Abs(score));
        return (score >= 0 ? 1 : e) / (1 + e);
    }
}
