using QuantumTrader.Models;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>How far stop and take lie from the entry.</summary>
public sealed record SignalDistances
{
    /// <summary>The stop in average true ranges.</summary>
    [Range(0, 100)]
    public double StopAtr { get; init; } = 1.5;

    /// <summary>The stop's factor in a trend.</summary>
    [Range(0, 100)]
    public double TrendFactor { get; init; } = 0.8;

    /// <summary>The stop's factor in a range.</summary>
    [Range(0, 100)]
    public double RangeFactor { get; init; } = 1.2;

    /// <summary>Smallest stop in ticks, applied last.</summary>
    [Range(1, 1_000_000)]
    public int MinStopTicks { get; init; } = 5;

    /// <summary>Average true range in percent of the price, where the candles have none.</summary>
    [Range(0, 100)]
    public double NoAtrPercent { get; init; } = 0.1;

    /// <summary>Smallest take in stops; the expected move counts where it is more.</summary>
    [Range(0, 100)]
    public double TakeStops { get; init; } = 2;

    /// <summary>Smallest take divided by stop to act on.</summary>
    [Range(0, 100)]
    public double MinRiskReward { get; init; } = 1;

    /// <summary>Stop and take in ticks for a prediction with a regime.</summary>
    internal (long Stop, long Take) Of(in Prediction prediction, double tick)
    {
        var regime = prediction.Regime;
        var price = prediction.Price > 0 ? prediction.Price : regime.Close;
        var range = regime.Atr > 0 ? regime.Atr : price * NoAtrPercent / 100;
        var factor = regime.Class switch { RegimeClass.TrendUp or RegimeClass.TrendDown => TrendFactor, RegimeClass.Range => RangeFactor, _ => 1 };

        // The minimum comes last: before the factor it would refuse every quiet trend.
        var stop = Math.Max(Ticks(StopAtr * range * factor), MinStopTicks);
        return (stop, Math.Max(Ticks(prediction.Magnitude * price), (long)Math.Round(stop * TakeStops, MidpointRounding.AwayFromZero)));

        long Ticks(double distance) => (long)Math.Round(Math.Min(distance / tick, 1e15), MidpointRounding.AwayFromZero);
    }
}
