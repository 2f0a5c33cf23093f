using QuantumTrader.Pipelines;

namespace QuantumTrader.Models.Drift;

/// <summary>How closely a model's features and answers are watched for moving away from training.</summary>
public sealed record DriftOptions
{
    /// <summary>Predictions that are held against training, over all symbols: the newest. Below 1000 an index is above 0.01 by chance alone.</summary>
    [Range(100, 100_000)]
    public int Window { get; init; } = 1000;

    /// <summary>Predictions from one comparison to the next.</summary>
    [Range(1, 100_000)]
    public int Every { get; init; } = 100;
}
