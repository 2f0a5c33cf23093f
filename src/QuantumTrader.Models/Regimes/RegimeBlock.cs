using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models.Regimes;

/// <summary>What tells the regimes apart.</summary>
public enum RegimeAnalyzer
{
    /// <summary>Strength of the trend (ADX) and the order of three exponential means.</summary>
    Trend,

    /// <summary>Slope of a straight line, touches of the borders, volatility.</summary>
    Shape,
}

/// <summary>Options of the block <c>model.regime</c>.</summary>
public sealed record RegimeOptions
{
    /// <summary>What tells the regimes apart: <c>trend</c> (ADX and EMAs) or <c>shape</c> (slope, borders, volatility).</summary>
    public RegimeAnalyzer Analyzer { get; init; } = RegimeAnalyzer.Trend;

    /// <summary>Analyzer <c>trend</c>: a range also needs its three EMAs to lie within this percentage of the slowest one, 1 in the older risk code; 0 for no such rule.</summary>
    [Range(0, 100)]
    public double MaxRangeSpreadPercent { get; init; }

    /// <summary>Distance from support or resistance, in percent of the close, up to which the price counts as near.</summary>
    [Range(0, 100)]
    public double NearPercent { get; init; } = 0.2;

    /// <summary>Analyzer <c>shape</c>: smallest slope of the line through the last 20 closes, times its R2, in standard deviations of a candle's return, that is a trend.</summary>
    [Range(0, 100)]
    public double MinSlope { get; init; } = 0.25;

    /// <summary>Analyzer <c>shape</c>: standard deviation of the last 30 returns, in percent, above which the market is volatile.</summary>
    [Range(0, 100)]
    public double MaxVolatilityPercent { get; init; } = 0.5;

    /// <summary>Analyzer <c>shape</c>: visits to each border of the last 50 candles (its outer tenth) that make a range.</summary>
    [Range(1, 25)]
    public int MinTouches { get; init; } = 2;
}

/// <summary>
/// Sends one regime per candle that closes: trend up, trend down, range or undefined, how sure that is, and how it is traded. Before 50
/// candles it is undefined.
/// </summary>
[Block("model.regime", "Tells from closed candles whether the market trends, ranges, or neither.")]
[Partitioned]
public sealed class RegimeBlock : Operator<Candle, Regime>
{
    private readonly RegimeState[] _symbols;

    /// <summary>A block that has seen nothing.</summary>
    public RegimeBlock(RegimeOptions options, MarketContext market)
    {
        ArgumentNullException.ThrowIfNull(market);
        _symbols = [.. Enumerable.Range(1, market.Symbols.Count).Select(_ => new RegimeState(options))];
    }

    /// <inheritdoc/>
    public override void Process(Run<Candle> run, Output<Regime> output)
    {
        foreach (ref readonly var candle in run)
        {
            if ((uint)(candle.Symbol - 1) >= (uint)_symbols.Length || candle.Low <= 0 || candle.High < candle.Low || candle.Close < candle.Low || candle.Close > candle.High)
            {
                run.Reject("bad_candle");
                continue;
            }

            output.Add(_symbols[candle.Symbol - 1].Add(in candle));
        }
    }
}
