namespace QuantumTrader.Models.Training;

/// <summary>How a model is trained.</summary>
public sealed record TrainingOptions
{
    /// <summary>Name that the model's predictions carry.</summary>
    public string Name { get; init; } = "logistic";

    /// <summary>Candles that the label looks ahead: up when the price is higher after that many.</summary>
    public int HorizonCandles { get; init; } = 5;

    /// <summary>Length of the candles that the vectors were made from.</summary>
    public int CandleSeconds { get; init; } = 60;

    /// <summary>Walk-forward folds: each is fitted on all rows before its test rows.</summary>
    public int Folds { get; init; } = 5;

    /// <summary>Penalty on the squared weights of the standardised features, above 0.</summary>
    public double L2 { get; init; } = 1;

    /// <summary>Version of the code, for the manifest; null for that of this assembly.</summary>
    public string? CodeVersion { get; init; }
}

/// <summary>Thrown when no model can be trained from what was given: says what was found and what is needed.</summary>
public sealed class TrainingException(string message) : Exception(message);
