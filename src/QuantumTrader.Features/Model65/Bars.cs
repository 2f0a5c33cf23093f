using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features.Model65;

/// <summary>The closed candles of one symbol, as columns.</summary>
internal sealed class Bars
{
    /// <summary>Closes that the longest window needs: 200 returns.</summary>
    public const int Capacity = 201;

    private const double GarmanKlass = 0.38629436111989057; // 2 ln 2 - 1

    /// <summary>Candles taken in.</summary>
    public long Count { get; private set; }

    public Column Closes { get; } = new(Capacity);

    /// <summary>r_i = C_i / C_{i-1} - 1; the first candle has none, so k of them need k + 1 candles.</summary>
    public Column Returns { get; } = new(Capacity);

    public Column Volumes { get; } = new(Capacity);

    /// <summary>B - S.</summary>
    public Column Signed { get; } = new(Capacity);

    /// <summary>B + S.</summary>
    public Column Sided { get; } = new(Capacity);

    /// <summary>Number of trades.</summary>
    public Column Trades { get; } = new(Capacity);

    /// <summary>The candle's term of the Garman-Klass variance.</summary>
    public Column Ranges { get; } = new(Capacity);

    /// <summary>r V.</summary>
    public Column Weighted { get; } = new(Capacity);

    public void Add(in Candle candle)
    {
        var close = Scaled.ToDouble(candle.Close);
        var volume = Scaled.ToDouble(candle.Volume);
        var change = Count == 0 ? 0 : (close / Closes.Back(0)) - 1;
        var highLow = Math.Log(candle.High / (double)candle.Low);
        var closeOpen = Math.Log(candle.Close / (double)candle.Open);
        Closes.Add(close);
        Returns.Add(change);
        Volumes.Add(volume);
        Signed.Add(Scaled.ToDouble(candle.BuyVolume - candle.SellVolume));
        Sided.Add(Scaled.ToDouble(candle.BuyVolume + candle.SellVolume));
        Trades.Add(candle.Trades);
        Ranges.Add((0.5 * highLow * highLow) - (GarmanKlass * closeOpen * closeOpen));
        Weighted.Add(change * volume);
        Count++;
    }
}
