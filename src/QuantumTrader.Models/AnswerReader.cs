namespace QuantumTrader.Models;

/// <summary>Turns what stands in a model's outputs into a <see cref="Forecast"/>, as the manifest says.</summary>
internal sealed class AnswerReader
{
    // Single precision may round a probability of 1 to a little more.
    private const double Rounding = 1e-6;

    private readonly double[] _probabilities;
    private readonly long[] _labels;
    private readonly ScoreTransform _apply;
    private readonly int _classesAt;
    private readonly int _labelAt;
    private readonly int _returnAt;
    private readonly int _up;
    private readonly int _down;
    private readonly double _scale;
    private readonly double _steepness;

    public AnswerReader(Manifest manifest)
    {
        var classes = manifest.Classes.ToList();
        (_up, _down) = (classes.IndexOf("up"), classes.IndexOf("down"));
        (_classesAt, _labelAt, _returnAt, _labels) = (-1, -1, -1, []);
        _probabilities = new double[classes.Count];
        foreach (var output in manifest.Outputs)
        {
            switch (output.Role)
            {
                case OutputRole.Label:
                    _labelAt = Columns;
                    _labels = [.. output.Labels ?? [.. Enumerable.Range(0, classes.Count)]];
                    break;
                case OutputRole.Return:
                    (_returnAt, _scale) = (Columns, output.Scale ?? 1);

                    // Of the logistic distribution: its scale is its standard deviation times sqrt(3) / pi.
                    _steepness = output.Deviation is { } deviation ? Math.PI / (Math.Sqrt(3) * deviation) : 0;
                    break;
                default:
                    (_classesAt, _apply) = (Columns, output.Apply);
                    break;
            }

            Columns += output.Columns;
        }
    }

    /// <summary>Values that a row of all outputs has.</summary>
    public int Columns { get; }

    /// <summary>Reads a row.</summary>
    /// <param name="outputs">All outputs, column by column in the order of the manifest.</param>
    /// <param name="forecast">What it says.</param>
    /// <returns>Why it is refused; null when it is not.</returns>
    public string? Read(ReadOnlySpan<double> outputs, out Forecast forecast)
    {
        forecast = default;
        foreach (var value in outputs)
        {
            if (!double.IsFinite(value))
            {
                return "output_not_finite";
            }
        }

        var expected = _returnAt >= 0 ? outputs[_returnAt] * _scale : 0;
        if (Math.Abs(expected) > 1)
        {
            return "return_out_of_range";
        }

        double up, down, direction;
        if (_classesAt >= 0)
        {
            if (!Normalise(outputs.Slice(_classesAt, _probabilities.Length)))
            {
                return "output_is_no_probability";
            }

            up = _probabilities[_up];
            down = _down >= 0 ? _probabilities[_down] : 1 - up;
            direction = up - down;
        }
        else
        {
            up = 1 / (1 + Math.Exp(-_steepness * expected));
            down = 1 - up;
            direction = up - down;
        }

        if (_labelAt >= 0)
        {
            var chosen = Array.IndexOf(_labels, (long)outputs[_labelAt]);
            if (chosen < 0)
            {
                return "unknown_label";
            }

            if (_classesAt < 0)
            {
                (up, down) = (chosen == _up ? 1 : 0, chosen == _down ? 1 : 0);
                direction = up - down;
            }
            else if (chosen != (direction > 0 ? _up : _down))
            {
                // The model decides by a rule of its own, such as a threshold that was tuned: where it does not choose the likelier side,
                // it does not want to act.
                direction = 0;
            }
        }

        forecast = new Forecast(up, down, direction, Math.Abs(expected));
        return null;
    }

    private bool Normalise(ReadOnlySpan<double> columns)
    {
        var probabilities = _probabilities.AsSpan();
        switch (_apply)
        {
            case ScoreTransform.Softmax:
                Softmax(columns, probabilities);
                return true;
            case ScoreTransform.Sigmoid:
                for (var i = 0; i < columns.Length; i++)
                {
                    probabilities[i] = 1 / (1 + Math.Exp(-columns[i]));
                }

                return true;
            default:
                for (var i = 0; i < columns.Length; i++)
                {
                    if (columns[i] is < 0 or > 1 + Rounding)
                    {
                        return false;
                    }

                    probabilities[i] = Math.Min(columns[i], 1);
                }

                return true;
        }
    }

    private static void Softmax(ReadOnlySpan<double> scores, Span<double> probabilities)
    {
        var (largest, sum) = (double.NegativeInfinity, 0.0);
        foreach (var score in scores)
        {
            largest = Math.Max(largest, score);
        }

        for (var i = 0; i < scores.Length; i++)
        {
            // Less the largest, so that no exponential overflows.
            probabilities[i] = Math.Exp(scores[i] - largest);
            sum += probabilities[i];
        }

        foreach (ref var probability in probabilities)
        {
            probability /= sum;
        }
    }
}
