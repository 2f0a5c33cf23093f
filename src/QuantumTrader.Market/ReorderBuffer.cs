using System.Runtime.CompilerServices;

namespace QuantumTrader.Market;

/// <summary>
/// Events and book messages that are held back, in the order in which they shall go on: by time, equal times as they came, except that
/// numbered trades of one symbol and time go by their number, in the places that these trades have.
/// </summary>
/// <param name="symbols">Numbers of symbols, 0 included.</param>
internal sealed class ReorderBuffer(int symbols)
{
    private readonly SortBuffer _queue = new();
    private readonly EventSlots _slots = new();
    private readonly (long Time, long Number)[] _newestTrades = new (long, long)[symbols];

    /// <summary>Events and messages held.</summary>
    public int Count => _queue.Count;

    /// <summary>How many were sorted in before an earlier one.</summary>
    public long Reordered { get; private set; }

    /// <summary>The message that is next; null when it is an event.</summary>
    public BookMessage? HeadMessage => EventSlots.IsMessage(_queue.Head.Slot) ? _slots.Message(_queue.Head.Slot) : null;

    /// <summary>The event that is next, when it is no message.</summary>
    public ref MarketEvent Head => ref _slots.Event(_queue.Head.Slot);

    /// <summary>The message that is last; null when it is an event.</summary>
    public BookMessage? TailMessage => EventSlots.IsMessage(Tail) ? _slots.Message(Tail) : null;

    /// <summary>The event that is last, or the header of the message that is.</summary>
    public ref MarketEvent Last => ref EventSlots.IsMessage(Tail) ? ref _slots.Message(Tail).Header : ref _slots.Event(Tail);

    private int Tail => _queue[_queue.Count - 1].Slot;

    /// <summary>True when something may go on up to a time; a message may not before it is whole.</summary>
    public bool IsDue(long limit) => _queue.Count > 0 && _queue.Head.Time <= limit && HeadMessage is null or { IsWhole: true };

    /// <summary>Holds an event, at a time that becomes its own.</summary>
    public void Add(in MarketEvent e, long time)
    {
        var slot = _slots.AddEvent(in e);
        _slots.Event(slot).EventTime = time;
        var position = Add(slot, time);
        if (e.Kind == EventKind.Trade && e.TradeNumber != 0 && !e.Has(EventFlags.Edit) && !IsNewestTrade(in e))
        {
            SettleByNumber(position, in e);
        }
    }

    /// <summary>Holds a message of which there is only the header yet.</summary>
    public BookMessage AddMessage(in MarketEvent header, long time)
    {
        var slot = _slots.AddMessage(in header);
        var message = _slots.Message(slot);
        message.Header.EventTime = time;
        Add(slot, time);
        return message;
    }

    /// <summary>Frees the place of what is next; it may be read until something is added.</summary>
    public void RemoveHead()
    {
        var slot = _queue.Head.Slot;
        _queue.RemoveHead();
        _slots.Free(slot);
    }

    /// <summary>Frees the place of what is last; it may be read until something is added.</summary>
    public void RemoveTail()
    {
        var slot = Tail;
        _queue.RemoveTail();
        _slots.Free(slot);
    }

    /// <summary>The held trade, not an edit, of a symbol, trading day and number; a null reference when there is none.</summary>
    public ref MarketEvent FindTrade(in MarketEvent e, TradingCalendar calendar)
    {
        for (var i = _queue.Count - 1; i >= 0; i--)
        {
            var slot = _queue[i].Slot;
            if (EventSlots.IsMessage(slot))
            {
                continue;
            }

            ref var held = ref _slots.Event(slot);
            if (held.Kind == EventKind.Trade && held.Symbol == e.Symbol && held.TradeNumber == e.TradeNumber && !held.Has(EventFlags.Edit)
                && calendar.DateOf(held.EventTime) == calendar.DateOf(e.EventTime))
            {
                return ref held;
            }
        }

        return ref Unsafe.NullRef<MarketEvent>();
    }

    private int Add(int slot, long time)
    {
        var position = _queue.Add(time, slot);
        Reordered += position == _queue.Count - 1 ? 0 : 1;
        return position;
    }

    // True when the trade is behind all before it by time and number, so that it lies where it belongs.
    private bool IsNewestTrade(in MarketEvent e)
    {
        ref var newest = ref _newestTrades[e.Symbol];
        if (e.EventTime < newest.Time || (e.EventTime == newest.Time && e.TradeNumber < newest.Number))
        {
            return false;
        }

        newest = (e.EventTime, e.TradeNumber);
        return true;
    }

    // Lets the trade's number sink through those trades of its symbol and time that have higher ones; all other events stay in place.
    private void SettleByNumber(int position, in MarketEvent e)
    {
        var hole = position;
        var slot = _queue[position].Slot;
        for (var i = position - 1; i >= 0 && _queue[i].Time == e.EventTime; i--)
        {
            var other = _queue[i].Slot;
            if (!EventSlots.IsMessage(other) && _slots.Event(other) is { Kind: EventKind.Trade } trade && trade.Symbol == e.Symbol && trade.TradeNumber != 0 && !trade.Has(EventFlags.Edit))
            {
                if (trade.TradeNumber <= e.TradeNumber)
                {
                    break;
                }

                _queue[hole] = _queue[hole] with { Slot = other };
                hole = i;
            }
        }

        Reordered += hole == position ? 0 : 1;
        _queue[hole] = _queue[hole] with { Slot = slot };
    }
}
