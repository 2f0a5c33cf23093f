namespace QuantumTrader.Models.Regimes;

/// <summary>What makes a regime, and how each is traded.</summary>
internal static class RegimeRules
{
    /// <summary>Above it a market trends, below it ranges.</summary>
    public const double TrendAdx = 25;

    /// <summary>Above it a trend is strong.</summary>
    public const double StrongAdx = 35;

    private const int SlopeCandles = 20;
    private const int VolatilityCandles = 30;
    private const double RangeConfidence = 0.6;
    private const double MaxTrendConfidence = 0.8;

    /// <summary>The answer when the candles say nothing.</summary>
    public static (RegimeClass Class, double Confidence) Undefined => (RegimeClass.Undefined, 0.3);

    /// <summary>Strategy and risk:reward of a class.</summary>
    public static (RegimeStrategy Strategy, double RiskReward) StrategyOf(RegimeClass kind) => kind switch
    {
        RegimeClass.TrendUp or RegimeClass.TrendDown => (RegimeStrategy.Follow, 2),
        RegimeClass.Range => (RegimeStrategy.Reversal, 1.5),
        _ => (RegimeStrategy.NoTrade, 1),
    };

    /// <summary>By the strength of the trend and the order of the means; an ADX of exactly 25 says nothing.</summary>
    public static (RegimeClass Class, double Confidence) OfTrend(double adx, double ema9, double ema20, double ema50, double maxRangeSpreadPercent)
    {
        if (adx < TrendAdx)
        {
            var spread = Math.Max(ema9, Math.Max(ema20, ema50)) - Math.Min(ema9, Math.Min(ema20, ema50));
            return maxRangeSpreadPercent == 0 || 100 * spread / ema50 < maxRangeSpreadPercent ? (RegimeClass.Range, RangeConfidence) : Undefined;
        }

        var confidence = Math.Min(MaxTrendConfidence, 0.5 + ((adx - TrendAdx) / 75));
        return adx > TrendAdx && ema9 > ema20 && ema20 > ema50 ? (RegimeClass.TrendUp, confidence)
            : adx > TrendAdx && ema9 < ema20 && ema20 < ema50 ? (RegimeClass.TrendDown, confidence)
            : Undefined;
    }

    /// <summary>By slope, touches and volatility, checked in this order: volatile, trend, range.</summary>
    public static (RegimeClass Class, double Confidence) OfShape(RegimeWindow window, RegimeOptions options)
    {
        var volatility = Volatility(window);
        if (100 * volatility > options.MaxVolatilityPercent)
        {
            return (RegimeClass.Volatile, Undefined.Confidence);
        }

        var (slope, fit) = Line(window);
        var steepness = volatility > 0 ? slope * fit / (volatility * window.Close(0)) : 0;
        if (Math.Abs(steepness) >= options.MinSlope && steepness != 0)
        {
            return (steepness > 0 ? RegimeClass.TrendUp : RegimeClass.TrendDown, Math.Min(MaxTrendConfidence, 0.5 + (0.3 * fit)));
        }

        var (bottom, top) = window.Touches();
        return Math.Min(bottom, top) >= options.MinTouches ? (RegimeClass.Range, RangeConfidence) : Undefined;
    }

    // Standard deviation of the last 30 returns.
    private static double Volatility(RegimeWindow window)
    {
        var (sum, squares) = (0.0, 0.0);
        for (var ago = 0; ago < VolatilityCandles; ago++)
        {
            var change = (window.Close(ago) / window.Close(ago + 1)) - 1;
            sum += change;
            squares += change * change;
        }

        return Math.Sqrt(Math.Max(0, squares - (sum * sum / VolatilityCandles)) / (VolatilityCandles - 1));
    }

    // Slope per candle and R2 of the straight line through the last 20 closes.
    private static (double Slope, double Fit) Line(RegimeWindow window)
    {
        var mean = 0.0;
        for (var ago = 0; ago < SlopeCandles; ago++)
        {
            mean += window.Close(ago) / SlopeCandles;
        }

        const double middle = (SlopeCandles - 1) / 2.0;
        var (xx, xy, yy) = (0.0, 0.0, 0.0);
        for (var ago = 0; ago < SlopeCandles; ago++)
        {
            var (x, y) = (middle - ago, window.Close(ago) - mean);
            xx += x * x;
            xy += x * y;
            yy += y * y;
        }

        return (xy / xx, yy > 0 ? xy * xy / (xx * yy) : 0);
    }
}
