using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.Storage.Valkey;
using MarketFeed = QuantumTrader.Tests.Market.Feed;

namespace QuantumTrader.Tests.Storage.Valkey;

[Collection("valkey")]
public sealed class ValkeyStoreTests(SharedServer shared)
{
    [ValkeyFact]
    public void Trades_come_back_as_they_were_stored_to_the_nanosecond()
    {
        var server = shared.Empty();
        using var store = Stored.Open(server);
        var trades = Stored.Trades(3000, 0.75);
        trades[7].EventTime += 3;
        trades[8].EventTime += 1234;
        trades[9].ReceiveTime = trades[9].EventTime + 55;
        trades[10].Buyer = 308;
        trades[11].Flags = EventFlags.OffMarket;
        store.Store(trades);

        var (events, answer) = store.Read();

        MarketFeed.Bytes(events.ToArray()).ShouldBe(MarketFeed.Bytes(trades));
        answer.Count.ShouldBe(3000);
        (answer.First, answer.Last).ShouldBe((trades[0].EventTime, trades[^1].EventTime));
        answer.Gaps.ShouldBeEmpty();
    }

    [ValkeyFact]
    public void Any_program_sees_the_keys_and_fields_of_the_table()
    {
        var server = shared.Empty();
        using var store = Stored.Open(server);
        store.Store(Stored.Trade(0.25, 7));
        store.Append<MarketEvent>([MarketFeed.Quote(1, 99.5, 100) with { Sequence = 8 }, .. MarketFeed.Snapshot(2, 5, (-99.5, 3))], Stored.Format);
        store.Append<Candle>([new Candle { Symbol = 1, StartTime = MarketFeed.Start, EndTime = MarketFeed.Time(60_000), Open = Scaled.One, High = 2 * Scaled.One, Low = Scaled.One / 2, Close = Scaled.One, Volume = Scaled.One, Trades = 4 }], new CandleFormat(Stored.Market));
        store.Flush();

        server.Cli("--no-raw", "SCAN", "0", "TYPE", "stream", "COUNT", "1000").ShouldSatisfyAllConditions(
            keys => keys.ShouldContain("\"qt:tick:A\""), keys => keys.ShouldContain("\"qt:quote:A\""), keys => keys.ShouldContain("\"qt:book:A\""), keys => keys.ShouldContain("\"qt:bar:1m:A\""));
        server.Cli("XRANGE", "qt:tick:A", "-", "+").Split('\n')[..13].ShouldBe(["1723075200000-0", "kind", "trade", "symbol", "A", "ts_us", "1723075200000250", "seq", "7", "price", "100", "qty", "2"]);
        server.Cli("XRANGE", "qt:bar:1m:A", "-", "+").ShouldContain("o\n1\nh\n2\nl\n0.5\nc\n1\nv\n1\n");
    }

    [ValkeyFact]
    public void Many_trades_of_one_millisecond_are_all_stored_and_all_found()
    {
        // Ids <ms>-0 lost every trade of a millisecond but the first, and a range that ended at <ms>-0 lost all but the first of its last one.
        var server = shared.Empty();
        using var store = Stored.Open(server);
        store.Store([.. Enumerable.Range(0, 5000).Select(i => Stored.Trade(i / 5, i + 1))]);

        server.Cli("XLEN", "qt:tick:A").Trim().ShouldBe("5000");
        store.Numbers(0, 1000).Length.ShouldBe(5000);
        store.Numbers(0, 999).Length.ShouldBe(4995);
        store.Numbers(999, 1000).ShouldBe([4996, 4997, 4998, 4999, 5000]);
    }

    [ValkeyFact]
    public void A_range_is_half_open_to_the_nanosecond()
    {
        using var store = Stored.Open(shared.Empty());
        var trades = Stored.Trades(3);
        trades[1].EventTime = trades[0].EventTime + 1;
        trades[2].EventTime = trades[0].EventTime + 2;
        store.Store(trades);

        var found = new List<long>();
        store.Query(new StoreQuery("tick", "A", trades[0].EventTime + 1, trades[0].EventTime + 2), Stored.Format, page =>
        {
            found.AddRange(page.ToArray().Select(e => e.TradeNumber));
            return true;
        });
        found.ShouldBe([2]);
    }

    [ValkeyFact]
    public void A_late_trade_is_found_in_its_place()
    {
        var server = shared.Empty();
        using var store = Stored.Open(server, o => o with { MaxLatenessMs = 1000 });
        store.Store(Stored.Trade(0, 1), Stored.Trade(5000, 2));
        store.Append<MarketEvent>([Stored.Trade(4500, 3), Stored.Trade(4999.5, 4), Stored.Trade(6000, 5)], Stored.Format).Late.ShouldBe(0);
        store.Flush();

        store.Numbers().ShouldBe([1, 3, 4, 2, 5]);
        store.Numbers(4400, 5000).ShouldBe([3, 4], "their ids are later than the range");
        server.Cli("XRANGE", "qt:tick:A", "1723075205000", "1723075205000").Split('\n').Count(l => l.StartsWith("1723075205000-", StringComparison.Ordinal)).ShouldBe(3);
    }

    [ValkeyFact]
    public void What_is_too_late_goes_to_a_side_stream_and_is_counted_and_found()
    {
        var server = shared.Empty();
        using var store = Stored.Open(server, o => o with { MaxLatenessMs = 1000 });
        store.Store(Stored.Trades(100, 60_000, firstNumber: 1000, startMs: 0));
        var late = store.Append<MarketEvent>([Stored.Trade(30_000, 1), Stored.Trade(10_000, 2), Stored.Trade(4_000_000, 3)], Stored.Format);
        store.Flush();

        late.ShouldBe(new StoreAppend(3, 0, 3));
        server.Cli("XLEN", "qt:tick:A:late:2024080800").Trim().ShouldBe("2");
        server.Cli("XLEN", "qt:tick:A:late:2024080801").Trim().ShouldBe("1");
        store.Numbers(0, 120_000).ShouldBe([1000, 2, 1, 1001]);
        var all = store.Read().Events;
        all.Count.ShouldBe(103);
        all.Select(e => e.EventTime).ShouldBe(all.Select(e => e.EventTime).Order());
        // A whole history that comes after the present takes the same way, and is stored once.
        store.Append<MarketEvent>([Stored.Trade(10_000, 2)], Stored.Format).Repeated.ShouldBe(1);
    }

    [ValkeyFact]
    public void Storing_the_same_twice_has_no_effect_even_from_another_process()
    {
        var server = shared.Empty();
        var trades = Stored.Trades(20_000, 0.2);
        using (var store = Stored.Open(server))
        {
            store.Store(trades);
            store.Append<MarketEvent>(trades, Stored.Format).ShouldBe(new StoreAppend(0, 20_000, 0));
        }

        using var second = Stored.Open(server, o => o with { MaxLatenessMs = 500 });
        second.Append<MarketEvent>(trades, Stored.Format).Repeated.ShouldBe(20_000);
        second.Append<MarketEvent>([Stored.Trade(4000.1, 70_000)], Stored.Format).Stored.ShouldBe(1);
        second.Flush();
        second.Read().Answer.Count.ShouldBe(20_001);
    }

    [ValkeyFact]
    public void Packed_entries_hold_the_same_events_in_a_fraction_of_the_entries()
    {
        var server = shared.Empty();
        using var store = Stored.Open(server, o => o with { Pack = 100 });
        var trades = Stored.Trades(10_000, 0.3);
        trades[4].EventTime += 7;
        store.Store(trades);

        server.Cli("XLEN", "qt:tick:A").Trim().ShouldBe("100");
        MarketFeed.Bytes(store.Read().Events.ToArray()).ShouldBe(MarketFeed.Bytes(trades));
        store.Numbers(1000, 1003).ShouldBe(trades.Where(t => t.EventTime >= MarketFeed.Time(1000) && t.EventTime < MarketFeed.Time(1003)).Select(t => t.TradeNumber));
        store.Append<MarketEvent>(trades, Stored.Format).Repeated.ShouldBe(10_000);
        // Whoever reads does not need to know how it was written.
        using var plain = Stored.Open(server);
        plain.Store(Stored.Trade(5000, 20_000));
        plain.Read().Answer.Count.ShouldBe(10_001);
    }

    [ValkeyFact]
    public void A_pack_never_spans_more_time_than_a_query_reads_beyond_its_end()
    {
        using var store = Stored.Open(shared.Empty(), o => o with { Pack = 128, MaxLatenessMs = 1000 });
        store.Store(Stored.Trades(600, 100));

        for (var from = 0; from < 60_000; from += 7_000)
        {
            store.Numbers(from, from + 100).ShouldBe([(from / 100) + 1]);
        }
    }

    [ValkeyFact]
    public void A_query_ends_where_it_is_told_to_and_says_what_the_range_holds()
    {
        using var store = Stored.Open(shared.Empty());
        store.Store(Stored.Trades(5000, 20));

        store.Read(atMost: 10).Answer.Count.ShouldBe(10);
        var pages = 0;
        store.Query(new StoreQuery("tick", "A", 0, long.MaxValue), Stored.Format, _ => ++pages < 2).Count.ShouldBeLessThan(5000);
        store.Read(100_000, 200_000).Answer.ShouldSatisfyAllConditions(a => a.Count.ShouldBe(0), a => a.First.ShouldBe(0));
        store.Read(symbol: "B").Answer.Count.ShouldBe(0);
        store.Read().Answer.Count.ShouldBe(5000, "the connection is as good as before");
    }

    [ValkeyFact]
    public void Old_events_are_trimmed_by_time_and_the_safety_limit_is_counted()
    {
        var server = shared.Empty();
        using var store = Stored.Open(server, o => o with { RetentionDays = new Dictionary<string, int> { ["tick"] = 1, ["quote"] = 1 }, MaxEntries = 3000 });
        const double day = 86_400_000;
        store.Store(Stored.Trades(100, 1000));
        store.Store(Stored.Trades(5000, 1, 1000, 3 * day));

        server.Cli("XRANGE", "qt:tick:A", "-", "+", "COUNT", "1").ShouldNotStartWith("1723075200");
        store.Read().Events[0].EventTime.ShouldBeGreaterThan(MarketFeed.Time(2 * day));
        store.Report().CutOff.ShouldBeGreaterThan(0);
        int.Parse(server.Cli("XLEN", "qt:tick:A")).ShouldBeLessThan(4100);
        store.Append<MarketEvent>([Stored.Trade(5, 9_999_999)], Stored.Format).Stored.ShouldBe(0);
        store.Report().Refused["older_than_retention"].ShouldBe(1);
    }

    [ValkeyFact]
    public void A_key_of_another_type_costs_its_own_events_and_nothing_else()
    {
        var server = shared.Empty();
        server.Cli("SET", "qt:tick:A", "mine");
        using var store = Stored.Open(server);
        store.Store(Stored.Trade(1, 1), Stored.Trade(2, 2, symbol: 2), Stored.Trade(3, 3));

        store.Report().Refused["foreign_key"].ShouldBe(2);
        store.Read(symbol: "B").Answer.Count.ShouldBe(1);
        Should.Throw<StoreException>(() => store.Read()).Message.ShouldContain("no stream");
        server.Cli("GET", "qt:tick:A").Trim().ShouldBe("mine");
        store.Store(Stored.Trade(4, 4, symbol: 2));
        server.Cli("SET", "qt:tick:B", "mine too");
        store.Store(Stored.Trade(5, 5, symbol: 2));
        store.Report().Refused["foreign_key"].ShouldBe(3);
    }

    [ValkeyFact]
    public void A_sink_counts_what_the_store_refuses_under_its_reason()
    {
        var server = shared.Empty();
        server.Cli("SET", "qt:tick:A", "mine");
        using var store = Stored.Open(server);
        using var sink = new StoreSink<MarketEvent>(new StoreSinkOptions(), () => store, Stored.Format, TimeProvider.System);
        sink.Start();
        sink.Observe(Run<MarketEvent>.Of([Stored.Trade(1, 1), Stored.Trade(2, 2, symbol: 2), Stored.Trade(3, 3), Stored.Trade(4, 4, symbol: 2) with { EventTime = -1 }]));
        server.Cli("SET", "qt:tick:B", "mine too");
        sink.Observe(Run<MarketEvent>.Of([Stored.Trade(5, 5, symbol: 2)]));
        sink.Complete();

        sink.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["before_1970"] = 1, ["foreign_key"] = 3 }, ignoreOrder: true);
        var report = (StoreSinkReport)sink.Report()!;
        report.Stored.ShouldBe(1);
        report.Channels["tick"].Events.ShouldBe(1, "what was refused was not stored");
    }

    [ValkeyFact]
    public void Foreign_entries_are_passed_over_and_said()
    {
        var server = shared.Empty();
        server.Cli("XADD", "qt:tick:A", "1723075200000-0", "init", "true");
        server.Cli("XADD", "qt:tick:A", "1723075200001-0", "ts_us", "1723075200001000", "price", "much");
        using var store = Stored.Open(server);
        store.Store(Stored.Trade(2, 1));

        var (events, answer) = store.Read();

        events.Select(e => e.TradeNumber).ShouldBe([1]);
        answer.Gaps.Count.ShouldBe(2);
        answer.Gaps[1].Reason.ShouldContain("'much'");
        server.Cli("XRANGE", "qt:tick:A", "-", "+", "COUNT", "10").Split('\n').Count(l => l.Contains("init", StringComparison.Ordinal)).ShouldBe(1, "the store makes none itself");
    }

    [ValkeyFact]
    public void Streams_of_older_programs_can_be_read()
    {
        var server = shared.Empty();
        server.Cli("XADD", "stream:ticks:A", "1723075200000-0", "init", "true");
        server.Cli("XADD", "stream:ticks:A", "1723075200005-0", "symbol", "A", "price", "61496.5", "volume", "2", "trade_type", "2");
        server.Cli("XADD", "ticks:A:realtime", "1723075200006-0", "price", "1.5", "quantity", "3");
        server.Cli("XADD", "market_data:A", "1723075200007-0", "price", "2.5", "qty", "4");
        using var code = Stored.Open(server, o => o with { KeyProfile = KeyProfile.Code });
        using var guide = Stored.Open(server, o => o with { KeyProfile = KeyProfile.Guide });
        using var hmarl = Stored.Open(server, o => o with { KeyProfile = KeyProfile.Hmarl });

        var trade = code.Read().Events.ShouldHaveSingleItem();
        (trade.EventTime, trade.Price, trade.Quantity, trade.Side).ShouldBe((MarketFeed.Time(5), 6149650000000, 2 * Scaled.One, Side.Buy));
        guide.Read().Events.ShouldHaveSingleItem().Quantity.ShouldBe(3 * Scaled.One);
        hmarl.Read().Events.ShouldHaveSingleItem().Quantity.ShouldBe(4 * Scaled.One);
    }

    [ValkeyFact]
    public void Two_writers_of_one_stream_lose_nothing()
    {
        var server = shared.Empty();
        using var first = Stored.Open(server);
        using var second = Stored.Open(server);
        first.Store(Stored.Trade(0, 1));
        second.Store(Stored.Trade(1, 2));
        for (var i = 1; i <= 50; i++)
        {
            first.Append<MarketEvent>([Stored.Trade(i * 10, 1000 + i)], Stored.Format);
            second.Append<MarketEvent>([Stored.Trade((i * 10) - 5, 2000 + i)], Stored.Format);
            first.Flush();
            second.Flush();
        }

        first.Read().Answer.Count.ShouldBe(102);
        (first.Report().Conflicts + second.Report().Conflicts).ShouldBeGreaterThan(0);
    }

    [ValkeyFact]
    public void The_status_names_streams_and_what_is_wrong_with_the_server()
    {
        var server = shared.Empty();
        using var store = Stored.Open(server);
        store.Store(Stored.Trades(100));
        server.Cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
        server.Cli("CONFIG", "SET", "maxmemory", "1gb");
        try
        {
            var status = store.Status();
            status.Streams.ShouldBe([new StoreStream("tick", "A", 100, MarketFeed.Time(0), MarketFeed.Time(99))]);
            status.Bytes.ShouldBeGreaterThan(1000);
            using var again = Stored.Open(server);
            again.Findings.ShouldHaveSingleItem().ShouldContain("maxmemory-policy is allkeys-lru");
        }
        finally
        {
            server.Cli("CONFIG", "SET", "maxmemory-policy", "noeviction");
            server.Cli("CONFIG", "SET", "maxmemory", "0");
        }
    }

    [ValkeyFact]
    public void The_status_asks_the_set_of_streams_and_never_walks_the_keys()
    {
        var server = shared.Empty();
        using var store = Stored.Open(server);
        store.Store(Stored.Trades(100));
        server.Cli("CONFIG", "RESETSTAT");
        store.Status().Streams.Count.ShouldBe(1);

        var commands = server.Cli("INFO", "commandstats").Split('\n').Select(l => l.Split(':')[0]).ToList();
        commands.ShouldContain("cmdstat_smembers");
        commands.ShouldNotContain("cmdstat_keys");
        commands.ShouldNotContain("cmdstat_scan");
    }

    [ValkeyFact]
    public void A_thousand_trades_share_a_round_trip()
    {
        var server = shared.Empty();
        using var store = Stored.Open(server);
        store.Store(Stored.Trades(1));
        server.Cli("CONFIG", "RESETSTAT");
        store.Store(Stored.Trades(20_000, 1, firstNumber: 2, startMs: 10));

        // The server reads at most 16 kB at a time; an entry has some 250 bytes.
        var stats = server.Cli("INFO", "stats").Split('\n').Select(l => l.Trim().Split(':')).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1]);
        long.Parse(stats["total_commands_processed"]).ShouldBeGreaterThanOrEqualTo(20_000);
        long.Parse(stats["total_reads_processed"]).ShouldBeLessThan(20_000 / 20);
    }

    [ValkeyFact]
    public void Several_connections_keep_the_order_of_every_symbol()
    {
        var server = shared.Empty();
        using var store = Stored.Open(server, o => o with { Connections = 4, Pipeline = 10 });
        store.Store([.. Enumerable.Range(0, 4000).Select(i => Stored.Trade(i / 2, i + 1, 1 + (i % 2)))]);

        foreach (var symbol in new[] { "A", "B" })
        {
            var numbers = server.Cli("XRANGE", $"qt:tick:{symbol}", "-", "+").Split('\n').Where((l, i) => l == "trade_no").Count();
            numbers.ShouldBe(2000);
            store.Read(symbol: symbol).Events.Select(e => e.TradeNumber).ShouldBeInOrder();
        }
    }
}
