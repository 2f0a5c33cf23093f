namespace QuantumTrader.Models.Training;

/// <summary>What the folds' answers were worth.</summary>
/// <param name="Folds">Each fold.</param>
/// <param name="Skill">All of them together against the base rates.</param>
/// <param name="Calibration">Per class what came when a probability was given.</param>
/// <param name="Gains">Per tested row the base rate's log-loss less the model's.</param>
/// <param name="UpProbabilities">Per tested row the probability of up.</param>
internal sealed record Evaluation(
    IReadOnlyList<FoldResult> Folds, SkillResult Skill, IReadOnlyList<ClassCalibration> Calibration, double[] Gains, double[] UpProbabilities)
{
    private const int CalibrationBins = 10;

    public static Evaluation Of(Fold[] folds, TrainingOptions options)
    {
        var gains = new List<double>();
        var results = folds.Select(f => Result(f, options.SignalConfidence, gains)).ToArray();
        var rows = folds.SelectMany(f => f.Test).ToArray();
        var answers = folds.SelectMany(f => f.Answers).ToArray();
        var classes = options.Labels.Classes;
        var outcomes = answers[0].Length;
        return new Evaluation(
            results,
            SkillTest.Run(rows, [.. gains], options.Level, options.Seed),
            [.. classes.Select((name, column) => CalibrationOf(name, outcomes - classes.Count + column, rows, answers))],
            [.. gains],
            [.. answers.Select(a => a[^1])]);
    }

    private static FoldResult Result(Fold fold, double confidence, List<double> gains)
    {
        var rates = fold.Past.Rows.BaseRates();
        double loss = 0, baseLoss = 0, brier = 0, returns = 0;
        int right = 0, trades = 0;
        for (var i = 0; i < fold.Test.Length; i++)
        {
            var (row, answer) = (fold.Test[i], fold.Answers[i]);
            var rowLoss = Scores.LogLoss(answer[row.Outcome]);
            var rowBaseLoss = Scores.LogLoss(rates[row.Outcome]);
            gains.Add(rowBaseLoss - rowLoss);
            loss += rowLoss;
            baseLoss += rowBaseLoss;
            brier += Scores.Brier(answer, row.Outcome);
            right += Scores.Likeliest(answer) == row.Outcome ? 1 : 0;

            // The last outcome is up, the one before it down, or not up.
            var (up, down) = (answer[^1], answer[^2]);
            if (Math.Max(up, down) >= confidence && up != down)
            {
                trades++;
                returns += up > down ? row.LongReturn : row.ShortReturn;
            }
        }

        double n = fold.Test.Length;
        var outcomes = rates.Length;
        return new FoldResult(
            fold.Number, fold.Past.Rows.Rows.Length, fold.Past.Purged, fold.Past.Embargoed, fold.Test.Length, fold.Test.Count(r => r.Outcome == outcomes - 1) / n,
            right / n, loss / n, baseLoss / n, Scores.Auc(fold.Answers, [.. fold.Test.Select(r => r.Outcome)]), brier / n, trades, trades == 0 ? null : returns / trades);
    }

    private static ClassCalibration CalibrationOf(string name, int outcome, LabelledRow[] rows, double[][] answers)
    {
        var (count, sum, came) = (new int[CalibrationBins], new double[CalibrationBins], new int[CalibrationBins]);
        for (var i = 0; i < rows.Length; i++)
        {
            var bin = Math.Min(CalibrationBins - 1, (int)(answers[i][outcome] * CalibrationBins));
            count[bin]++;
            sum[bin] += answers[i][outcome];
            came[bin] += rows[i].Outcome == outcome ? 1 : 0;
        }

        var bins = Enumerable.Range(0, CalibrationBins).Where(b => count[b] > 0)
            .Select(b => new CalibrationBin((double)b / CalibrationBins, (b + 1.0) / CalibrationBins, count[b], sum[b] / count[b], (double)came[b] / count[b])).ToArray();
        return new ClassCalibration(name, bins.Sum(b => b.Rows * Math.Abs(b.MeanProbability - b.ObservedShare)) / rows.Length, bins);
    }
}
