namespace QuantumTrader.Features.TimeTravel;

/// <summary>The formulas of the time-travel features, apart from where their numbers come from.</summary>
public static class Formulas
{
    /// <summary>Share of the history below x, equal ones counting half; 0.5 without history.</summary>
    public static double MidRank(double x, ReadOnlySpan<double> history)
    {
        var halves = 0;
        foreach (var h in history)
        {
            halves += h < x ? 2 : h == x ? 1 : 0;
        }

        return history.Length == 0 ? 0.5 : halves / (2.0 * history.Length);
    }

    /// <summary>Pearson's correlation; NaN when either side is constant.</summary>
    public static double Correlation(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double sumX = 0, sumY = 0;
        for (var i = 0; i < x.Length; i++)
        {
            sumX += x[i];
            sumY += y[i];
        }

        var (meanX, meanY) = (sumX / x.Length, sumY / x.Length);
        double xx = 0, yy = 0, xy = 0;
        var (isFlatX, isFlatY) = (true, true);
        for (var i = 0; i < x.Length; i++)
        {
            isFlatX &= x[i] == x[0];
            isFlatY &= y[i] == y[0];
            xx += (x[i] - meanX) * (x[i] - meanX);
            yy += (y[i] - meanY) * (y[i] - meanY);
            xy += (x[i] - meanX) * (y[i] - meanY);
        }

        return isFlatX || isFlatY ? double.NaN : Math.Clamp(xy / Math.Sqrt(xx * yy), -1, 1);
    }

    /// <summary>(1 + mean correlation of today's volumes with those of each day) / 2; NaN when no day can be compared.</summary>
    public static double VolumePattern(double sumOfCorrelations, int days) => days == 0 ? double.NaN : (1 + (sumOfCorrelations / days)) / 2;

    /// <summary>How far volume lies on few prices: 0 when every tick has the same share, 1 when one has all.</summary>
    /// <param name="sumOfSquaredShares">Sum over the ticks of the squared share of volume.</param>
    /// <param name="ticks">Ticks from the lowest to the highest price, at least 2.</param>
    public static double Concentration(double sumOfSquaredShares, double ticks) => Math.Clamp((sumOfSquaredShares - (1 / ticks)) / (1 - (1 / ticks)), 0, 1);

    /// <summary>Mean of the R squared of a straight line, the efficiency ratio, and 1 - sign flips / (moves - 1); NaN without any move.</summary>
    public static double PriceAction(ReadOnlySpan<double> closes)
    {
        var n = closes.Length;
        var middle = (n - 1) / 2.0;
        var mean = 0.0;
        foreach (var close in closes)
        {
            mean += close / n;
        }

        double xy = 0, yy = 0, path = 0;
        int flips = 0, moves = 0, direction = 0;
        for (var i = 0; i < n; i++)
        {
            xy += (i - middle) * (closes[i] - mean);
            yy += (closes[i] - mean) * (closes[i] - mean);
            if (i > 0 && closes[i] != closes[i - 1])
            {
                path += Math.Abs(closes[i] - closes[i - 1]);
                var sign = Math.Sign(closes[i] - closes[i - 1]);
                flips += direction != 0 && sign != direction ? 1 : 0;
                direction = sign;
                moves++;
            }
        }

        if (moves == 0)
        {
            return double.NaN;
        }

        var xx = n * (((double)n * n) - 1) / 12;
        var line = Math.Min(1, xy * xy / (xx * yy));
        var efficiency = Math.Min(1, Math.Abs(closes[^1] - closes[0]) / path);
        var calm = moves > 1 ? 1 - (flips / (double)(moves - 1)) : 1;
        return (line + efficiency + calm) / 3;
    }

    /// <summary>Square root of the sum of squared log-returns of these closes.</summary>
    public static double RealisedVolatility(ReadOnlySpan<double> closes)
    {
        var sum = 0.0;
        for (var i = 1; i < closes.Length; i++)
        {
            var change = Math.Log(closes[i] / closes[i - 1]);
            sum += change * change;
        }

        return Math.Sqrt(sum);
    }

    /// <summary>A volatility of a part of a day, as per year of 252 days.</summary>
    public static double Annualised(double volatility, double minutesPerDay, int returns) => returns == 0 ? 0 : volatility * Math.Sqrt(252 * minutesPerDay / returns);

    /// <summary>HIGH above 0.8, LOW below 0.2, else NORMAL; both bounds are NORMAL.</summary>
    public static string Regime(double rank) => rank > 0.8 ? "HIGH" : rank < 0.2 ? "LOW" : "NORMAL";

    /// <summary>Mean of the shares of minutes with trades, of good rows, and of past days.</summary>
    public static double Quality(int minutesWithTrades, int minutes, long goodRows, long rows, int days, int wantedDays) =>
        minutes == 0 || rows == 0 ? 0 : ((minutesWithTrades / (double)minutes) + (goodRows / (double)rows) + (Math.Min(days, wantedDays) / (double)wantedDays)) / 3;
}
