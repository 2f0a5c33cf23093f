using System.Runtime.InteropServices;

namespace QuantumTrader.Market;

/// <summary>From what a book may begin.</summary>
public enum BookStart
{
    /// <summary>Only a full book makes it valid; updates wait for one.</summary>
    Snapshot,

    /// <summary>Without a full book it begins empty at the first update, and again after a gap: levels become known as they change.</summary>
    FirstUpdate,
}

/// <summary>What an event did to a book.</summary>
public enum BookChange
{
    /// <summary>Nothing that others may look at yet.</summary>
    None,

    /// <summary>The last event of a message: the book is whole and valid.</summary>
    Applied,

    /// <summary>The book lost its thread: it is not valid until the next snapshot.</summary>
    Invalidated,
}

/// <summary>
/// Keeps the book of one symbol from its messages, by the rules of the exchange's update ids.
/// <para>Updates that come before their snapshot wait for it (a bounded number of events). Then, with U and u the first and last id of an
/// update, pu the last id of the one before, and L the snapshot's last id: where the feed gives pu, updates with u &lt; L are stale, the
/// first applied one has U ≤ L ≤ u (or pu = L), and each next pu equals the u before; where pu is -1, u ≤ L is stale, the first has
/// U ≤ L + 1 ≤ u, and each next U is the u before + 1. With ids 0 there is nothing to check, and a snapshot replaces all before it.</para>
/// <para>Anything else is a gap: so is a header marked <see cref="EventFlags.Gap"/>, a message cut short, and levels without a header.
/// The book then stays invalid until the next snapshot.</para>
/// </summary>
public sealed class BookBuilder
{
    /// <summary>Events that may wait for a snapshot when the caller names no number.</summary>
    public const int DefaultMaxWaiting = 100_000;

    private readonly BookStart _start;
    private readonly int _maxWaiting;
    private readonly Action<string>? _onGap;

    private List<MarketEvent> _waiting = [];
    private List<MarketEvent> _replaying = [];
    private int _waitingStart;

    private Mode _mode;
    private MarketEvent _header;
    private int _levels;
    private long _lastId;
    private bool _isFirst;
    private bool _hadGap;

    /// <summary>A builder that has seen nothing.</summary>
    /// <param name="start">From what the book may begin.</param>
    /// <param name="maxWaiting">Events that may wait for a snapshot; beyond it the oldest messages are dropped and counted.</param>
    /// <param name="onGap">Told of each gap in words.</param>
    public BookBuilder(BookStart start = BookStart.Snapshot, int maxWaiting = DefaultMaxWaiting, Action<string>? onGap = null)
    {
        _start = start;
        _maxWaiting = maxWaiting;
        _onGap = onGap;
    }

    private enum Mode
    {
        Closed,
        Skip,
        Wait,
        Apply,
        Load,
    }

    /// <summary>The levels; only to be trusted while <see cref="IsValid"/>, and only between messages.</summary>
    public OrderBook Book { get; } = new();

    /// <summary>True from a usable snapshot to the next gap.</summary>
    public bool IsValid { get; private set; }

    /// <summary>Updates applied.</summary>
    public long Updates { get; private set; }

    /// <summary>Snapshots applied.</summary>
    public long Snapshots { get; private set; }

    /// <summary>Messages that were older than the book and dropped.</summary>
    public long Stale { get; private set; }

    /// <summary>Times that the thread was lost.</summary>
    public long Gaps { get; private set; }

    /// <summary>Times that the book became valid again after a gap.</summary>
    public long Resyncs { get; private set; }

    /// <summary>Whole messages after which the best bid was not below the best ask.</summary>
    public long Crossed { get; private set; }

    /// <summary>Events dropped because too many waited for a snapshot.</summary>
    public long Overflowed { get; private set; }

    /// <summary>Events that wait for a snapshot.</summary>
    public int Waiting => _waiting.Count - _waitingStart;

    /// <summary>
    /// What another builder needs to go on from here; null inside a message, while the book is not valid, and until a first update has
    /// shown that the full book was no older than what came before it.
    /// </summary>
    public BookState? Save()
    {
        if (!IsValid || _isFirst || _mode != Mode.Closed || Waiting > 0)
        {
            return null;
        }

        var (bids, asks) = (new PriceLevel[Book.BidCount], new PriceLevel[Book.AskCount]);
        Book.CopyBids(bids);
        Book.CopyAsks(asks);
        return new BookState(_lastId, bids, asks);
    }

    /// <summary>Goes on from what another builder saved.</summary>
    public void Load(BookState state)
    {
        Book.Clear();
        foreach (var level in state.Bids.AsSpan())
        {
            Book.Apply(Side.Buy, level.Price, level.Quantity);
        }

        foreach (var level in state.Asks.AsSpan())
        {
            Book.Apply(Side.Sell, level.Price, level.Quantity);
        }

        _mode = Mode.Closed;
        Begin(state.LastUpdateId, isFirst: false);
    }

    /// <summary>Takes in the next event of the symbol; kinds that do not belong to a book change nothing.</summary>
    public BookChange Process(in MarketEvent e)
    {
        switch (e.Kind)
        {
            case EventKind.BookLevel:
                return OnLevel(in e);
            case EventKind.BookUpdate:
            case EventKind.BookSnapshot:
                return OnHeader(in e);
            default:
                return BookChange.None;
        }
    }

    private BookChange OnLevel(in MarketEvent e)
    {
        _levels++;
        switch (_mode)
        {
            case Mode.Apply:
            case Mode.Load:
                Book.Apply(e.Side, e.Price, e.Quantity);
                break;
            case Mode.Wait:
                Keep(in e);
                break;
            case Mode.Closed:
                _mode = Mode.Skip;
                return Lose("levels came without a header");
            case Mode.Skip:
                break;
        }

        return e.Has(EventFlags.EndOfMessage) ? OnEnd() : BookChange.None;
    }

    private BookChange OnHeader(in MarketEvent e)
    {
        var change = _mode is Mode.Closed or Mode.Skip ? BookChange.None : Cut();
        var wasValid = IsValid;
        _header = e;
        _levels = 0;
        _mode = e.Kind == EventKind.BookSnapshot ? OpenSnapshot(in e) : OpenUpdate(in e);
        if (_mode == Mode.Wait)
        {
            Keep(in e);
        }

        if (wasValid && !IsValid && _mode != Mode.Load)
        {
            change = BookChange.Invalidated;
        }

        return e.Has(EventFlags.EndOfMessage) ? Later(change, OnEnd()) : change;
    }

    private Mode OpenSnapshot(in MarketEvent e)
    {
        if (e.Has(EventFlags.Gap))
        {
            Lose("a snapshot is incomplete");
            return Mode.Skip;
        }

        if (IsValid && e.LastUpdateId != 0 && e.LastUpdateId < _lastId)
        {
            Stale++;
            return Mode.Skip;
        }

        Book.Clear();
        return Mode.Load;
    }

    private Mode OpenUpdate(in MarketEvent e)
    {
        if (e.Has(EventFlags.Gap))
        {
            Lose("messages are missing before an update, or levels inside it");
            return Mode.Skip;
        }

        var hasIds = e.LastUpdateId != 0;
        if (!IsValid)
        {
            if (_start == BookStart.FirstUpdate)
            {
                Book.Clear();
                Begin(e.LastUpdateId, isFirst: false);
                return Mode.Apply;
            }

            if (hasIds)
            {
                return Mode.Wait;
            }

            Stale++;
            return Mode.Skip;
        }

        if (!hasIds)
        {
            return Mode.Apply;
        }

        var chained = e.PreviousUpdateId >= 0;
        if (chained ? e.LastUpdateId < _lastId : e.LastUpdateId <= _lastId)
        {
            Stale++;
            return Mode.Skip;
        }

        var follows = chained ? e.PreviousUpdateId == _lastId : e.FirstUpdateId == _lastId + 1;
        var overlaps = _isFirst && e.FirstUpdateId <= _lastId;
        if (follows || overlaps)
        {
            return Mode.Apply;
        }

        if (chained && e.LastUpdateId == _lastId)
        {
            Stale++; // the last update once more
            return Mode.Skip;
        }

        Lose($"update {e.FirstUpdateId}..{e.LastUpdateId} (after {e.PreviousUpdateId}) does not follow {_lastId}");
        if (_start == BookStart.FirstUpdate)
        {
            Book.Clear();
            Begin(e.LastUpdateId, isFirst: false);
            return Mode.Apply;
        }

        return Mode.Wait;
    }

    private BookChange OnEnd()
    {
        var mode = _mode;
        if (mode is Mode.Closed or Mode.Skip)
        {
            _mode = Mode.Closed;
            return BookChange.None;
        }

        if (_header.LevelCount > 0 && _levels != _header.LevelCount)
        {
            return Cut();
        }

        _mode = Mode.Closed;
        if (mode == Mode.Wait)
        {
            return BookChange.None;
        }

        if (mode == Mode.Load)
        {
            Snapshots++;
            Begin(_header.LastUpdateId, isFirst: true);
            CountCrossed();
            return Replay();
        }

        Updates++;
        _lastId = _header.LastUpdateId;
        _isFirst = false;
        CountCrossed();
        return BookChange.Applied;
    }

    private void Begin(long lastId, bool isFirst)
    {
        Resyncs += _hadGap ? 1 : 0;
        _hadGap = false;
        IsValid = true;
        _lastId = lastId;
        _isFirst = isFirst;
    }

    // The updates that waited go the same way as live ones: what is cut short shows again, and after a gap the rest simply waits again.
    private BookChange Replay()
    {
        if (Waiting == 0)
        {
            return BookChange.Applied;
        }

        (_waiting, _replaying) = (_replaying, _waiting);
        var start = _waitingStart;
        _waitingStart = 0;
        foreach (ref readonly var e in CollectionsMarshal.AsSpan(_replaying)[start..])
        {
            Process(in e);
        }

        if (_mode is not (Mode.Closed or Mode.Skip))
        {
            Cut(); // the last one that waited has no end
        }

        _replaying.Clear();
        return IsValid ? BookChange.Applied : BookChange.Invalidated;
    }

    // A message ended before all its levels came.
    private BookChange Cut()
    {
        _mode = Mode.Closed;
        return Lose($"a message with {_header.LevelCount} levels ended after {_levels}");
    }

    private BookChange Lose(string what)
    {
        Gaps++;
        _hadGap = true;
        _onGap?.Invoke(what);
        var wasValid = IsValid;
        IsValid = false;
        return wasValid ? BookChange.Invalidated : BookChange.None;
    }

    private void Keep(in MarketEvent e)
    {
        _waiting.Add(e);
        while (Waiting > _maxWaiting)
        {
            DropOldestMessage();
        }

        // Reclaims the front at most once per as many events as are kept.
        if (_waitingStart > Math.Max(_maxWaiting, 16))
        {
            _waiting.RemoveRange(0, _waitingStart);
            _waitingStart = 0;
        }
    }

    private void DropOldestMessage()
    {
        do
        {
            _waitingStart++;
            Overflowed++;
        }
        while (Waiting > 0 && _waiting[_waitingStart].Kind == EventKind.BookLevel);

        if (Waiting == 0)
        {
            _mode = Mode.Skip; // the open message itself did not fit
        }
    }

    private void CountCrossed() => Crossed += Book.IsCrossed ? 1 : 0;

    private static BookChange Later(BookChange first, BookChange second) => second == BookChange.None ? first : second;
}
