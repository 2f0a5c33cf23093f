namespace QuantumTrader.Market;

/// <summary>A book message while it is put together and waits for its turn.</summary>
internal sealed class BookMessage
{
    private MarketEvent[] _events = new MarketEvent[64];

    public int Count { get; private set; }

    /// <summary>The time that the header came with.</summary>
    public long OwnTime { get; private set; }

    /// <summary>True when no more levels will come.</summary>
    public bool IsWhole { get; set; }

    public Span<MarketEvent> Events => _events.AsSpan(0, Count);

    public ref MarketEvent Header => ref _events[0];

    public void Open(in MarketEvent header)
    {
        _events[0] = header;
        OwnTime = header.EventTime;
        Count = 1;
        IsWhole = false;
    }

    /// <summary>Adds a level, at the time of the header.</summary>
    public void Add(in MarketEvent level)
    {
        if (Count == _events.Length)
        {
            Array.Resize(ref _events, Count * 2);
        }

        ref var slot = ref _events[Count++];
        slot = level;
        slot.EventTime = _events[0].EventTime;
    }
}

/// <summary>Places for held events and messages, used again and again. A slot from 0 up is an event's, one below 0 a message's.</summary>
internal sealed class EventSlots
{
    private MarketEvent[] _events = new MarketEvent[1024];
    private int[] _freeEvents = new int[1024];
    private int _freeEventCount;
    private int _usedEvents;

    private readonly List<BookMessage> _messages = [];
    private readonly Stack<int> _freeMessages = new();

    public static bool IsMessage(int slot) => slot < 0;

    public ref MarketEvent Event(int slot) => ref _events[slot];

    public BookMessage Message(int slot) => _messages[~slot];

    public int AddEvent(in MarketEvent e)
    {
        int slot;
        if (_freeEventCount > 0)
        {
            slot = _freeEvents[--_freeEventCount];
        }
        else
        {
            slot = _usedEvents++;
            if (slot == _events.Length)
            {
                Array.Resize(ref _events, slot * 2);
                Array.Resize(ref _freeEvents, slot * 2);
            }
        }

        _events[slot] = e;
        return slot;
    }

    public int AddMessage(in MarketEvent header)
    {
        if (!_freeMessages.TryPop(out var index))
        {
            index = _messages.Count;
            _messages.Add(new BookMessage());
        }

        _messages[index].Open(in header);
        return ~index;
    }

    public void Free(int slot)
    {
        if (IsMessage(slot))
        {
            _freeMessages.Push(~slot);
        }
        else
        {
            _freeEvents[_freeEventCount++] = slot;
        }
    }
}
