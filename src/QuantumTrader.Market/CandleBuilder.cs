using System.Runtime.InteropServices;

namespace QuantumTrader.Market;

/// <summary>What an event did to the open candle.</summary>
public enum CandleChange
{
    /// <summary>Nothing: it is no trade of the market, outside the day, late, or an edit that came too late.</summary>
    None,

    /// <summary>The candle has one more trade.</summary>
    Added,

    /// <summary>A trade of the candle has another content.</summary>
    Edited,

    /// <summary>A trade of the candle turned out not to be one of the market: the candle has one less.</summary>
    Removed,
}

/// <summary>A trade as it counts in a candle, edits applied.</summary>
/// <param name="Number">Trade number; 0 when the feed has none.</param>
/// <param name="Price">Scaled by 1e-8.</param>
/// <param name="Quantity">Scaled by 1e-8.</param>
/// <param name="Side">Aggressor.</param>
public readonly record struct CandleTrade(long Number, long Price, long Quantity, Side Side);

/// <summary>
/// Builds the candles of one symbol. Intervals are [start, end), counted from the open of the trading day; the last one ends at its
/// close at the latest. Inside a day an interval without trades gives a flat candle at the close before (none until there was a trade);
/// outside the day and for days without any event there is none. A candle closes when the time of any event reaches its end.
/// <para>Use: when an event's time reaches <see cref="NextBoundary"/> call <see cref="Advance"/> and read <see cref="Closed"/>; then
/// give it the event, if it is a trade, by <see cref="Add"/>.</para>
/// </summary>
public sealed class CandleBuilder
{
    /// <summary>Trades of the open candle that an edit can still reach.</summary>
    public const int MaxRemembered = 65_536;

    private readonly TradingCalendar _calendar;
    private readonly int _symbol;
    private readonly long _length;
    private readonly List<Candle> _closed = [];
    private readonly List<CandleTrade> _rows = [];

    private TradingDay _day;
    private bool _inDay;
    private bool _hasClose;
    private long _lastClose;
    private Candle _open;

    /// <summary>A builder that has seen nothing.</summary>
    /// <param name="calendar">Trading days.</param>
    /// <param name="symbol">Symbol written into the candles.</param>
    /// <param name="length">Length of a candle in ns, above 0.</param>
    public CandleBuilder(TradingCalendar calendar, int symbol, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        _calendar = calendar;
        _symbol = symbol;
        _length = length;
        NextBoundary = long.MinValue;
    }

    /// <summary>Time (ns UTC) from which on <see cref="Advance"/> must be called before anything else.</summary>
    public long NextBoundary { get; private set; }

    /// <summary>The candles that the last <see cref="Advance"/> closed, oldest first.</summary>
    public ReadOnlySpan<Candle> Closed => CollectionsMarshal.AsSpan(_closed);

    /// <summary>The first <see cref="MaxRemembered"/> trades of the open candle, edits applied.</summary>
    public ReadOnlySpan<CandleTrade> Trades => CollectionsMarshal.AsSpan(_rows);

    /// <summary>The candle that is still open, as it stands; false while it has no trade.</summary>
    public bool TryGetOpen(out Candle candle)
    {
        candle = _open;
        return _inDay && _open.Trades > 0;
    }

    /// <summary>Trades outside the trading day.</summary>
    public long OutsideDay { get; private set; }

    /// <summary>Trades older than the open candle.</summary>
    public long Late { get; private set; }

    /// <summary>Edits applied.</summary>
    public long Edits { get; private set; }

    /// <summary>Edits of trades that are no longer, or never were, in the open candle.</summary>
    public long EditsIgnored { get; private set; }

    /// <summary>Brings the builder to the time of an event; cheap to call early, but needed only at <see cref="NextBoundary"/>.</summary>
    /// <param name="time">The event's time, ns UTC.</param>
    /// <param name="sequence">The event's sequence.</param>
    public void Advance(long time, long sequence)
    {
        _closed.Clear();
        if (time < NextBoundary)
        {
            return;
        }

        if (_inDay)
        {
            CloseUpTo(Math.Min(time, _day.Close), sequence);
        }

        if (!_inDay || time >= _day.Close)
        {
            _inDay = _calendar.TryGetDay(time, out _day);
            if (!_inDay)
            {
                NextBoundary = _calendar.TryGetNext(time, out var next) ? next.Open : long.MaxValue;
                return;
            }

            // Before the first trade ever there is nothing to fill with, so the open interval is found at once.
            OpenAt(_hasClose ? _day.Open : time - ((time - _day.Open) % _length));
            CloseUpTo(time, sequence);
        }
    }

    /// <summary>Takes in a trade; other events and trades that did not come from the market change nothing.</summary>
    public CandleChange Add(in MarketEvent e)
    {
        if (e.Kind != EventKind.Trade)
        {
            return CandleChange.None;
        }

        if (e.Has(EventFlags.Edit))
        {
            return Edit(in e);
        }

        if (e.Has(EventFlags.OffMarket))
        {
            return CandleChange.None;
        }

        if (!_inDay)
        {
            OutsideDay++;
            return CandleChange.None;
        }

        if (e.EventTime < _open.StartTime)
        {
            Late++;
            return CandleChange.None;
        }

        var row = new CandleTrade(e.TradeNumber, e.Price, e.Quantity, e.Side);
        Count(in row);
        if (_rows.Count < MaxRemembered)
        {
            _rows.Add(row);
        }

        return CandleChange.Added;
    }

    private void CloseUpTo(long time, long sequence)
    {
        while (_open.EndTime <= time && _open.StartTime < _day.Close)
        {
            if (_open.Trades > 0 || _hasClose)
            {
                if (_open.Trades == 0)
                {
                    _open.Open = _open.High = _open.Low = _open.Close = _lastClose;
                }

                _open.Sequence = sequence;
                _closed.Add(_open);
                _lastClose = _open.Close;
                _hasClose = true;
                OpenAt(_open.EndTime);
            }
            else
            {
                OpenAt(Math.Max(_open.EndTime, time - ((time - _day.Open) % _length)));
            }
        }
    }

    private void OpenAt(long start)
    {
        _rows.Clear();
        _open = new Candle { Symbol = _symbol, StartTime = start, EndTime = Math.Min(start + _length, _day.Close) };
        NextBoundary = _open.EndTime;
    }

    private void Count(in CandleTrade row)
    {
        if (_open.Trades++ == 0)
        {
            _open.Open = _open.High = _open.Low = row.Price;
        }

        _open.High = Math.Max(_open.High, row.Price);
        _open.Low = Math.Min(_open.Low, row.Price);
        _open.Close = row.Price;
        _open.Volume += row.Quantity;
        _open.BuyVolume += row.Side == Side.Buy ? row.Quantity : 0;
        _open.SellVolume += row.Side == Side.Sell ? row.Quantity : 0;
    }

    private CandleChange Edit(in MarketEvent e)
    {
        var number = e.TradeNumber;
        var at = number == 0 ? -1 : _rows.FindLastIndex(r => r.Number == number);

        // High and low can only be found again from all rows.
        if (at < 0 || _rows.Count != _open.Trades)
        {
            EditsIgnored++;
            return CandleChange.None;
        }

        Edits++;
        var isRemoval = e.Has(EventFlags.OffMarket);
        if (isRemoval)
        {
            _rows.RemoveAt(at);
        }
        else
        {
            _rows[at] = new CandleTrade(number, e.Price, e.Quantity, e.Side == Side.None ? _rows[at].Side : e.Side);
        }

        _open = new Candle { Symbol = _symbol, StartTime = _open.StartTime, EndTime = _open.EndTime };
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(_rows))
        {
            Count(in row);
        }

        return isRemoval ? CandleChange.Removed : CandleChange.Edited;
    }
}
