using QuantumTrader.App.Commands;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Storage;

namespace QuantumTrader.App.TimeTravel;

/// <summary>
/// Asks a store what was known of a symbol at a moment: all events with an event time before it that had been received by then. The book
/// is rebuilt from the nearest one that the store keeps; everything else is what was stored, not computed anew.
/// </summary>
/// <param name="open">The store.</param>
/// <param name="symbol">Name of the symbol.</param>
/// <param name="time">The moment: ns UTC.</param>
internal sealed class KnownThen(OpenStore open, string symbol, long time)
{
    private const long Minute = 60_000_000_000;

    // Looked back over one after the other until there is enough: most questions are answered from the last minutes.
    private static readonly long[] Windows = [Minute, 15 * Minute, 4 * 60 * Minute, 26 * 60 * Minute, 8 * 24 * 60 * Minute, 100 * 24 * 60 * Minute];

    /// <summary>The newest events of a channel, the newest last; fewer than asked when the last 100 days have no more.</summary>
    public IReadOnlyList<T> Last<T>(string channel, int count) where T : struct, IEvent<T>
    {
        var newest = new Queue<T>(count);
        foreach (var window in Windows)
        {
            newest.Clear();
            Read<T>(channel, time - window, events =>
            {
                foreach (ref readonly var e in events)
                {
                    if (WasReceived(in e))
                    {
                        if (newest.Count == count)
                        {
                            newest.Dequeue();
                        }

                        newest.Enqueue(T.Keep(in e));
                    }
                }
            });
            if (newest.Count == count)
            {
                break;
            }
        }

        return [.. newest];
    }

    /// <summary>What the store has lost since the full book from which <see cref="Book"/> came, or would have come.</summary>
    public IReadOnlyList<StoreGap> BookGaps { get; private set; } = [];

    /// <summary>
    /// The book, rebuilt by replay from the nearest one that the store keeps, else from a full book in the last 100 days; null when there
    /// is none, it was not valid then, or the store has lost messages that it would need.
    /// </summary>
    public OrderBook? Book()
    {
        if (open.Store is IBookStore store && store.BookBefore(symbol, time) is { } near)
        {
            var builder = new BookBuilder();
            builder.Load(near.State);
            Replay(builder, near.Time, near.Number, hasIds: near.State.LastUpdateId != 0);
            return builder.IsValid ? builder.Book : null;
        }

        foreach (var window in Windows)
        {
            // Updates before the full book are needed too: the first one that it goes on with may have come before it.
            var builder = new BookBuilder();
            Replay(builder, time - window, long.MinValue, hasIds: false);
            if (builder.IsValid)
            {
                return builder.Book;
            }
        }

        return null;
    }

    // Events behind the number, at the first time; all, at later ones.
    private void Replay(BookBuilder builder, long from, long number, bool hasIds)
    {
        var fullAt = long.MinValue;
        var answer = Read<MarketEvent>("book", from, events =>
        {
            foreach (ref readonly var e in events)
            {
                if (WasReceived(in e) && (e.EventTime > from || e.Sequence > number))
                {
                    builder.Process(in e);
                    if (e.Kind is EventKind.BookSnapshot or EventKind.BookUpdate)
                    {
                        hasIds = e.LastUpdateId != 0;
                        fullAt = e.Kind == EventKind.BookSnapshot ? e.EventTime : fullAt;
                    }
                }
            }
        });
        BookGaps = [.. answer.Gaps.Where(g => g.To > fullAt)];
        if (!hasIds && BookGaps.Count > 0)
        {
            // Update ids show by themselves that messages are missing. Without them the book is not known again before the next full one.
            builder.Process(new MarketEvent { Kind = EventKind.BookUpdate, Flags = EventFlags.Gap | EventFlags.EndOfMessage });
        }
    }

    private StoreAnswer Read<T>(string channel, long from, ReadOnlySpanAction<T> read) where T : struct, IEvent<T>
    {
        if (open.Format(typeof(T)) is not Pipelines.EventFormat<T> format)
        {
            throw new StoreException($"{typeof(T).Name} can only be read with the pipeline that made them: name it with --pipeline.");
        }

        return open.Store.Query(new StoreQuery(channel, symbol, from, time), format, events =>
        {
            read(events);
            return true;
        });
    }

    private bool WasReceived<T>(in T e) => e is not MarketEvent market || market.ReceiveTime <= time;

    private delegate void ReadOnlySpanAction<T>(ReadOnlySpan<T> events);
}
