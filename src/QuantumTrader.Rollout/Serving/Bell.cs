namespace QuantumTrader.Rollout.Serving;

/// <summary>Wakes one thread that waits for another one's news. Ringing costs next to nothing while nobody waits.</summary>
internal sealed class Bell
{
    /// <summary>Between two looks at what may have changed without a ring.</summary>
    public static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly object _gate = new();
    private int _isWaiting;
    private bool _hasRung;

    /// <summary>There is news.</summary>
    public void Ring()
    {
        if (IsWaitedFor())
        {
            lock (_gate)
            {
                Wake();
            }
        }
    }

    /// <summary>
    /// The same, and never waits: who stands behind all other threads may be stopped while it holds the lock, and would hold up who rings.
    /// It is then woken by the next ring, or looks by itself.
    /// </summary>
    public void TryRing()
    {
        if (IsWaitedFor() && Monitor.TryEnter(_gate))
        {
            Wake();
            Monitor.Exit(_gate);
        }
    }

    /// <summary>Waits until it rings, unless there is news already, and at most so long.</summary>
    public void Wait(Func<bool> hasNews, TimeSpan atMost)
    {
        lock (_gate)
        {
            _hasRung = false;
            Volatile.Write(ref _isWaiting, 1);
            Interlocked.MemoryBarrier();
            if (!hasNews() && !_hasRung)
            {
                Monitor.Wait(_gate, atMost);
            }

            Volatile.Write(ref _isWaiting, 0);
        }
    }

    /// <summary>
    /// Waits so long, and is not woken: for who need not be told at once, because to wake a thread costs who rings more than anything else
    /// that it does here.
    /// </summary>
    public void Nap(TimeSpan time)
    {
        lock (_gate)
        {
            Monitor.Wait(_gate, time);
        }
    }

    private bool IsWaitedFor()
    {
        // The news was written before this: a waiter either sees it or is seen here.
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref _isWaiting) != 0;
    }

    private void Wake()
    {
        _hasRung = true;
        Monitor.Pulse(_gate);
    }
}
