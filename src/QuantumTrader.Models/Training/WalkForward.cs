namespace QuantumTrader.Models.Training;

/// <summary>
/// Tests on the future only: the rows are cut by time into folds + 1 equal parts; fold k is fitted on the first k parts and tested on the
/// next. Rows whose label reaches into the test part are purged from the fit, or it would know the answers.
/// </summary>
internal static class WalkForward
{
    public sealed record Result(IReadOnlyList<FoldResult> Folds, double Improvement, double StandardError)
    {
        /// <summary>True when the gain over the base rate is above twice its standard error: chance alone gives that in 1 of 44 runs.</summary>
        public bool Learned => Improvement > 2 * StandardError;
    }

    public static Result Run(LabelledRow[] rows, TrainingOptions options)
    {
        var folds = new List<FoldResult>();
        var gains = new List<double>();
        for (var fold = 1; fold <= options.Folds; fold++)
        {
            var test = rows[PartStart(rows, fold, options.Folds)..PartStart(rows, fold + 1, options.Folds)];
            var before = rows[..PartStart(rows, fold, options.Folds)];
            if (test.Length == 0 || before.Length == 0)
            {
                throw new TrainingException(FormattableString.Invariant($"Fold {fold} of {options.Folds} has {before.Length} rows before and {test.Length} in its test part: too many symbols share the same few times. Use fewer folds or more data."));
            }

            var train = before.Where(r => r.LabelTime < test[0].Time).ToArray();
            if (train.Length == 0)
            {
                throw new TrainingException(FormattableString.Invariant($"Fold {fold} of {options.Folds} has no rows left to fit on, because all labels reach into its test part. Use a shorter horizon, fewer folds or more data."));
            }

            folds.Add(Test(fold, before.Length - train.Length, train, test, options.L2, gains));
        }

        var mean = gains.Average();
        var variance = gains.Sum(g => (g - mean) * (g - mean)) / Math.Max(gains.Count - 1, 1);

        // Labels of neighbouring rows share all but one of their candles, so there are only about n / horizon independent ones.
        var standardError = Math.Sqrt(variance * options.HorizonCandles / gains.Count);
        return new Result(folds, mean, standardError);
    }

    // Rows of the same time stay on one side of a cut.
    private static int PartStart(LabelledRow[] rows, int part, int folds)
    {
        var at = (int)((long)rows.Length * part / (folds + 1));
        while (at > 0 && at < rows.Length && rows[at - 1].Time == rows[at].Time)
        {
            at--;
        }

        return at;
    }

    private static FoldResult Test(int fold, int purged, LabelledRow[] train, LabelledRow[] test, double l2, List<double> gains)
    {
        var model = LogisticTrainer.Fit([.. train.Select(r => r.Values)], [.. train.Select(r => r.Up)], l2);

        // One row more of each kind (Laplace), so that a part without rises does not call them impossible.
        var constant = (train.Count(r => r.Up) + 1.0) / (train.Length + 2.0);
        var scores = test.Select(r => model.Predict(r.Values)).ToArray();
        double loss = 0, baseLoss = 0;
        var right = 0;
        for (var i = 0; i < test.Length; i++)
        {
            var up = test[i].Up;
            var rowLoss = LogLoss(scores[i], up);
            var rowBaseLoss = LogLoss(constant, up);
            gains.Add(rowBaseLoss - rowLoss);
            loss += rowLoss;
            baseLoss += rowBaseLoss;
            right += scores[i] > 0.5 == up ? 1 : 0;
        }

        double n = test.Length;
        return new FoldResult(fold, train.Length, purged, test.Length, test.Count(r => r.Up) / n, right / n, loss / n, baseLoss / n, Auc(scores, [.. test.Select(r => r.Up)]));
    }

    // No answer is punished more than one of 1e-9 would be, or one row could outweigh all others.
    private static double LogLoss(double probability, bool up) => -Math.Log(Math.Max(up ? probability : 1 - probability, 1e-9));

    /// <summary>Area under the ROC curve by ranks (Mann-Whitney); equal scores count half. Null when one kind is missing.</summary>
    internal static double? Auc(double[] scores, bool[] labels)
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

        double ups = labels.Count(l => l);
        var downs = labels.Length - ups;
        return ups == 0 || downs == 0 ? null : (rankSum - (ups * (ups + 1) / 2)) / (ups * downs);
    }
}
