using QuantumTrader.Market;

namespace QuantumTrader.Features.TimeTravel;

/// <summary>
/// The time-travel features of one symbol at the end of a minute. Today's bars and trades are counted along; of the past only bars are
/// read, at the same minutes of the exchange's clock. A vector depends on nothing but the minute, so it is made once per minute.
/// </summary>
internal sealed class TimeTravelState
{
    private const long Minute = 60_000_000_000L;
    private const int BucketMinutes = 30;
    private const int MinDays = 5;

    private static readonly int[] Horizons = [5, 15, 30, 60];

    private readonly TradingCalendar _calendar;
    private readonly TimeTravelOptions _options;
    private readonly BarHistory _history;
    private readonly long _tick;
    private readonly Lookback _lookback = new();
    private readonly double[] _values;
    private readonly ulong[] _warm;
    private readonly double[] _past;
    private readonly double[] _bucketMeans = new double[24 * 60 / BucketMinutes];
    private readonly double[] _bucketRanks = new double[24 * 60 / BucketMinutes];
    private bool _hasBuckets;
    private DayBars? _today;
    private long _seenFrom = long.MaxValue;
    private (int Day, int Minute) _key = (int.MinValue, -1);

    public TimeTravelState(TimeTravelOptions options, FeatureSchema schema, TradingCalendar calendar, int symbol, long tick, Func<TradingDay, DayBars?> ask)
    {
        (_options, _calendar, _tick, Symbol, Schema) = (options, calendar, tick, symbol, schema);
        _history = new BarHistory(calendar, options.Days, ask);
        _values = new double[schema.Names.Count];
        _warm = new ulong[schema.WarmWords];
        _past = new double[options.Days];
        Candles = new CandleBuilder(calendar, symbol, Minute);
        schema.Neutrals.CopyTo(_values);
    }

    public int Symbol { get; }

    public FeatureSchema Schema { get; }

    public CandleBuilder Candles { get; }

    public ReadOnlySpan<double> Values => _values;

    public ReadOnlySpan<ulong> Warm => _warm;

    /// <summary>Vectors computed, not found.</summary>
    public long Computed { get; private set; }

    /// <summary>Regime in words, and volatility per year now and on the mean of the past days; for reports.</summary>
    public (string Regime, double Now, double Past) Regime { get; private set; } = ("UNKNOWN", 0, 0);

    /// <summary>Tells of the first event: what came before it is not known.</summary>
    public void Begin(long time) =>
        _seenFrom = _seenFrom != long.MaxValue ? _seenFrom : _calendar.TryGetDay(time, out var day) && time < day.Open + Minute ? day.Open : time;

    /// <summary>Takes in a row of the feed; the candles have already said whether it is a trade of the market.</summary>
    public void Add(in MarketEvent e, bool isGood) => _lookback.Add(in e, isGood);

    /// <summary>Takes in a minute that has closed.</summary>
    public void Close(in Candle candle)
    {
        if (candle.StartTime < _seenFrom)
        {
            return;
        }

        if (_today is null || candle.StartTime >= _today.Session.Close)
        {
            BeginDay(candle.StartTime);
        }

        _today!.Add(in candle);
    }

    /// <summary>Brings the values to the end of the last closed minute; a second call for the same minute does nothing.</summary>
    public void Evaluate()
    {
        if (_today is not { } today || _key == (today.Session.Day, today.To))
        {
            return;
        }

        _key = (today.Session.Day, today.To);
        Computed++;
        _lookback.Expire(TimeAt(today.To) - (_options.LookbackMinutes * Minute));
        var writer = new FeatureWriter(_values, _warm, Schema.Neutrals, 0);
        var pattern = VolumePattern(today);
        var (momentum, momentumDays) = Momentum(today, _options.WindowMinutes, _options.Days);
        var regime = VolatilityRank(today);
        var season = _hasBuckets ? _bucketRanks[BucketOf(today.To - 1)] : double.NaN;
        var percentile = MomentumPercentile(today);
        Add(ref writer, pattern);
        Add(ref writer, momentum);
        Add(ref writer, IsLookbackSeen(today) && _lookback.Trades > 0 ? _lookback.LargeImbalance() : double.NaN);
        Add(ref writer, regime);
        Add(ref writer, season);
        Add(ref writer, percentile);
        Add(ref writer, VolumeProfile(today));
        Add(ref writer, PriceAction(today));
        writer.Add(true, double.IsNaN(pattern) && double.IsNaN(momentum) && double.IsNaN(regime) && double.IsNaN(season) && double.IsNaN(percentile) ? 0 : 1);
        var start = Math.Max(0, today.To - _options.LookbackMinutes);
        writer.Add(IsLookbackSeen(today), _lookback.Rows == 0 ? 0 : Math.Min(_options.LookbackMinutes, (TimeAt(today.To) - _lookback.FirstTime) / (double)Minute));
        writer.Add(IsLookbackSeen(today), _lookback.Trades);
        writer.Add(true, Formulas.Quality(today.TradedBetween(Math.Max(start, today.From), today.To), today.To - start, _lookback.Good, _lookback.Rows, momentumDays, _options.Days));
    }

    /// <summary>Forgets that the vector of this minute is there already, to measure what it costs.</summary>
    internal void Forget() => _key = (int.MinValue, -1);

    // NaN stands for "not known": the writer makes it neutral and not warm.
    private static void Add(ref FeatureWriter writer, double value) => writer.Add(!double.IsNaN(value), value);

    private long TimeAt(int minute) => _today!.Session.Open + (minute * Minute);

    private void BeginDay(long time)
    {
        if (_today is not null)
        {
            _history.Keep(_today);
        }

        _calendar.TryGetDay(time, out var session);
        _history.Begin(session);
        _today = new DayBars(session, OpenMinute(_calendar, session));
        _lookback.Expire(session.Open);
        RankBuckets(_today);
    }

    /// <summary>Minute of the exchange's clock at which a session opens.</summary>
    public static int OpenMinute(TradingCalendar calendar, in TradingDay session) => (int)(calendar.TimeOfDay(session.Open) / Minute);

    private double VolumePattern(DayBars today)
    {
        var (from, to) = (today.To - _options.PatternMinutes, today.To);
        if (!today.Covers(from, to))
        {
            return double.NaN;
        }

        var x = today.Volumes(from, to);
        var (sum, count) = (0.0, 0);
        for (var i = 0; i < _history.Past.Count && _history.Age(i) <= _options.PatternDays; i++)
        {
            var day = _history.Past[i];
            var shift = today.OpenMinute - day.OpenMinute;
            if (day.Covers(from + shift, to + shift) && Formulas.Correlation(x, day.Volumes(from + shift, to + shift)) is var c && !double.IsNaN(c))
            {
                sum += c;
                count++;
            }
        }

        return Formulas.VolumePattern(sum, count);
    }

    private (double Rank, int Days) Momentum(DayBars today, int minutes, int days)
    {
        var (from, to) = (Math.Max(0, today.To - minutes), today.To);
        var count = 0;
        for (var i = 0; i < _history.Past.Count && _history.Age(i) <= days; i++)
        {
            var day = _history.Past[i];
            var shift = today.OpenMinute - day.OpenMinute;
            if (day.Covers(from + shift, to + shift))
            {
                _past[count++] = Change(day, from + shift, to + shift);
            }
        }

        return (count >= MinDays && today.Covers(from, to) ? Formulas.MidRank(Change(today, from, to), _past.AsSpan(0, count)) : double.NaN, count);
    }

    private static double Change(DayBars day, int from, int to) => (day.PriceAt(to) / day.PriceAt(from)) - 1;

    private double MomentumPercentile(DayBars today)
    {
        var sum = 0.0;
        foreach (var minutes in Horizons)
        {
            sum += Momentum(today, minutes, _options.PercentileDays).Rank;
        }

        return sum / Horizons.Length;
    }

    private double VolatilityRank(DayBars today)
    {
        var (from, to) = (Math.Max(0, today.To - _options.RegimeMinutes), today.To);
        Regime = ("UNKNOWN", 0, 0);
        if (!today.Covers(from, to) || to - from < 2)
        {
            return double.NaN;
        }

        var (count, sum) = (0, 0.0);
        for (var i = 0; i < _history.Past.Count; i++)
        {
            var day = _history.Past[i];
            var shift = today.OpenMinute - day.OpenMinute;
            if (day.Covers(from + shift, to + shift))
            {
                sum += _past[count++] = Math.Sqrt(day.SquaresBetween(from + shift, to + shift));
            }
        }

        if (count < MinDays)
        {
            return double.NaN;
        }

        var now = Math.Sqrt(today.SquaresBetween(from, to));
        var rank = Formulas.MidRank(now, _past.AsSpan(0, count));
        Regime = (Formulas.Regime(rank), Formulas.Annualised(now, today.Minutes, to - from - 1), Formulas.Annualised(sum / count, today.Minutes, to - from - 1));
        return rank;
    }

    private double VolumeProfile(DayBars today)
    {
        var (low, high) = today.Extent(Math.Max(Math.Max(0, today.From), today.To - _options.LookbackMinutes), today.To);
        var ticks = _lookback.Trades == 0 ? 0 : Math.Round((high - low) * 1e8 / _tick) + 1;
        return ticks >= 2 && IsLookbackSeen(today) ? Formulas.Concentration(_lookback.SumOfSquaredShares, ticks) : double.NaN;
    }

    private double PriceAction(DayBars today)
    {
        var from = Math.Max(today.FirstTrade, today.To - _options.LookbackMinutes);
        return today.FirstTrade >= 0 && today.To - from >= 10 && IsLookbackSeen(today) ? Formulas.PriceAction(today.Closes(from, today.To)) : double.NaN;
    }

    private bool IsLookbackSeen(DayBars today) => TimeAt(Math.Max(0, today.To - _options.LookbackMinutes)) >= _seenFrom;

    private int BucketOf(int minute) => (_today!.OpenMinute + minute) / BucketMinutes % _bucketMeans.Length;

    // Only whole days: a day of which the morning is missing would make the mornings quiet.
    private void RankBuckets(DayBars today)
    {
        var days = 0;
        Array.Clear(_bucketMeans);
        foreach (var day in _history.Past)
        {
            if (!day.Covers(0, day.Minutes))
            {
                continue;
            }

            days++;
            var volumes = day.Volumes(0, day.Minutes);
            for (var minute = 0; minute < volumes.Length; minute++)
            {
                _bucketMeans[(day.OpenMinute + minute) / BucketMinutes % _bucketMeans.Length] += volumes[minute];
            }
        }

        var first = today.OpenMinute / BucketMinutes;
        var last = (today.OpenMinute + today.Minutes - 1) / BucketMinutes;
        var buckets = _bucketMeans.AsSpan(first, Math.Min(_bucketMeans.Length, last + 1) - first);
        _hasBuckets = days >= MinDays;
        for (var i = 0; i < buckets.Length && _hasBuckets; i++)
        {
            _bucketRanks[first + i] = Formulas.MidRank(buckets[i], buckets);
        }
    }
}
