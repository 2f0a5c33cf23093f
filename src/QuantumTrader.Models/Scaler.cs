namespace QuantumTrader.Models;

/// <summary>Brings features to mean 0 and deviation 1: (x - m) / s.</summary>
/// <param name="Means">m: one per feature.</param>
/// <param name="Scales">s: one per feature, above 0.</param>
internal sealed record Scaler(double[] Means, double[] Scales)
{
    /// <summary>By mean and deviation of these rows.</summary>
    public static Scaler Of(IReadOnlyList<double[]> rows)
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

        return new Scaler(means, scales);
    }

    /// <summary>Scales a row into a span, which may be longer.</summary>
    public void Apply(ReadOnlySpan<double> row, Span<double> scaled)
    {
        for (var i = 0; i < Means.Length; i++)
        {
            scaled[i] = (row[i] - Means[i]) / Scales[i];
        }
    }

    /// <summary>Begins a graph that makes the tensor <c>scaled</c> from the input.</summary>
    public OnnxWriter ToOnnx() => new OnnxWriter()
        .Node("Sub", "centred", TrainedTensors.Input, "means")
        .Node("Div", "scaled", "centred", "scales")
        .Constant("means", Means, Means.Length)
        .Constant("scales", Scales, Scales.Length);
}
