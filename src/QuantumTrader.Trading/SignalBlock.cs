using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>Options of the block <c>signal</c>.</summary>
public sealed record SignalOptions
{
    /// <summary>Smallest size of a prediction's direction (probability of a rise less that of a fall) to act on.</summary>
    [Range(0, 1)]
    public double MinDirection { get; init; } = 0.3;

    /// <summary>Smallest expected move to act on, as a fraction of the price; of a prediction that tells one.</summary>
    [Range(0, 1)]
    public double MinMagnitude { get; init; } = 0.0001;

    /// <summary>Refuses predictions that tell no expected move.</summary>
    public bool RequireMagnitude { get; init; }

    /// <summary>Smallest probability of the predicted side to act on.</summary>
    [Range(0, 1)]
    public double MinConfidence { get; init; } = 0.6;

    /// <summary>Thresholds that hold instead of the ones above where <c>regime.join</c> has written a regime into the prediction.</summary>
    public RegimeThresholds Regimes { get; init; } = new();

    /// <summary>Smallest confidence of the regime to act in it.</summary>
    [Range(0, 1)]
    public double MinRegimeConfidence { get; init; } = 0.6;

    /// <summary>How far stop and take lie from the entry, where there is a regime.</summary>
    public SignalDistances Distances { get; init; } = new();

    /// <summary>Acts on predictions that are marked stale, too.</summary>
    public bool AcceptStale { get; init; }

    /// <summary>Least time between two predictions of a symbol that are looked at, in seconds of event time; 0 for none.</summary>
    [Range(0, 86_400)]
    public int MinPredictionSeconds { get; init; }

    /// <summary>Least time between two signals of a symbol, whichever model they come from, in seconds of event time; 0 for none.</summary>
    [Range(0, 86_400)]
    public int MinIntervalSeconds { get; init; }
}

/// <summary>
/// Turns predictions that are strong enough into signals to buy or sell. Several models may feed it. What it refuses is counted, checked in
/// this order: <c>unknown_symbol</c>, <c>not_finite</c>, <c>stale</c>, <c>prediction_too_soon</c>, <c>no_candles</c>, <c>weak_direction</c>, <c>weak_magnitude</c>,
/// <c>low_confidence</c>, <c>low_probability</c>, <c>weak_regime</c>, <c>middle_of_range</c>, <c>risk_reward</c>, <c>too_soon</c>. Those of
/// candles, probability, regime, range and risk apply only to predictions into which <c>regime.join</c> has written a regime.
/// </summary>
[Block("signal", "Turns strong predictions into signals to buy or sell.")]
[Partitioned]
public sealed class SignalBlock : Operator<Prediction, Signal>
{
    private readonly SignalOptions _options;
    private readonly double[] _ticks;
    private readonly Thresholds _plain;
    private readonly Thresholds[] _byRegime;
    private readonly Dictionary<int, Times> _lastTimes = [];

    /// <summary>A block that has sent nothing.</summary>
    public SignalBlock(SignalOptions options, MarketContext market)
    {
        ArgumentNullException.ThrowIfNull(market);
        _options = options;
        _ticks = [.. market.Instruments.Select(i => (double)i.Tick)];
        _plain = new Thresholds(options.MinConfidence, 0, options.MinDirection, options.MinMagnitude);
        _byRegime = [.. Enum.GetValues<RegimeClass>().Select(kind => kind == RegimeClass.None ? _plain : options.Regimes.Of(kind))];
    }

    /// <inheritdoc/>
    public override void Process(Run<Prediction> run, Output<Signal> output)
    {
        foreach (ref readonly var p in run)
        {
            if ((uint)(p.Symbol - 1) >= (uint)_ticks.Length)
            {
                run.Reject("unknown_symbol");
                continue;
            }

            if (!double.IsFinite(p.Direction) || !double.IsFinite(p.Confidence) || !double.IsFinite(p.Probability) || !double.IsFinite(p.Magnitude))
            {
                run.Reject("not_finite");
                continue;
            }

            var times = _lastTimes.GetValueOrDefault(p.Symbol, Times.Never);
            if (p.IsStale && !_options.AcceptStale)
            {
                run.Drop("stale");
                continue;
            }

            if (IsWithin(p.EventTime, times.Prediction, _options.MinPredictionSeconds))
            {
                run.Drop("prediction_too_soon");
                continue;
            }

            times = times with { Prediction = p.EventTime };
            var (stop, take) = p.Regime.IsJoined ? _options.Distances.Of(in p, _ticks[p.Symbol - 1]) : default;
            if (Refusal(in p, stop, take, times.Signal) is { } reason)
            {
                run.Drop(reason);
            }
            else
            {
                times = times with { Signal = p.EventTime };
                output.Add(new Signal(p.Sequence, p.EventTime, p.Symbol, p.Direction > 0 ? Side.Buy : Side.Sell, p.Direction, p.Confidence, p.Price, p.Model) { StopTicks = stop, TakeTicks = take });
            }

            _lastTimes[p.Symbol] = times;
        }
    }

    private string? Refusal(in Prediction p, long stop, long take, long lastSignal)
    {
        var (regime, least) = (p.Regime, _byRegime[(int)p.Regime.Class]);

        // Probability less direction is the probability of a fall.
        var probability = p.Direction > 0 ? p.Probability : p.Probability - p.Direction;
        return regime.IsJoined && regime.Close == 0 ? "no_candles"
            : p.Direction == 0 || Math.Abs(p.Direction) < least.Direction ? "weak_direction"
            : p.Magnitude < least.Magnitude && (p.Magnitude != 0 || _options.RequireMagnitude) ? "weak_magnitude"
            : p.Confidence < least.Confidence ? "low_confidence"
            : regime.IsJoined && probability < least.Probability ? "low_probability"
            : regime.IsJoined && regime.Confidence < _options.MinRegimeConfidence ? "weak_regime"
            : regime.Place == RangePlace.Middle ? "middle_of_range"
            : regime.IsJoined && take < stop * _options.Distances.MinRiskReward ? "risk_reward"
            : IsWithin(p.EventTime, lastSignal, _options.MinIntervalSeconds) ? "too_soon"
            : null;
    }

    private static bool IsWithin(long time, long last, int seconds) => seconds > 0 && last != long.MinValue && time - last < seconds * 1_000_000_000L;

    private readonly record struct Times(long Prediction, long Signal)
    {
        public static Times Never => new(long.MinValue, long.MinValue);
    }
}
