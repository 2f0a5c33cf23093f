namespace QuantumTrader.Market.Sources;

/// <summary>
/// How long to wait before something outside is tried again: twice as long after each failure, up to a limit, and a random part of up to
/// half of it less, so that those who failed together do not come back together.
/// </summary>
internal sealed class Backoff(double firstMilliseconds, double mostMilliseconds, StableRandom random)
{
    private const int MostDoublings = 30;

    /// <summary>Failures since the last success.</summary>
    public int Failures { get; private set; }

    /// <summary>Counts a failure and returns how long to wait.</summary>
    public TimeSpan Next()
    {
        var milliseconds = firstMilliseconds * (1L << Math.Min(Failures++, MostDoublings));
        return TimeSpan.FromMilliseconds(Math.Min(milliseconds, mostMilliseconds) * (1 - (0.5 * random.NextDouble())));
    }

    /// <summary>It went well.</summary>
    public void Reset() => Failures = 0;
}
