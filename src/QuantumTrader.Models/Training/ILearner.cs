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
