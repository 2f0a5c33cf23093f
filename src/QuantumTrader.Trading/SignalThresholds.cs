using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>Rows of thresholds by regime; what is not given is as in docs/regimes.md.</summary>
public sealed record RegimeThresholds
{
    /// <summary>In a trend up or down: 0.60, 0.60, 0.70 and 0.003.</summary>
    public ThresholdRow Trend { get; init; } = new();

    /// <summary>In a range: 0.60, 0.55, 0.50 and 0.0015.</summary>
    public ThresholdRow Range { get; init; } = new();

    /// <summary>In any other regime: 0.80, 0.80, 0.80 and 0.005.</summary>
    public ThresholdRow Undefined { get; init; } = new();

    internal Thresholds Of(RegimeClass kind) => kind switch
    {
        RegimeClass.TrendUp or RegimeClass.TrendDown => Trend.Or(new Thresholds(0.6, 0.6, 0.7, 0.003)),
        RegimeClass.Range => Range.Or(new Thresholds(0.6, 0.55, 0.5, 0.0015)),
        _ => Undefined.Or(new Thresholds(0.8, 0.8, 0.8, 0.005)),
    };
}

/// <summary>Smallest values to act on in one kind of regime.</summary>
public sealed record ThresholdRow
{
    /// <summary>Of the prediction's confidence.</summary>
    [Range(0, 1)]
    public double? Confidence { get; init; }

    /// <summary>Of the probability of the predicted side.</summary>
    [Range(0, 1)]
    public double? Probability { get; init; }

    /// <summary>Of the size of the direction.</summary>
    [Range(0, 1)]
    public double? Direction { get; init; }

    /// <summary>Of the expected move, as a fraction of the price.</summary>
    [Range(0, 1)]
    public double? Magnitude { get; init; }

    internal Thresholds Or(Thresholds table) =>
        new(Confidence ?? table.Confidence, Probability ?? table.Probability, Direction ?? table.Direction, Magnitude ?? table.Magnitude);
}

/// <summary>Smallest values to act on.</summary>
internal readonly record struct Thresholds(double Confidence, double Probability, double Direction, double Magnitude);
