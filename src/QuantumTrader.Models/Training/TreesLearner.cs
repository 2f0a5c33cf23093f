using QuantumTrader.Market;

namespace QuantumTrader.Models.Training;

/// <summary>Gradient-boosted decision trees.</summary>
public sealed record TreesOptions : LearnerOptions
{
    /// <summary>Most rounds: each adds one tree, or one per outcome when there are more than two.</summary>
    public int Rounds { get; init; } = 300;

    /// <summary>Most questions from the root to a leaf: 1 to 12.</summary>
    public int Depth { get; init; } = 4;

    /// <summary>Most leaves of a tree: 2 to 256.</summary>
    public int Leaves { get; init; } = 8;

    /// <summary>Fewest rows of a leaf.</summary>
    public int LeafRows { get; init; } = 50;

    /// <summary>Share of each tree's answer that counts (shrinkage), above 0 and at most 1.</summary>
    public double LearningRate { get; init; } = 0.05;

    /// <summary>Share of the rows that each round looks at, above 0 and at most 1.</summary>
    public double Subsample { get; init; } = 0.8;

    /// <summary>Penalty on the squared answers of the leaves, above 0.</summary>
    public double L2 { get; init; } = 1;

    /// <summary>Rounds without a better loss on the newest fifth of the rows before it ends.</summary>
    public int Patience { get; init; } = 20;

    internal override ILearner Create(ulong seed) => new TreesLearner(this, seed);

    internal override IEnumerable<(string, string)> Describe() =>
    [
        ("learner", "trees"), ("rounds", TrainingOptions.Text($"{Rounds}")), ("depth", TrainingOptions.Text($"{Depth}")), ("leaves", TrainingOptions.Text($"{Leaves}")),
        ("leaf_rows", TrainingOptions.Text($"{LeafRows}")), ("learning_rate", TrainingOptions.Text($"{LearningRate}")), ("subsample", TrainingOptions.Text($"{Subsample}")),
        ("l2", TrainingOptions.Text($"{L2}")), ("patience", TrainingOptions.Text($"{Patience}")),
    ];

    internal override string? FindFault() => Rounds is >= 1 and <= 10_000 && Depth is >= 1 and <= 12 && Leaves is >= 2 and <= 256 && LeafRows > 0 && LearningRate is > 0 and <= 1 && Subsample is > 0 and <= 1 && L2 > 0 && double.IsFinite(L2) && Patience > 0
        ? null
        : TrainingOptions.Text($"the trees had {Rounds} rounds, depth {Depth}, {Leaves} leaves, {LeafRows} rows per leaf, a learning rate of {LearningRate}, a subsample of {Subsample}, l2 {L2} and a patience of {Patience}; legal are 1 to 10000, 1 to 12, 2 to 256, above 0, above 0 to 1 twice, above 0 twice");
}

/// <summary>
/// Fits additive trees to the second-order expansion of the log-loss (Friedman, 2001; Chen and Guestrin, 2016), split at the bounds of
/// histograms. The newest fifth of the rows is not fitted on: the rounds up to the one that did best there are kept.
/// </summary>
internal sealed class TreesLearner(TreesOptions options, ulong seed) : ILearner
{
    public ILearned Fit(TrainingRows rows, Action<double> progress, CancellationToken token)
    {
        var split = rows.SplitForChoice();
        var fit = split?.Fit ?? rows;
        var columns = TrainedTensors.Columns(rows.Outcomes);
        var rates = fit.BaseRates();
        float[] start = columns == 1 ? [(float)StableMath.Log(rates[1] / rates[0])] : [.. rates.Select(r => (float)StableMath.Log(r))];
        var ensemble = new TreeEnsemble(fit.Rows[0].Values.Length, start, [], rows.Outcomes);
        if (split is not { Choose: var choose })
        {
            return ensemble;
        }

        var random = new StableRandom(seed);
        var grower = new TreeGrower(new BinnedRows([.. fit.Rows.Select(r => r.Values)]), options);
        var fitted = new Standing(fit.Rows, start, rows.Outcomes);
        var chosen = new Standing(choose, start, rows.Outcomes);
        var trees = new List<Tree>();
        var (best, bestLoss) = (0, chosen.Loss());
        for (int round = 1, worse = 0; round <= options.Rounds && worse < options.Patience; round++)
        {
            token.ThrowIfCancellationRequested();
            var sample = Sample(fit.Rows.Length, random);
            fitted.Predict();
            for (var k = 0; k < columns; k++)
            {
                fitted.Gradients(k, grower.Gradients, grower.Curvatures);
                var tree = grower.Grow(sample, k);
                trees.Add(tree);
                fitted.Add(tree);
                chosen.Add(tree);
            }

            progress((double)round / options.Rounds);
            var loss = chosen.Loss();
            if (loss < bestLoss)
            {
                (best, bestLoss, worse) = (trees.Count, loss, 0);
            }
            else
            {
                worse++;
            }
        }

        return new TreeEnsemble(fit.Rows[0].Values.Length, start, [.. trees.Take(best)], rows.Outcomes);
    }

    private int[] Sample(int rows, StableRandom random)
    {
        if (options.Subsample == 1)
        {
            return [.. Enumerable.Range(0, rows)];
        }

        var sample = new List<int>(rows);
        for (var i = 0; i < rows; i++)
        {
            if (random.Chance(options.Subsample))
            {
                sample.Add(i);
            }
        }

        return [.. sample];
    }

    /// <summary>Where the trees so far have brought the scores of some rows.</summary>
    private sealed class Standing
    {
        private readonly LabelledRow[] _rows;
        private readonly double[][] _scores;
        private readonly double[][] _probabilities;

        public Standing(LabelledRow[] rows, float[] start, int outcomes)
        {
            _rows = rows;
            _scores = [.. rows.Select(_ => Array.ConvertAll(start, s => (double)s))];
            _probabilities = [.. rows.Select(_ => new double[outcomes])];
        }

        public void Add(Tree tree)
        {
            for (var r = 0; r < _rows.Length; r++)
            {
                _scores[r][tree.Column] += tree.Answer(_rows[r].Values);
            }
        }

        public void Predict()
        {
            for (var r = 0; r < _rows.Length; r++)
            {
                TrainedTensors.ToProbabilities(_scores[r], _probabilities[r]);
            }
        }

        public void Gradients(int column, double[] gradients, double[] curvatures)
        {
            var outcome = _scores[0].Length == 1 ? 1 : column;
            for (var r = 0; r < _rows.Length; r++)
            {
                var p = _probabilities[r][outcome];
                gradients[r] = p - (_rows[r].Outcome == outcome ? 1 : 0);
                curvatures[r] = Math.Max(p * (1 - p), 1e-16);
            }
        }

        public double Loss()
        {
            Predict();
            var sum = 0.0;
            for (var r = 0; r < _rows.Length; r++)
            {
                sum += Scores.LogLoss(_probabilities[r][_rows[r].Outcome]);
            }

            return sum;
        }
    }
}
