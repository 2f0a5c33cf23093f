using QuantumTrader.Market;

namespace QuantumTrader.App.Views;

/// <summary>A trade as the views keep it. Prices and quantities are scaled by 1e-8, times are ns UTC.</summary>
internal readonly record struct SeenTrade(long Time, long Number, long Price, long Quantity, Side Side);

/// <summary>
/// The trades of one symbol in (T - length, T], where T is the time of the newest event: what the dashboard says of "the last five minutes".
/// An edit changes the trade of its number as long as that is inside; trades from outside the market do not count. Bounded: when there are
/// more trades than it may hold, the oldest leave early and the window is no longer complete.
/// </summary>
/// <param name="length">Length in ns of event time.</param>
/// <param name="capacity">Trades that it may hold.</param>
internal sealed class TradeWindow(long length, int capacity)
{
    private SeenTrade[] _trades = new SeenTrade[Math.Min(1024, capacity)];
    private int _start;
    private int _count;
    private long _time = long.MinValue;
    private long _first = long.MinValue;
    private long _hole = long.MinValue;
    private SeenTrade? _before;

    /// <summary>Takes in a trade, an edit, or nothing when the event is neither.</summary>
    public void Add(in MarketEvent e)
    {
        if (e.Kind != EventKind.Trade || e.Price <= 0)
        {
            return;
        }

        if (e.Has(EventFlags.Edit))
        {
            Edit(in e);
        }
        else if (!e.Has(EventFlags.OffMarket))
        {
            Add(new SeenTrade(e.EventTime, e.TradeNumber, e.Price, e.Quantity, e.Side));
        }
    }

    /// <summary>Moves the end of the window; a time before it changes nothing.</summary>
    public void AdvanceTo(long time)
    {
        if (time <= _time)
        {
            return;
        }

        _first = _first == long.MinValue ? time : _first;
        _time = time;
        while (_count > 0 && At(0).Time <= _time - length)
        {
            DropOldest();
        }
    }

    /// <summary>Events are missing up to now.</summary>
    public void Lose() => _hole = _time;

    /// <summary>The figures of the window as it stands; null before any event.</summary>
    public WindowFigures? Figures()
    {
        if (_time == long.MinValue)
        {
            return null;
        }

        Int128 notional = 0, volume = 0, bought = 0, sold = 0;
        var (high, low) = (long.MinValue, long.MaxValue);
        for (var i = 0; i < _count; i++)
        {
            ref readonly var trade = ref At(i);
            volume += trade.Quantity;
            notional += (Int128)trade.Price * trade.Quantity;
            bought += trade.Side == Side.Buy ? trade.Quantity : 0;
            sold += trade.Side == Side.Sell ? trade.Quantity : 0;
            (high, low) = (Math.Max(high, trade.Price), Math.Min(low, trade.Price));
        }

        var last = _count > 0 ? At(_count - 1) : _before;
        return new WindowFigures(
            _time, _count, volume, notional, bought, sold, last?.Price, _before?.Price,
            _count > 0 ? At(0).Price : null, _count > 0 ? high : null, _count > 0 ? low : null,
            _first <= _time - length && _hole <= _time - length);
    }

    private void Add(SeenTrade trade)
    {
        if (trade.Time <= _time - length && _time != long.MinValue)
        {
            // Too late to count, but it may be the newest one before the window.
            _before = _before is { } before && before.Time > trade.Time ? before : trade;
            return;
        }

        if (_count == capacity)
        {
            DropOldest();
            _hole = _before!.Value.Time;
        }
        else if (_count == _trades.Length)
        {
            var grown = new SeenTrade[Math.Min(capacity, 2 * _trades.Length)];
            for (var i = 0; i < _count; i++)
            {
                grown[i] = At(i);
            }

            (_trades, _start) = (grown, 0);
        }

        // In the order of time; of equal times in the order of arrival. Nearly always the end.
        var at = _count++;
        for (; at > 0 && At(at - 1).Time > trade.Time; at--)
        {
            At(at) = At(at - 1);
        }

        At(at) = trade;
    }

    private void Edit(in MarketEvent e)
    {
        for (var i = _count - 1; i >= 0 && e.TradeNumber != 0; i--)
        {
            if (At(i).Number == e.TradeNumber)
            {
                if (e.Has(EventFlags.OffMarket))
                {
                    for (; i < _count - 1; i++)
                    {
                        At(i) = At(i + 1);
                    }

                    _count--;
                }
                else
                {
                    At(i) = At(i) with { Price = e.Price, Quantity = e.Quantity, Side = e.Side == Side.None ? At(i).Side : e.Side };
                }

                return;
            }
        }
    }

    private void DropOldest()
    {
        _before = At(0);
        _start = (_start + 1) % _trades.Length;
        _count--;
    }

    private ref SeenTrade At(int i) => ref _trades[(_start + i) % _trades.Length];
}

/// <summary>What a <see cref="TradeWindow"/> holds. Prices are scaled by 1e-8, quantities too, the notional by 1e-16.</summary>
/// <param name="Time">T: ns UTC.</param>
/// <param name="Trades">Number of trades.</param>
/// <param name="Volume">Sum of the quantities.</param>
/// <param name="Notional">Sum of price times quantity.</param>
/// <param name="Bought">Quantity whose aggressor bought.</param>
/// <param name="Sold">Quantity whose aggressor sold.</param>
/// <param name="Last">Price of the newest trade, also of one before the window; null before any.</param>
/// <param name="Before">Price at the window's begin: of the newest trade at or before T - length; null when none was seen.</param>
/// <param name="Open">Price of the first trade inside; null without any, as the next two.</param>
/// <param name="High">Highest price inside.</param>
/// <param name="Low">Lowest price inside.</param>
/// <param name="IsComplete">All of the window was watched, and nothing in it went unseen.</param>
internal sealed record WindowFigures(
    long Time, int Trades, Int128 Volume, Int128 Notional, Int128 Bought, Int128 Sold, long? Last, long? Before, long? Open, long? High, long? Low, bool IsComplete);
