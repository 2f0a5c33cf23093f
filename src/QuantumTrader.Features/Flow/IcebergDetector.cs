using QuantumTrader.Market;

namespace QuantumTrader.Features;

/// <summary>
/// Icebergs of one symbol: features.md, section 4.3. Among the newest trades that are not too old, one price and side has many trades of
/// nearly the same small quantity. Fires once per price and side until none of its trades is left in the window. Trades of no side are in
/// the window but in no pair.
/// </summary>
/// <param name="window">Trades looked at.</param>
/// <param name="maxAge">How old they may be in ns, included.</param>
/// <param name="minTrades">Trades that a price and side must have.</param>
/// <param name="maxMean">Their mean quantity must be below this, scaled by 1e-8.</param>
/// <param name="maxDeviation">Their population standard deviation must be below this, scaled by 1e-8.</param>
public sealed class IcebergDetector(int window, long maxAge, int minTrades, long maxMean, long maxDeviation)
{
    private readonly TapeTrade[] _trades = new TapeTrade[window];
    private readonly bool[] _fired = new bool[window];
    private readonly List<TapeFinding> _findings = [];
    private long _first;
    private long _end;

    /// <summary>
    /// Takes in the next trade and gives the icebergs that it shows. Besides its own price and side only those can be new that lost a trade
    /// now, so only these are looked at.
    /// </summary>
    public List<TapeFinding> Add(in TapeTrade trade)
    {
        _findings.Clear();
        var firstBefore = _first;
        if (_end - _first == window)
        {
            _first++;
        }

        while (_first < _end && trade.Time - At(_first).Time > maxAge)
        {
            _first++;
        }

        // The slot that the new trade takes is that of a trade that left: its pair is looked at through a copy.
        var left = At(firstBefore);
        At(_end) = trade;
        _fired[Slot(_end)] = false;
        _end++;
        for (var position = firstBefore; position < _first; position++)
        {
            Look(position == firstBefore ? left : At(position));
        }

        Look(trade);
        return _findings;
    }

    private ref TapeTrade At(long position) => ref _trades[Slot(position)];

    private int Slot(long position) => (int)(position % window);

    private void Look(TapeTrade pair)
    {
        if (pair.Side == Side.None)
        {
            return;
        }

        var (count, hasFired, first, last) = (0, false, -1L, -1L);
        Int128 sum = 0, squares = 0;
        for (var position = _first; position < _end; position++)
        {
            ref readonly var trade = ref At(position);
            if (trade.Price != pair.Price || trade.Side != pair.Side)
            {
                continue;
            }

            count++;
            sum += trade.Quantity;
            squares += (Int128)trade.Quantity * trade.Quantity;
            hasFired |= _fired[Slot(position)];
            first = first < 0 ? position : first;
            last = position;
        }

        // n²·variance = n·Σq² − (Σq)², all in integers.
        var limit = (Int128)maxDeviation * count;
        var isIceberg = hasFired || (count >= minTrades && sum < (Int128)maxMean * count && (squares * count) - (sum * sum) < limit * limit);
        if (!isIceberg)
        {
            return;
        }

        // The mark goes to every trade of the pair, so that it lasts as long as any of them.
        for (var position = first; position <= last && position >= 0; position++)
        {
            _fired[Slot(position)] |= At(position).Price == pair.Price && At(position).Side == pair.Side;
        }

        if (!hasFired)
        {
            _findings.Add(new TapeFinding(Math.Min(1, 0.14 * count), (long)sum, count, At(first), At(last)));
        }
    }
}
