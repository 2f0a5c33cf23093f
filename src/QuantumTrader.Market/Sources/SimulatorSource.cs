using System.Globalization;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>Options of <c>source.simulator</c>.</summary>
public sealed record SimulatorOptions : SourceOptions
{
    /// <summary>Start of the random numbers: the same seed gives the same events. Default: <c>1</c>.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>First day, as <c>yyyy-MM-dd</c>; days on which the calendar has no session are left out. Default: <c>2024-01-02</c>.</summary>
    public string Start { get; init; } = "2024-01-02";

    /// <summary>Trading days. Default: <c>1</c>.</summary>
    [Range(1, 10_000)]
    public int Days { get; init; } = 1;

    /// <summary>Events after which it stops, at the end of a message; <c>0</c> for no limit. Default: <c>0</c>.</summary>
    [Range(0, 1e15)]
    public long Events { get; init; }

    /// <summary>Price at which every symbol starts, in money; it is rounded to the tick. Default: <c>5000</c>.</summary>
    [Range(1e-8, 9e10)]
    public double StartPrice { get; init; } = 5000;

    /// <summary>Orders per second and symbol, on average over a day. Default: <c>20</c>.</summary>
    [Range(0.001, 1_000_000)]
    public double Rate { get; init; } = 20;

    /// <summary>Further orders that an order causes on average: 0 for independent orders, near 1 for violent bursts. Default: <c>0.6</c>.</summary>
    [Range(0, 0.95)]
    public double Branching { get; init; } = 0.6;

    /// <summary>How fast a burst fades: the excitation falls by e in one over this many seconds. Default: <c>5</c>.</summary>
    [Range(0.001, 100_000)]
    public double DecayPerSecond { get; init; } = 5;

    /// <summary>Most price levels a side. Default: <c>20</c>.</summary>
    [Range(4, 1000)]
    public int Depth { get; init; } = 20;

    /// <summary>Quantity of one lot; all quantities are whole lots. Default: <c>1</c>.</summary>
    [Range(1e-8, 1_000_000)]
    public double Lot { get; init; } = 1;

    /// <summary>Different buyers and sellers, numbered from 1. Default: <c>50</c>.</summary>
    [Range(2, 1_000_000)]
    public int Participants { get; init; } = 50;

    /// <summary>Sends a quote whenever best bid or ask, or their quantities, change. Default: <c>true</c>.</summary>
    public bool Quotes { get; init; } = true;

    /// <summary>Share of messages that are lost, so that numbers and update ids have gaps. Example: <c>gap: 0.001</c>. Default: <c>0</c>.</summary>
    [Range(0, 1)]
    public double Gap { get; init; }

    /// <summary>Share of messages that come twice. Default: <c>0</c>.</summary>
    [Range(0, 1)]
    public double Duplicate { get; init; }

    /// <summary>Share of messages that come behind the three messages after them. Default: <c>0</c>.</summary>
    [Range(0, 1)]
    public double Late { get; init; }

    /// <summary>Share of messages with a price or quantity below zero. Default: <c>0</c>.</summary>
    [Range(0, 1)]
    public double Bad { get; init; }
}

/// <summary>What the simulator leaves in the run's report.</summary>
/// <param name="Source">What was sent.</param>
/// <param name="Lost">Messages that were lost on purpose.</param>
/// <param name="Repeated">Messages that were sent twice on purpose.</param>
/// <param name="Delayed">Messages that were sent late on purpose.</param>
/// <param name="Spoiled">Messages that were made bad on purpose.</param>
public sealed record SimulatorReport(SourceReport Source, long Lost, long Repeated, long Delayed, long Spoiled);

/// <summary>
/// A made-up market: for each symbol of the pipeline an order flow, a book that lives of it, and the trades that eat the book. No clock and
/// nothing of the platform goes into it, so that a seed gives the same events everywhere.
/// <para>What can be relied on, and is tested:</para>
/// <list type="bullet">
/// <item>Orders arrive as a Hawkes process: the mean rate over a day is <c>rate</c>; the variance of counts over windows that are long against
/// a burst is <c>1 / (1 - branching)²</c> times their mean.</item>
/// <item>Activity follows a U: at open and close it is four times that at the middle of the session.</item>
/// <item>Prices are whole ticks, quantities whole lots; the book has levels on both sides; its spread is one tick or more.</item>
/// <item>About one order in eight is a market order; the others are limit orders and cancels, only limit orders where a side is thin.</item>
/// <item>Trades are numbered from 1 per symbol and day and carry side, buyer and seller; the book update of the same order follows them.</item>
/// <item>Each day begins with a snapshot. Update ids go on over days; a book update has no id of the update before (-1): its first id is the
/// last one of the message before plus 1.</item>
/// <item>Receive time is event time plus 250 µs.</item>
/// </list>
/// </summary>
[Block("source.simulator", "A made-up market from a seed: books, trades and quotes, with faults if asked for.")]
public sealed class SimulatorSource : MarketSource
{
    private readonly SimulatorOptions _options;
    private readonly TradingDay[] _days;
    private readonly SimulatedMarket[] _markets;
    private readonly SimulatedFaults _faults;
    private int _day = -1;

    /// <summary>Finds the trading days and opens no book yet.</summary>
    /// <exception cref="ConfigurationException">The start is no date, the calendar has no session there, or the price is too small.</exception>
    public SimulatorSource(SimulatorOptions options, MarketContext market, BlockContext context)
        : base(options, context)
    {
        ArgumentNullException.ThrowIfNull(market);
        _options = options;
        _days = FindDays(options, market.Calendar);
        _markets = [.. Enumerable.Range(1, market.Symbols.Count).Select(symbol => new SimulatedMarket(symbol, market.Instrument(symbol), options))];
        _faults = new SimulatedFaults(options, (message, output) => SendAll(output, message));
    }

    /// <inheritdoc/>
    public override double? Progress
    {
        get
        {
            var day = _day; // once: another thread may ask
            return _options.Events > 0
                ? Math.Min(1, Sequence / (double)_options.Events)
                : Math.Clamp((day + (day >= 0 && day < _days.Length ? Elapsed(_days[day]) : 0)) / _days.Length, 0, 1);
        }
    }

    private double Elapsed(TradingDay day) => Math.Clamp((_markets[0].LastTime - day.Open) / (double)(day.Close - day.Open), 0, 1);

    private static TradingDay[] FindDays(SimulatorOptions options, TradingCalendar calendar)
    {
        if (!DateTime.TryParseExact(options.Start, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var start) || start.Year is < 1970 or > 2200)
        {
            throw new ConfigurationException("start", $"'{options.Start}' is no day. Write it as yyyy-MM-dd, such as 2024-01-02.");
        }

        const long step = 15 * 60 * 1_000_000_000L;
        const int longestPauseInSteps = 31 * 24 * 4;
        var time = (start - DateTime.UnixEpoch).Ticks * 100;
        var firstDay = calendar.DateOf(time + (43_200 * 1_000_000_000L));
        var days = new List<TradingDay>();
        for (var steps = 0; days.Count < options.Days; steps++)
        {
            if (steps > longestPauseInSteps)
            {
                throw new ConfigurationException("start", $"The calendar has only {days.Count} of {options.Days} trading days from {options.Start} on. Choose an earlier day or fewer 'days'.");
            }

            if (calendar.TryGetDay(time, out var day))
            {
                if (day.Day >= firstDay)
                {
                    days.Add(day);
                }

                time = day.Close;
                steps = 0;
            }
            else
            {
                time += step - (time % step);
            }
        }

        return [.. days];
    }

    /// <inheritdoc/>
    protected override bool ReadMessages(Output<MarketEvent> output, int limit, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(output);
        var before = Sequence;
        while (Sequence - before < limit && !stop.IsCancellationRequested)
        {
            if (_options.Events > 0 && Sequence >= _options.Events)
            {
                return Sequence > before;
            }

            var next = _day >= 0 && _day < _days.Length ? Earliest() : null;
            if (next is not null)
            {
                next.TakeOrder(_faults, output);
            }
            else if (++_day < _days.Length)
            {
                foreach (var market in _markets)
                {
                    market.Open(_days[_day], _faults, output);
                }
            }
            else
            {
                _faults.Finish(output);
                return Sequence > before;
            }
        }

        return true;
    }

    // Symbols with the same time go in their own order.
    private SimulatedMarket? Earliest()
    {
        var earliest = _markets[0];
        foreach (var market in _markets)
        {
            if (market.NextTime < earliest.NextTime)
            {
                earliest = market;
            }
        }

        return earliest.NextTime == long.MaxValue ? null : earliest;
    }

    /// <inheritdoc/>
    public override object Report() => new SimulatorReport((SourceReport)base.Report(), _faults.Lost, _faults.Repeated, _faults.Delayed, _faults.Spoiled);
}
