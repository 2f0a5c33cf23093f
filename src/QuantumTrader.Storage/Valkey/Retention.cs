using QuantumTrader.Market;

namespace QuantumTrader.Storage.Valkey;

/// <summary>Says from when on the events of a channel are kept, counted back from the newest one.</summary>
internal sealed class Retention(ValkeyOptions options, TradingCalendar calendar)
{
    private const long DayMs = 86_400_000;

    // A calendar without a session for this long is at its end.
    private const int MaxDaysBack = 4000;

    /// <summary>First ms since 1970 that is kept when <paramref name="newestMs"/> is the newest.</summary>
    public long FirstKept(string channel, long newestMs)
    {
        var kind = channel.Split(':', 2)[0];
        var (days, isTrading) = kind switch
        {
            "tick" or "quote" => (5, true),
            "bar" => (60, true),
            "book" => (1, false),
            "signal" or "prediction" or "decision" or "feedback" or "agent" => (30, false),
            _ => (5, false),
        };
        if (options.RetentionDays.TryGetValue(channel, out var given) || options.RetentionDays.TryGetValue(kind, out given))
        {
            days = given;
        }

        return isTrading ? SessionsBack(newestMs, days) : newestMs - (days * DayMs);
    }

    private long SessionsBack(long newestMs, int sessions)
    {
        var date = calendar.DateOf(newestMs * 1_000_000);
        for (var back = 0; back < MaxDaysBack; back++)
        {
            if (calendar.TryGetSession(date - back, out var day) && sessions-- <= 0)
            {
                return day.Open / 1_000_000;
            }
        }

        return long.MinValue;
    }
}
