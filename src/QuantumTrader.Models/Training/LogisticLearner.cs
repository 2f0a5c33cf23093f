using QuantumTrader.Market;

namespace QuantumTrader.Models.Training;

/// <summary>Logistic regression; softmax regression when there are more than two outcomes.</summary>
public sealed record LogisticOptions : LearnerOptions
{
    /// <summary>Penalty on the squared weights of the standardised features, above 0.</summary>
    public double L2 { get; init; } = 1;

    internal override ILearner Create(ulong seed) => new LogisticLearner(L2);

    internal override IEnumerable<(string, string)> Describe() => [("learner", "logistic"), ("l2", TrainingOptions.Text($"{L2}"))];

    internal override string? FindFault() => L2 > 0 && double.IsFinite(L2) ? null : TrainingOptions.Text($"l2 was {L2}; it must be above 0");
}

/// <summary>
/// Fits by Newton's method (iteratively reweighted least squares): minimises the summed log-loss plus l2 / 2 times the squared weights,
/// the biases free. The first outcome's score is held at 0, so two outcomes have one score and three have two.
/// </summary>
internal sealed class LogisticLearner(double l2) : ILearner
{
    private const int MaxIterations = 50;
    private const double Tolerance = 1e-10;

    // Keeps the biases finite when an outcome never comes; too small to be seen otherwise.
    private const double BiasPenalty = 1e-9;

    public ILearned Fit(TrainingRows rows, Action<double> progress, CancellationToken token)
    {
        var scaler = Scaler.Of([.. rows.Rows.Select(r => r.Values)]);
        var width = scaler.Means.Length + 1;
        var fit = new Newton([.. rows.Rows.Select(r => Standardise(r.Values, scaler))], [.. rows.Rows.Select(r => r.Outcome)], rows.Outcomes - 1, l2);
        var theta = new double[width * (rows.Outcomes - 1)];
        var loss = fit.Loss(theta);
        for (var iteration = 0; iteration < MaxIterations; iteration++)
        {
            token.ThrowIfCancellationRequested();
            progress((double)iteration / MaxIterations);
            var step = fit.Step(theta, token);
            var size = 1.0;
            var next = Move(theta, step, size);
            var nextLoss = fit.Loss(next);

            // A full step can overshoot far from the minimum; the loss is convex, so a short enough one never does.
            for (; !(nextLoss <= loss) && size > 1e-6; nextLoss = fit.Loss(next))
            {
                size /= 2;
                next = Move(theta, step, size);
            }

            if (!(nextLoss <= loss))
            {
                break;
            }

            theta = next;
            loss = nextLoss;
            if (step.Max(Math.Abs) * size < Tolerance)
            {
                break;
            }
        }

        return rows.Outcomes == 2
            ? new Logistic(scaler.Means, scaler.Scales, theta[..^1], theta[^1])
            : new Softmax(
                scaler,
                [new double[width - 1], .. Enumerable.Range(0, rows.Outcomes - 1).Select(k => theta[(k * width)..(((k + 1) * width) - 1)])],
                [0, .. Enumerable.Range(0, rows.Outcomes - 1).Select(k => theta[((k + 1) * width) - 1])]);
    }

    // The last column is the bias's.
    private static double[] Standardise(double[] row, Scaler scaler)
    {
        var result = new double[row.Length + 1];
        scaler.Apply(row, result);
        result[^1] = 1;
        return result;
    }

    private static double[] Move(double[] from, double[] step, double size)
    {
        var result = new double[from.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = from[i] + (size * step[i]);
        }

        return result;
    }

    private sealed class Newton(double[][] rows, int[] outcomes, int scores, double l2)
    {
        private readonly int _width = rows[0].Length;
        private readonly double[] _scores = new double[scores + 1];
        private readonly double[] _probabilities = new double[scores + 1];

        public double Loss(double[] theta)
        {
            var sum = 0.0;
            for (var r = 0; r < rows.Length; r++)
            {
                // -ln p of what happened, in the form that does not overflow: ln sum exp(z_j - z).
                Score(rows[r], theta);
                var largest = 0.0;
                foreach (var score in _scores)
                {
                    largest = Math.Max(largest, score);
                }

                var total = 0.0;
                foreach (var score in _scores)
                {
                    total += StableMath.ExpOfMinus(largest - score);
                }

                sum += largest + StableMath.Log(total) - _scores[outcomes[r]];
            }

            for (var i = 0; i < theta.Length; i++)
            {
                sum += Penalty(i) / 2 * theta[i] * theta[i];
            }

            return sum;
        }

        public double[] Step(double[] theta, CancellationToken token)
        {
            var gradient = new double[theta.Length];
            var hessian = new double[theta.Length, theta.Length];
            for (var r = 0; r < rows.Length; r++)
            {
                if ((r & 1023) == 0)
                {
                    token.ThrowIfCancellationRequested();
                }

                var row = rows[r];
                Score(row, theta);
                TrainedTensors.ToProbabilities(_scores, _probabilities);
                for (var a = 0; a < scores; a++)
                {
                    var error = (outcomes[r] == a + 1 ? 1 : 0) - _probabilities[a + 1];
                    for (var i = 0; i < _width; i++)
                    {
                        gradient[(a * _width) + i] += error * row[i];
                    }

                    for (var b = 0; b <= a; b++)
                    {
                        var weight = _probabilities[a + 1] * ((a == b ? 1 : 0) - _probabilities[b + 1]);
                        for (var i = 0; i < _width; i++)
                        {
                            var factor = weight * row[i];
                            var count = a == b ? i + 1 : _width;
                            for (var j = 0; j < count; j++)
                            {
                                hessian[(a * _width) + i, (b * _width) + j] += factor * row[j];
                            }
                        }
                    }
                }
            }

            for (var i = 0; i < theta.Length; i++)
            {
                gradient[i] -= Penalty(i) * theta[i];
                hessian[i, i] += Penalty(i);
            }

            return Solve(hessian, gradient);
        }

        private double Penalty(int i) => i % _width == _width - 1 ? BiasPenalty : l2;

        private void Score(double[] row, double[] theta)
        {
            for (var k = 0; k < scores; k++)
            {
                var sum = 0.0;
                for (var i = 0; i < row.Length; i++)
                {
                    sum += row[i] * theta[(k * _width) + i];
                }

                _scores[k + 1] = sum;
            }
        }

        // Cholesky: the matrix is positive definite because of the penalty. Only its lower half is read, and it is overwritten.
        private static double[] Solve(double[,] a, double[] b)
        {
            var n = b.Length;
            for (var i = 0; i < n; i++)
            {
                for (var j = 0; j <= i; j++)
                {
                    var sum = a[i, j];
                    for (var k = 0; k < j; k++)
                    {
                        sum -= a[i, k] * a[j, k];
                    }

                    a[i, j] = i == j ? Math.Sqrt(Math.Max(sum, 1e-300)) : sum / a[j, j];
                }
            }

            var x = new double[n];
            for (var i = 0; i < n; i++)
            {
                x[i] = b[i];
                for (var k = 0; k < i; k++)
                {
                    x[i] -= a[i, k] * x[k];
                }

                x[i] /= a[i, i];
            }

            for (var i = n - 1; i >= 0; i--)
            {
                for (var k = i + 1; k < n; k++)
                {
                    x[i] -= a[k, i] * x[k];
                }

                x[i] /= a[i, i];
            }

            return x;
        }
    }
}
