namespace QuantumTrader.Features;

/// <summary>
/// Ticks every so many ns of event time, at whole multiples since 1970. A tick is seen at the first event at or behind it; of several that
/// passed in silence only the last one counts, so that a gap of a day makes no million evaluations.
/// </summary>
internal struct IntervalClock(long length)
{
    private long _next = long.MinValue;

    /// <summary>True when this time reached a new tick, which is then given.</summary>
    public bool TryReach(long time, out long tick)
    {
        tick = time - (time % length);
        if (time < _next)
        {
            return false;
        }

        var isFirst = _next == long.MinValue;
        _next = tick + length;
        return !isFirst;
    }
}
