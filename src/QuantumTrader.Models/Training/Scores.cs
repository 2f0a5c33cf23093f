using QuantumTrader.Market;

namespace QuantumTrader.Models.Training;

/// <summary>Measures of how good probabilities were.</summary>
internal static class Scores
{
    /// <summary>-ln of the probability that was given to what happened. None is punished more than 1e-9 would be, or one row could outweigh all others.</summary>
    public static double LogLoss(double probability) => -StableMath.Log(Math.Max(probability, 1e-9));

    /// <summary>Squared distance from what happened (Brier, 1950): of two outcomes the second counts, of more all do.</summary>
    public static double Brier(double[] answer, int outcome)
    {
        if (answer.Length == 2)
        {
            return (answer[1] - outcome) * (answer[1] - outcome);
        }

        var sum = 0.0;
        for (var k = 0; k < answer.Length; k++)
        {
            var error = answer[k] - (k == outcome ? 1 : 0);
            sum += error * error;
        }

        return sum;
    }

    /// <summary>Place of the largest probability, the first of equal ones.</summary>
    public static int Likeliest(double[] answer)
    {
        var best = 0;
        for (var k = 1; k < answer.Length; k++)
        {
            best = answer[k] > answer[best] ? k : best;
        }

        return best;
    }

    /// <summary>Area under the ROC curve; with more than two outcomes the mean of each against the rest. Null when an outcome never or always came.</summary>
    public static double? Auc(double[][] answers, int[] outcomes)
    {
        var count = answers[0].Length;
        var areas = Enumerable.Range(count == 2 ? 1 : 0, count == 2 ? 1 : count).Select(k => Auc([.. answers.Select(a => a[k])], [.. outcomes.Select(o => o == k)])).ToArray();
        return areas.Any(a => a is null) ? null : areas.Average();
    }

    /// <summary>Area under the ROC curve by ranks (Mann-Whitney); equal scores count half. Null when one kind is missing.</summary>
    public static double? Auc(double[] scores, bool[] labels)
    {
        var order = Enumerable.Range(0, scores.Length).OrderBy(i => scores[i]).ToArray();
        double rankSum = 0;
        for (var i = 0; i < order.Length;)
        {
            var end = i + 1;
            while (end < order.Length && scores[order[end]] == scores[order[i]])
            {
                end++;
            }

            var rank = (i + 1 + end) / 2.0;
            for (; i < end; i++)
            {
                rankSum += labels[order[i]] ? rank : 0;
            }
        }

        double positives = labels.Count(l => l);
        var negatives = labels.Length - positives;
        return positives == 0 || negatives == 0 ? null : (rankSum - (positives * (positives + 1) / 2)) / (positives * negatives);
    }
}
