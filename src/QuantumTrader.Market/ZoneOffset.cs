namespace QuantumTrader.Market;

/// <summary>How far local time is ahead of UTC, as a function of UTC time; both in ns.</summary>
internal static class ZoneOffset
{
    /// <summary>No offset.</summary>
    public static long Utc(long time) => 0;

    /// <summary>The offsets of the machine's time-zone database.</summary>
    public static Func<long, long> Of(TimeZoneInfo zone) => time => zone.GetUtcOffset(DateTime.UnixEpoch.AddTicks(time / 100)).Ticks * 100;

    /// <summary>Offsets that each hold from a local midnight on; the first one also before it.</summary>
    public static Func<long, long> OfTable(IReadOnlyList<(int FromDay, long Offset)> table)
    {
        // Local midnight is counted by the clock that held until then.
        var starts = table.Select((t, i) => (t.FromDay * TradingCalendar.NanosecondsPerDay) - table[Math.Max(0, i - 1)].Offset).ToArray();
        return time =>
        {
            var i = table.Count - 1;
            while (i > 0 && time < starts[i])
            {
                i--;
            }

            return table[i].Offset;
        };
    }
}
