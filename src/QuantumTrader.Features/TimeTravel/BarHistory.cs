using QuantumTrader.Market;

namespace QuantumTrader.Features.TimeTravel;

/// <summary>
/// The bars of the trading days before today, newest first; today's go over into it when the next day begins. A day that is not in memory
/// is asked for once, and not again when nobody has it.
/// </summary>
/// <param name="calendar">Trading days.</param>
/// <param name="days">Days that are held.</param>
/// <param name="ask">Gives the bars of a day from elsewhere, such as a store; null when it has none.</param>
public sealed class BarHistory(TradingCalendar calendar, int days, Func<TradingDay, DayBars?> ask)
{
    private readonly Dictionary<int, DayBars?> _known = [];
    private readonly List<DayBars> _past = [];

    /// <summary>Bars of the past trading days that are known, newest first.</summary>
    public IReadOnlyList<DayBars> Past => _past;

    /// <summary>Place of a day among the trading days before today: 1 is the last one.</summary>
    public int Age(int index) => _ages[index];

    private readonly List<int> _ages = [];

    /// <summary>Ends a day.</summary>
    public void Keep(DayBars day) => _known[day.Session.Day] = day;

    /// <summary>Makes a day today.</summary>
    public void Begin(TradingDay today)
    {
        _past.Clear();
        _ages.Clear();
        var (date, age) = (today.Day, 0);
        // Sessions are never more than a few days apart; the bound is for calendars that begin.
        for (var looked = 0; age < days && looked < (days * 3) + 30; looked++)
        {
            if (!calendar.TryGetSession(--date, out var session))
            {
                continue;
            }

            age++;
            if (!_known.TryGetValue(date, out var bars))
            {
                _known[date] = bars = ask(session);
            }

            if (bars is { From: >= 0 })
            {
                _past.Add(bars);
                _ages.Add(age);
            }
        }

        foreach (var old in _known.Keys.Where(d => d < date).ToList())
        {
            _known.Remove(old);
        }
    }
}
