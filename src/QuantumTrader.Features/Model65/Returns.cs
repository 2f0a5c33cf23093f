namespace QuantumTrader.Features.Model65;

/// <summary>Rows 11-20: how far the price has come.</summary>
internal static class Returns
{
    private static readonly int[] Simple = [1, 2, 5, 10, 20, 50, 100];
    private static readonly int[] Logarithmic = [1, 5, 20];

    public static FeatureGroup Group { get; } = new("returns", "Returns",
    [
        .. Simple.Select(k => new FeatureDefinition($"returns_{k}", $"C_t / C_(t-{k}) - 1") { Inputs = "candles", WarmAfter = $"{k + 1} candles", Min = -1 }),
        .. Logarithmic.Select(k => new FeatureDefinition($"log_returns_{k}", $"ln(C_t / C_(t-{k}))") { Inputs = "candles", WarmAfter = $"{k + 1} candles" }),
    ]);

    public static void Write(Bars bars, ref FeatureWriter writer)
    {
        var close = bars.Closes.Back(0);
        foreach (var steps in Simple)
        {
            writer.Add(bars.Count > steps, (close / bars.Closes.Back(steps)) - 1);
        }

        foreach (var steps in Logarithmic)
        {
            writer.Add(bars.Count > steps, Math.Log(close / bars.Closes.Back(steps)));
        }
    }
}
