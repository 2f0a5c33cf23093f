using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.Tests.Storage;

/// <summary>What every event store promises. Each kind of store inherits it.</summary>
public abstract class EventStoreContract : IDisposable
{
    protected const long Second = 1_000_000_000;
    protected const long Noon = 1_723_118_400 * Second; // 2024-08-08T12:00:00Z

    private IEventStore? _store;

    protected static MarketContext Market { get; } = MarketContext.Of(new TradingCalendar(), new Instrument("WDOU25", 0.5m, 10, 1), new Instrument("WINV25", 5, 0.2m, 1));

    protected static EventFormat<MarketEvent> Format { get; } = new MarketFormat(Market);

    protected static EventFormat<Candle> Candles { get; } = new CandleFormat(Market);

    /// <summary>Opens the store of this test, or opens it again with what is in it.</summary>
    protected abstract IEventStore Open();

    protected IEventStore Store => _store ??= Open();

    protected void Reopen()
    {
        _store?.Dispose();
        _store = Open();
    }

    public virtual void Dispose()
    {
        _store?.Dispose();
        _store = null;
        GC.SuppressFinalize(this);
    }

    protected static MarketEvent Trade(long time, long number, int symbol = 1, long sequence = 0) => new()
    {
        Kind = EventKind.Trade, EventTime = time, TradeNumber = number, Symbol = symbol, Sequence = sequence == 0 ? number : sequence,
        Price = 5000 * Scaled.One, Quantity = number * Scaled.One, Side = Side.Buy, SideSource = SideSource.Flag,
    };

    protected StoreAppend Append(params MarketEvent[] events) => Store.Append<MarketEvent>(events, Format);

    protected (List<MarketEvent> Events, StoreAnswer Answer) Ticks(long from, long to, string symbol = "WDOU25", long atMost = long.MaxValue)
    {
        var found = new List<MarketEvent>();
        var answer = Store.Query(new StoreQuery("tick", symbol, from, to) { AtMost = atMost }, Format, page =>
        {
            found.AddRange(page);
            return true;
        });
        answer.Count.ShouldBe(found.Count);
        return (found, answer);
    }

    private static void ShouldBeInOrder(IEnumerable<MarketEvent> events) =>
        events.Zip(events.Skip(1)).ShouldAllBe(p => p.First.EventTime < p.Second.EventTime || (p.First.EventTime == p.Second.EventTime && p.First.TradeNumber < p.Second.TradeNumber));

    [ContractFact]
    public void Five_trades_in_every_millisecond_are_all_stored()
    {
        var trades = Enumerable.Range(0, 1000).Select(i => Trade(Noon + (i / 5 * 1_000_000L), i + 1)).ToArray();
        Append(trades).Stored.ShouldBe(1000);

        Ticks(Noon, Noon + Second).Events.Select(e => e.TradeNumber).ShouldBe(Enumerable.Range(1, 1000).Select(i => (long)i));
    }

    [ContractFact]
    public void What_is_read_is_what_was_written()
    {
        var trade = Trade(Noon + 123, 7) with { Buyer = 3, Seller = 8, ReceiveTime = Noon + 500, Flags = EventFlags.OffMarket };
        Append(trade);

        Ticks(Noon, Noon + Second).Events.ShouldHaveSingleItem().ToString().ShouldBe(trade.ToString());
        Ticks(Noon, Noon + Second).Events[0].ShouldBe(trade);
    }

    [ContractFact]
    public void A_late_trade_is_found_in_its_place()
    {
        Append([.. Enumerable.Range(0, 500).Select(i => Trade(Noon + (i * Second), i + 1))]);
        Append(Trade(Noon + (Second / 2), 1000)).Stored.ShouldBe(1);
        Append(Trade(Noon + (400 * Second) + 5, 1001), Trade(Noon + (500 * Second), 1002), Trade(Noon + (3 * Second), 1003));

        var (events, _) = Ticks(Noon, Noon + (1000 * Second));
        events.Count.ShouldBe(504);
        ShouldBeInOrder(events);
        events[1].TradeNumber.ShouldBe(1000);
    }

    [ContractFact]
    public void The_range_is_half_open()
    {
        Append([.. Enumerable.Range(0, 10).Select(i => Trade(Noon + i, i + 1))]);

        Ticks(Noon + 2, Noon + 5).Events.Select(e => e.TradeNumber).ShouldBe([3, 4, 5]);
        Ticks(Noon + 2, Noon + 2).Events.ShouldBeEmpty();
        Ticks(Noon, Noon + 1).Events.Count.ShouldBe(1);
    }

    [ContractFact]
    public void The_last_entry_of_a_millisecond_is_in_a_range_that_ends_behind_it()
    {
        Append([.. Enumerable.Range(0, 5000).Select(i => Trade(Noon + (i / 5 * 1_000_000L), i + 1))]);

        Ticks(Noon, Noon + Second).Events.Count.ShouldBe(5000);
        Ticks(Noon, Noon + (999 * 1_000_000L)).Events.Count.ShouldBe(999 * 5);
    }

    [ContractFact]
    public void A_store_to_which_nothing_was_appended_answers_with_nothing()
    {
        var (events, answer) = Ticks(long.MinValue, long.MaxValue);

        events.ShouldBeEmpty();
        (answer.Count, answer.First, answer.Last, answer.Gaps.Count).ShouldBe((0L, 0L, 0L, 0));
    }

    [ContractFact]
    public void A_wide_query_begins_with_the_first_event_and_nothing_made_up()
    {
        Append(Trade(Noon, 1), Trade(Noon + Second, 2));

        var (events, answer) = Ticks(0, 4_000_000_000 * Second);
        events.Select(e => e.EventTime).ShouldBe([Noon, Noon + Second]);
        events.ShouldAllBe(e => e.Price == 5000 * Scaled.One);
        (answer.First, answer.Last).ShouldBe((Noon, Noon + Second));
        answer.Gaps.ShouldBeEmpty("nothing else was stored");
    }

    [ContractFact]
    public void Times_are_those_of_the_events_whenever_they_are_stored()
    {
        var longAgo = 1_000_000_000 * Second; // 2001
        Append(Trade(longAgo, 1));

        Ticks(longAgo, longAgo + 1).Events.ShouldHaveSingleItem().EventTime.ShouldBe(longAgo);
        Ticks(longAgo + 1, long.MaxValue).Events.ShouldBeEmpty();
    }

    [ContractFact]
    public void A_trade_that_is_appended_again_changes_nothing()
    {
        var trades = Enumerable.Range(0, 300).Select(i => Trade(Noon + (i / 3 * 1_000_000L), i + 1)).ToArray();
        Append(trades).ShouldBe(new StoreAppend(300, 0, 0));
        Append(trades).ShouldBe(new StoreAppend(0, 300, 0));
        Append(trades[7], trades[7], Trade(Noon + Second, 500), Trade(Noon + Second, 500)).Stored.ShouldBe(1);

        Ticks(Noon, Noon + (2 * Second)).Events.Count.ShouldBe(301);
    }

    [ContractFact]
    public void A_trade_that_is_appended_again_after_a_restart_changes_nothing()
    {
        var trades = Enumerable.Range(0, 300).Select(i => Trade(Noon + (i / 3 * 1_000_000L), i + 1)).ToArray();
        Append(trades);
        Store.Flush();
        Reopen();

        Append(trades).Repeated.ShouldBe(300);
        Append(Trade(Noon + Second, 301)).Stored.ShouldBe(1);
        Ticks(Noon, Noon + (2 * Second)).Events.Count.ShouldBe(301);
    }

    [ContractFact]
    public void Symbols_and_channels_do_not_mix()
    {
        Append(Trade(Noon, 1), Trade(Noon, 1, symbol: 2), new MarketEvent { Kind = EventKind.Quote, Symbol = 1, EventTime = Noon, Sequence = 9, Price = 1, AskPrice = 2 });

        Ticks(Noon, Noon + 1).Events.ShouldHaveSingleItem().Symbol.ShouldBe(1);
        Ticks(Noon, Noon + 1, "WINV25").Events.ShouldHaveSingleItem().Symbol.ShouldBe(2);
        Store.Query(new StoreQuery("quote", "WDOU25", Noon, Noon + 1), Format, _ => true).Count.ShouldBe(1);
        Store.Query(new StoreQuery("quote", "WINV25", Noon, Noon + 1), Format, _ => true).Count.ShouldBe(0);
    }

    [ContractFact]
    public void Candles_of_several_lengths_are_kept_beside_the_ticks()
    {
        var minute = new Candle { Symbol = 1, StartTime = Noon, EndTime = Noon + (60 * Second), Open = 1, High = 4, Low = 1, Close = 3, Volume = 10, BuyVolume = 6, SellVolume = 4, Trades = 5, Sequence = 77 };
        var five = minute with { EndTime = Noon + (300 * Second), Close = 2 };
        Store.Append<Candle>([minute, five], Candles).Stored.ShouldBe(2);
        Append(Trade(Noon, 1));

        var found = new List<Candle>();
        Store.Query(new StoreQuery("bar:1m", "WDOU25", Noon, Noon + (3600 * Second)), Candles, page => { found.AddRange(page); return true; });
        found.ShouldBe([minute]);
        Store.Query(new StoreQuery("bar:5m", "WDOU25", Noon, Noon + (3600 * Second)), Candles, page => { found.AddRange(page); return true; });
        found.ShouldBe([minute, five]);
    }

    [ContractFact]
    public void A_query_ends_after_as_many_events_as_were_asked_for_or_when_its_reader_has_enough()
    {
        Append([.. Enumerable.Range(0, 10_000).Select(i => Trade(Noon + i, i + 1))]);

        Ticks(Noon, Noon + Second, atMost: 10).Events.Select(e => e.TradeNumber).ShouldBe(Enumerable.Range(1, 10).Select(i => (long)i));
        var pages = 0;
        Store.Query(new StoreQuery("tick", "WDOU25", Noon, Noon + Second), Format, _ => ++pages < 1);
        pages.ShouldBe(1);
    }

    [ContractFact]
    public void What_was_flushed_is_there_when_the_store_is_opened_again()
    {
        Append([.. Enumerable.Range(0, 1000).Select(i => Trade(Noon + i, i + 1))]);
        Store.Flush();
        Reopen();

        Ticks(Noon, Noon + Second).Events.Count.ShouldBe(1000);
        var status = Store.Status();
        status.Streams.Single(s => s.Channel == "tick" && s.Symbol == "WDOU25").Count.ShouldBe(1000);
    }
}
