namespace QuantumTrader.Models;

/// <summary>
/// Softmax regression over standardised features: p_k = exp(z_k) / sum exp(z_j) with z_k = b_k + sum w_ki (x_i - m_i) / s_i. The managed
/// reference of what <see cref="ToOnnx"/> writes.
/// </summary>
/// <param name="Scaler">m and s.</param>
/// <param name="Weights">w: per outcome one per feature.</param>
/// <param name="Biases">b: one per outcome.</param>
internal sealed record Softmax(Scaler Scaler, double[][] Weights, double[] Biases) : ILearned
{
    public double Tolerance => 1e-9;

    public void Predict(ReadOnlySpan<double> row, Span<double> probabilities)
    {
        Span<double> scaled = new double[row.Length];
        Scaler.Apply(row, scaled);
        Span<double> scores = stackalloc double[Biases.Length];
        for (var k = 0; k < scores.Length; k++)
        {
            scores[k] = Biases[k];
            for (var i = 0; i < scaled.Length; i++)
            {
                scores[k] += scaled[i] * Weights[k][i];
            }
        }

        TrainedTensors.ToProbabilities(scores, probabilities);
    }

    public byte[] ToOnnx(string name, string featureHash)
    {
        var features = Scaler.Means.Length;
        return Scaler.ToOnnx()
            .Node("Gemm", "score", "scaled", "weights", "bias")
            .Constant("weights", [.. Enumerable.Range(0, features).SelectMany(i => Weights.Select(w => w[i]))], features, Weights.Length)
            .Constant("bias", Biases, Biases.Length)
            .ToBytes(name, featureHash, features, Biases.Length);
    }
}
