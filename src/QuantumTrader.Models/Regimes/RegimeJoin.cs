using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models.Regimes;

/// <summary>Options of the block <c>regime.join</c>.</summary>
public sealed record RegimeJoinOptions
{
    /// <summary>Age in seconds of event time from which on a regime no longer counts, such as one from before a pause; 0 for never.</summary>
    [Range(0, 31_536_000)]
    public int MaxAgeSeconds { get; init; }
}

/// <summary>
/// Writes the newest regime of its symbol into each prediction, for <c>signal</c> and <c>model.ensemble</c>. A candle that closes with the
/// event that caused the prediction counts. Before the first candle the regime is undefined with confidence 0.
/// </summary>
[Block("regime.join", "Writes the newest regime of the port regime into predictions.")]
[SidePort("regime")]
[Partitioned]
public sealed class RegimeJoin(RegimeJoinOptions options) : Operator<Prediction, Regime, Prediction>
{
    private readonly long _maxAge = options.MaxAgeSeconds == 0 ? long.MaxValue : options.MaxAgeSeconds * 1_000_000_000L;
    private readonly Dictionary<int, (long Time, KnownRegime Regime)> _newest = [];
    private long _joined;
    private long _withoutData;

    /// <inheritdoc/>
    public override void ProcessSide(Run<Regime> run, Output<Prediction> output)
    {
        foreach (ref readonly var regime in run)
        {
            _newest[regime.Symbol] = (regime.EventTime, KnownRegime.Of(in regime));
        }
    }

    /// <inheritdoc/>
    public override void Process(Run<Prediction> run, Output<Prediction> output)
    {
        foreach (ref readonly var prediction in run)
        {
            var isKnown = _newest.TryGetValue(prediction.Symbol, out var newest) && prediction.EventTime - newest.Time <= _maxAge;
            _joined += isKnown ? 1 : 0;
            _withoutData += isKnown ? 0 : 1;
            output.Pass(prediction with { Regime = isKnown ? newest.Regime : KnownRegime.WithoutData });
        }
    }

    /// <inheritdoc/>
    public override object Report() => new RegimeJoinReport(_joined, _withoutData);
}

/// <summary>What the report says of a join of regimes.</summary>
/// <param name="Joined">Predictions that got a regime.</param>
/// <param name="WithoutData">Predictions for which there was none, or only one that was too old.</param>
public sealed record RegimeJoinReport(long Joined, long WithoutData);
