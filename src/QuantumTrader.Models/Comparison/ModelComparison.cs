using QuantumTrader.Features;
using QuantumTrader.Models.Drift;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models.Comparison;

/// <summary>How two models answer the same vectors: same models and vectors, same comparison.</summary>
/// <param name="Vectors">Vectors that both were asked about.</param>
/// <param name="First">What the first one answered.</param>
/// <param name="Second">What the second one answered.</param>
/// <param name="Both">Vectors that both answered; all that follows is over these.</param>
/// <param name="SameSide">Share of them with a direction of the same sign.</param>
/// <param name="MeanDifference">Mean distance of the two probabilities of up.</param>
/// <param name="LargestDifference">Largest distance of them.</param>
/// <param name="Correlation">Of the two probabilities (Pearson); null when one of them never changes.</param>
/// <param name="ScoreIndex">Population stability index of the second's probabilities over the deciles of the first's.</param>
/// <param name="Ranges">The vectors by the first's probability.</param>
/// <param name="Worst">Where they lie furthest apart, the furthest first.</param>
public sealed record ModelComparison(
    int Vectors, AnswerCounts First, AnswerCounts Second, int Both, double? SameSide, double? MeanDifference, double? LargestDifference, double? Correlation, double? ScoreIndex,
    IReadOnlyList<ScoreRange> Ranges, IReadOnlyList<Disagreement> Worst)
{
    /// <summary>Compares what two models said of the same vectors.</summary>
    /// <param name="first">Of the first model.</param>
    /// <param name="second">Of the second model.</param>
    /// <param name="vectors">What both were asked about.</param>
    /// <param name="worst">How many of the worst disagreements are named.</param>
    public static ModelComparison Of(ModelAnswers first, ModelAnswers second, IReadOnlyList<FeatureVector> vectors, int worst)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(vectors);
        var pairs = new List<Pair>();
        for (var i = 0; i < vectors.Count; i++)
        {
            if (first.Forecasts[i] is { } one && second.Forecasts[i] is { } other)
            {
                pairs.Add(new Pair(i, one, other));
            }
        }

        var (counts, others) = (CountsOf(first), CountsOf(second));
        if (pairs.Count == 0)
        {
            return new ModelComparison(vectors.Count, counts, others, 0, null, null, null, null, null, [], []);
        }

        double[] scores = [.. pairs.Select(p => p.First.Up)];
        double[] otherScores = [.. pairs.Select(p => p.Second.Up)];
        var spread = new DriftingValue(TrainingBins.Of("probability_up", scores), pairs.Count);
        Array.ForEach(otherScores, s => spread.Take(s));
        spread.Compare(0);
        return new ModelComparison(
            vectors.Count, counts, others, pairs.Count,
            pairs.Average(p => p.IsSameSide ? 1.0 : 0), pairs.Average(p => p.Distance), pairs.Max(p => p.Distance), Correlate(scores, otherScores), spread.Index,
            [.. pairs.GroupBy(p => spread.BinOf(p.First.Up)).OrderBy(g => g.Key).Select(RangeOf)],
            [.. pairs.OrderByDescending(p => p.Distance).ThenBy(p => p.Place).Take(worst).Where(p => p.Distance > 0)
                .Select(p => new Disagreement(vectors[p.Place].Sequence, IsoTime.ToText(vectors[p.Place].EventTime), vectors[p.Place].Symbol, p.First.Up, p.Second.Up))]);
    }

    private static AnswerCounts CountsOf(ModelAnswers answers) => new(
        answers.Manifest.Name, answers.Manifest.ModelSha256, answers.Manifest.Features.Count, answers.Forecasts.Count(f => f is not null), answers.Missing);

    private static ScoreRange RangeOf(IEnumerable<Pair> pairs) => new(
        pairs.Min(p => p.First.Up), pairs.Max(p => p.First.Up), pairs.Count(), pairs.Average(p => p.First.Up), pairs.Average(p => p.Second.Up), pairs.Average(p => p.IsSameSide ? 1.0 : 0));

    private static double? Correlate(double[] first, double[] second)
    {
        var (mean, otherMean) = (first.Average(), second.Average());
        var (products, squares, otherSquares) = (0.0, 0.0, 0.0);
        for (var i = 0; i < first.Length; i++)
        {
            var (a, b) = (first[i] - mean, second[i] - otherMean);
            products += a * b;
            squares += a * a;
            otherSquares += b * b;
        }

        return squares > 0 && otherSquares > 0 ? products / Math.Sqrt(squares * otherSquares) : null;
    }

    private readonly record struct Pair(int Place, Forecast First, Forecast Second)
    {
        public double Distance => Math.Abs(First.Up - Second.Up);

        public bool IsSameSide => Math.Sign(First.Direction) == Math.Sign(Second.Direction);
    }
}

/// <summary>How many vectors a model answered.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Sha256">Hash of its file.</param>
/// <param name="Features">Features that it takes.</param>
/// <param name="Answered">Vectors with an answer.</param>
/// <param name="Missing">Vectors without one, by reason.</param>
public sealed record AnswerCounts(string Model, string Sha256, int Features, int Answered, IReadOnlyDictionary<string, int> Missing);

/// <summary>Vectors to which the first model gave a probability of up within a decile of all its own.</summary>
/// <param name="From">The smallest.</param>
/// <param name="To">The largest.</param>
/// <param name="Vectors">How many.</param>
/// <param name="MeanFirst">Mean of the first model's.</param>
/// <param name="MeanSecond">Mean of the second model's.</param>
/// <param name="SameSide">Share with a direction of the same sign.</param>
public sealed record ScoreRange(double From, double To, int Vectors, double MeanFirst, double MeanSecond, double SameSide);

/// <summary>A vector on which two models differ.</summary>
/// <param name="Sequence">Its sequence.</param>
/// <param name="Time">Its time.</param>
/// <param name="Symbol">Its interned symbol.</param>
/// <param name="First">The first model's probability of up.</param>
/// <param name="Second">The second model's.</param>
public sealed record Disagreement(long Sequence, string Time, int Symbol, double First, double Second);
