namespace QuantumTrader.Rollout;

/// <summary>
/// Takes a candidate out when too many of its answers are missing: in a row, as a share over a window of event time, or in number over an
/// hour; and says when it has been good in the shadow for long enough. One thread at a time.
/// </summary>
internal sealed class Breaker(BreakerOptions options)
{
    private readonly SlidingCount _asked = new(options.Window, slices: 10);
    private readonly SlidingCount _failed = new(options.Window, slices: 10);
    private readonly SlidingCount _failedInHour = new(TimeSpan.FromHours(1), slices: 60);
    private int _inRow;
    private int _probes;

    /// <summary>The candidate serves nothing.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>It may close again.</summary>
    public bool MayClose => IsOpen && _probes >= options.ShadowProbes;

    /// <summary>Begins anew, open or closed. What an hour has used up stays used up.</summary>
    public void Reset(bool isOpen)
    {
        (IsOpen, _inRow, _probes) = (isOpen, 0, 0);
        _asked.Clear();
        _failed.Clear();
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

        var asked = _asked.Add(eventTime);
        if (!hasFailed)
        {
            _inRow = 0;
            return false;
        }

        _inRow++;
        var (failed, inHour) = (_failed.Add(eventTime), _failedInHour.Add(eventTime));
        return _inRow >= options.Consecutive
            || (asked >= options.MinThroughput && failed >= asked * options.FailureRatio.Fraction)
            || inHour > (options.FallbacksPerHour ?? long.MaxValue);
    }

    /// <summary>The candidate was tried in the shadow. A bad answer begins the count anew.</summary>
    public void Probed(bool isGood) => _probes = IsOpen && isGood ? _probes + 1 : 0;
}
