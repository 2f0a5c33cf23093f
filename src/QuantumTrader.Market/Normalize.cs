using System.Runtime.CompilerServices;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>How a trade gets its side when the feed gives none.</summary>
public enum SideRule
{
    /// <summary>It stays without a side.</summary>
    Flag,

    /// <summary>
    /// By the price change to the symbol's trade before: up is a buyer, down a seller, equal the last direction; unknown before any change.
    /// </summary>
    TickRule,
}

/// <summary>Options of the block <c>normalize</c>.</summary>
public sealed record NormalizeOptions
{
    /// <summary>
    /// How far an event may be behind the newest one, in milliseconds of event time, and still be sorted in. It is also the delay in event
    /// time before an event goes on: feeds that come in order set 0, which holds nothing back.
    /// </summary>
    [Range(0, 3_600_000)]
    public double MaxLatenessMs { get; init; } = 2000;

    /// <summary>Events held back at most; beyond it the oldest goes on early (note <c>held_overflow</c>).</summary>
    [Range(1, 100_000_000)]
    public int MaxHeld { get; init; } = 1_048_576;

    /// <summary>The side of trades that come without one: <c>tick_rule</c>, or <c>flag</c> to leave it unknown. A side of the feed is never changed.</summary>
    public SideRule Side { get; init; } = SideRule.TickRule;
}

/// <summary>
/// Puts a feed in order and refuses what cannot be true; numbers its output from 1. Its times never go back.
/// <para>Order: by event time, equal times as they came, except that numbered trades of one symbol and time go by their number, in the
/// places that these trades have. A book message moves as a whole, at the time of its header.</para>
/// <para>Dropped: <c>late</c> (older than what went on already; note <c>clock_back</c>), <c>duplicate</c> (symbol, trading day and trade
/// number seen before), <c>edited</c> (an edit whose trade was still held and took its content), <c>torn_message</c> (levels without a
/// header). Refused: <c>bad_kind</c>, <c>bad_symbol</c>, <c>bad_time</c>, <c>bad_price</c> (not above 0, or above the instrument's
/// max_price), <c>bad_quantity</c> (below 0, 0 for a trade, above 1e9).</para>
/// <para>A time more than 24 h ahead of all before it (also the first one) is believed when the event's receive time is within 24 h of it
/// or when the next event is that far ahead too; until then it waits. If the next event is not, it was false: <c>bad_time</c>. So one
/// wrong time makes nothing else late, and a weekend loses nothing.</para>
/// <para>When a book message loses a level or its end, its header is marked <see cref="EventFlags.Gap"/>; when one without update ids is
/// dropped, the next update of the symbol is. Either makes the book wait for a snapshot; with ids the book sees the hole itself.</para>
/// <para>Two kinds of event are not dropped for being late but go on at the time reached: an edit of a trade that went on already, and a
/// book message, unless a newer one of its symbol went on.</para>
/// </summary>
[Block("normalize", "Sorts a feed by event time, removes repeats, refuses impossible events, infers missing sides.")]
[Resequences]
public sealed class NormalizeOperator : Operator<MarketEvent, MarketEvent>
{
    private const long Day = TradingCalendar.NanosecondsPerDay;
    private const long MaxQuantity = 1_000_000_000 * Scaled.One;

    private readonly MarketContext _market;
    private readonly SymbolState[] _symbols;
    private readonly long _lateness;
    private readonly int _maxHeld;
    private readonly bool _infersSide;

    private readonly SortBuffer _queue = new();
    private readonly EventSlots _slots = new();
    private readonly long[] _in = new long[(int)EventKind.Clock + 1];

    private long _sequence;
    private long _held;

    // Newest believed time, the newest that may go on, the time of the last that did, and the newest that is believed unseen.
    private long _newest;
    private long _limit;
    private long _released;
    private long _horizon;

    // An event far ahead of all others waits at the end of the queue for the next one to confirm it; the horizon is then out of reach.
    private bool _hasCandidate;
    private long _candidateTime;

    private long _crossed;
    private long _locked;
    private long _reordered;
    private long _edits;
    private long _late;
    private long _delayed;
    private long _duplicates;

    /// <summary>A block that has seen nothing.</summary>
    public NormalizeOperator(NormalizeOptions options, MarketContext market)
    {
        _market = market;
        _lateness = (long)(options.MaxLatenessMs * 1e6);
        _maxHeld = options.MaxHeld;
        _infersSide = options.Side == SideRule.TickRule;
        _symbols = [new SymbolState(), .. market.Instruments.Select(i => new SymbolState { MaxPrice = (long)(i.MaxPrice * Scaled.One) })];
    }

    /// <inheritdoc/>
    public override bool Conserves => true;

    /// <inheritdoc/>
    public override long Held => _held;

    /// <inheritdoc/>
    public override void Process(Run<MarketEvent> run, Output<MarketEvent> output)
    {
        foreach (ref readonly var e in run)
        {
            if (e.Kind <= EventKind.Clock)
            {
                _in[(int)e.Kind]++;
            }

            if (e.Kind == EventKind.BookLevel)
            {
                ProcessLevel(in e, run, output);
                continue;
            }

            if (Fault(in e) is { } fault)
            {
                run.Reject(fault);
                LoseMessage(in e, fault);
                continue;
            }

            if (e.EventTime > _horizon && IsLeap(in e, run))
            {
                HoldCandidate(in e, run);
                continue;
            }

            Accept(in e, run, output);
        }
    }

    /// <inheritdoc/>
    public override void Complete(Output<MarketEvent> output)
    {
        foreach (var state in _symbols)
        {
            if (state.Open is not null)
            {
                CloseTorn(state);
            }
        }

        if (_hasCandidate && _newest > 0)
        {
            Note("time_unconfirmed", $"The last event is more than 24 h ahead of all before it, and no other came to confirm it: {_candidateTime}.");
        }

        _hasCandidate = false;
        while (_queue.Count > 0)
        {
            ReleaseHead(output);
        }
    }

    /// <inheritdoc/>
    public override object Report() => new NormalizeReport
    {
        Trades = _in[(int)EventKind.Trade],
        Quotes = _in[(int)EventKind.Quote],
        BookUpdates = _in[(int)EventKind.BookUpdate],
        BookSnapshots = _in[(int)EventKind.BookSnapshot],
        Levels = _in[(int)EventKind.BookLevel],
        MarkPrices = _in[(int)EventKind.MarkPrice],
        States = _in[(int)EventKind.State],
        Clocks = _in[(int)EventKind.Clock],
        Crossed = _crossed,
        Locked = _locked,
        Reordered = _reordered,
        Edits = _edits,
        Late = _late,
        Delayed = _delayed,
        Duplicates = _duplicates,
        ForgottenNumbers = _symbols.Sum(s => s.Numbers.Forgotten),
    };

    private void Accept(in MarketEvent e, Run<MarketEvent> run, Output<MarketEvent> output)
    {
        var time = e.EventTime;
        var isEdit = e.Kind == EventKind.Trade && e.Has(EventFlags.Edit);
        if (time > _newest)
        {
            MoveTo(time);
        }
        else if (time < _released && !isEdit)
        {
            if (!IsNextBook(in e))
            {
                DropLate(in e, run);
                return;
            }

            _delayed++;
            time = _released;
        }

        if (e.Kind == EventKind.Trade)
        {
            if (isEdit)
            {
                _edits++;
                if (TryEditHeld(in e))
                {
                    run.Drop("edited");
                    return;
                }

                time = Math.Max(time, _released);
            }
            else if (IsRepeat(in e))
            {
                _duplicates++;
                run.Drop("duplicate");
                return;
            }
        }

        // With nothing to wait for there is no need to hold the event: this is the whole way of a feed that comes in order.
        if (_queue.Count == 0 && time <= _limit && e.Kind is not (EventKind.BookUpdate or EventKind.BookSnapshot))
        {
            var copy = e;
            copy.EventTime = time;
            Release(ref copy, output);
            return;
        }

        Hold(in e, time);
        ReleaseDue(output);
    }

    private void Hold(in MarketEvent e, long time)
    {
        var isHeader = e.Kind is EventKind.BookUpdate or EventKind.BookSnapshot;
        var slot = isHeader ? OpenMessage(in e) : _slots.AddEvent(in e);
        (isHeader ? ref _slots.Message(slot).Header : ref _slots.Event(slot)).EventTime = time;

        _held++;
        var position = _queue.Add(time, slot);
        _reordered += position == _queue.Count - 1 ? 0 : 1;
        if (e.Kind == EventKind.Trade && e.TradeNumber != 0 && !e.Has(EventFlags.Edit) && !_symbols[e.Symbol].IsNewestTrade(in e))
        {
            SettleByNumber(position, in e);
        }
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

        _reordered += hole == position ? 0 : 1;
        _queue[hole] = _queue[hole] with { Slot = slot };
    }

    private void ProcessLevel(in MarketEvent e, Run<MarketEvent> run, Output<MarketEvent> output)
    {
        if ((uint)(e.Symbol - 1) >= (uint)(_symbols.Length - 1))
        {
            run.Reject("bad_symbol");
            return;
        }

        var state = _symbols[e.Symbol];
        if (state.Open is { } message)
        {
            if ((PriceFault(e.Price, state.MaxPrice) ?? (e.Quantity is < 0 or > MaxQuantity ? "bad_quantity" : null)) is { } fault)
            {
                run.Reject(fault);
                message.Header.Flags |= EventFlags.Gap;
            }
            else
            {
                message.Add(in e);
                _held++;
            }

            if (e.Has(EventFlags.EndOfMessage))
            {
                CloseMessage(state);
                ReleaseDue(output);
            }
            else if (_held > _maxHeld)
            {
                ReleaseDue(output);
            }
        }
        else if (state.Losing is { } reason)
        {
            run.Drop(reason);
            state.Losing = e.Has(EventFlags.EndOfMessage) ? null : reason;
        }
        else
        {
            run.Drop("torn_message");
            state.HasGap = true;
        }
    }

    private int OpenMessage(in MarketEvent header)
    {
        var state = _symbols[header.Symbol];
        if (state.Open is not null)
        {
            CloseTorn(state);
        }

        var slot = _slots.AddMessage(in header);
        var message = _slots.Message(slot);
        if (state.HasGap && header.Kind == EventKind.BookUpdate)
        {
            message.Header.Flags |= EventFlags.Gap;
        }

        state.HasGap = false;
        state.Losing = null;
        message.IsWhole = header.Has(EventFlags.EndOfMessage);
        state.Open = message.IsWhole ? null : message;
        return slot;
    }

    private static void CloseMessage(SymbolState state)
    {
        var message = state.Open!;
        message.Events[^1].Flags |= EventFlags.EndOfMessage;
        message.IsWhole = true;
        state.Open = null;
    }

    private void CloseTorn(SymbolState state)
    {
        ref var header = ref state.Open!.Header;
        header.Flags |= EventFlags.Gap;
        Note("book_torn", $"{_market.Symbols.Name(header.Symbol)}: a book message at {header.EventTime} has no end; it goes on marked as incomplete.");
        CloseMessage(state);
    }

    // The header of a message is lost, so its levels are too, and what follows cannot build on them.
    private void LoseMessage(in MarketEvent e, string reason)
    {
        if (e.Kind is not (EventKind.BookUpdate or EventKind.BookSnapshot) || (uint)(e.Symbol - 1) >= (uint)(_symbols.Length - 1))
        {
            return;
        }

        var state = _symbols[e.Symbol];
        if (state.Open is not null)
        {
            CloseTorn(state);
        }

        state.Losing = e.Has(EventFlags.EndOfMessage) ? null : reason;
        state.HasGap |= e.Kind == EventKind.BookUpdate && e.LastUpdateId == 0;
    }

    private void ReleaseDue(Output<MarketEvent> output)
    {
        while (_queue.Count > 0 && _queue.Head.Time <= _limit && (!EventSlots.IsMessage(_queue.Head.Slot) || _slots.Message(_queue.Head.Slot).IsWhole))
        {
            ReleaseHead(output);
        }

        while (_held > _maxHeld && _queue.Count > (_hasCandidate ? 1 : 0))
        {
            Note("held_overflow", "More events are held back than max_held allows: the oldest go on early, and what comes behind them is late.");
            if (EventSlots.IsMessage(_queue.Head.Slot) && _slots.Message(_queue.Head.Slot) is { IsWhole: false } open)
            {
                CloseTorn(_symbols[open.Header.Symbol]);
            }

            ReleaseHead(output);
        }
    }

    private void ReleaseHead(Output<MarketEvent> output)
    {
        var slot = _queue.Head.Slot;
        _queue.RemoveHead();
        if (EventSlots.IsMessage(slot))
        {
            var events = _slots.Message(slot).Events;
            _symbols[events[0].Symbol].BookTime = _slots.Message(slot).OwnTime;
            foreach (ref var e in events)
            {
                e.Sequence = ++_sequence;
                output.Pass(in e);
            }

            _released = events[0].EventTime;
            _held -= events.Length;
        }
        else
        {
            Release(ref _slots.Event(slot), output);
            _held--;
        }

        _slots.Free(slot);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Release(ref MarketEvent e, Output<MarketEvent> output)
    {
        e.Sequence = ++_sequence;
        _released = e.EventTime;
        if (e.Kind == EventKind.Trade)
        {
            SetSide(ref e);
        }
        else if (e.Kind == EventKind.Quote && e.Price >= e.AskPrice)
        {
            MarkQuote(ref e);
        }

        output.Pass(in e);
    }

    private void SetSide(ref MarketEvent e)
    {
        if (e.Side != Side.None && e.SideSource == SideSource.Unknown)
        {
            e.SideSource = SideSource.Flag;
        }

        // Neither corrections nor transfers are moves of the market.
        if ((e.Flags & (EventFlags.Edit | EventFlags.OffMarket)) != 0)
        {
            return;
        }

        var state = _symbols[e.Symbol];
        if (state.LastPrice != 0 && e.Price != state.LastPrice)
        {
            state.Direction = e.Price > state.LastPrice ? Side.Buy : Side.Sell;
        }

        state.LastPrice = e.Price;
        if (e.Side == Side.None && _infersSide && state.Direction != Side.None)
        {
            e.Side = state.Direction;
            e.SideSource = SideSource.TickRule;
        }
    }

    private void MarkQuote(ref MarketEvent e)
    {
        if (e.Price == e.AskPrice)
        {
            _locked++;
            e.Flags |= EventFlags.Locked;
        }
        else
        {
            _crossed++;
            e.Flags |= EventFlags.Crossed;
        }
    }

    private void MoveTo(long time)
    {
        _newest = time;
        _limit = _lateness == 0 ? time : time - _lateness - 1;
        _horizon = time + Day;
    }

    private void DropLate(in MarketEvent e, Run<MarketEvent> run)
    {
        _late++;
        Note("clock_back", _late <= Accounts.MaxSamples ? $"{(_released - e.EventTime) / 1e9:0.###} s behind what went on already: {e.ToString()}" : "");
        run.Drop("late");
        LoseMessage(in e, "late");
    }

    // A book message that no newer one of its symbol has overtaken is better late than lost: without it the whole book would be.
    private bool IsNextBook(in MarketEvent e) =>
        e.Kind is EventKind.BookUpdate or EventKind.BookSnapshot && e.EventTime >= _symbols[e.Symbol].BookTime;

    private bool IsRepeat(in MarketEvent e) =>
        e.TradeNumber != 0 && !_symbols[e.Symbol].Numbers.Add(_market.Calendar.DateOf(e.EventTime), e.TradeNumber);

    private bool TryEditHeld(in MarketEvent e)
    {
        for (var i = e.TradeNumber == 0 ? -1 : _queue.Count - 1; i >= 0; i--)
        {
            var slot = _queue[i].Slot;
            if (EventSlots.IsMessage(slot))
            {
                continue;
            }

            ref var held = ref _slots.Event(slot);
            if (held.Kind == EventKind.Trade && held.Symbol == e.Symbol && held.TradeNumber == e.TradeNumber && !held.Has(EventFlags.Edit)
                && _market.Calendar.DateOf(held.EventTime) == _market.Calendar.DateOf(e.EventTime))
            {
                var time = held.EventTime;
                held = e;
                held.EventTime = time;
                held.Flags &= ~EventFlags.Edit;
                return true;
            }
        }

        return false;
    }

    // Decides on times beyond the horizon. False when the event may go on at once.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsLeap(in MarketEvent e, Run<MarketEvent> run)
    {
        var time = e.EventTime;
        if (_hasCandidate)
        {
            if (time <= _newest + Day || time < _candidateTime - Day)
            {
                DropCandidate(run);
            }
            else
            {
                ConfirmCandidate();
            }
        }

        var isTrusted = e.ReceiveTime > 0 && Math.Abs(time - e.ReceiveTime) <= Day;
        return time > _newest + Day && !isTrusted;
    }

    private void HoldCandidate(in MarketEvent e, Run<MarketEvent> run)
    {
        _hasCandidate = true;
        _candidateTime = e.EventTime;
        _horizon = long.MinValue;
        Hold(in e, e.EventTime);
    }

    private void ConfirmCandidate()
    {
        _hasCandidate = false;
        MoveTo(_candidateTime);
        var slot = _queue[_queue.Count - 1].Slot;
        if (!EventSlots.IsMessage(slot) && _slots.Event(slot) is { Kind: EventKind.Trade } trade && !trade.Has(EventFlags.Edit))
        {
            IsRepeat(in trade);
        }
    }

    private void DropCandidate(Run<MarketEvent> run)
    {
        _hasCandidate = false;
        _horizon = _newest + Day;
        var slot = _queue[_queue.Count - 1].Slot;
        _queue.RemoveTail();
        var count = 1;
        ref var first = ref EventSlots.IsMessage(slot) ? ref _slots.Message(slot).Header : ref _slots.Event(slot);
        Note("bad_time", $"More than 24 h ahead of the events around it, so it was dropped: {first.ToString()}");
        if (EventSlots.IsMessage(slot))
        {
            var message = _slots.Message(slot);
            count = message.Count;
            var state = _symbols[first.Symbol];
            var isOpen = state.Open == message;
            state.Open = isOpen ? null : state.Open;
            state.Losing = isOpen ? "bad_time" : state.Losing;
            state.HasGap |= first.Kind == EventKind.BookUpdate && first.LastUpdateId == 0;
        }

        _held -= count;
        _slots.Free(slot);
        for (; count > 0; count--)
        {
            run.Drop("bad_time");
        }
    }

    private string? Fault(in MarketEvent e)
    {
        var symbol = (uint)e.Symbol < (uint)_symbols.Length ? e.Symbol : 0;
        if (symbol == 0 && !(e.Symbol == 0 && e.Kind is EventKind.State or EventKind.Clock))
        {
            return e.Kind is EventKind.None or > EventKind.Clock ? "bad_kind" : "bad_symbol";
        }

        if (e.EventTime <= 0)
        {
            return "bad_time";
        }

        var maxPrice = _symbols[symbol].MaxPrice;
        return e.Kind switch
        {
            EventKind.Trade => PriceFault(e.Price, maxPrice) ?? (e.Quantity is <= 0 or > MaxQuantity ? "bad_quantity" : null),
            EventKind.Quote => PriceFault(e.Price, maxPrice) ?? PriceFault(e.AskPrice, maxPrice)
                ?? (e.Quantity is < 0 or > MaxQuantity || e.AskQuantity is < 0 or > MaxQuantity ? "bad_quantity" : null),
            EventKind.MarkPrice => PriceFault(e.Price, maxPrice),
            EventKind.None or > EventKind.Clock => "bad_kind",
            _ => null,
        };
    }

    private static string? PriceFault(long price, long maxPrice) => price <= 0 || price > maxPrice ? "bad_price" : null;

    /// <summary>What is kept per symbol; number 0 is of events that belong to none.</summary>
    private sealed class SymbolState
    {
        private long _tradeTime;
        private long _tradeNumber;

        public long MaxPrice { get; init; }

        public TradeNumbers Numbers { get; } = new();

        /// <summary>The message whose levels are coming.</summary>
        public BookMessage? Open { get; set; }

        /// <summary>Why the levels that are coming are dropped; null when they are not.</summary>
        public string? Losing { get; set; }

        /// <summary>Something without update ids was lost, which the next update must tell the book.</summary>
        public bool HasGap { get; set; }

        /// <summary>The feed's own time of the last book message that went on.</summary>
        public long BookTime { get; set; }

        public long LastPrice { get; set; }

        public Side Direction { get; set; }

        /// <summary>True when the trade is behind all before it by time and number, so that it lies where it belongs.</summary>
        public bool IsNewestTrade(in MarketEvent e)
        {
            if (e.EventTime < _tradeTime || (e.EventTime == _tradeTime && e.TradeNumber < _tradeNumber))
            {
                return false;
            }

            _tradeTime = e.EventTime;
            _tradeNumber = e.TradeNumber;
            return true;
        }
    }
}

/// <summary>What the normalizer saw come in, by kind, and what it met.</summary>
public sealed record NormalizeReport
{
    /// <summary>Trades, edits included.</summary>
    public required long Trades { get; init; }

    /// <summary>Quotes.</summary>
    public required long Quotes { get; init; }

    /// <summary>Headers of book updates.</summary>
    public required long BookUpdates { get; init; }

    /// <summary>Headers of full books.</summary>
    public required long BookSnapshots { get; init; }

    /// <summary>Levels of both.</summary>
    public required long Levels { get; init; }

    /// <summary>Mark prices.</summary>
    public required long MarkPrices { get; init; }

    /// <summary>States.</summary>
    public required long States { get; init; }

    /// <summary>Clock events.</summary>
    public required long Clocks { get; init; }

    /// <summary>Quotes whose bid is above their ask.</summary>
    public required long Crossed { get; init; }

    /// <summary>Quotes whose bid equals their ask.</summary>
    public required long Locked { get; init; }

    /// <summary>Events and messages that were sorted in before an earlier one.</summary>
    public required long Reordered { get; init; }

    /// <summary>Edits, applied here or passed on.</summary>
    public required long Edits { get; init; }

    /// <summary>Events and messages older than what went on already.</summary>
    public required long Late { get; init; }

    /// <summary>Book messages that were too late for their place and went on behind what had overtaken them.</summary>
    public required long Delayed { get; init; }

    /// <summary>Trades whose number was seen before.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Intervals of trade numbers that had to be forgotten.</summary>
    public required long ForgottenNumbers { get; init; }
}
