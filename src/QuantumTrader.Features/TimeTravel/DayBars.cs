using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features.TimeTravel;

/// <summary>
/// The 1-minute bars of one symbol on one trading day, by minute of the exchange's clock. Minutes before the day's first trade have its
/// price. Sums run along, so that a window costs two reads.
/// </summary>
public sealed class DayBars
{
    private const long Minute = 60_000_000_000L;

    private readonly double[] _closes;
    private readonly double[] _volumes;
    private readonly double[] _squares;
    private readonly int[] _traded;
    private readonly double[] _highs;
    private readonly double[] _lows;

    /// <summary>A day without bars yet.</summary>
    /// <param name="session">The trading day.</param>
    /// <param name="openMinute">Minute of the exchange's clock at which it opens.</param>
    public DayBars(TradingDay session, int openMinute)
    {
        Session = session;
        OpenMinute = openMinute;
        var minutes = (int)((session.Close - session.Open + Minute - 1) / Minute);
        _closes = new double[minutes];
        _volumes = new double[minutes];
        _squares = new double[minutes + 1];
        _traded = new int[minutes + 1];
        _highs = new double[minutes];
        _lows = new double[minutes];
    }

    /// <summary>The trading day.</summary>
    public TradingDay Session { get; }

    /// <summary>Minute of the exchange's clock at which it opens.</summary>
    public int OpenMinute { get; }

    /// <summary>Minutes of the session.</summary>
    public int Minutes => _closes.Length;

    /// <summary>First minute since the open of which the bar is known; -1 before any.</summary>
    public int From { get; private set; } = -1;

    /// <summary>Minute since the open behind the last known bar.</summary>
    public int To { get; private set; }

    /// <summary>Minute since the open of the first trade; -1 before it.</summary>
    public int FirstTrade { get; private set; } = -1;

    /// <summary>Price of the first trade.</summary>
    public double FirstPrice { get; private set; }

    /// <summary>Adds the next bar; one that is older than the last, or of another day, is passed over.</summary>
    public void Add(in Candle candle)
    {
        var minute = (int)((candle.StartTime - Session.Open) / Minute);
        if (candle.StartTime < Session.Open || candle.StartTime >= Session.Close || (From >= 0 && minute < To))
        {
            return;
        }

        From = From < 0 ? minute : From;
        for (var missing = From == minute ? minute : To; missing < minute; missing++)
        {
            Set(missing, PriceAt(missing), 0, 0, PriceAt(missing), PriceAt(missing)); // a hole in what was stored is a minute without trades
        }

        if (FirstTrade < 0 && candle.Trades > 0)
        {
            FirstTrade = minute;
            FirstPrice = Scaled.ToDouble(candle.Open);
            Array.Fill(_closes, FirstPrice, 0, minute);
            Array.Fill(_highs, FirstPrice, 0, minute);
            Array.Fill(_lows, FirstPrice, 0, minute);
        }

        Set(minute, Scaled.ToDouble(candle.Close), Scaled.ToDouble(candle.Volume), candle.Trades, Scaled.ToDouble(candle.High), Scaled.ToDouble(candle.Low));
    }

    /// <summary>True when all bars from one minute to another (not included), since the open, are known, and the day has a trade.</summary>
    public bool Covers(int from, int to) => FirstTrade >= 0 && From >= 0 && from >= From && to <= To;

    /// <summary>Price of the last trade before so many minutes since the open have passed; of the first one when it came later.</summary>
    public double PriceAt(int minute) => FirstTrade < 0 || minute <= FirstTrade ? FirstPrice : _closes[Math.Min(minute, To) - 1];

    /// <summary>Sum of the squared log-returns between the closes of the minutes [from, to).</summary>
    public double SquaresBetween(int from, int to) => Math.Max(0, _squares[to] - _squares[Math.Min(from + 1, to)]);

    /// <summary>Minutes with trades in [from, to).</summary>
    public int TradedBetween(int from, int to) => _traded[to] - _traded[from];

    /// <summary>Volumes of the minutes [from, to).</summary>
    public ReadOnlySpan<double> Volumes(int from, int to) => _volumes.AsSpan(from, to - from);

    /// <summary>Closes of the minutes [from, to).</summary>
    public ReadOnlySpan<double> Closes(int from, int to) => _closes.AsSpan(from, to - from);

    /// <summary>Lowest and highest price of the minutes [from, to).</summary>
    public (double Low, double High) Extent(int from, int to)
    {
        var (low, high) = (double.PositiveInfinity, double.NegativeInfinity);
        for (var minute = Math.Max(from, FirstTrade); minute < to; minute++)
        {
            low = Math.Min(low, _lows[minute]);
            high = Math.Max(high, _highs[minute]);
        }

        return (low, high);
    }

    private void Set(int minute, double close, double volume, int trades, double high, double low)
    {
        var isPriced = FirstTrade >= 0;
        var change = isPriced && minute > FirstTrade ? Math.Log(close / _closes[minute - 1]) : 0;
        _closes[minute] = isPriced ? close : 0;
        _highs[minute] = high;
        _lows[minute] = low;
        _volumes[minute] = volume;
        _squares[minute + 1] = _squares[minute] + (change * change);
        _traded[minute + 1] = _traded[minute] + (trades > 0 ? 1 : 0);
        To = minute + 1;
    }
}
