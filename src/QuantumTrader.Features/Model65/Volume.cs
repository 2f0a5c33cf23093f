namespace QuantumTrader.Features.Model65;

/// <summary>Rows 29-36: how much is traded.</summary>
internal static class Volume
{
    /// <summary>Window of the intensity: ns.</summary>
    public const long IntensityWindow = 60_000_000_000L;

    private static readonly int[] Lengths = [20, 50, 100];

    public static FeatureGroup Group { get; } = new("volume", "Volume",
    [
        .. Lengths.Select(n => new FeatureDefinition($"volume_ratio_{n}", $"V_t / SMA_{n}(V)")
        {
            Inputs = "candles", WarmAfter = $"{n} candles", Neutral = 1, ZeroDivision = "1", Min = 0, Max = n,
        }),
        .. Lengths.Select(n => new FeatureDefinition($"volume_zscore_{n}", $"(V_t - SMA_{n}(V)) / sd1 of the same, candle t included")
        {
            Inputs = "candles", WarmAfter = $"{n} candles", ZeroDivision = "0", Min = -(n - 1) / Math.Sqrt(n), Max = (n - 1) / Math.Sqrt(n),
        }),
        new("trade_intensity", "trades in (T - 60 s, T] / 60") { Inputs = "trades", WarmAfter = "1 candle, and 60 s of the stream", Min = 0, Unit = "1/s" },
        new("trade_intensity_ratio", "trade_intensity / (sum n over 20 candles / (20 candle seconds))")
        {
            Inputs = "trades, candles", WarmAfter = "20 candles, and 60 s of the stream", Neutral = 1, ZeroDivision = "1", Min = 0,
        },
    ]);

    /// <summary>Place of trade_intensity in the group: it and what follows change with every trade.</summary>
    public static int IntensityAt => Group.Features.Count - 2;

    public static void Write(Bars bars, ref FeatureWriter writer)
    {
        Span<double> scores = stackalloc double[Lengths.Length];
        var volume = bars.Volumes.Back(0);
        for (var i = 0; i < Lengths.Length; i++)
        {
            var isWarm = bars.Count >= Lengths[i];
            var window = bars.Volumes.Last(Lengths[i]);
            var mean = Windows.Mean(window);
            scores[i] = isWarm ? Windows.Ratio(volume - mean, Windows.Deviation(window, mean, 1), 0) : 0;
            writer.Add(isWarm, Windows.Ratio(volume, mean, 1));
        }

        for (var i = 0; i < Lengths.Length; i++)
        {
            writer.Add(bars.Count >= Lengths[i], scores[i]);
        }
    }

    /// <param name="bars">The candles.</param>
    /// <param name="trades">Trades in the window.</param>
    /// <param name="isSeen">The stream was seen for all of the window.</param>
    /// <param name="tradesPerSecond">Mean over 20 candles.</param>
    /// <param name="writer">Stands at trade_intensity.</param>
    public static void WriteIntensity(Bars bars, int trades, bool isSeen, double tradesPerSecond, ref FeatureWriter writer)
    {
        var intensity = trades / 60.0;
        writer.Add(isSeen && bars.Count >= 1, intensity);
        writer.Add(isSeen && bars.Count >= 20, Windows.Ratio(intensity, tradesPerSecond, 1));
    }
}
