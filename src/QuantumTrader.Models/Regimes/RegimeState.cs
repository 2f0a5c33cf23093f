using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models.Regimes;

/// <summary>The regime of one symbol, candle by candle.</summary>
internal sealed class RegimeState(RegimeOptions options)
{
    private readonly RegimeWindow _window = new();
    private DirectionalMovement _movement;
    private double _ema9;
    private double _ema20;
    private double _ema50;
    private int _candles;

    public Regime Add(in Candle candle)
    {
        var (high, low, close) = (Scaled.ToDouble(candle.High), Scaled.ToDouble(candle.Low), Scaled.ToDouble(candle.Close));
        _movement.Add(high, low, close);
        _window.Add(high, low, close);
        _ema9 = Ema(_ema9, close, 9);
        _ema20 = Ema(_ema20, close, 20);
        _ema50 = Ema(_ema50, close, 50);
        _candles = Math.Min(_candles + 1, int.MaxValue - 1);

        var (kind, confidence) = _candles < RegimeWindow.Size ? RegimeRules.Undefined
            : options.Analyzer == RegimeAnalyzer.Shape ? RegimeRules.OfShape(_window, options)
            : RegimeRules.OfTrend(_movement.Adx, _ema9, _ema20, _ema50, options.MaxRangeSpreadPercent);
        var (strategy, riskReward) = RegimeRules.StrategyOf(kind);
        var (support, resistance) = kind == RegimeClass.Range ? _window.Borders() : default;
        return new Regime
        {
            Sequence = candle.Sequence,
            EventTime = candle.EndTime,
            Symbol = candle.Symbol,
            Candles = _candles,
            Class = kind,
            Strength = _movement.Adx > RegimeRules.StrongAdx ? RegimeStrength.Strong : RegimeStrength.Weak,
            Strategy = strategy,
            Place = kind == RegimeClass.Range ? PlaceOf(close, support, resistance) : RangePlace.None,
            Confidence = confidence,
            RiskReward = riskReward,
            Close = close,
            Adx = _movement.Adx,
            Ema9 = _ema9,
            Ema20 = _ema20,
            Ema50 = _ema50,
            Atr = _movement.TrueRange,
            Support = support,
            Resistance = resistance,
        };
    }

    private double Ema(double before, double close, int candles) => _candles == 0 ? close : before + (2.0 / (candles + 1) * (close - before));

    private RangePlace PlaceOf(double close, double support, double resistance)
    {
        var near = close * options.NearPercent / 100;
        var (down, up) = (support > 0 ? close - support : double.PositiveInfinity, resistance > 0 ? resistance - close : double.PositiveInfinity);
        return Math.Min(down, up) > near ? RangePlace.Middle : down <= up ? RangePlace.Support : RangePlace.Resistance;
    }
}
