namespace QuantumTrader.Market;

/// <summary>One trading day of a calendar.</summary>
/// <param name="Day">Days since 1970-01-01, by the exchange's own date.</param>
/// <param name="Open">First ns of the session, UTC.</param>
/// <param name="Close">First ns after the session, UTC.</param>
public readonly record struct TradingDay(int Day, long Open, long Close);

/// <summary>Hours of the session from one local date to another, both included; ns since local midnight.</summary>
internal readonly record struct SessionHours(int FromDay, int ToDay, long Open, long Close);

/// <summary>Days and hours of trading of one exchange. Safe for use by several threads.</summary>
public sealed class TradingCalendar
{
    internal const long NanosecondsPerDay = 86_400_000_000_000L;

    private readonly Func<long, long> _offsetAt;
    private readonly bool[] _weekdays;
    private readonly SessionHours[] _hours;
    private readonly HashSet<int> _holidays;
    private readonly bool _hasNoDays;

    // The day asked for last. Swapped as one reference, so that threads at different days never see half of each.
    private volatile LocalDay _current;

    /// <summary>A market that never closes, with days of UTC.</summary>
    public TradingCalendar()
        : this("crypto", "UTC", ZoneOffset.Utc, [true, true, true, true, true, true, true], [new SessionHours(int.MinValue, int.MaxValue, 0, NanosecondsPerDay)], [])
    {
    }

    internal TradingCalendar(string name, string timeZone, Func<long, long> offsetAt, bool[] weekdays, SessionHours[] hours, HashSet<int> holidays)
    {
        (Name, TimeZone) = (name, timeZone);
        _offsetAt = offsetAt;
        _weekdays = weekdays;
        _hours = hours;
        _holidays = holidays;
        _hasNoDays = !weekdays.Contains(true);
        _current = Find(0);
    }

    /// <summary>Name in config/calendars.yml.</summary>
    public string Name { get; }

    /// <summary>The exchange's time zone, by its name in the tz database.</summary>
    public string TimeZone { get; }

    /// <summary>The trading day whose session holds this time (ns UTC); false outside sessions.</summary>
    public bool TryGetDay(long time, out TradingDay day)
    {
        var local = LocalDayOf(time);
        day = local.Session;
        return time >= day.Open && time < day.Close;
    }

    /// <summary>The exchange's own date of this time, in days since 1970-01-01; defined outside sessions too.</summary>
    public int DateOf(long time) => LocalDayOf(time).Session.Day;

    /// <summary>The session of the exchange's own date; false when that date has none.</summary>
    public bool TryGetSession(int date, out TradingDay day)
    {
        day = Make(date).Session;
        return day.Open < day.Close;
    }

    /// <summary>The first session that ends after this time; false when there is none within ten years.</summary>
    public bool TryGetNext(long time, out TradingDay day)
    {
        day = default;
        var first = DateOf(time);
        for (var date = first; date < first + 3660 && !_hasNoDays; date++)
        {
            if (TryGetSession(date, out day) && day.Close > time)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The exchange's clock at this time: ns since its own midnight.</summary>
    public long TimeOfDay(long time)
    {
        var local = ToLocal(time);
        return local - (FloorDays(local) * NanosecondsPerDay);
    }

    private LocalDay LocalDayOf(long time)
    {
        var current = _current;
        return time >= current.Start && time < current.End ? current : _current = Find(time);
    }

    private LocalDay Find(long time) => Make((int)FloorDays(ToLocal(time)));

    private LocalDay Make(int date)
    {
        var midnight = date * NanosecondsPerDay;
        var start = ToUtc(midnight);
        var end = ToUtc(midnight + NanosecondsPerDay);
        var weekday = (int)((((date + 4L) % 7) + 7) % 7); // 1970-01-01 was a Thursday
        if (!_weekdays[weekday] || _holidays.Contains(date))
        {
            return new LocalDay(start, end, new TradingDay(date, start, start));
        }

        for (var i = _hours.Length - 1; i >= 0; i--)
        {
            if (date >= _hours[i].FromDay && date <= _hours[i].ToDay)
            {
                return new LocalDay(start, end, new TradingDay(date, ToUtc(midnight + _hours[i].Open), ToUtc(midnight + _hours[i].Close)));
            }
        }

        return new LocalDay(start, end, new TradingDay(date, start, start));
    }

    /// <summary>What the exchange's clock shows at this time, as ns since 1970 by that clock.</summary>
    public long ToLocal(long time) => time + _offsetAt(time);

    /// <summary>The time in ns UTC at which the exchange's clock shows this; one that a clock change skips becomes the moment of the change.</summary>
    public long ToUtc(long local)
    {
        var guess = local - _offsetAt(local);
        var better = local - _offsetAt(guess);
        return _offsetAt(better) == local - better ? better : guess;
    }

    private static long FloorDays(long local) => (local / NanosecondsPerDay) - (local % NanosecondsPerDay < 0 ? 1 : 0);

    /// <summary>A local date: its first ns, the first ns after it, and its session (empty on days without one), all UTC.</summary>
    private sealed record LocalDay(long Start, long End, TradingDay Session);
}
