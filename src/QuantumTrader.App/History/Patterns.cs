using System.Globalization;
using System.Text.Json.Serialization;
using QuantumTrader.Dataflow;
using QuantumTrader.Features.TimeTravel;
using QuantumTrader.Market;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;

namespace QuantumTrader.App.History;

/// <summary>An hour of the exchange's clock, over all days.</summary>
internal sealed record HourFigures(int Hour, double Volume, long Trades);

/// <summary>What is usual of a day. The hours are those of the exchange's clock; of equal ones the earlier counts.</summary>
/// <param name="MostActiveHour">The hour with the most volume.</param>
/// <param name="LeastActiveHour">The hour with the least volume, of those with any bar.</param>
/// <param name="MeanDailyVolume">Mean of the days' volumes.</param>
/// <param name="MeanDailyRange">Mean of the days' highest less lowest price.</param>
/// <param name="Hours">All 24.</param>
internal sealed record DailyPatterns(int? MostActiveHour, int? LeastActiveHour, double? MeanDailyVolume, double? MeanDailyRange, IReadOnlyList<HourFigures> Hours);

/// <summary>Mean volume of a day of the week, Monday being 1.</summary>
internal sealed record WeekdayFigures(int Weekday, double Mean);

/// <summary>A day with unusual volume.</summary>
/// <param name="Date">The exchange's date.</param>
/// <param name="Volume">Its volume.</param>
/// <param name="Z">Its distance from the mean of the other days, in their standard deviations.</param>
internal sealed record VolumeAnomaly(string Date, double Volume, double Z);

/// <summary>How volume goes over the days.</summary>
/// <param name="Slope">Of the straight line through the daily volumes (least squares), per day; null with fewer than two days.</param>
/// <param name="Weekdays">Mean volume of each day of the week that there was.</param>
/// <param name="Anomalies">Days with z above 3. A day is held against the others: in a sample of n that it belongs to, z could never exceed (n - 1)/sqrt(n), 2.3 of a week.</param>
internal sealed record VolumePatterns(double? Slope, IReadOnlyList<WeekdayFigures> Weekdays, IReadOnlyList<VolumeAnomaly> Anomalies);

/// <summary>The volatility of a day: root of the sum of squared log-returns of its minute closes.</summary>
internal sealed record DayVolatility(string Date, double Volatility);

/// <summary>How volatility goes over the days.</summary>
/// <param name="Days">Day by day.</param>
/// <param name="Current"><c>high</c>, <c>normal</c> or <c>low</c>: rank of the last day among those before it, above 0.8, between, below 0.2; null without any before.</param>
/// <param name="Trend"><c>rising</c> or <c>falling</c> when the straight line through the days moves by more than a tenth of their mean from the first to the last, else <c>flat</c>; null with fewer than two days.</param>
internal sealed record VolatilityEvolution(IReadOnlyList<DayVolatility> Days, string? Current, string? Trend);

/// <summary>The regime became another one.</summary>
internal sealed record RegimeChange(string Time, RegimeClass? From, RegimeClass To, double Confidence);

/// <summary>The changes of regime, oldest first; the newest 200.</summary>
internal sealed record RegimeChanges(IReadOnlyList<RegimeChange> Changes);

/// <summary>What the stored fills came to, after fees, in money. Null where it is not defined.</summary>
/// <param name="Profit">Realised profit less fees.</param>
/// <param name="Return">Profit by the largest size of the position: a fraction.</param>
/// <param name="Sharpe">Mean by standard deviation of the daily profits, times the root of 252; null with fewer than two days.</param>
/// <param name="Drawdown">Deepest fall of the realised profit, from a height that it had, fill by fill.</param>
/// <param name="WinRate">Share of the fills that closed something and made a profit by it.</param>
/// <param name="Fills">Fills.</param>
internal sealed record Performance(double Profit, [property: JsonPropertyName("return")] double? Return, double? Sharpe, double Drawdown, double? WinRate, int Fills);

/// <summary>What some days of a symbol have in common, all computed from its bars of a minute and its fills.</summary>
internal static class Patterns
{
    private const long Hour = 3_600_000_000_000;
    private const double AnomalyAbove = 3;
    private const int MostChanges = 200;
    private const double TrendAbove = 0.1;
    private const double TradingDaysPerYear = 252;

    /// <summary>The bars of a day of the exchange.</summary>
    internal sealed record Day(int Date, IReadOnlyList<Candle> Bars)
    {
        public double Volume { get; } = Bars.Sum(b => Scaled.ToDouble(b.Volume));

        public double Range { get; } = Bars.Where(b => b.Trades > 0).ToList() is { Count: > 0 } traded ? Scaled.ToDouble(traded.Max(b => b.High) - traded.Min(b => b.Low)) : 0;

        public double Volatility { get; } = Formulas.RealisedVolatility([.. Bars.Where(b => b.Close > 0).Select(b => Scaled.ToDouble(b.Close))]);

        /// <summary>Monday is 1, Sunday 7. 1970-01-01 was a Thursday.</summary>
        public int Weekday => ((Date + 3) % 7) + 1;

        public string Text => DateOnly.FromDayNumber(DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber + Date).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
    }

    /// <summary>Bars, oldest first, by the exchange's date.</summary>
    public static IReadOnlyList<Day> Days(IEnumerable<Candle> bars, TradingCalendar calendar) =>
        [.. bars.GroupBy(b => calendar.DateOf(b.StartTime)).OrderBy(g => g.Key).Select(g => new Day(g.Key, [.. g.OrderBy(b => b.StartTime)]))];

    /// <summary>What is usual of a day.</summary>
    public static DailyPatterns Daily(IReadOnlyList<Day> days, TradingCalendar calendar)
    {
        var bars = days.SelectMany(d => d.Bars).ToLookup(b => (int)(calendar.TimeOfDay(b.StartTime) / Hour));
        var hours = Enumerable.Range(0, 24).Select(h => new HourFigures(h, bars[h].Sum(b => Scaled.ToDouble(b.Volume)), bars[h].Sum(b => (long)b.Trades))).ToList();
        var open = hours.Where(h => bars.Contains(h.Hour)).ToList();
        return new DailyPatterns(
            open.MaxBy(h => h.Volume)?.Hour, open.MinBy(h => h.Volume)?.Hour,
            days.Count == 0 ? null : days.Average(d => d.Volume), days.Count == 0 ? null : days.Average(d => d.Range), hours);
    }

    /// <summary>How volume goes over the days.</summary>
    public static VolumePatterns Volume(IReadOnlyList<Day> days) => new(
        Slope([.. days.Select(d => d.Volume)]),
        [.. days.GroupBy(d => d.Weekday).OrderBy(g => g.Key).Select(g => new WeekdayFigures(g.Key, g.Average(d => d.Volume)))],
        [.. days.Select(d => new VolumeAnomaly(d.Text, d.Volume, Score(d, days))).Where(a => a.Z > AnomalyAbove)]);

    /// <summary>How volatility goes over the days.</summary>
    public static VolatilityEvolution Volatility(IReadOnlyList<Day> days)
    {
        double[] values = [.. days.Select(d => d.Volatility)];
        var move = Slope(values) * (values.Length - 1) / (values.Length > 0 ? values.Average() : 1);
        return new VolatilityEvolution(
            [.. days.Select(d => new DayVolatility(d.Text, d.Volatility))],
            values.Length < 2 ? null : Formulas.Regime(Formulas.MidRank(values[^1], values.AsSpan(0, values.Length - 1))).ToLowerInvariant(),
            move is null ? null : move > TrendAbove ? "rising" : move < -TrendAbove ? "falling" : "flat");
    }

    /// <summary>Where the regime of the bars changed, by the rules of <c>model.regime</c>.</summary>
    public static RegimeChanges Regimes(IReadOnlyList<Day> days, MarketContext market)
    {
        var output = new Output<Regime>();
        using var block = new RegimeBlock(new RegimeOptions(), market);
        block.Process(Run<Candle>.Of([.. days.SelectMany(d => d.Bars)]), output);
        var changes = new List<RegimeChange>();
        RegimeClass? before = null;
        foreach (var regime in output.ToArray())
        {
            if (regime.Class != before)
            {
                changes.Add(new RegimeChange(IsoTime.ToText(regime.EventTime), before, regime.Class, regime.Confidence));
                before = regime.Class;
            }
        }

        return new RegimeChanges([.. changes.TakeLast(MostChanges)]);
    }

    /// <summary>What fills came to; null without any.</summary>
    /// <param name="fills">Of one symbol, oldest first.</param>
    /// <param name="multiplier">Money per 1.0 of price and unit.</param>
    /// <param name="calendar">Tells the days.</param>
    public static Performance? Of(IReadOnlyList<Fill> fills, decimal multiplier, TradingCalendar calendar)
    {
        if (fills.Count == 0)
        {
            return null;
        }

        var position = new Trading.Position(multiplier);
        var days = new SortedDictionary<int, decimal>();
        decimal profit = 0, peak = 0, drawdown = 0, exposure = 0;
        var (closed, won) = (0, 0);
        foreach (var fill in fills)
        {
            var (realised, quantity) = (position.Realised, (int)fill.Side * Scaled.ToDecimal(fill.Quantity));
            var closes = Math.Sign(quantity) == -Math.Sign(position.Quantity);
            position.Apply(quantity, Scaled.ToDecimal(fill.Price), fill.Fee);
            var change = position.Realised - realised;
            closed += closes ? 1 : 0;
            won += closes && change > 0 ? 1 : 0;
            profit += change - fill.Fee;
            peak = Math.Max(peak, profit);
            drawdown = Math.Max(drawdown, peak - profit);
            exposure = Math.Max(exposure, position.Exposure);
            var day = calendar.DateOf(fill.EventTime);
            days[day] = days.GetValueOrDefault(day) + change - fill.Fee;
        }

        double[] daily = [.. days.Values.Select(d => (double)d)];
        var deviation = Deviation(daily);
        return new Performance(
            (double)profit, exposure == 0 ? null : (double)(profit / exposure), deviation is > 0 ? daily.Average() / deviation * Math.Sqrt(TradingDaysPerYear) : null,
            (double)drawdown, closed == 0 ? null : won / (double)closed, fills.Count);
    }

    // Of the least squares' line through (0, y0), (1, y1), ...
    private static double? Slope(double[] values)
    {
        if (values.Length < 2)
        {
            return null;
        }

        var (middle, mean) = ((values.Length - 1) / 2.0, values.Average());
        return values.Select((y, x) => (x - middle) * (y - mean)).Sum() / values.Select((_, x) => (x - middle) * (x - middle)).Sum();
    }

    private static double Score(Day day, IReadOnlyList<Day> days)
    {
        double[] others = [.. days.Where(d => d != day).Select(d => d.Volume)];
        return Deviation(others) is > 0 and var deviation ? (day.Volume - others.Average()) / deviation : 0;
    }

    private static double? Deviation(double[] values)
    {
        if (values.Length < 2)
        {
            return null;
        }

        var mean = values.Average();
        return Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1));
    }
}
