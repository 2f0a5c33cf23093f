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
[RunEvent("QT2002", "clock_back", "An event is older than what went on already.", "Raise `max_lateness_ms` of normalize if many events are late; those go to its side stream.")]
[RunEvent("QT2003", "bad_time", "An event was dated more than a day ahead of those around it, and dropped.", "Check the clock or the file that it came from.")]
[RunEvent("QT2004", "time_unconfirmed", "The last event is more than a day ahead of all others, and none came to confirm it.", "Check the clock or the file that it came from.")]
[RunEvent("QT2005", "book_torn", "A message of the book came without its end.", "Check the source; the book is not shown until the next full book.")]
[RunEvent("QT2006", "held_overflow", "More events are held back for sorting than allowed.", "Raise `max_held`, or lower `max_lateness_ms`.")]
public sealed class NormalizeOperator : Operator<MarketEvent, MarketEvent>
{
    private readonly MarketContext _market;
    private readonly int _maxHeld;

    private readonly Plausibility _plausibility;
    private readonly TradeNumbers[] _numbers;
    private readonly Watermark _time;
    private readonly ReorderBuffer _waiting;
    private readonly BookAssembly _books;
    private readonly TickRule _tickRule;

    private long _sequence;
    private long _held;

    // The time of the last event that went on.
    private long _released;

    private readonly long[] _in = new long[(int)EventKind.Clock + 1];
    private long _crossed;
    private long _locked;
    private long _edits;
    private long _late;
    private long _delayed;
    private long _duplicates;

    /// <summary>A block that has seen nothing.</summary>
    public NormalizeOperator(NormalizeOptions options, MarketContext market)
    {
        var symbols = market.Instruments.Count + 1;
        _market = market;
        _maxHeld = options.MaxHeld;
        _plausibility = new Plausibility(market);
        _numbers = [.. Enumerable.Range(0, symbols).Select(_ => new TradeNumbers())];
        _time = new Watermark((long)(options.MaxLatenessMs * 1e6));
        _waiting = new ReorderBuffer(symbols);
        _books = new BookAssembly(symbols, NoteTorn);
        _tickRule = new TickRule(symbols, options.Side == SideRule.TickRule);
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

            if (_plausibility.Fault(in e) is { } fault)
            {
                run.Reject(fault);
                LoseMessage(in e, fault);
                continue;
            }

            if (e.EventTime > _time.Horizon && IsLeap(in e, run))
            {
                _time.Doubt(e.EventTime);
                Hold(in e, e.EventTime);
                continue;
            }

            Accept(in e, run, output);
        }
    }

    /// <inheritdoc/>
    public override void Complete(Output<MarketEvent> output)
    {
        _books.CloseAll();
        if (_time is { HasCandidate: true, Newest: > 0 })
        {
            Note("time_unconfirmed", $"The last event is more than 24 h ahead of all before it, and no other came to confirm it: {_waiting.Last.EventTime}.");
        }

        while (_waiting.Count > 0)
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
        Reordered = _waiting.Reordered,
        Edits = _edits,
        Late = _late,
        Delayed = _delayed,
        Duplicates = _duplicates,
        ForgottenNumbers = _numbers.Sum(n => n.Forgotten),
    };

    private void Accept(in MarketEvent e, Run<MarketEvent> run, Output<MarketEvent> output)
    {
        var time = e.EventTime;
        var isEdit = e.Kind == EventKind.Trade && e.Has(EventFlags.Edit);
        if (time > _time.Newest)
        {
            _time.MoveTo(time);
        }
        else if (time < _released && !isEdit)
        {
            // A book message that no newer one of its symbol has overtaken is better late than lost: without it the whole book would be.
            if (!IsBook(in e) || !_books.IsNext(in e))
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
        if (_waiting.Count == 0 && time <= _time.Limit && !IsBook(in e))
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
        _held++;
        if (IsBook(in e))
        {
            _books.Begin(_waiting.AddMessage(in e, time));
        }
        else
        {
            _waiting.Add(in e, time);
        }
    }

    private void ProcessLevel(in MarketEvent e, Run<MarketEvent> run, Output<MarketEvent> output)
    {
        if (!_plausibility.Knows(e.Symbol))
        {
            run.Reject("bad_symbol");
            return;
        }

        if (_books.OpenOf(e.Symbol) is not { } message)
        {
            run.Drop(_books.LoseLevel(in e));
            return;
        }

        if (_plausibility.LevelFault(in e) is { } fault)
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
            _books.Close(e.Symbol);
            ReleaseDue(output);
        }
        else if (_held > _maxHeld)
        {
            ReleaseDue(output);
        }
    }

    private void NoteTorn(BookMessage message) =>
        Note("book_torn", $"{_market.Symbols.Name(message.Header.Symbol)}: a book message at {message.Header.EventTime} has no end; it goes on marked as incomplete.");

    private void LoseMessage(in MarketEvent e, string reason)
    {
        if (IsBook(in e) && _plausibility.Knows(e.Symbol))
        {
            _books.Lose(in e, reason);
        }
    }

    private void ReleaseDue(Output<MarketEvent> output)
    {
        while (_waiting.IsDue(_time.Limit))
        {
            ReleaseHead(output);
        }

        while (_held > _maxHeld && _waiting.Count > (_time.HasCandidate ? 1 : 0))
        {
            Note("held_overflow", "More events are held back than max_held allows: the oldest go on early, and what comes behind them is late.");
            if (_waiting.HeadMessage is { IsWhole: false } open)
            {
                _books.CloseTorn(open.Header.Symbol);
            }

            ReleaseHead(output);
        }
    }

    private void ReleaseHead(Output<MarketEvent> output)
    {
        if (_waiting.HeadMessage is { } message)
        {
            _books.Released(message);
            foreach (ref var e in message.Events)
            {
                e.Sequence = ++_sequence;
                output.Pass(in e);
            }

            _released = message.Header.EventTime;
            _held -= message.Count;
        }
        else
        {
            Release(ref _waiting.Head, output);
            _held--;
        }

        _waiting.RemoveHead();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Release(ref MarketEvent e, Output<MarketEvent> output)
    {
        e.Sequence = ++_sequence;
        _released = e.EventTime;
        if (e.Kind == EventKind.Trade)
        {
            _tickRule.Apply(ref e);
        }
        else if (e.Kind == EventKind.Quote && e.Price >= e.AskPrice)
        {
            MarkQuote(ref e);
        }

        output.Pass(in e);
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

    private void DropLate(in MarketEvent e, Run<MarketEvent> run)
    {
        _late++;
        Note("clock_back", _late <= Accounts.MaxSamples ? $"{(_released - e.EventTime) / 1e9:0.###} s behind what went on already: {e.ToString()}" : "");
        run.Drop("late");
        LoseMessage(in e, "late");
    }

    private static bool IsBook(in MarketEvent e) => e.Kind is EventKind.BookUpdate or EventKind.BookSnapshot;

    private bool IsRepeat(in MarketEvent e) =>
        e.TradeNumber != 0 && !_numbers[e.Symbol].Add(_market.Calendar.DateOf(e.EventTime), e.TradeNumber);

    private bool TryEditHeld(in MarketEvent e)
    {
        if (e.TradeNumber == 0)
        {
            return false;
        }

        ref var held = ref _waiting.FindTrade(in e, _market.Calendar);
        if (Unsafe.IsNullRef(ref held))
        {
            return false;
        }

        var time = held.EventTime;
        held = e;
        held.EventTime = time;
        held.Flags &= ~EventFlags.Edit;
        return true;
    }

    // Decides on times beyond the horizon. False when the event may go on at once.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsLeap(in MarketEvent e, Run<MarketEvent> run)
    {
        if (_time.HasCandidate)
        {
            if (_time.Confirms(e.EventTime))
            {
                BelieveCandidate();
            }
            else
            {
                DropCandidate(run);
            }
        }

        return _time.IsLeap(in e);
    }

    private void BelieveCandidate()
    {
        _time.Believe();
        if (_waiting.TailMessage is null && _waiting.Last is { Kind: EventKind.Trade } trade && !trade.Has(EventFlags.Edit))
        {
            IsRepeat(in trade);
        }
    }

    private void DropCandidate(Run<MarketEvent> run)
    {
        _time.Refute();
        Note("bad_time", $"More than 24 h ahead of the events around it, so it was dropped: {_waiting.Last.ToString()}");
        var count = 1;
        if (_waiting.TailMessage is { } message)
        {
            count = message.Count;
            _books.Lose(message, "bad_time");
        }

        _waiting.RemoveTail();
        _held -= count;
        for (; count > 0; count--)
        {
            run.Drop("bad_time");
        }
    }
}
