namespace QuantumTrader.Storage.Valkey;

/// <summary>How long to leave a server alone that does not answer: 50 ms at first, twice as long each time, up to 2 s.</summary>
internal sealed class Backoff(TimeProvider clock)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private TimeSpan _wait = First;
    private long _since;

    /// <summary>Why it failed last; null while all is well.</summary>
    public StoreException? Failure { get; private set; }

    /// <summary>When the first failure of this outage was, UTC.</summary>
    public DateTimeOffset DownSince { get; private set; }

    /// <summary>Attempts that failed since then.</summary>
    public int Failures { get; private set; }

    /// <summary>Time is up for another attempt.</summary>
    public bool MayTry => Failure is null || clock.GetElapsedTime(_since) >= _wait;

    public void Failed(StoreException failure)
    {
        if (Failure is null)
        {
            DownSince = clock.GetUtcNow();
        }

        _wait = Failures == 0 ? First : TimeSpan.FromTicks(Math.Min(_wait.Ticks * 2, Longest.Ticks));
        _since = clock.GetTimestamp();
        Failure = failure;
        Failures++;
    }

    public void Succeeded()
    {
        Failure = null;
        Failures = 0;
    }
}
