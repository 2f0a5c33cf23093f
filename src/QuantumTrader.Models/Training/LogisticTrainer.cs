namespace QuantumTrader.Models.Training;

/// <summary>
/// Fits <see cref="Logistic"/> by Newton's method (iteratively reweighted least squares): minimises the summed log-loss plus
/// l2 / 2 times the squared weights, the bias free. Rows and features are always visited in the same order, so the same rows give the
/// same bits.
/// </summary>
public static class LogisticTrainer
{
    private const int MaxIterations = 50;
    private const double Tolerance = 1e-10;

    // Keeps the bias finite when all labels are equal; too small to be seen otherwise.
    private const double BiasPenalty = 1e-9;

    /// <summary>Standardises the rows by their own mean and deviation and fits.</summary>
    /// <param name="rows">Feature values, all of one width.</param>
    /// <param name="labels">True where the price rose; one per row.</param>
    /// <param name="l2">Penalty, above 0.</param>
    public static Logistic Fit(IReadOnlyList<double[]> rows, IReadOnlyList<bool> labels, double l2)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(l2);
        ArgumentOutOfRangeException.ThrowIfZero(rows.Count, nameof(rows));
        ArgumentOutOfRangeException.ThrowIfNotEqual(labels.Count, rows.Count, nameof(labels));
        var (means, scales) = Moments(rows);
        var standardised = rows.Select(row => Standardise(row, means, scales)).ToArray();
        var theta = new double[means.Length + 1];
        var loss = Loss(standardised, labels, theta, l2);
        for (var iteration = 0; iteration < MaxIterations; iteration++)
        {
            var step = NewtonStep(standardised, labels, theta, l2);
            var size = 1.0;
            var next = Move(theta, step, size);
            var nextLoss = Loss(standardised, labels, next, l2);

            // A full step can overshoot far from the minimum; the loss is convex, so a short enough one never does.
            for (; !(nextLoss <= loss) && size > 1e-6; nextLoss = Loss(standardised, labels, next, l2))
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

        return new Logistic(means, scales, theta[..^1], theta[^1]);
    }

    private static (double[] Means, double[] Scales) Moments(IReadOnlyList<double[]> rows)
    {
        var width = rows[0].Length;
        var means = new double[width];
        var scales = new double[width];
        for (var i = 0; i < width; i++)
        {
            var sum = 0.0;
            foreach (var row in rows)
            {
                sum += row[i];
            }

            means[i] = sum / rows.Count;
            var squares = 0.0;
            foreach (var row in rows)
            {
                squares += (row[i] - means[i]) * (row[i] - means[i]);
            }

            // A feature that never changes says nothing: its weight stays 0, whatever its scale. What is left of it is rounding.
            var deviation = Math.Sqrt(squares / rows.Count);
            scales[i] = deviation > 1e-12 * Math.Max(Math.Abs(means[i]), 1e-300) ? deviation : 1;
        }

        return (means, scales);
    }

    // The last column is the bias's.
    private static double[] Standardise(double[] row, double[] means, double[] scales)
    {
        var result = new double[row.Length + 1];
        for (var i = 0; i < row.Length; i++)
        {
            result[i] = (row[i] - means[i]) / scales[i];
        }

        result[^1] = 1;
        return result;
    }

    private static double Penalty(int i, int width, double l2) => i == width - 1 ? BiasPenalty : l2;

    private static double Loss(double[][] rows, IReadOnlyList<bool> labels, double[] theta, double l2)
    {
        var sum = 0.0;
        for (var r = 0; r < rows.Length; r++)
        {
            // -ln p of what happened, in the form that does not overflow.
            var score = labels[r] ? -Dot(rows[r], theta) : Dot(rows[r], theta);
            sum += Math.Max(score, 0) + Math.Log(1 + Math.Exp(-Math.Abs(score)));
        }

        for (var i = 0; i < theta.Length; i++)
        {
            sum += Penalty(i, theta.Length, l2) / 2 * theta[i] * theta[i];
        }

        return sum;
    }

    private static double[] NewtonStep(double[][] rows, IReadOnlyList<bool> labels, double[] theta, double l2)
    {
        var width = theta.Length;
        var gradient = new double[width];
        var hessian = new double[width, width];
        for (var r = 0; r < rows.Length; r++)
        {
            var row = rows[r];
            var p = 1 / (1 + Math.Exp(-Dot(row, theta)));
            var error = (labels[r] ? 1 : 0) - p;
            var weight = p * (1 - p);
            for (var i = 0; i < width; i++)
            {
                gradient[i] += error * row[i];
                for (var j = 0; j <= i; j++)
                {
                    hessian[i, j] += weight * row[i] * row[j];
                }
            }
        }

        for (var i = 0; i < width; i++)
        {
            gradient[i] -= Penalty(i, width, l2) * theta[i];
            hessian[i, i] += Penalty(i, width, l2);
        }

        return Solve(hessian, gradient);
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

    private static double[] Move(double[] from, double[] step, double size)
    {
        var result = new double[from.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = from[i] + (size * step[i]);
        }

        return result;
    }

    private static double Dot(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
