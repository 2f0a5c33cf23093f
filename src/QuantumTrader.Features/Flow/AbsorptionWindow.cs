using QuantumTrader.Market;

namespace QuantumTrader.Features;

/// <summary>
/// Absorption of the candles of one symbol: features.md, section 4.4. min(1, V / (2 · mean V of the last 20 candles, this one included)) when
/// the candle moved at most one tick, else 0. A window without any volume has 0.
/// </summary>
/// <param name="tick">Smallest price step, scaled by 1e-8.</param>
public sealed class AbsorptionWindow(long tick)
{
    private const int Candles = 20;

    private readonly long[] _volumes = new long[Candles];
    private long _count;

    /// <summary>Takes in the next closed candle; false, and 0, before there are 20.</summary>
    public bool Add(in Candle candle, out double absorption)
    {
        _volumes[_count++ % Candles] = candle.Volume;
        absorption = 0;
        if (_count < Candles)
        {
            return false;
        }

        Int128 sum = 0;
        foreach (var volume in _volumes)
        {
            sum += volume;
        }

        if (sum > 0 && Math.Abs(candle.Close - candle.Open) <= tick)
        {
            absorption = Math.Min(1, candle.Volume * (double)Candles / (2 * (double)sum));
        }

        return true;
    }
}
