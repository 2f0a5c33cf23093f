namespace QuantumTrader.Features.Model65;

/// <summary>Rows 37-43: averages, their differences, and the place in the day.</summary>
internal static class Technical
{
    public static FeatureGroup Group { get; } = new("technical", "Technical",
    [
        Of("ma_5_20_ratio", "SMA_5(C) / SMA_20(C)", 20) with { Neutral = 1, Min = 0 },
        Of("ma_20_50_ratio", "SMA_20(C) / SMA_50(C)", 50) with { Neutral = 1, Min = 0 },
        Of("momentum_5_20", "SMA_5(C) - SMA_20(C)", 20) with { Unit = "price" },
        Of("momentum_20_50", "SMA_20(C) - SMA_50(C)", 50) with { Unit = "price" },
        Of("sharpe_5", "mean / sd1 of the last 5 returns, not annualised", 6) with { ZeroDivision = "0" },
        Of("sharpe_20", "mean / sd1 of the last 20 returns, not annualised", 21) with { ZeroDivision = "0" },
        new("time_normalized", "(tau - open) / (close - open), tau = start of candle t") { Inputs = "clock", WarmAfter = "1 candle", Min = 0, Max = 1 },
    ]);

    public static void Write(Bars bars, double shareOfDay, ref FeatureWriter writer)
    {
        var five = Windows.Mean(bars.Closes.Last(5));
        var twenty = Windows.Mean(bars.Closes.Last(20));
        var fifty = Windows.Mean(bars.Closes.Last(50));
        writer.Add(bars.Count >= 20, five / twenty);
        writer.Add(bars.Count >= 50, twenty / fifty);
        writer.Add(bars.Count >= 20, five - twenty);
        writer.Add(bars.Count >= 50, twenty - fifty);
        writer.Add(bars.Count >= 6, Sharpe(bars.Returns.Last(5)));
        writer.Add(bars.Count >= 21, Sharpe(bars.Returns.Last(20)));
        writer.Add(bars.Count >= 1, shareOfDay);
    }

    private static double Sharpe(ReadOnlySpan<double> returns)
    {
        var mean = Windows.Mean(returns);
        return Windows.Ratio(mean, Windows.Deviation(returns, mean, 1), 0);
    }

    private static FeatureDefinition Of(string name, string formula, int candles) => new(name, formula) { Inputs = "candles", WarmAfter = $"{candles} candles" };
}
