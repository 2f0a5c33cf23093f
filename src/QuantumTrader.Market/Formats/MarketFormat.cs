using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>
/// The outside form of <see cref="MarketEvent"/>. An event without <c>kind</c> is a trade. Two fields are written for others and can be
/// told from the rest: <c>money</c>, and <c>trade_type</c> (2 the buyer was the aggressor, 3 the seller, 0 unknown), which is read only
/// where <c>side</c> is not there.
/// </summary>
[EventFormat("market")]
public sealed class MarketFormat : EventFormat<MarketEvent>
{
    // Of MarketEvent.Tail.
    private const ulong SymbolAndEdit = uint.MaxValue | ((ulong)EventFlags.Edit << 56);
    private const ulong KindBits = 0xFFul << 32;

    private const EventFlags OtherFlags = ~EventFlags.Edit;
    private static readonly (EventFlags Flag, string Word)[] Flags = [.. Enum.GetValues<EventFlags>().Where(f => f is not EventFlags.None and not EventFlags.Edit).Select(f => (f, SnakeCase.From(f.ToString())))];

    // One text for each set of flags, so that writing allocates nothing.
    private static readonly string[] FlagTexts = [.. Enumerable.Range(0, 256).Select(set => string.Join(' ', Flags.Where(f => (set & (int)f.Flag) != 0).Select(f => f.Word)))];

    private readonly MarketContext _market;
    private readonly double[] _multipliers;

    /// <summary>The form of events about the symbols of this market.</summary>
    public MarketFormat(MarketContext market)
    {
        _market = market;
        _multipliers = [0, .. market.Instruments.Select(i => (double)i.Multiplier)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields { get; } =
    [
        "kind", .. Envelope.Fields, "recv",
        "price", "qty", "trade_no", "money", "trade_type", "buyer", "seller", "is_edit",
        "bid", "bid_qty", "ask", "ask_qty",
        "first_update", "last_update", "previous_update", "levels",
        "code", "side", "side_from", "flags",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["tick", "quote", "book", "top", "mark", "state", "clock"];

    /// <inheritdoc/>
    public override void Write(in MarketEvent value, IFieldWriter fields)
    {
        fields.Choice("kind", value.Kind);
        fields.Envelop(_market, value.Symbol, value.EventTime, value.Sequence);
        if (value.ReceiveTime != 0)
        {
            fields.Time("recv", value.ReceiveTime);
        }

        switch (value.Kind)
        {
            case EventKind.Trade:
                WriteTrade(in value, fields);
                break;
            case EventKind.Quote or EventKind.BookTop:
                fields.Fixed("bid", value.Price);
                fields.Fixed("bid_qty", value.Quantity);
                fields.Fixed("ask", value.AskPrice);
                fields.Fixed("ask_qty", value.AskQuantity);
                break;
            case EventKind.BookUpdate or EventKind.BookSnapshot:
                fields.Whole("first_update", value.FirstUpdateId);
                fields.Whole("last_update", value.LastUpdateId);
                fields.Whole("previous_update", value.PreviousUpdateId);
                fields.Whole("levels", value.LevelCount);
                break;
            case EventKind.BookLevel:
                fields.Fixed("price", value.Price);
                fields.Fixed("qty", value.Quantity);
                break;
            case EventKind.MarkPrice:
                fields.Fixed("price", value.Price);
                break;
            case EventKind.State:
                fields.Whole("code", value.TradeNumber);
                break;
        }

        if (value.Side != Side.None || value.Kind == EventKind.Trade)
        {
            fields.Choice("side", value.Side);
        }

        if (value.SideSource != SideSource.Unknown)
        {
            fields.Choice("side_from", value.SideSource);
        }

        if ((value.Flags & OtherFlags) != 0)
        {
            fields.Text("flags", FlagTexts[(int)value.Flags]);
        }
    }

    /// <inheritdoc/>
    public override MarketEvent Read(IFieldReader fields)
    {
        var value = new MarketEvent
        {
            Kind = fields.Choice("kind", EventKind.Trade),
            Symbol = fields.Symbol(_market),
            EventTime = fields.Time("ts"),
            Sequence = fields.Whole("seq"),
            ReceiveTime = fields.Time("recv"),
            Side = fields.Choice("side", Side.None),
            SideSource = fields.Choice("side_from", SideSource.Unknown),
            Flags = ReadFlags(fields),
        };
        switch (value.Kind)
        {
            case EventKind.Trade:
                ReadTrade(fields, ref value);
                break;
            case EventKind.Quote or EventKind.BookTop:
                value.Price = fields.Fixed("bid");
                value.Quantity = fields.Fixed("bid_qty");
                value.AskPrice = fields.Fixed("ask");
                value.AskQuantity = fields.Fixed("ask_qty");
                break;
            case EventKind.BookUpdate or EventKind.BookSnapshot:
                value.FirstUpdateId = fields.Whole("first_update");
                value.LastUpdateId = fields.Whole("last_update");
                value.PreviousUpdateId = fields.Has("previous_update") ? fields.Whole("previous_update") : -1;
                value.LevelCount = fields.Whole32("levels");
                break;
            case EventKind.BookLevel:
                value.Price = fields.Fixed("price");
                value.Quantity = fields.Fixed("qty");
                break;
            case EventKind.MarkPrice:
                value.Price = fields.Fixed("price");
                break;
            case EventKind.State:
                value.TradeNumber = fields.Whole("code");
                break;
        }

        return value;
    }

    /// <summary>
    /// Trades are named by their number where they have one. A correction is another event than the trade it corrects, so its number is
    /// negative.
    /// </summary>
    public override EventAddress AddressOf(in MarketEvent value) => new(ChannelOf(value.Kind), _market.Symbols.Name(value.Symbol), value.EventTime, NumberOf(in value));

    /// <inheritdoc/>
    public override int Stretch(ReadOnlySpan<MarketEvent> events, out EventAddress first, out EventAddress last)
    {
        first = last = AddressOf(in events[0]);
        ref readonly var head = ref events[0];
        if (head.Has(EventFlags.Edit))
        {
            return 1; // its number counts down
        }

        // Every event that is stored goes through this loop, so it makes no addresses, and what is the same all the way is tested first.
        var (isTrade, isBook) = (head.Kind == EventKind.Trade, IsBook(head.Kind));
        var same = isBook ? SymbolAndEdit : SymbolAndEdit | KindBits;
        var tail = head.Tail & same;
        var byTradeNumber = isTrade && head.TradeNumber != 0;
        var (time, number) = (first.EventTime, first.Number);
        var count = 1;
        for (; count < events.Length; count++)
        {
            ref readonly var next = ref events[count];
            if ((next.Tail & same) != tail || (isBook && !IsBook(next.Kind)) || (isTrade && (next.TradeNumber != 0) != byTradeNumber))
            {
                break;
            }

            var nextNumber = byTradeNumber ? next.TradeNumber : next.Sequence;
            if (next.EventTime < time || (next.EventTime == time && nextNumber <= number))
            {
                break;
            }

            time = next.EventTime;
            number = nextNumber;
        }

        last = first with { EventTime = time, Number = number };
        return count;
    }

    /// <summary>The number in an event's address.</summary>
    public static long NumberOf(in MarketEvent value) =>
        value.Kind == EventKind.Trade && value.TradeNumber != 0 ? value.Has(EventFlags.Edit) ? -value.TradeNumber : value.TradeNumber : value.Sequence;

    private static bool IsBook(EventKind kind) => kind is EventKind.BookUpdate or EventKind.BookSnapshot or EventKind.BookLevel;

    private static string ChannelOf(EventKind kind) => kind switch
    {
        EventKind.Trade => "tick",
        EventKind.Quote => "quote",
        _ when IsBook(kind) => "book",
        // A channel of its own: a top has the sequence of the level that ended its message, and addresses must differ.
        EventKind.BookTop => "top",
        EventKind.MarkPrice => "mark",
        EventKind.State => "state",
        EventKind.Clock => "clock",
        _ => "none",
    };

    private void WriteTrade(in MarketEvent value, IFieldWriter fields)
    {
        fields.Fixed("price", value.Price);
        fields.Fixed("qty", value.Quantity);
        fields.Whole("trade_no", value.TradeNumber);
        fields.Real("money", Scaled.ToDouble(value.Price) * Scaled.ToDouble(value.Quantity) * _multipliers[value.Symbol]);
        fields.Whole("trade_type", value.Side switch { Side.Buy => 2, Side.Sell => 3, _ => 0 });
        fields.Whole("buyer", value.Buyer);
        fields.Whole("seller", value.Seller);
        fields.Whole("is_edit", value.Has(EventFlags.Edit) ? 1 : 0);
    }

    private static void ReadTrade(IFieldReader fields, ref MarketEvent value)
    {
        value.Price = fields.Fixed("price");
        value.Quantity = fields.Fixed("qty");
        value.TradeNumber = fields.Whole("trade_no");
        value.Buyer = fields.Whole32("buyer");
        value.Seller = fields.Whole32("seller");
        if (!fields.Has("side"))
        {
            value.Side = fields.Whole("trade_type") switch { 2 => Side.Buy, 3 => Side.Sell, _ => Side.None };
        }

        value.Flags |= fields.Whole("is_edit") != 0 ? EventFlags.Edit : EventFlags.None;
    }

    private static EventFlags ReadFlags(IFieldReader fields)
    {
        var set = EventFlags.None;
        foreach (var word in fields.Text("flags").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var found = Array.Find(Flags, f => f.Word == word).Flag;
            set |= found != EventFlags.None ? found : throw new FieldException("flags", $"found '{word}'. Legal: {string.Join(", ", Flags.Select(f => f.Word))}, with spaces between them.");
        }

        return set;
    }
}
