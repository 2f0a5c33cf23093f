namespace QuantumTrader.Models;

/// <summary>
/// Logistic regression over standardised features: p(up) = 1 / (1 + exp(-(b + sum w_i (x_i - m_i) / s_i))). The managed reference of what
/// <see cref="ToOnnx"/> writes.
/// </summary>
/// <param name="Means">m: one per feature.</param>
/// <param name="Scales">s: one per feature, above 0.</param>
/// <param name="Weights">w: one per feature.</param>
/// <param name="Bias">b.</param>
public sealed record Logistic(double[] Means, double[] Scales, double[] Weights, double Bias) : ILearned
{
    double ILearned.Tolerance => 1e-9;

    /// <summary>Probability that the price rises.</summary>
    public double Predict(ReadOnlySpan<double> features)
    {
        var sum = 0.0;
        for (var i = 0; i < Weights.Length; i++)
        {
            sum += (features[i] - Means[i]) / Scales[i] * Weights[i];
        }

        return TrainedTensors.Sigmoid(sum + Bias);
    }

    void ILearned.Predict(ReadOnlySpan<double> row, Span<double> probabilities)
    {
        probabilities[1] = Predict(row);
        probabilities[0] = 1 - probabilities[1];
    }

    byte[] ILearned.ToOnnx(string name, string featureHash) => ToOnnx(name, featureHash);

    /// <summary>The same computation as an ONNX file of double tensors [rows, features] and [rows, 1].</summary>
    /// <param name="name">Name of the graph.</param>
    /// <param name="featureHash">Goes into the file's metadata.</param>
    /// <param name="rows">Rows that it takes at once; -1 for any number.</param>
    public byte[] ToOnnx(string name, string featureHash, long rows = -1) => new Scaler(Means, Scales).ToOnnx()
        .Node("Gemm", "score", "scaled", "weights", "bias")
        .Constant("weights", Weights, Weights.Length, 1)
        .Constant("bias", [Bias], 1)
        .ToBytes(name, featureHash, Weights.Length, 2, rows);
}
