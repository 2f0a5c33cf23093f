using QuantumTrader.Models.Regimes;

namespace QuantumTrader.Tests.Models.Regimes;

/// <summary>The regime of a whole list of candles, read at once and written from the formulas: slow, and shares no code with the block.</summary>
internal static class RegimeBatch
{
    public static Regime Of((double High, double Low, double Close)[] candles, double nearPercent = 0.2)
    {
        var closes = candles.Select(c => c.Close).ToArray();
        var (adx, atr) = (Adx(candles), Atr(candles));
        var (e9, e20, e50) = (Ema(closes, 9), Ema(closes, 20), Ema(closes, 50));
        var kind = candles.Length < 50 ? RegimeClass.Undefined
            : adx < 25 ? RegimeClass.Range
            : adx > 25 && e9 > e20 && e20 > e50 ? RegimeClass.TrendUp
            : adx > 25 && e9 < e20 && e20 < e50 ? RegimeClass.TrendDown
            : RegimeClass.Undefined;
        var (support, resistance) = kind == RegimeClass.Range ? Borders(candles[^50..]) : (0, 0);
        return new Regime
        {
            Class = kind,
            Confidence = kind switch { RegimeClass.Undefined => 0.3, RegimeClass.Range => 0.6, _ => Math.Min(0.8, 0.5 + ((adx - 25) / 75)) },
            Strength = adx > 35 ? RegimeStrength.Strong : RegimeStrength.Weak,
            Candles = candles.Length,
            Adx = adx,
            Atr = atr,
            Ema9 = e9,
            Ema20 = e20,
            Ema50 = e50,
            Support = support,
            Resistance = resistance,
            Place = kind != RegimeClass.Range ? RangePlace.None : Place(closes[^1], support, resistance, nearPercent),
        };
    }

    // Sum over all closes with their powers of 1 - a, the first one with what is left.
    private static double Ema(double[] closes, int n)
    {
        var a = 2.0 / (n + 1);
        return closes.Select((c, i) => c * Math.Pow(1 - a, closes.Length - 1 - i) * (i == 0 ? 1 : a)).Sum();
    }

    private static double[] TrueRanges((double High, double Low, double Close)[] c) =>
        [.. c.Skip(1).Select((x, i) => new[] { x.High - x.Low, Math.Abs(x.High - c[i].Close), Math.Abs(x.Low - c[i].Close) }.Max())];

    private static double Atr((double High, double Low, double Close)[] candles)
    {
        var ranges = TrueRanges(candles);
        return ranges.Length == 0 ? 0 : ranges.Length < 14 ? ranges.Average() : ranges.Skip(14).Aggregate(ranges.Take(14).Average(), (mean, x) => ((13 * mean) + x) / 14);
    }

    // Wilder's own form: sums of 14 that lose a fourteenth with every candle.
    private static double Adx((double High, double Low, double Close)[] c)
    {
        var ranges = TrueRanges(c);
        var ups = c.Skip(1).Select((x, i) => (Up: x.High - c[i].High, Down: c[i].Low - x.Low)).ToArray();
        if (ranges.Length < 27)
        {
            return 0;
        }

        var (tr, plus, minus) = (0.0, 0.0, 0.0);
        var indices = new List<double>();
        for (var i = 0; i < ranges.Length; i++)
        {
            var (up, down) = ups[i];
            var keep = i < 14 ? 1 : 13.0 / 14;
            tr = (tr * keep) + ranges[i];
            plus = (plus * keep) + (up > down && up > 0 ? up : 0);
            minus = (minus * keep) + (down > up && down > 0 ? down : 0);
            if (i >= 13)
            {
                var (p, m) = tr > 0 ? (100 * plus / tr, 100 * minus / tr) : (0, 0);
                indices.Add(p + m > 0 ? 100 * Math.Abs(p - m) / (p + m) : 0);
            }
        }

        return indices.Skip(14).Aggregate(indices.Take(14).Average(), (mean, x) => ((13 * mean) + x) / 14);
    }

    private static (double Support, double Resistance) Borders((double High, double Low, double Close)[] window)
    {
        var close = window[^1].Close;
        var middles = Enumerable.Range(2, window.Length - 4);
        var highs = middles.Where(i => window[(i - 2)..(i + 3)].Max(c => c.High) == window[i].High).Select(i => window[i].High).Where(h => h >= close).ToArray();
        var lows = middles.Where(i => window[(i - 2)..(i + 3)].Min(c => c.Low) == window[i].Low).Select(i => window[i].Low).Where(l => l <= close).ToArray();
        return (lows.DefaultIfEmpty(0).Max(), highs.DefaultIfEmpty(0).Min());
    }

    private static RangePlace Place(double close, double support, double resistance, double nearPercent)
    {
        var places = new[] { (Place: RangePlace.Support, Away: close - support, Is: support > 0), (Place: RangePlace.Resistance, Away: resistance - close, Is: resistance > 0) };
        return places.Where(p => p.Is && p.Away <= close * nearPercent / 100).OrderBy(p => p.Away).Select(p => p.Place).FirstOrDefault(RangePlace.Middle);
    }
}
