namespace QuantumTrader.Market;

/// <summary>
/// How far event time has come. A time more than a day ahead of all before it is a leap: unless its receive time agrees, it is a candidate
/// until the next event is that far ahead too.
/// </summary>
/// <param name="lateness">How far behind the newest event one may be and still be sorted in, in ns.</param>
internal sealed class Watermark(long lateness)
{
    private const long Day = TradingCalendar.NanosecondsPerDay;

    private long _candidate;

    /// <summary>Newest believed time; 0 before the first event.</summary>
    public long Newest { get; private set; }

    /// <summary>The newest time that nothing may be sorted in before any more, so that events up to it may go on.</summary>
    public long Limit { get; private set; }

    /// <summary>The newest time that is believed unseen; none is while there is a candidate.</summary>
    public long Horizon { get; private set; }

    /// <summary>True when an event beyond the horizon waits for another one to confirm its time.</summary>
    public bool HasCandidate { get; private set; }

    public void MoveTo(long time)
    {
        Newest = time;
        Limit = lateness == 0 ? time : time - lateness - 1;
        Horizon = time + Day;
    }

    public bool IsLeap(in MarketEvent e)
    {
        var isTrusted = e.ReceiveTime > 0 && Math.Abs(e.EventTime - e.ReceiveTime) <= Day;
        return e.EventTime > Newest + Day && !isTrusted;
    }

    public void Doubt(long time)
    {
        HasCandidate = true;
        _candidate = time;
        Horizon = long.MinValue;
    }

    /// <summary>True when the time of another event says that the candidate's is true.</summary>
    public bool Confirms(long time) => time > Newest + Day && time >= _candidate - Day;

    public void Believe()
    {
        HasCandidate = false;
        MoveTo(_candidate);
    }

    public void Refute()
    {
        HasCandidate = false;
        Horizon = Newest + Day;
    }
}
