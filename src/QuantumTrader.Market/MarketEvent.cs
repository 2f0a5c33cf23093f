using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>What a <see cref="MarketEvent"/> is.</summary>
public enum EventKind : byte
{
    /// <summary>Not an event: the default value is refused by the normalizer.</summary>
    None,

    /// <summary>A trade: price, quantity, aggressor side, trade number, participants.</summary>
    Trade,

    /// <summary>Best bid and ask as the feed sends them.</summary>
    Quote,

    /// <summary>Header of a book update; its level changes follow directly. Carries the update ids.</summary>
    BookUpdate,

    /// <summary>Header of a full book; its levels follow directly. Carries the last update id.</summary>
    BookSnapshot,

    /// <summary>One price level: side, price, new total quantity (0 removes it).</summary>
    BookLevel,

    /// <summary>Best bid and ask of the book that the <c>book</c> block keeps, after a whole update; quantities 0 while the book is not valid.</summary>
    BookTop,

    /// <summary>Mark price of a derivative.</summary>
    MarkPrice,

    /// <summary>State of a connection or of trading; the code is in <see cref="MarketEvent.TradeNumber"/>.</summary>
    State,

    /// <summary>Only the time passes.</summary>
    Clock,
}

/// <summary>Direction of a trade's aggressor, or side of a book level.</summary>
public enum Side : sbyte
{
    /// <summary>Unknown, or does not apply.</summary>
    None = 0,

    /// <summary>Buyer, bid.</summary>
    Buy = 1,

    /// <summary>Seller, ask.</summary>
    Sell = -1,
}

/// <summary>Where a trade's side came from.</summary>
public enum SideSource : byte
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>The feed says it.</summary>
    Flag,

    /// <summary>Inferred from the price change to the trade before.</summary>
    TickRule,
}

/// <summary>Marks on a <see cref="MarketEvent"/>.</summary>
[Flags]
public enum EventFlags : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The last event of its message: a book is whole only behind it.</summary>
    EndOfMessage = 1,

    /// <summary>Part of a full book.</summary>
    Snapshot = 2,

    /// <summary>A quote whose bid is above its ask: consumers hold the last good one.</summary>
    Crossed = 4,

    /// <summary>A quote whose bid equals its ask: consumers hold the last good one.</summary>
    Locked = 8,

    /// <summary>A trade that corrects the one with the same number.</summary>
    Edit = 16,

    /// <summary>Back-filled, not live.</summary>
    Historical = 32,

    /// <summary>The trade did not come from the market (insurance fund, liquidation transfer): never in candles.</summary>
    OffMarket = 64,

    /// <summary>On the header of a book message: something is missing before or inside it, so the book must start anew from a snapshot.</summary>
    Gap = 128,
}

/// <summary>
/// One immutable event of the market: 64 bytes, no references. Times are ns since 1970 UTC. Prices and quantities are scaled by 1e-8
/// (<see cref="Scaled"/>). Some fields share bytes, because no kind needs them all.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct MarketEvent : IEvent<MarketEvent>
{
    /// <summary>Place in the source's order, later in the normalizer's, from 1.</summary>
    [FieldOffset(0)] public long Sequence;

    /// <summary>When it happened, by the exchange: ns UTC.</summary>
    [FieldOffset(8)] public long EventTime;

    /// <summary>When it was received, by the recorder: ns UTC; 0 when not recorded.</summary>
    [FieldOffset(16)] public long ReceiveTime;

    /// <summary>Price; bid price of a quote or book top.</summary>
    [FieldOffset(24)] public long Price;

    /// <summary>Quantity in units of the instrument; new total of a level; bid quantity of a quote or book top.</summary>
    [FieldOffset(32)] public long Quantity;

    /// <summary>The exchange's number of a trade, unique per symbol and trading day; 0 when the feed has none.</summary>
    [FieldOffset(40)] public long TradeNumber;

    /// <summary>Buying participant of a trade; 0 when not known.</summary>
    [FieldOffset(48)] public int Buyer;

    /// <summary>Selling participant of a trade; 0 when not known.</summary>
    [FieldOffset(52)] public int Seller;

    /// <summary>Ask price of a quote or book top.</summary>
    [FieldOffset(40)] public long AskPrice;

    /// <summary>Ask quantity of a quote or book top.</summary>
    [FieldOffset(48)] public long AskQuantity;

    /// <summary>First update id of a book update; 0 when the feed has none.</summary>
    [FieldOffset(24)] public long FirstUpdateId;

    /// <summary>Last update id of a book update or snapshot; 0 when the feed has none.</summary>
    [FieldOffset(32)] public long LastUpdateId;

    /// <summary>Last update id of the update before, where the feed says it; else -1.</summary>
    [FieldOffset(40)] public long PreviousUpdateId;

    /// <summary>Level changes that follow the header of a book update or snapshot.</summary>
    [FieldOffset(48)] public int LevelCount;

    /// <summary>Interned symbol; see <see cref="SymbolTable"/>.</summary>
    [FieldOffset(56)] public int Symbol;

    /// <summary>What it is.</summary>
    [FieldOffset(60)] public EventKind Kind;

    /// <summary>Aggressor of a trade, side of a level.</summary>
    [FieldOffset(61)] public Side Side;

    /// <summary>Where <see cref="Side"/> came from.</summary>
    [FieldOffset(62)] public SideSource SideSource;

    /// <summary>Marks.</summary>
    [FieldOffset(63)] public EventFlags Flags;

    /// <summary>Symbol, kind, side, its source and the flags as one word, lowest byte first: to compare several of them at once.</summary>
    [FieldOffset(56)] internal ulong Tail;

    /// <summary>Best bid of a quote or book top (same bytes as <see cref="Price"/>).</summary>
    public readonly long BidPrice => Price;

    /// <summary>Bid quantity of a quote or book top (same bytes as <see cref="Quantity"/>).</summary>
    public readonly long BidQuantity => Quantity;

    /// <summary>True when the flag is set.</summary>
    public readonly bool Has(EventFlags flag) => (Flags & flag) != 0;

    readonly long IEvent<MarketEvent>.Sequence => Sequence;

    /// <inheritdoc/>
    public readonly long PartitionKey => Symbol;

    /// <summary>Symbol and kind; a level also by side and price, so that conflating a book keeps its newest state.</summary>
    public readonly long ConflationKey => Kind == EventKind.BookLevel
        ? StableHash.Mix(((long)Symbol << 16) ^ ((long)Side << 8) ^ (byte)Kind, Price)
        : ((long)Symbol << 8) | (byte)Kind;

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<MarketEvent> events, IncrementalHash hash) => hash.AppendData(MemoryMarshal.AsBytes(events));

    /// <inheritdoc/>
    public override readonly string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Kind} symbol {Symbol} time {EventTime} price {Scaled.ToText(Price)} quantity {Scaled.ToText(Quantity)} number {TradeNumber} side {Side}");
}
