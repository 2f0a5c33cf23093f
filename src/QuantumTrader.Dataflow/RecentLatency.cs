using System.Diagnostics;

namespace QuantumTrader.Dataflow;

/// <summary>
/// Durations of the last half to one minute: of two histograms one fills, and the older one is emptied when their roles change. One writer,
/// many readers; a reader who comes while that happens misses some of the older half. Times are stopwatch ticks.
/// </summary>
internal sealed class RecentLatency
{
    /// <summary>Time after which the histograms change their roles, in ticks.</summary>
    public static readonly long HalfWindow = 30 * Stopwatch.Frequency;

    private readonly LatencyHistogram[] _halves = [new(), new()];
    private long _half;

    /// <summary>Adds a duration that ended now, as often as there were events in the run.</summary>
    public void Record(long now, long duration, int count)
    {
        var half = now / HalfWindow;
        var before = _half;
        if (half != before)
        {
            _halves[half & 1].Clear();
            if (half > before + 1)
            {
                _halves[before & 1].Clear();
            }

            Volatile.Write(ref _half, half);
        }

        _halves[half & 1].Record(duration, count);
    }

    /// <summary>A quantile in microseconds; null when nothing was recorded lately.</summary>
    public double? Quantile(long now, double quantile)
    {
        var (half, written) = (now / HalfWindow, Volatile.Read(ref _half));
        if (half > written + 1)
        {
            return null;
        }

        var (count, microseconds) = _halves[written & 1].Quantiles(half == written ? _halves[1 - (written & 1)] : null, quantile);
        return count == 0 ? null : microseconds[0];
    }
}
