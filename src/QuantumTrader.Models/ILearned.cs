namespace QuantumTrader.Models;

/// <summary>What was learned: the managed reference of the file that it writes.</summary>
internal interface ILearned
{
    /// <summary>Largest difference between an answer here and one of the written file in ONNX Runtime.</summary>
    double Tolerance { get; }

    /// <summary>Predicts one row.</summary>
    /// <param name="row">One finite value per feature.</param>
    /// <param name="probabilities">Takes one per outcome; they add up to 1.</param>
    void Predict(ReadOnlySpan<double> row, Span<double> probabilities);

    /// <summary>The same as an ONNX file with the tensors of <see cref="TrainedTensors"/>.</summary>
    byte[] ToOnnx(string name, string featureHash);
}
