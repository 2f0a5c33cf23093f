namespace QuantumTrader.Features;

/// <summary>
/// The last closed candles of one symbol and the 11 basic features over them. Every evaluation reads its windows anew from oldest to newest,
/// so a value depends on nothing older than 21 candles: who starts later gets the same bits once it is warm.
/// </summary>
public sealed class BasicWindow
{
    private const int Capacity = 21;

    private readonly double[] _closes = new double[Capacity];
    private readonly double[] _volumes = new double[Capacity];
    private int _next;
    private int _count;

    /// <summary>The features in vector order.</summary>
    public static FeatureSchema Schema { get; } = new("basic", new FeatureGroup("basic", "Basic features of closed candles",
    [
        Price("price_current", "last trade price before T = C_t", 1),
        Price("price_mean_5", "SMA_5(C)", 5),
        Price("price_mean_20", "SMA_20(C)", 20),
        Price("price_std_20", "sd0 of the last 20 C", 20),
        Of("return_1", "r_t = C_t / C_{t-1} - 1", 2) with { ZeroDivision = "0", Min = -1 },
        Of("return_mean_5", "mean of the last 5 r", 6) with { Min = -1 },
        Of("return_std_5", "sd0 of the last 5 r", 6) with { Min = 0 },
        Of("volume_mean_5", "SMA_5(V), candle t included", 5) with { Min = 0, Unit = "quantity" },
        Of("volume_ratio", "V_t / SMA_5(V)", 5) with { ZeroDivision = "1", Neutral = 1, Min = 0, Max = 5 },
        Of("rsi_14", "100 - 100 / (1 + g/l); g, l = means over 14 of the positive and negative parts of C_t - C_{t-1}", 15) with { ZeroDivision = "100; 50 when nothing moved", Neutral = 50, Min = 0, Max = 100 },
        Of("momentum_10", "price_current / C_{t-10} - 1", 11) with { ZeroDivision = "0", Min = -1 },
    ]));

    private static FeatureDefinition Of(string name, string formula, int candles) => new(name, formula) { Inputs = "candles", WarmAfter = candles == 1 ? "1 candle" : $"{candles} candles" };

    private static FeatureDefinition Price(string name, string formula, int candles) => Of(name, formula, candles) with { Min = 0, Unit = "price" };

    /// <summary>Candles held, up to 21.</summary>
    public int Count => _count;

    /// <summary>Takes a candle that has closed.</summary>
    /// <param name="close">Its last price.</param>
    /// <param name="volume">Sum of its quantities.</param>
    public void AddCandle(double close, double volume)
    {
        _closes[_next] = close;
        _volumes[_next] = volume;
        _next = (_next + 1) % Capacity;
        _count = Math.Min(_count + 1, Capacity);
    }

    /// <summary>Computes the features at the end of the last candle; formulas: features.md, section 1.</summary>
    /// <param name="values">Gets 11 values, always finite; a feature that is not warm gets its neutral value.</param>
    /// <returns>The warm bits.</returns>
    public ulong Evaluate(Span<double> values)
    {
        Span<ulong> warm = stackalloc ulong[1];
        warm.Clear();
        var vector = new FeatureWriter(values, warm, Schema.Neutrals, 0);
        // The last trade before the candle's end is its close, with edits applied; a flat candle repeats the trade before it.
        var current = Close(0);
        var volume = Mean(_volumes, 5);
        var mean = Mean(_closes, 20);
        var (returnMean, returnDeviation) = Returns(5);
        vector.Add(_count >= 1, current);
        vector.Add(_count >= 5, Mean(_closes, 5));
        vector.Add(_count >= 20, mean);
        vector.Add(_count >= 20, Deviation(mean, 20));
        vector.Add(_count >= 2, Return(0));
        vector.Add(_count >= 6, returnMean);
        vector.Add(_count >= 6, returnDeviation);
        vector.Add(_count >= 5, volume);
        vector.Add(_count >= 5, volume == 0 ? 1 : At(_volumes, 0) / volume);
        vector.Add(_count >= 15, RelativeStrength(14));
        vector.Add(_count >= 11, Change(Close(10), current));
        return warm[0];
    }

    // Candles back from the last closed one. Before enough candles have closed this reads zeros, which no warm feature uses.
    private double At(double[] series, int back) => series[(_next - 1 - back + (2 * Capacity)) % Capacity];

    private double Close(int back) => At(_closes, back);

    private static double Change(double from, double to) => from == 0 ? 0 : (to / from) - 1;

    private double Return(int back) => Change(Close(back + 1), Close(back));

    private double Mean(double[] series, int length)
    {
        var sum = 0.0;
        for (var back = length - 1; back >= 0; back--)
        {
            sum += At(series, back);
        }

        return sum / length;
    }

    private double Deviation(double mean, int length)
    {
        var sum = 0.0;
        for (var back = length - 1; back >= 0; back--)
        {
            var difference = Close(back) - mean;
            sum += difference * difference;
        }

        return Math.Sqrt(sum / length);
    }

    private (double Mean, double Deviation) Returns(int length)
    {
        var sum = 0.0;
        for (var back = length - 1; back >= 0; back--)
        {
            sum += Return(back);
        }

        var mean = sum / length;
        var squares = 0.0;
        for (var back = length - 1; back >= 0; back--)
        {
            var difference = Return(back) - mean;
            squares += difference * difference;
        }

        return (mean, Math.Sqrt(squares / length));
    }

    // Plain means of gains and losses (Cutler), not Wilder's smoothing, whose memory has no end.
    private double RelativeStrength(int length)
    {
        double gain = 0, loss = 0;
        for (var back = length - 1; back >= 0; back--)
        {
            var change = Close(back) - Close(back + 1);
            gain += Math.Max(change, 0);
            loss += Math.Max(-change, 0);
        }

        return (gain, loss) switch
        {
            (0, 0) => 50,
            (_, 0) => 100,
            _ => 100 - (100 / (1 + (gain / loss))),
        };
    }
}
