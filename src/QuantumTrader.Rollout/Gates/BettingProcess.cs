namespace QuantumTrader.Rollout.Gates;

/// <summary>
/// A bet against "the mean is at most m" (or, mirrored, "at least m") on values from 0 to 1, by 12 players that stake different parts of
/// what they have. While the statement is true nobody's wealth is expected to grow, so that their mean wealth E ever reaches 1/alpha with
/// a chance of at most alpha, however often one looks (Ville's inequality; I. Waudby-Smith and A. Ramdas, Estimating means of bounded
/// random variables by betting, 2024).
/// </summary>
internal sealed class BettingProcess
{
    /// <summary>Number of players.</summary>
    public const int Bets = 12;

    // Enough to be sure of anything; and two of them still have a product.
    private const double MostWealth = 1e150;

    private readonly bool _isUpper;
    private readonly double[] _wealth = new double[Bets];

    /// <summary>A process that bets on more than m, or on less.</summary>
    public BettingProcess(bool isUpper)
    {
        _isUpper = isUpper;
        Array.Fill(_wealth, 1);
    }

    /// <summary>E: evidence against the statement.</summary>
    public double Evidence { get; private set; } = 1;

    /// <summary>Another value.</summary>
    /// <param name="value">From 0 to 1.</param>
    /// <param name="m">The stated mean, above 0 and below 1; may move with what is known before the value.</param>
    public void Observe(double value, double m)
    {
        var sum = 0.0;
        for (var k = 0; k < Bets; k++)
        {
            // Upwards the stakes halve, for any size of an effect; downwards there is little room, and they are even.
            var stake = _isUpper ? 1 / (m * (2L << k)) : -(k + 1.0) / (Bets * (1 - m));
            _wealth[k] = Math.Min(MostWealth, _wealth[k] * (1 + (stake * (value - m))));
            sum += _wealth[k];
        }

        Evidence = sum / Bets;
    }

    /// <summary>What every player has.</summary>
    public IEnumerable<double> Save() => _wealth;

    /// <summary>Goes on from what every player had.</summary>
    public void Restore(ReadOnlySpan<double> wealth)
    {
        wealth.CopyTo(_wealth);
        Evidence = _wealth.Sum() / Bets;
    }
}
