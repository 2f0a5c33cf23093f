using QuantumTrader.Market;

namespace QuantumTrader.Models.Training;

/// <summary>
/// Asks whether the model was better than the base rate by more than luck: a circular block bootstrap (Politis and Romano, 1992) of the
/// gains of all tested rows. Neighbouring rows share candles of their labels, so whole blocks are drawn, at least twice as long as a label.
/// </summary>
internal static class SkillTest
{
    /// <summary>Fewest blocks from which anything can be said.</summary>
    public const int FewestBlocks = 10;

    private const int Resamples = 4999;

    /// <summary>Tests the gains.</summary>
    /// <param name="rows">The tested rows by time.</param>
    /// <param name="gains">Per row the base rate's log-loss less the model's.</param>
    /// <param name="level">Chance of calling noise a skill.</param>
    /// <param name="seed">Decides the draws.</param>
    public static SkillResult Run(LabelledRow[] rows, double[] gains, double level, ulong seed)
    {
        var block = Math.Min(gains.Length, BlockRows(rows));
        var sums = new double[gains.Length + 1];
        for (var i = 0; i < gains.Length; i++)
        {
            sums[i + 1] = sums[i] + gains[i];
        }

        var random = new StableRandom(seed);
        var means = new double[Resamples];
        var notBetter = 0;
        for (var sample = 0; sample < Resamples; sample++)
        {
            var sum = 0.0;
            for (var taken = 0; taken < gains.Length; taken += block)
            {
                var length = Math.Min(block, gains.Length - taken);
                var start = random.Below(gains.Length);
                var end = start + length;
                sum += end <= gains.Length ? sums[end] - sums[start] : sums[^1] - sums[start] + sums[end - gains.Length];
            }

            means[sample] = sum / gains.Length;
            notBetter += means[sample] <= 0 ? 1 : 0;
        }

        Array.Sort(means);
        var blocks = gains.Length / block;
        var p = (notBetter + 1.0) / (Resamples + 1);
        return new SkillResult(
            gains.Length, block, sums[^1] / gains.Length, means[Resamples / 20], means[Resamples - 1 - (Resamples / 20)], p, level,
            p < level && blocks >= FewestBlocks);
    }

    // Twice the rows that a label spans, or the cube root of all, which is the order that suits weakly dependent ones.
    private static int BlockRows(LabelledRow[] rows)
    {
        long spanned = 0;
        var (end, counted) = (0, 0);
        for (var i = 0; i < rows.Length; i++)
        {
            // Of labels that end behind the last row one cannot say how many they span.
            if (rows[i].EndTime > rows[^1].Time && counted > 0)
            {
                continue;
            }

            // The ends need not be in order when labels end early; the search begins anew where they are not.
            end = end > i && rows[end - 1].Time < rows[i].EndTime ? end : i + 1;
            while (end < rows.Length && rows[end].Time < rows[i].EndTime)
            {
                end++;
            }

            spanned += end - i;
            counted++;
        }

        var root = 1;
        while ((long)root * root * root < rows.Length)
        {
            root++;
        }

        return Math.Max(root, (int)(2 * ((spanned + counted - 1) / counted)));
    }
}
