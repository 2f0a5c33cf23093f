using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>Options of the block <c>signal</c>.</summary>
public sealed record SignalOptions
{
    /// <summary>Smallest size of a prediction's direction (probability of a rise less that of a fall) to act on.</summary>
    [Range(0, 1)]
    public double MinDirection { get; init; } = 0.3;

    /// <summary>Smallest probability of the predicted side to act on.</summary>
    [Range(0, 1)]
    public double MinConfidence { get; init; } = 0.6;

    /// <summary>Least time between two signals of a symbol, whichever model they come from, in seconds of event time; 0 for none.</summary>
    [Range(0, 86_400)]
    public int MinIntervalSeconds { get; init; }
}

/// <summary>
/// Turns predictions that are strong enough into signals to buy or sell. Several models may feed it. What it refuses is counted:
/// <c>not_finite</c>, <c>weak_direction</c>, <c>low_confidence</c>, <c>too_soon</c>, checked in this order.
/// </summary>
[Block("signal", "Turns strong predictions into signals to buy or sell.")]
[Partitioned]
public sealed class SignalBlock(SignalOptions options) : Operator<Prediction, Signal>
{
    private readonly long _minInterval = options.MinIntervalSeconds * 1_000_000_000L;
    private readonly Dictionary<int, long> _lastTimes = [];

    /// <inheritdoc/>
    public override void Process(Run<Prediction> run, Output<Signal> output)
    {
        foreach (ref readonly var p in run)
        {
            if (!double.IsFinite(p.Direction) || !double.IsFinite(p.Confidence))
            {
                run.Reject("not_finite");
            }
            else if (p.Direction == 0 || Math.Abs(p.Direction) < options.MinDirection)
            {
                run.Drop("weak_direction");
            }
            else if (p.Confidence < options.MinConfidence)
            {
                run.Drop("low_confidence");
            }
            else if (_lastTimes.TryGetValue(p.Symbol, out var last) && p.EventTime - last < _minInterval)
            {
                run.Drop("too_soon");
            }
            else
            {
                _lastTimes[p.Symbol] = p.EventTime;
                output.Add(new Signal(p.Sequence, p.EventTime, p.Symbol, p.Direction > 0 ? Side.Buy : Side.Sell, p.Direction, p.Confidence, p.Price, p.Model));
            }
        }
    }
}
