using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>Options of the block <c>book</c>.</summary>
public sealed record BookOptions
{
    /// <summary>
    /// From what a book begins: <c>snapshot</c> (updates wait for a full book) or <c>first_update</c> (an empty book at the first update,
    /// for feeds that send no full book).
    /// </summary>
    public BookStart Start { get; init; } = BookStart.Snapshot;

    /// <summary>Events per symbol that may wait for a full book; beyond it the oldest messages are dropped and counted.</summary>
    [Range(1, 10_000_000)]
    public int MaxWaiting { get; init; } = BookBuilder.DefaultMaxWaiting;
}

/// <summary>
/// Keeps the books. Passes every event on; behind the last event of a message after which the best bid or ask has another price or
/// quantity comes a <see cref="EventKind.BookTop"/>. When a book loses its thread, one with zero prices and quantities follows.
/// </summary>
[Block("book", "Keeps the order books and adds the best bid and ask whenever they change.")]
[Partitioned]
[RunEvent("QT2001", "book_gap", "Updates of a book are missing.", "Nothing, if it is rare: the book is not shown until the next full book. Often: look at the connection.")]
public sealed class BookOperator : Operator<MarketEvent, MarketEvent>
{
    private readonly MarketContext _market;
    private readonly BookBuilder?[] _books;
    private readonly MarketEvent[] _tops;

    /// <summary>A block with no book yet.</summary>
    public BookOperator(BookOptions options, MarketContext market)
    {
        _market = market;
        _books = new BookBuilder?[market.Instruments.Count + 1];
        _tops = new MarketEvent[_books.Length];
        for (var symbol = 1; symbol < _books.Length; symbol++)
        {
            var name = market.Symbols.Name(symbol);
            _books[symbol] = new BookBuilder(options.Start, options.MaxWaiting, what => Note("book_gap", $"{name}: {what}; the book is not valid until the next snapshot."));
        }
    }

    /// <inheritdoc/>
    public override bool Conserves => true;

    /// <inheritdoc/>
    public override void Process(Run<MarketEvent> run, Output<MarketEvent> output)
    {
        foreach (ref readonly var e in run)
        {
            output.Pass(in e);
            if ((uint)e.Symbol < (uint)_books.Length && _books[e.Symbol] is { } book && book.Process(in e) is not BookChange.None and var change)
            {
                AddTop(in e, change == BookChange.Applied ? book.Book : null, output);
            }
        }
    }

    /// <inheritdoc/>
    public override object Report() => _books
        .Select((book, symbol) => (book, symbol))
        .Where(b => b.book is { } book && (book.Updates | book.Snapshots | book.Gaps | book.Stale | book.Overflowed | (uint)book.Waiting) != 0)
        .ToDictionary(b => _market.Symbols.Name(b.symbol), b => new BookReport(b.book!), StringComparer.Ordinal);

    private void AddTop(in MarketEvent cause, OrderBook? book, Output<MarketEvent> output)
    {
        var bid = book?.BestBid ?? default;
        var ask = book?.BestAsk ?? default;
        ref var top = ref _tops[cause.Symbol];
        if (top.Price == bid.Price && top.Quantity == bid.Quantity && top.AskPrice == ask.Price && top.AskQuantity == ask.Quantity)
        {
            return;
        }

        top = new MarketEvent
        {
            Kind = EventKind.BookTop,
            Sequence = cause.Sequence,
            EventTime = cause.EventTime,
            ReceiveTime = cause.ReceiveTime,
            Symbol = cause.Symbol,
            Price = bid.Price,
            Quantity = bid.Quantity,
            AskPrice = ask.Price,
            AskQuantity = ask.Quantity,
            Flags = book is not { IsCrossed: true } ? EventFlags.None : bid.Price == ask.Price ? EventFlags.Locked : EventFlags.Crossed,
        };
        output.Add(in top);
    }
}

/// <summary>What the report says of one book. Prices are plain numbers; null while the book is not valid or has no such side.</summary>
public sealed class BookReport
{
    internal BookReport(BookBuilder builder)
    {
        var book = builder.Book;
        Valid = builder.IsValid;
        Bid = Valid && book.BidCount > 0 ? Scaled.ToDecimal(book.BestBid.Price) : null;
        Ask = Valid && book.AskCount > 0 ? Scaled.ToDecimal(book.BestAsk.Price) : null;
        Mid = (Bid + Ask) / 2;
        Levels = book.BidCount + book.AskCount;
        Updates = builder.Updates;
        Snapshots = builder.Snapshots;
        Stale = builder.Stale;
        Gaps = builder.Gaps;
        Resyncs = builder.Resyncs;
        Crossed = builder.Crossed;
        Waiting = builder.Waiting;
        Overflowed = builder.Overflowed;
    }

    /// <summary>True when the book was whole at the end.</summary>
    public bool Valid { get; }

    /// <summary>Best bid.</summary>
    public decimal? Bid { get; }

    /// <summary>Best ask.</summary>
    public decimal? Ask { get; }

    /// <summary>Middle of bid and ask.</summary>
    public decimal? Mid { get; }

    /// <summary>Levels of both sides.</summary>
    public int Levels { get; }

    /// <summary>Updates applied.</summary>
    public long Updates { get; }

    /// <summary>Snapshots applied.</summary>
    public long Snapshots { get; }

    /// <summary>Messages older than the book.</summary>
    public long Stale { get; }

    /// <summary>Times that the thread was lost.</summary>
    public long Gaps { get; }

    /// <summary>Times that the book became valid again after a gap.</summary>
    public long Resyncs { get; }

    /// <summary>Messages that left the bid at or above the ask.</summary>
    public long Crossed { get; }

    /// <summary>Events that still wait for a snapshot.</summary>
    public int Waiting { get; }

    /// <summary>Events dropped because too many waited.</summary>
    public long Overflowed { get; }
}
