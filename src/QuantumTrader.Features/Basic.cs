using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>Options of the block <c>features.basic</c>.</summary>
public sealed record BasicOptions
{
    /// <summary>Length of a candle in seconds. A model must be used with the length that it was trained with.</summary>
    [Range(1, 86_400)]
    public int CandleSeconds { get; init; } = 60;
}

/// <summary>
/// Sends one vector of 11 features per symbol and closed candle: price, means, deviations, returns, volume, RSI and momentum; 21 candles
/// make all of them warm. A candle closes at the symbol's first event at or behind its end; the vector's time is the candle's end.
/// </summary>
[Block("features.basic", "The 11 basic features of each closed candle, from trades.")]
[Partitioned]
public sealed class Basic : Operator<MarketEvent, FeatureVector>, IFeatureBlock
{
    private readonly CandleBuilder[] _candles;
    private readonly BasicWindow[] _windows;

    /// <summary>A block that has seen nothing.</summary>
    public Basic(BasicOptions options, MarketContext market)
    {
        _candles = [.. Enumerable.Range(1, market.Symbols.Count).Select(symbol => new CandleBuilder(market.Calendar, symbol, options.CandleSeconds * 1_000_000_000L))];
        _windows = [.. _candles.Select(_ => new BasicWindow())];
    }

    /// <summary>The vectors that this block sends.</summary>
    public static FeatureSchema Schema => BasicWindow.Schema;

    /// <inheritdoc/>
    public override void Process(Run<MarketEvent> run, Output<FeatureVector> output)
    {
        foreach (ref readonly var e in run)
        {
            var index = e.Symbol - 1;
            if ((uint)index >= (uint)_candles.Length)
            {
                continue;
            }

            var candles = _candles[index];
            if (e.EventTime >= candles.NextBoundary)
            {
                candles.Advance(e.EventTime, e.Sequence);
                Send(candles.Closed, _windows[index], output);
            }

            candles.Add(in e);
        }
    }

    private static void Send(ReadOnlySpan<Candle> closed, BasicWindow window, Output<FeatureVector> output)
    {
        foreach (ref readonly var candle in closed)
        {
            window.AddCandle(Scaled.ToDouble(candle.Close), Scaled.ToDouble(candle.Volume));
            var values = new double[Schema.Names.Count];
            var warm = window.Evaluate(values);
            output.Add(new FeatureVector(candle.Sequence, candle.EndTime, candle.Symbol, Schema, values, [warm]));
        }
    }
}
