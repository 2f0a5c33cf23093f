namespace QuantumTrader.Models.Training;

/// <summary>
/// Learns probabilities from rows. The same rows and options give the same bits on every machine: one thread, rows in one order, random
/// numbers from the seed, and no function of the platform's mathematics library.
/// </summary>
internal interface ILearner
{
    /// <summary>Fits.</summary>
    /// <param name="rows">At least one.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <param name="token">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    ILearned Fit(TrainingRows rows, Action<double> progress, CancellationToken token);
}

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
