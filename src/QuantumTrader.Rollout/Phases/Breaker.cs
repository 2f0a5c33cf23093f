namespace QuantumTrader.Rollout;

/// <summary>
/// Takes a candidate out when too many of its answers are missing, in a row or over a window of event time; and says when it has been good
/// in the shadow for long enough. One thread at a time.
/// </summary>
internal sealed class Breaker(BreakerOptions options)
{
    private const int Slices = 10;

    private readonly long[] _asked = new long[Slices];
    private readonly long[] _failed = new long[Slices];
    private readonly long _sliceNanoseconds = Math.Max(1, options.Window.Ticks * 100 / Slices);
    private long _slice;
    private int _inRow;
    private int _probes;

    /// <summary>The candidate serves nothing.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>It may close again.</summary>
    public bool MayClose => IsOpen && _probes >= options.ShadowProbes;

    /// <summary>Begins anew, open or closed.</summary>
    public void Reset(bool isOpen)
    {
        (IsOpen, _inRow, _probes) = (isOpen, 0, 0);
        Array.Clear(_asked);
        Array.Clear(_failed);
    }

    /// <summary>The candidate was asked; true when it must be taken out.</summary>
    /// <param name="hasFailed">There was no valid answer in time.</param>
    /// <param name="eventTime">ns UTC.</param>
    public bool Asked(bool hasFailed, long eventTime)
    {
        if (IsOpen)
        {
            return false;
        }

        Turn(eventTime);
        var at = (int)(_slice % Slices);
        _asked[at]++;
        if (!hasFailed)
        {
            _inRow = 0;
            return false;
        }

        _inRow++;
        _failed[at]++;
        var asked = _asked.Sum();
        return _inRow >= options.Consecutive || (asked >= options.MinThroughput && _failed.Sum() >= asked * options.FailureRatio.Fraction);
    }

    /// <summary>The candidate was tried in the shadow. A bad answer begins the count anew.</summary>
    public void Probed(bool isGood) => _probes = IsOpen && isGood ? _probes + 1 : 0;

    private void Turn(long eventTime)
    {
        var now = Math.Max(_slice, eventTime / _sliceNanoseconds);
        for (var slice = Math.Max(_slice + 1, now - Slices + 1); slice <= now; slice++)
        {
            (_asked[(int)(slice % Slices)], _failed[(int)(slice % Slices)]) = (0, 0);
        }

        _slice = now;
    }
}
