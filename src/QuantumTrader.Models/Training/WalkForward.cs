namespace QuantumTrader.Models.Training;

/// <summary>One part of the rows, and what a model that was fitted on the rows before it answered there.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Past">What the model was fitted on.</param>
/// <param name="Test">What it was asked.</param>
/// <param name="Answers">Per tested row one probability per outcome.</param>
internal sealed record Fold(int Number, Past Past, LabelledRow[] Test, double[][] Answers);

/// <summary>
/// Tests on the future only: the rows are cut by time into folds + 1 equal parts; fold k is fitted on what <see cref="TrainingRows.Before"/>
/// leaves of the first k parts and tested on the next.
/// </summary>
internal static class WalkForward
{
    /// <summary>Fits and asks the folds one after the other.</summary>
    /// <param name="rows">All rows.</param>
    /// <param name="options">How many folds, and which learner.</param>
    /// <param name="state">Keeps each fold when it is done, and gives back those that were done before.</param>
    /// <param name="progress">Told the share of all fits that is done; the last one is the final model's.</param>
    /// <param name="token">Stops it.</param>
    public static Fold[] Run(TrainingRows rows, TrainingOptions options, TrainingState state, Action<TrainingProgress> progress, CancellationToken token)
    {
        var folds = Plan(rows, options);
        for (var i = 0; i < folds.Length; i++)
        {
            var fold = folds[i];
            if (state.Find(fold.Number, fold.Test.Length, rows.Outcomes) is { } known)
            {
                folds[i] = fold with { Answers = known };
                continue;
            }

            var learned = options.Learner.Create(options.Seed).Fit(
                fold.Past.Rows, share => progress(new TrainingProgress($"fold {fold.Number} of {folds.Length}", (fold.Number - 1 + share) / (folds.Length + 1))), token);
            var answers = Array.ConvertAll(fold.Test, row =>
            {
                var answer = new double[rows.Outcomes];
                learned.Predict(row.Values, answer);
                return answer;
            });
            state.Add(fold.Number, answers);
            folds[i] = fold with { Answers = answers };
        }

        return folds;
    }

    private static Fold[] Plan(TrainingRows rows, TrainingOptions options)
    {
        var folds = new Fold[options.Folds];
        for (var number = 1; number <= options.Folds; number++)
        {
            var (start, end) = (Start(number), Start(number + 1));
            if (start == 0 || end == start)
            {
                throw new TrainingException(FormattableString.Invariant($"Fold {number} of {options.Folds} has {start} rows before and {end - start} in its test part: too many symbols share the same few times. Use fewer folds or more data."));
            }

            var past = rows.Before(start);
            if (past.Rows.Rows.Length == 0)
            {
                throw new TrainingException(FormattableString.Invariant($"Fold {number} of {options.Folds} has no rows left to fit on, because all labels reach into its test part or the embargo before it. Use a shorter horizon or embargo, fewer folds or more data."));
            }

            folds[number - 1] = new Fold(number, past, rows.Rows[start..end], []);
        }

        return folds;

        int Start(int part) => rows.StartOfTime((int)((long)rows.Rows.Length * part / (options.Folds + 1)));
    }
}
