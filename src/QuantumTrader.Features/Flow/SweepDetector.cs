using QuantumTrader.Market;

namespace QuantumTrader.Features;

/// <summary>A trade as the tape shows it.</summary>
/// <param name="Time">ns UTC.</param>
/// <param name="Number">Trade number; 0 when the feed has none.</param>
/// <param name="Price">Scaled by 1e-8.</param>
/// <param name="Quantity">Scaled by 1e-8.</param>
/// <param name="Side">Aggressor.</param>
public readonly record struct TapeTrade(long Time, long Number, long Price, long Quantity, Side Side);

/// <summary>A pattern that a detector found.</summary>
/// <param name="Confidence">From 0 to 1.</param>
/// <param name="Quantity">Quantity of its trades, scaled by 1e-8.</param>
/// <param name="Trades">How many they are.</param>
/// <param name="First">The oldest of them.</param>
/// <param name="Last">The newest of them.</param>
public readonly record struct TapeFinding(double Confidence, long Quantity, int Trades, TapeTrade First, TapeTrade Last);

/// <summary>
/// Sweeps of one symbol: features.md, section 4.3. A run is trades of one known side, one after the other; a trade of the other or of no
/// side ends it. A sweep fires once per run.
/// </summary>
/// <param name="trades">Trades looked at, the run's newest, from 2.</param>
/// <param name="speed">They must come faster than this many per second.</param>
/// <param name="minLevels">They must have at least so many different prices.</param>
public sealed class SweepDetector(int trades, double speed, int minLevels)
{
    private readonly TapeTrade[] _last = new TapeTrade[trades];
    private long _run;
    private bool _hasFired;

    /// <summary>Takes in the next trade; true when it completes a sweep.</summary>
    public bool Add(in TapeTrade trade, out TapeFinding finding)
    {
        finding = default;
        var isSameSide = _run > 0 && trade.Side == At(0).Side;
        if (!isSameSide)
        {
            (_run, _hasFired) = (0, false);
        }

        if (trade.Side == Side.None)
        {
            return false;
        }

        _last[(int)(_run++ % trades)] = trade;
        if (_hasFired || _run < trades || !IsSweep())
        {
            return false;
        }

        _hasFired = true;
        var quantity = 0L;
        for (var back = 0; back < trades; back++)
        {
            quantity += At(back).Quantity;
        }

        finding = new TapeFinding(Math.Min(1, 0.16 * _run), quantity, trades, At(trades - 1), trade);
        return true;
    }

    private ref readonly TapeTrade At(int back) => ref _last[(int)((_run - 1 - back) % trades)];

    private bool IsSweep()
    {
        var levels = 1;
        for (var back = trades - 2; back >= 0; back--)
        {
            ref readonly var before = ref At(back + 1);
            ref readonly var trade = ref At(back);
            var move = (trade.Price - before.Price) * (int)trade.Side;
            if (trade.Quantity < before.Quantity || move < 0)
            {
                return false;
            }

            levels += move > 0 ? 1 : 0; // all moves go one way, so a new price is a different one
        }

        // Multiplied out: equal times count as infinitely fast, and a rate of exactly the limit is not above it.
        return levels >= minLevels && (trades - 1) * 1e9 > speed * (At(0).Time - At(trades - 1).Time);
    }
}
