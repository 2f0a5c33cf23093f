namespace QuantumTrader.Models;

/// <summary>
/// Logistic regression over standardised features: p(up) = 1 / (1 + exp(-(b + sum w_i (x_i - m_i) / s_i))). The managed reference of what
/// <see cref="ToOnnx"/> writes.
/// </summary>
/// <param name="Means">m: one per feature.</param>
/// <param name="Scales">s: one per feature, above 0.</param>
/// <param name="Weights">w: one per feature.</param>
/// <param name="Bias">b.</param>
public sealed record Logistic(double[] Means, double[] Scales, double[] Weights, double Bias)
{
    /// <summary>Name of the ONNX input.</summary>
    public const string InputName = "features";

    /// <summary>Name of the ONNX output.</summary>
    public const string OutputName = "probability_up";

    /// <summary>Probability that the price rises.</summary>
    public double Predict(ReadOnlySpan<double> features)
    {
        var sum = 0.0;
        for (var i = 0; i < Weights.Length; i++)
        {
            sum += (features[i] - Means[i]) / Scales[i] * Weights[i];
        }

        return 1 / (1 + Math.Exp(-(sum + Bias)));
    }

    /// <summary>The same computation as an ONNX file of double tensors [1, features] and [1, 1].</summary>
    /// <param name="name">Name of the graph.</param>
    /// <param name="featureHash">Goes into the file's metadata.</param>
    public byte[] ToOnnx(string name, string featureHash)
    {
        var width = Weights.Length;
        return new OnnxWriter()
            .Node("Sub", "centred", InputName, "means")
            .Node("Div", "standardised", "centred", "scales")
            .Node("Gemm", "score", "standardised", "weights", "bias")
            .Node("Sigmoid", OutputName, "score")
            .Constant("means", Means, width)
            .Constant("scales", Scales, width)
            .Constant("weights", Weights, width, 1)
            .Constant("bias", [Bias], 1)
            .Input(InputName, 1, width)
            .Output(OutputName, 1, 1)
            .Metadata("feature_hash", featureHash)
            .ToBytes(name);
    }
}
