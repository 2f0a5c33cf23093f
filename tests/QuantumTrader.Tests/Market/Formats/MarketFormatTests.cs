using System.Runtime.InteropServices;
using QuantumTrader.Market;
using QuantumTrader.Market.Sources;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Pipelines;

namespace QuantumTrader.Tests.Market;

public sealed class MarketFormatTests : FormatContract<MarketEvent>
{
    protected override EventFormat<MarketEvent> Format { get; } = new MarketFormat(Market);

    protected override MarketEvent Make(Dice dice)
    {
        var value = new MarketEvent
        {
            Kind = dice.Choice<EventKind>(), Symbol = dice.Below(3), EventTime = dice.Time(), ReceiveTime = dice.Below(2) * dice.Time(), Sequence = dice.Whole(),
            Side = dice.Choice<Side>(), SideSource = dice.Choice<SideSource>(), Flags = (EventFlags)dice.Below(256),
        };
        switch (value.Kind)
        {
            case EventKind.Trade:
                (value.Price, value.Quantity, value.TradeNumber, value.Buyer, value.Seller) = (dice.Scaled(), dice.Scaled(), dice.Whole(), dice.Whole32(), dice.Whole32());
                break;
            case EventKind.Quote or EventKind.BookTop:
                (value.Price, value.Quantity, value.AskPrice, value.AskQuantity) = (dice.Scaled(), dice.Scaled(), dice.Scaled(), dice.Scaled());
                break;
            case EventKind.BookUpdate or EventKind.BookSnapshot:
                (value.FirstUpdateId, value.LastUpdateId, value.PreviousUpdateId, value.LevelCount) = (dice.Whole(), dice.Whole(), dice.Whole(), dice.Whole32());
                break;
            case EventKind.BookLevel:
                (value.Price, value.Quantity) = (dice.Scaled(), dice.Scaled());
                break;
            case EventKind.MarkPrice:
                value.Price = dice.Scaled();
                break;
            case EventKind.State:
                value.TradeNumber = dice.Whole();
                break;
        }

        // Only a trade can be an edit.
        value.Flags &= value.Kind == EventKind.Trade ? (EventFlags)255 : ~EventFlags.Edit;
        return value;
    }

    protected override void ShouldBeSame(MarketEvent read, MarketEvent written) => Bytes(read).ShouldBe(Bytes(written));

    [Fact]
    public void A_trade_has_the_fields_of_the_bus() =>
        Print(new MarketEvent
        {
            Kind = EventKind.Trade, Symbol = 1, Sequence = 7, EventTime = 1_723_118_400_250_000_000, Price = Scaled.FromDouble(5000.5), Quantity = Scaled.FromDouble(3),
            TradeNumber = 12, Buyer = 3, Seller = 85, Side = Side.Sell, SideSource = SideSource.Flag, Flags = EventFlags.Historical | EventFlags.EndOfMessage,
        }).ShouldBe("kind=trade symbol=WDOX ts=2024-08-08T12:00:00.25Z seq=7 price=5000.5 qty=3 trade_no=12 money=150015 trade_type=3 buyer=3 seller=85 is_edit=0 side=sell side_from=flag flags=end_of_message historical");

    [Fact]
    public void The_side_of_a_trade_may_be_given_by_its_type()
    {
        Read(("price", "1"), ("trade_type", "2")).Side.ShouldBe(Side.Buy);
        Read(("price", "1"), ("trade_type", "3")).Side.ShouldBe(Side.Sell);
        Read(("side", "buy"), ("trade_type", "3")).Side.ShouldBe(Side.Buy);
    }

    [Fact]
    public void What_is_not_given_is_a_trade_about_nobody_when_there_are_several_symbols()
    {
        Read().ShouldSatisfyAllConditions(e => e.Kind.ShouldBe(EventKind.Trade), e => e.Symbol.ShouldBe(0), e => e.EventTime.ShouldBe(0));
        Read(("kind", "book_update")).PreviousUpdateId.ShouldBe(-1);
        var single = new MarketFormat(MarketContext.Of(new TradingCalendar(), new Instrument("WDOX", 0.5m, 10m, 1m)));
        single.Read(new TextFieldReader(new Dictionary<string, string>())).Symbol.ShouldBe(1);
    }

    [Theory]
    [InlineData("kind", "trad", "found 'trad'. Legal: none, trade, quote, book_update, book_snapshot, book_level, book_top, mark_price, state, clock. Did you mean 'trade'?")]
    [InlineData("flags", "gap edit", "found 'edit'. Legal: end_of_message, snapshot, crossed, locked, historical, off_market, gap, with spaces between them.")]
    [InlineData("buyer", "4000000000", "found 4000000000. Legal: -2147483648 to 2147483647.")]
    public void A_word_that_is_not_known_is_refused(string field, string text, string message)
    {
        var error = Should.Throw<FieldException>(() => Read((field, text)));
        (error.Field, error.Message).ShouldBe((field, message));
    }

    [Theory]
    [InlineData(EventKind.Trade, "tick")]
    [InlineData(EventKind.BookLevel, "book")]
    [InlineData(EventKind.BookTop, "top")]
    [InlineData(EventKind.BookSnapshot, "book")]
    [InlineData(EventKind.Quote, "quote")]
    [InlineData(EventKind.State, "state")]
    [InlineData(EventKind.MarkPrice, "mark")]
    public void Each_kind_has_its_channel(EventKind kind, string channel) => Format.AddressOf(new MarketEvent { Kind = kind }).Channel.ShouldBe(channel);

    [Fact]
    public void A_trade_is_named_by_its_number_and_its_correction_is_another_event()
    {
        var trade = new MarketEvent { Kind = EventKind.Trade, Symbol = 2, EventTime = 5, Sequence = 9, TradeNumber = 12 };
        Format.AddressOf(trade).ShouldBe(new EventAddress("tick", "WDOZ", 5, 12));
        Format.AddressOf(trade with { Flags = EventFlags.Edit }).Number.ShouldBe(-12);
        Format.AddressOf(trade with { TradeNumber = 0 }).Number.ShouldBe(9);
        Format.AddressOf(trade with { Kind = EventKind.State }).Number.ShouldBe(9);
    }

    [Fact]
    public void A_stretch_has_one_channel_and_symbol_and_addresses_that_grow()
    {
        var random = new Random(5);
        var (lengths, symbol, time, number) = (new List<int>(), 1, 1000L, 100L);
        EventKind[] kinds = [EventKind.Trade, EventKind.Quote, EventKind.BookUpdate, EventKind.BookLevel];
        var (events, kind) = (new MarketEvent[50_000], EventKind.Trade);
        for (var i = 0; i < events.Length; i++)
        {
            kind = random.Next(8) == 0 ? kinds[random.Next(kinds.Length)] : kind;
            symbol = random.Next(30) == 0 ? 3 - symbol : symbol;
            time += random.Next(40) == 0 ? -1 : random.Next(2);
            number += random.Next(40) == 0 ? 0 : 1;
            events[i] = new MarketEvent
            {
                Kind = kind, Symbol = symbol, EventTime = time, Sequence = i - (random.Next(40) == 0 ? 5 : 0), TradeNumber = random.Next(40) == 0 ? 0 : number,
                Flags = random.Next(40) == 0 ? EventFlags.Edit : EventFlags.None,
            };
        }

        for (var at = 0; at < events.Length; at += lengths[^1])
        {
            lengths.Add(Format.Stretch(events.AsSpan(at), out var first, out var last));
            var addresses = events.Skip(at).Take(lengths[^1]).Select(e => Format.AddressOf(in e)).ToList();
            (addresses[0], addresses[^1]).ShouldBe((first, last));
            addresses.ShouldAllBe(a => ReferenceEquals(a.Channel, first.Channel) && a.Symbol == first.Symbol);
            addresses.Zip(addresses.Skip(1)).ShouldAllBe(p => p.Second.EventTime > p.First.EventTime || (p.Second.EventTime == p.First.EventTime && p.Second.Number > p.First.Number));
        }

        lengths.Average().ShouldBeGreaterThan(3);
    }

    [Fact]
    public void A_book_message_is_one_stretch_whatever_its_parts() =>
        Format.Stretch([Book(EventKind.BookUpdate, 1), Book(EventKind.BookLevel, 2), Book(EventKind.BookLevel, 3), Book(EventKind.BookSnapshot, 4), Book(EventKind.BookTop, 5)], out _, out _).ShouldBe(4);

    private static MarketEvent Book(EventKind kind, long sequence) => new() { Kind = kind, Symbol = 1, EventTime = 7, Sequence = sequence };

    [Fact]
    public void Every_event_of_a_simulated_day_comes_back_byte_for_byte()
    {
        var market = Sources.Feed.Market("DEMO");
        var format = new MarketFormat(market);
        var source = new SimulatorSource(new SimulatorOptions { Seed = 7, Start = "2024-01-02", Days = 1, Rate = 0.2 }, market, Sources.Feed.Context());
        var events = Sources.Feed.ReadAll(source);

        events.Select(e => e.Kind).Distinct().Count().ShouldBeGreaterThan(3);
        foreach (var written in events)
        {
            ShouldBeSame(format.Read(new TextFieldReader(TextFieldWriter.Print(format, written))), written);
        }
    }

    [DataFact]
    public void Every_event_of_a_recording_comes_back_byte_for_byte()
    {
        var market = Sources.Feed.Market("BTCUSDT_PERP");
        var format = new MarketFormat(market);
        var source = new CaptureSource(
            new CaptureOptions { Path = [TestData.PathOf("binance/usdm/btcusdt_20240808.gz")], SymbolMap = new Dictionary<string, string> { ["BTCUSDT"] = "BTCUSDT_PERP" } }, market, Sources.Feed.Context());
        var output = new QuantumTrader.Dataflow.Output<MarketEvent>();
        source.Read(output, 20_000, CancellationToken.None).ShouldBeTrue();
        var events = output.ToArray();

        events.Length.ShouldBeGreaterThan(10_000);
        foreach (var written in events)
        {
            ShouldBeSame(format.Read(new TextFieldReader(TextFieldWriter.Print(format, written))), written);
        }
    }

    private MarketEvent Read(params (string Field, string Text)[] fields) => Format.Read(new TextFieldReader(fields.ToDictionary(f => f.Field, f => f.Text)));

    private string Print(MarketEvent value) => string.Join(' ', TextFieldWriter.Print(Format, value).Select(f => $"{f.Key}={f.Value}"));

    private static byte[] Bytes(MarketEvent value) => MemoryMarshal.AsBytes(new ReadOnlySpan<MarketEvent>(in value)).ToArray();
}
