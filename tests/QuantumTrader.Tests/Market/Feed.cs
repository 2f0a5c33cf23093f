using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Market;

/// <summary>Makes market events and drives blocks outside a graph. Times are in ms from <see cref="Start"/>, prices and quantities plain.</summary>
internal static class Feed
{
    /// <summary>2024-08-08 00:00 UTC.</summary>
    public const long Start = 19943L * 86_400_000_000_000L;

    public static readonly Instrument A = new("A", 0.5m, 1m, 1m) { MaxPrice = 1_000_000m };
    public static readonly Instrument B = new("B", 0.5m, 1m, 1m) { MaxPrice = 1_000_000m };

    public static MarketContext NewMarket() => MarketContext.Of(new TradingCalendar(), A, B);

    public static long Time(double milliseconds) => Start + (long)(milliseconds * 1e6);

    public static MarketEvent Trade(double milliseconds, long number = 0, double price = 100, double quantity = 1, Side side = Side.None, int symbol = 1, EventFlags flags = EventFlags.None) => new()
    {
        Kind = EventKind.Trade,
        EventTime = Time(milliseconds),
        TradeNumber = number,
        Price = Scaled.FromDouble(price),
        Quantity = Scaled.FromDouble(quantity),
        Side = side,
        Symbol = symbol,
        Flags = flags,
    };

    public static MarketEvent Quote(double milliseconds, double bid, double ask, int symbol = 1) => new()
    {
        Kind = EventKind.Quote,
        EventTime = Time(milliseconds),
        Price = Scaled.FromDouble(bid),
        Quantity = Scaled.One,
        AskPrice = Scaled.FromDouble(ask),
        AskQuantity = Scaled.One,
        Symbol = symbol,
    };

    public static MarketEvent Clock(double milliseconds) => new() { Kind = EventKind.Clock, EventTime = Time(milliseconds) };

    /// <summary>An update U..u after pu, and its levels; a price below 0 stands for a bid, above for an ask.</summary>
    public static MarketEvent[] Update(double milliseconds, long first, long last, long previous, params (double Price, double Quantity)[] levels) =>
        Message(EventKind.BookUpdate, milliseconds, first, last, previous, 1, levels);

    public static MarketEvent[] Snapshot(double milliseconds, long last, params (double Price, double Quantity)[] levels) =>
        Message(EventKind.BookSnapshot, milliseconds, 0, last, -1, 1, levels);

    public static MarketEvent[] Message(EventKind kind, double milliseconds, long first, long last, long previous, int symbol, params (double Price, double Quantity)[] levels)
    {
        var events = new MarketEvent[levels.Length + 1];
        events[0] = new MarketEvent
        {
            Kind = kind,
            EventTime = Time(milliseconds),
            FirstUpdateId = first,
            LastUpdateId = last,
            PreviousUpdateId = previous,
            LevelCount = levels.Length,
            Symbol = symbol,
        };
        for (var i = 0; i < levels.Length; i++)
        {
            events[i + 1] = new MarketEvent
            {
                Kind = EventKind.BookLevel,
                EventTime = Time(milliseconds),
                Side = levels[i].Price < 0 ? Side.Buy : Side.Sell,
                Price = Scaled.FromDouble(Math.Abs(levels[i].Price)),
                Quantity = Scaled.FromDouble(levels[i].Quantity),
                Symbol = symbol,
            };
        }

        events[^1].Flags |= EventFlags.EndOfMessage;
        return events;
    }

    /// <summary>Numbers events from 1, as a source does.</summary>
    public static MarketEvent[] Numbered(params IEnumerable<MarketEvent> events)
    {
        var all = events.ToArray();
        for (var i = 0; i < all.Length; i++)
        {
            all[i].Sequence = i + 1;
        }

        return all;
    }

    /// <summary>Gives an operator its whole input in runs of the given length, and returns all it sends.</summary>
    public static TOut[] Drive<TIn, TOut>(this Operator<TIn, TOut> block, IReadOnlyCollection<TIn> events, int runLength = 256, bool complete = true)
        where TIn : struct, IEvent<TIn>
        where TOut : struct, IEvent<TOut>
    {
        var output = new Output<TOut>();
        foreach (var run in events.Chunk(runLength))
        {
            block.Process(Run<TIn>.Of(run, block.Accounts), output);
        }

        if (complete)
        {
            block.Complete(output);
        }

        return output.ToArray();
    }

    public static byte[] Bytes<T>(T[] events) where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.AsBytes(events.AsSpan()).ToArray();
}
