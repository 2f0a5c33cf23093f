namespace QuantumTrader.Models.Training;

/// <summary>The price that a trade begins at, and the prices of the candles behind it.</summary>
/// <param name="Prices">The first above 0.</param>
/// <param name="TickSize">Price of one tick.</param>
internal readonly record struct PricePath(double[] Prices, double TickSize)
{
    /// <summary>What came, after how many candles all of it was known, and what a trade of either side brought.</summary>
    public readonly record struct Result(int Outcome, int Ends, double LongReturn, double ShortReturn);

    /// <summary>The label of the path.</summary>
    public Result Label(LabelOptions options) => options switch
    {
        FixedHorizonOptions => FixedHorizon(options),
        TripleBarrierOptions barriers => TripleBarrier(barriers),
        _ => throw new ArgumentException("Condition failed: no such label.", nameof(options)),
    };

    private Result FixedHorizon(LabelOptions options)
    {
        var last = Prices.Length - 1;
        var cost = options.Cost.InPrice(Prices[0], TickSize);
        return new Result(Prices[last] > Prices[0] ? 1 : 0, last, Return(last, 1, cost), Return(last, -1, cost));
    }

    private Result TripleBarrier(TripleBarrierOptions options)
    {
        var cost = options.Cost.InPrice(Prices[0], TickSize);
        var take = options.Take.InPrice(Prices[0], TickSize) + cost;
        var stop = options.Stop.InPrice(Prices[0], TickSize);
        var (longEnd, longWins) = End(1, take, stop);
        var (shortEnd, shortWins) = End(-1, take, stop);

        // Both can win only one after the other, when the stop is farther away than the take.
        var outcome = longWins && (!shortWins || longEnd < shortEnd) ? 2 : shortWins ? 1 : 0;
        return new Result(outcome, Math.Max(longEnd, shortEnd), Return(longEnd, 1, cost), Return(shortEnd, -1, cost));
    }

    private (int End, bool Wins) End(int side, double take, double stop)
    {
        for (var k = 1; k < Prices.Length; k++)
        {
            var gain = side * (Prices[k] - Prices[0]);
            if (gain >= take || gain <= -stop)
            {
                return (k, gain >= take);
            }
        }

        return (Prices.Length - 1, false);
    }

    // Left at the price that was found there, which may lie behind the barrier.
    private double Return(int end, int side, double cost) => ((side * (Prices[end] - Prices[0])) - cost) / Prices[0];
}
