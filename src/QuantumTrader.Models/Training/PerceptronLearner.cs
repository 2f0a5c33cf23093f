using QuantumTrader.Market;

namespace QuantumTrader.Models.Training;

/// <summary>A small neural network: layers of rectified linear units over standardised features.</summary>
public sealed record PerceptronOptions : LearnerOptions
{
    /// <summary>Units of each hidden layer: one or two layers of 1 to 256.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [16];

    /// <summary>Step size of Adam, above 0 and at most 1.</summary>
    public double LearningRate { get; init; } = 0.003;

    /// <summary>Most times that all rows are gone through.</summary>
    public int Epochs { get; init; } = 100;

    /// <summary>Rows per step.</summary>
    public int BatchRows { get; init; } = 64;

    /// <summary>Epochs without a better loss on the newest fifth of the rows before it ends.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>Share of each weight that is taken away per unit of step size.</summary>
    public double WeightDecay { get; init; } = 0.001;

    internal override ILearner Create(ulong seed) => new PerceptronLearner(this, seed);

    internal override IEnumerable<(string, string)> Describe() =>
    [
        ("learner", "mlp"), ("hidden", string.Join(",", Hidden)), ("learning_rate", TrainingOptions.Text($"{LearningRate}")), ("epochs", TrainingOptions.Text($"{Epochs}")),
        ("batch_rows", TrainingOptions.Text($"{BatchRows}")), ("patience", TrainingOptions.Text($"{Patience}")), ("weight_decay", TrainingOptions.Text($"{WeightDecay}")),
    ];

    internal override string? FindFault() => Hidden.Count is 1 or 2 && Hidden.All(h => h is >= 1 and <= 256) && LearningRate is > 0 and <= 1 && Epochs > 0 && BatchRows > 0 && Patience > 0 && WeightDecay is >= 0 and <= 1
        ? null
        : TrainingOptions.Text($"the network had hidden layers of [{string.Join(", ", Hidden)}], a learning rate of {LearningRate}, {Epochs} epochs, {BatchRows} rows per step, a patience of {Patience} and a weight decay of {WeightDecay}; legal are one or two layers of 1 to 256, rates from 0 to 1, and counts above 0");
}

/// <summary>
/// Fits by Adam (Kingma and Ba, 2015) with decoupled weight decay, in an order of rows that the seed decides. The newest fifth of the rows
/// is not fitted on: the weights of the epoch that did best there are kept. The last layer begins at the base rates, so a network that
/// never gets better than those answers them.
/// </summary>
internal sealed class PerceptronLearner(PerceptronOptions options, ulong seed) : ILearner
{
    public ILearned Fit(TrainingRows rows, Action<double> progress, CancellationToken token)
    {
        var split = rows.SplitForChoice();
        var fit = split?.Fit ?? rows;
        var scaler = Scaler.Of([.. fit.Rows.Select(r => r.Values)]);
        var random = new StableRandom(seed);
        var network = Start(scaler, fit, random);
        var best = network.Copy();
        if (split is not { Choose: var choose })
        {
            return best;
        }

        var bestLoss = Loss(network, choose);
        var adam = new Adam(network, options);
        var order = Enumerable.Range(0, fit.Rows.Length).ToArray();
        var scaled = fit.Rows.Select(r => network.Scale(r.Values)).ToArray();
        for (int epoch = 1, worse = 0; epoch <= options.Epochs && worse < options.Patience; epoch++)
        {
            Shuffle(order, random);
            for (var first = 0; first < order.Length; first += options.BatchRows)
            {
                token.ThrowIfCancellationRequested();
                var last = Math.Min(order.Length, first + options.BatchRows);
                for (var i = first; i < last; i++)
                {
                    network.AddGradient(scaled[order[i]], fit.Rows[order[i]].Outcome, adam.Gradient, 1.0 / (last - first));
                }

                adam.Step();
            }

            progress((double)epoch / options.Epochs);
            var loss = Loss(network, choose);
            if (loss < bestLoss)
            {
                (best, bestLoss, worse) = (network.Copy(), loss, 0);
            }
            else
            {
                worse++;
            }
        }

        return best;
    }

    private Perceptron Start(Scaler scaler, TrainingRows rows, StableRandom random)
    {
        var columns = TrainedTensors.Columns(rows.Outcomes);
        int[] widths = [scaler.Means.Length, .. options.Hidden, columns];
        var layers = new List<PerceptronLayer>();
        for (var l = 0; l + 1 < widths.Length; l++)
        {
            var layer = new PerceptronLayer(widths[l], widths[l + 1]);
            var isLast = l + 2 == widths.Length;
            var limit = Math.Sqrt(6.0 / widths[l]); // He et al., 2015: keeps the variance through rectified units
            for (var i = 0; !isLast && i < layer.Weights.Length; i++)
            {
                layer.Weights[i] = ((2 * random.NextDouble()) - 1) * limit;
            }

            layers.Add(layer);
        }

        var rates = rows.BaseRates();
        for (var k = 0; k < columns; k++)
        {
            layers[^1].Biases[k] = columns == 1 ? StableMath.Log(rates[1] / rates[0]) : StableMath.Log(rates[k]);
        }

        return new Perceptron(scaler, [.. layers], rows.Outcomes);
    }

    private static void Shuffle(int[] order, StableRandom random)
    {
        for (var i = order.Length - 1; i > 0; i--)
        {
            var other = random.Below(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }
    }

    private static double Loss(Perceptron network, LabelledRow[] rows)
    {
        Span<double> probabilities = stackalloc double[network.Outcomes];
        var sum = 0.0;
        foreach (var row in rows)
        {
            network.Predict(row.Values, probabilities);
            sum += Scores.LogLoss(probabilities[row.Outcome]);
        }

        return sum;
    }

    private sealed class Adam
    {
        private const double Decay1 = 0.9;
        private const double Decay2 = 0.999;
        private const double Epsilon = 1e-8;

        private readonly Perceptron _network;
        private readonly PerceptronOptions _options;
        private readonly PerceptronLayer[] _mean;
        private readonly PerceptronLayer[] _square;
        private double _power1 = 1;
        private double _power2 = 1;

        public Adam(Perceptron network, PerceptronOptions options)
        {
            _network = network;
            _options = options;
            (Gradient, _mean, _square) = (network.Zeros(), network.Zeros(), network.Zeros());
        }

        public PerceptronLayer[] Gradient { get; }

        /// <summary>Moves the weights against the gradient, and forgets it.</summary>
        public void Step()
        {
            _power1 *= Decay1;
            _power2 *= Decay2;
            for (var l = 0; l < Gradient.Length; l++)
            {
                Move(_network.Layers[l].Weights, Gradient[l].Weights, _mean[l].Weights, _square[l].Weights, _options.WeightDecay);
                Move(_network.Layers[l].Biases, Gradient[l].Biases, _mean[l].Biases, _square[l].Biases, 0);
            }
        }

        private void Move(double[] values, double[] gradient, double[] mean, double[] square, double decay)
        {
            for (var i = 0; i < values.Length; i++)
            {
                mean[i] = (Decay1 * mean[i]) + ((1 - Decay1) * gradient[i]);
                square[i] = (Decay2 * square[i]) + ((1 - Decay2) * gradient[i] * gradient[i]);
                var step = mean[i] / (1 - _power1) / (Math.Sqrt(square[i] / (1 - _power2)) + Epsilon);
                values[i] -= _options.LearningRate * (step + (decay * values[i]));
                gradient[i] = 0;
            }
        }
    }
}
