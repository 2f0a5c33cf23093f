using QuantumTrader.App.Views;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App.Views;

/// <summary>What the market page keeps of a symbol, event by event.</summary>
public sealed class SymbolMarketTests
{
    private const long Minute = 60_000_000_000;
    private const long Day = 24 * 60 * Minute;

    private readonly SymbolMarket _market = new(1, MarketContext.Of(new TradingCalendar(), new Instrument("X", 0.5m, 1, 1)), BookStart.Snapshot);
    private long _sequence;

    private void Take(long time, EventKind kind, double price = 0, double quantity = 1, Side side = Side.Buy, long number = 0, EventFlags flags = 0, double ask = 0)
    {
        var e = new MarketEvent
        {
            Sequence = ++_sequence, EventTime = time, Kind = kind, Symbol = 1, Side = side, Flags = flags, Price = Scaled.FromDouble(price), Quantity = Scaled.FromDouble(quantity),
        };
        e = kind is EventKind.Trade ? e with { TradeNumber = number } : kind is not (EventKind.BookTop or EventKind.Quote) ? e : e with { AskPrice = Scaled.FromDouble(ask), AskQuantity = Scaled.One };
        _market.Take(in e);
    }

    [Fact]
    public void The_cumulative_delta_begins_anew_with_the_trading_day()
    {
        Take(Day - (2 * Minute), EventKind.Trade, 100, 5);
        Take(Day - Minute, EventKind.Trade, 100, 2, Side.Sell);
        Take(Day + Minute, EventKind.Trade, 100, 4, Side.Sell);
        Take(Day + (2 * Minute), EventKind.Trade, 100, 1);

        _market.Candles().Where(c => c.Value.Volume > 0).Select(c => (c.Value.Delta, c.Value.CumulativeDelta)).ShouldBe([(5m, 5m), (-2m, 3m), (-4m, -4m), (1m, -3m)]);
    }

    [Fact]
    public void However_long_a_run_lasts_120_candles_8_footprints_and_50_trades_are_kept()
    {
        for (var i = 0; i < 300; i++)
        {
            Take(i * Minute, EventKind.Trade, 100 + i);
        }

        _market.Candles().Keys.ShouldBe(Enumerable.Range(180, 120).Select(i => IsoTime.ToText(i * Minute)));
        _market.Footprint().Keys.ShouldBe(Enumerable.Range(292, 8).Select(i => IsoTime.ToText(i * Minute)));
        _market.Tape().Values.Select(t => t.Price).ShouldBe(Enumerable.Range(350, 50).Select(p => (decimal)p));
    }

    [Fact]
    public void Edits_and_trades_from_outside_the_market_are_not_on_the_tape_and_an_edit_is_in_its_candle()
    {
        Take(1, EventKind.Trade, 100, 1, number: 1);
        Take(2, EventKind.Trade, 500, 9, number: 2, flags: EventFlags.OffMarket);
        Take(3, EventKind.Trade, 101, 4, number: 1, flags: EventFlags.Edit);

        _market.Tape().Values.Select(t => t.Price).ShouldBe([100m]);
        _market.Candles().Values.ShouldBe([new CandleDocument(101, 101, 101, 101, 4, 4, 4)]);
        _market.Footprint().Values.Single().ShouldHaveSingleItem().ShouldSatisfyAllConditions(l => l.Key.ShouldBe("101"), l => l.Value.ShouldBe([4m, 0m]));
    }

    [Fact]
    public void A_book_with_a_hole_in_it_is_not_shown()
    {
        Take(1, EventKind.BookSnapshot, flags: EventFlags.Snapshot);
        Take(1, EventKind.BookLevel, 99, 1, Side.Buy, flags: EventFlags.Snapshot);
        Take(1, EventKind.BookLevel, 101, 2, Side.Sell, flags: EventFlags.Snapshot | EventFlags.EndOfMessage);
        var book = _market.Book(10).ShouldNotBeNull();
        (book.Bids.ShouldHaveSingleItem()[0], book.Asks.ShouldHaveSingleItem()[0], book.Asks[0][1]).ShouldBe((99m, 101m, 2m));

        _market.Lose();
        _market.Book(10).ShouldBeNull();
    }

    [Fact]
    public void A_quote_counts_until_there_are_tops_of_a_book_and_neither_when_it_is_locked()
    {
        Take(1, EventKind.Quote, 99, ask: 101);
        _market.Quote.ShouldBe((Scaled.FromDouble(99), Scaled.FromDouble(101)));
        Take(2, EventKind.BookTop, 99.5, ask: 100.5);
        Take(3, EventKind.Quote, 90, ask: 110);
        _market.Quote.ShouldBe((Scaled.FromDouble(99.5), Scaled.FromDouble(100.5)));
        Take(4, EventKind.BookTop, 100, ask: 100);
        _market.Quote.ShouldBeNull();
        Take(5, EventKind.BookTop, 101, ask: 100);
        _market.Quote.ShouldBeNull();
    }
}
