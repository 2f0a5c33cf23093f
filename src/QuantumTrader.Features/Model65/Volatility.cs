namespace QuantumTrader.Features.Model65;

/// <summary>Rows 1-10: how far prices move.</summary>
internal static class Volatility
{
    private static readonly (int Short, int Long)[] Ratios = [(10, 20), (20, 50), (50, 100), (100, 200)];

    public static FeatureGroup Group { get; } = new("volatility", "Volatility",
    [
        .. Ratios.Select(n => Of($"volatility_{n.Short}", $"sd1 of the last {n.Short} returns", n.Short + 1)),
        .. Ratios.Select(n => Of($"volatility_ratio_{n.Short}", $"volatility_{n.Short} / volatility_{n.Long}", n.Long + 1) with
        {
            Neutral = 1, ZeroDivision = "1", Aliases = [$"volatility_ratio_{n.Short}_{n.Long}"],
        }),
        Of("volatility_gk", "sqrt(mean over 20 candles of ln(H/L)^2 / 2 - (2 ln 2 - 1) ln(C/O)^2) (Garman and Klass)", 20),
        Of("bb_position", "(C_t - (m - 2s)) / (4s), m = SMA_20(C), s = sd0 of the same", 20) with { Neutral = 0.5, ZeroDivision = "0.5", Min = (2 - Math.Sqrt(19)) / 4, Max = (2 + Math.Sqrt(19)) / 4 },
    ]);

    public static void Write(Bars bars, ref FeatureWriter writer)
    {
        Span<double> deviations = stackalloc double[5];
        for (var i = 0; i < deviations.Length; i++)
        {
            var length = i < 4 ? Ratios[i].Short : Ratios[3].Long;
            deviations[i] = bars.Count > length ? Windows.SampleDeviation(bars.Returns.Last(length)) : 0;
        }

        for (var i = 0; i < Ratios.Length; i++)
        {
            writer.Add(bars.Count > Ratios[i].Short, deviations[i]);
        }

        for (var i = 0; i < Ratios.Length; i++)
        {
            writer.Add(bars.Count > Ratios[i].Long, Windows.Ratio(deviations[i], deviations[i + 1], 1));
        }

        // A candle with low <= open, close <= high has no negative term; what rounding leaves below 0 is 0.
        writer.Add(bars.Count >= 20, Math.Sqrt(Math.Max(0, Windows.Mean(bars.Ranges.Last(20)))));
        var closes = bars.Closes.Last(20);
        var mean = Windows.Mean(closes);
        var deviation = Windows.Deviation(closes, mean, 0);
        writer.Add(bars.Count >= 20, Windows.Ratio(closes[^1] - (mean - (2 * deviation)), 4 * deviation, 0.5));
    }

    private static FeatureDefinition Of(string name, string formula, int candles) => new(name, formula) { Inputs = "candles", WarmAfter = $"{candles} candles", Min = 0 };
}
