using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace QuantumTrader.Market;

/// <summary>The best levels of a book at one moment: a value of fixed size, so that it can be kept in a <see cref="Ring{T}"/>.</summary>
public struct BookImage
{
    /// <summary>Most levels of a side that an image holds.</summary>
    public const int MaxDepth = 20;

    private LevelArray _bids;
    private LevelArray _asks;

    /// <summary>Sequence of the last event of the message that led here.</summary>
    public long Sequence { get; private set; }

    /// <summary>Time of that event, ns UTC.</summary>
    public long EventTime { get; private set; }

    /// <summary>Interned symbol.</summary>
    public int Symbol { get; private set; }

    /// <summary>Bid levels held.</summary>
    public int BidCount { get; private set; }

    /// <summary>Ask levels held.</summary>
    public int AskCount { get; private set; }

    /// <summary>The bids, best first.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<PriceLevel> Bids => ((ReadOnlySpan<PriceLevel>)_bids)[..BidCount];

    /// <summary>The asks, best first.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<PriceLevel> Asks => ((ReadOnlySpan<PriceLevel>)_asks)[..AskCount];

    /// <summary>Takes the best levels of a book; keeps what lies beyond <paramref name="depth"/> out.</summary>
    /// <param name="book">The book, between two messages.</param>
    /// <param name="depth">Levels a side, at most <see cref="MaxDepth"/>.</param>
    /// <param name="cause">The last event of the message.</param>
    public void Take(OrderBook book, int depth, in MarketEvent cause)
    {
        Sequence = cause.Sequence;
        EventTime = cause.EventTime;
        Symbol = cause.Symbol;
        BidCount = book.CopyBids(((Span<PriceLevel>)_bids)[..depth]);
        AskCount = book.CopyAsks(((Span<PriceLevel>)_asks)[..depth]);
    }

    [InlineArray(MaxDepth)]
    private struct LevelArray
    {
        private PriceLevel _first;
    }
}
