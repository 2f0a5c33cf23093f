namespace QuantumTrader.Models;

/// <summary>One layer of a <see cref="Perceptron"/>.</summary>
internal sealed class PerceptronLayer(int inputs, int outputs)
{
    /// <summary>Values that go in.</summary>
    public int Inputs { get; } = inputs;

    /// <summary>Values that come out.</summary>
    public int Outputs { get; } = outputs;

    /// <summary>The weight of input i in output k is at i x outputs + k.</summary>
    public double[] Weights { get; private init; } = new double[inputs * outputs];

    /// <summary>One per output.</summary>
    public double[] Biases { get; private init; } = new double[outputs];

    public PerceptronLayer Copy() => new(Inputs, Outputs) { Weights = [.. Weights], Biases = [.. Biases] };

    public void Forward(ReadOnlySpan<double> input, Span<double> output)
    {
        Biases.CopyTo(output);
        for (var i = 0; i < input.Length; i++)
        {
            var x = input[i];
            var weights = Weights.AsSpan(i * Outputs, Outputs);
            for (var k = 0; k < weights.Length; k++)
            {
                output[k] += x * weights[k];
            }
        }
    }
}

/// <summary>
/// A multilayer perceptron: standardised features, cut off at <see cref="Limit"/> deviations so that one wild value cannot decide alone,
/// then layers with rectified linear units between them. The managed reference of what <see cref="ToOnnx"/> writes.
/// </summary>
internal sealed class Perceptron(Scaler scaler, PerceptronLayer[] layers, int outcomes) : ILearned
{
    private const double Limit = 8;

    private readonly double[][] _values = [.. layers.Select(l => new double[l.Outputs])];
    private readonly double[][] _errors = [.. layers.Select(l => new double[l.Outputs])];
    private readonly double[] _scaled = new double[scaler.Means.Length];
    private readonly double[] _probabilities = new double[outcomes];

    public PerceptronLayer[] Layers => layers;

    public int Outcomes => outcomes;

    // ONNX Runtime adds in another order.
    public double Tolerance => 1e-9;

    public Perceptron Copy() => new(scaler, [.. layers.Select(l => l.Copy())], outcomes);

    public PerceptronLayer[] Zeros() => [.. layers.Select(l => new PerceptronLayer(l.Inputs, l.Outputs))];

    public double[] Scale(ReadOnlySpan<double> row)
    {
        var scaled = new double[row.Length];
        Scale(row, scaled);
        return scaled;
    }

    public void Predict(ReadOnlySpan<double> row, Span<double> probabilities)
    {
        Scale(row, _scaled);
        TrainedTensors.ToProbabilities(Forward(_scaled), probabilities);
    }

    /// <summary>Adds the gradient of a row's log-loss, times a weight (backpropagation).</summary>
    public void AddGradient(double[] scaled, int outcome, PerceptronLayer[] gradient, double weight)
    {
        TrainedTensors.ToProbabilities(Forward(scaled), _probabilities);
        var last = _errors[^1];
        for (var k = 0; k < last.Length; k++)
        {
            var place = last.Length == 1 ? 1 : k;
            last[k] = weight * (_probabilities[place] - (outcome == place ? 1 : 0));
        }

        for (var l = layers.Length - 1; l >= 0; l--)
        {
            var input = l == 0 ? scaled : _values[l - 1];
            var error = _errors[l];
            var outputs = error.Length;
            for (var i = 0; i < input.Length; i++)
            {
                var weights = layers[l].Weights.AsSpan(i * outputs, outputs);
                var slopes = gradient[l].Weights.AsSpan(i * outputs, outputs);
                var back = 0.0;
                for (var k = 0; k < outputs; k++)
                {
                    slopes[k] += input[i] * error[k];
                    back += weights[k] * error[k];
                }

                if (l > 0)
                {
                    _errors[l - 1][i] = input[i] > 0 ? back : 0;
                }
            }

            for (var k = 0; k < outputs; k++)
            {
                gradient[l].Biases[k] += error[k];
            }
        }
    }

    public byte[] ToOnnx(string name, string featureHash)
    {
        var writer = scaler.ToOnnx().Constant("lowest", [-Limit]).Constant("highest", [Limit]).Node("Clip", "layer_0", "scaled", "lowest", "highest");
        for (var l = 1; l <= layers.Length; l++)
        {
            var layer = layers[l - 1];
            var isLast = l == layers.Length;
            writer
                .Constant($"weights_{l}", layer.Weights, layer.Inputs, layer.Outputs)
                .Constant($"biases_{l}", layer.Biases, layer.Outputs)
                .Node("Gemm", isLast ? "score" : $"sum_{l}", $"layer_{l - 1}", $"weights_{l}", $"biases_{l}");
            if (!isLast)
            {
                writer.Node("Relu", $"layer_{l}", $"sum_{l}");
            }
        }

        return writer.ToBytes(name, featureHash, scaler.Means.Length, outcomes);
    }

    private void Scale(ReadOnlySpan<double> row, double[] scaled)
    {
        scaler.Apply(row, scaled);
        foreach (ref var x in scaled.AsSpan())
        {
            x = Math.Clamp(x, -Limit, Limit);
        }
    }

    private double[] Forward(double[] scaled)
    {
        for (var l = 0; l < layers.Length; l++)
        {
            layers[l].Forward(l == 0 ? scaled : _values[l - 1], _values[l]);
            for (var k = 0; l + 1 < layers.Length && k < _values[l].Length; k++)
            {
                _values[l][k] = Math.Max(0, _values[l][k]);
            }
        }

        return _values[^1];
    }
}
