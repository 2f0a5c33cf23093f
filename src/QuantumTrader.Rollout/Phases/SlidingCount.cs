namespace QuantumTrader.Rollout;

/// <summary>Counts over the last stretch of event time, to the precision of a slice of it. One thread at a time.</summary>
internal sealed class SlidingCount(TimeSpan window, int slices)
{
    private readonly long[] _counts = new long[slices];
    private readonly long _sliceNanoseconds = Math.Max(1, window.Ticks * 100 / slices);
    private long _slice;
    private long _sum;

    /// <summary>Counts one more, and returns the count. A time before the last one counts as the last one.</summary>
    public long Add(long eventTime)
    {
        var now = Math.Max(_slice, eventTime / _sliceNanoseconds);
        for (var slice = Math.Max(_slice + 1, now - slices + 1); slice <= now; slice++)
        {
            ref var old = ref _counts[slice % slices];
            _sum -= old;
            old = 0;
        }

        _slice = now;
        _counts[now % slices]++;
        return ++_sum;
    }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        Array.Clear(_counts);
        _sum = 0;
    }
}
