using System.Runtime.InteropServices;
using QuantumTrader.Market;

namespace QuantumTrader.Storage;

/// <summary>
/// The book of one stream as it was behind one of its events. Sealed segments hold some, in blocks of their own, so that a question about
/// a late moment need not replay the book from its beginning.
/// </summary>
/// <param name="NextOrdinal">Place in the journal behind that event.</param>
/// <param name="Time">Event time of that event, ns UTC.</param>
/// <param name="Number">Number of its address.</param>
/// <param name="ReceiveTime">Latest receive time of all events that led here, ns UTC.</param>
/// <param name="State">The book.</param>
internal sealed record BookCheckpoint(long NextOrdinal, long Time, long Number, long ReceiveTime, BookState State)
{
    private const int HeadWords = 5;

    /// <summary>Number, receive time, last update id, bids, asks; then price and quantity of each level.</summary>
    public byte[] ToPayload()
    {
        long[] head = [Number, ReceiveTime, State.LastUpdateId, State.Bids.Length, State.Asks.Length];
        return
        [
            .. MemoryMarshal.AsBytes(head.AsSpan()),
            .. MemoryMarshal.AsBytes(State.Bids.AsSpan()),
            .. MemoryMarshal.AsBytes(State.Asks.AsSpan()),
        ];
    }

    /// <summary>Reads what <see cref="ToPayload"/> gave, and its header; null when it is something else.</summary>
    public static BookCheckpoint? TryRead(in BlockHeader header, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < HeadWords * sizeof(long))
        {
            return null;
        }

        var head = MemoryMarshal.Cast<byte, long>(payload)[..HeadWords];
        var levels = MemoryMarshal.Cast<byte, PriceLevel>(payload[(HeadWords * sizeof(long))..]);
        var (bids, asks) = (head[3], head[4]);
        return bids < 0 || asks < 0 || bids + asks != levels.Length
            ? null
            : new BookCheckpoint(header.FirstOrdinal, header.MaxTime, head[0], head[1], new BookState(head[2], levels[..(int)bids].ToArray(), levels[(int)bids..].ToArray()));
    }

    /// <summary>The nearest one before a moment whose events had all been received by then, and before which nothing came later.</summary>
    public static BookCheckpoint? Find(IReadOnlyList<Segment> segments, string symbol, long time)
    {
        for (var i = segments.Count - 1; i >= 0; i--)
        {
            if (segments[i].Books(symbol, time).FirstOrDefault(b => b.ReceiveTime <= time && !segments.Skip(i).Any(s => HasEarlier(s, b, symbol))) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    // By the index: of a segment that is not sealed it may say so of an event of another stream. An older checkpoint then serves.
    private static bool HasEarlier(Segment segment, BookCheckpoint book, string symbol)
    {
        var names = segment.Names;
        for (var i = 0; i < names.Streams.Count; i++)
        {
            if (names.Streams[i] is { Channel: BookTrack.Channel } name && name.Symbol == symbol
                && segment.Extents.Any(e => e.FirstOrdinal >= book.NextOrdinal && e.MinTime <= book.Time && (e.Stream == 0 ? (e.Streams & (1UL << ((i + 1) & 63))) != 0 : e.Stream == i + 1)))
            {
                return true;
            }
        }

        return false;
    }
}
