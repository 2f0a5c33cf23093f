using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll;

namespace QuantumTrader.Tests.ProfitDll;

[Collection("ProfitDll")]
public sealed class SourceTests
{
    [Theory]
    [InlineData(TradeFeed.Auto)]
    [InlineData(TradeFeed.V1)]
    public void A_trade_comes_with_all_that_the_feed_says_of_it(TradeFeed trades)
    {
        using var sim = new ProfitFixture();
        var source = sim.Source(new ProfitDllSourceOptions { Trades = trades, Undated = UndatedTime.Feed });

        // The upper bits of a 16-bit flag may hold anything.
        var events = sim.Play(
            source, "garbage 1", "clock 15/08/2025 10:00:00.250", "trade WDOU25 5432.5 7 39 120 2", "trade WDOU25 5433 1 1 2 3", "trade WDOV25 5500 2 1 2 13", "trade WDOU25 5433 4 1 2 8");

        events.Length.ShouldBe(4);
        var first = events[0];
        first.Kind.ShouldBe(EventKind.Trade);
        Iso(first.EventTime).ShouldBe("2025-08-15T13:00:00.2500000Z", "the exchange's clock is three hours behind");
        (Scaled.ToDecimal(first.Price), Scaled.ToDecimal(first.Quantity), first.TradeNumber, first.Buyer, first.Seller).ShouldBe((5432.5m, 7m, 1, 39, 120));
        first.ReceiveTime.ShouldBeGreaterThan(first.EventTime);
        events.Select(e => (e.Side, e.SideSource, e.Symbol, e.Flags)).ShouldBe(
        [
            (Side.Buy, SideSource.Flag, 1, EventFlags.None), (Side.Sell, SideSource.Flag, 1, EventFlags.None), (Side.None, SideSource.Unknown, 2, EventFlags.None),
            (Side.None, SideSource.Unknown, 1, EventFlags.OffMarket),
        ]);
        sim.Events.Select(e => e.Sequence).ShouldBe(Enumerable.Range(1, sim.Events.Count).Select(i => (long)i));
    }

    [Theory]
    [InlineData(TradeFeed.Auto)]
    [InlineData(TradeFeed.V1)]
    public void Edits_are_marked_and_empty_trades_dropped(TradeFeed trades)
    {
        using var sim = new ProfitFixture();
        var source = sim.Source(new ProfitDllSourceOptions { Trades = trades, Undated = UndatedTime.Feed });
        var events = sim.Play(source, "garbage 1", "zero WDOU25", "trade WDOU25 5432.5 7", "edit WDOU25 1 5433.5 9", "again WDOU25");
        events.Select(e => (e.TradeNumber, Scaled.ToDecimal(e.Price), Scaled.ToDecimal(e.Quantity), e.Flags)).ShouldBe(
            [(1, 5432.5m, 7m, EventFlags.None), (1, 5433.5m, 9m, EventFlags.Edit), (1, 5433.5m, 9m, EventFlags.None)]);
        source.Accounts.Dropped["empty_trade"].ShouldBe(1);
    }

    [Fact]
    public void Every_other_callback_becomes_what_the_reference_says()
    {
        using var sim = new ProfitFixture("asset WDOV25 5600 1 5");
        var source = sim.Source();
        var events = sim.Play(
            source, "trade WDOU25 5432.5 7", "tiny WDOU25 0 5432 3", "tiny WDOU25 1 5433 4", "tiny WDOU25 0 5432.5 1", "theoretical WDOU25 5431 17",
            "daily WDOU25 5400 5450 5390 5440", "daily WDOU25 5400 5450 5390 5440", "status WDOU25 4", "state 1 3", "health 1", "invalid WDOV25", "progress WDOU25 50");

        events.Skip(1).Select(e => e.Kind).ShouldBe([EventKind.Quote, EventKind.Quote, EventKind.MarkPrice, EventKind.MarkPrice, EventKind.State, EventKind.State]);
        events.Select(e => e.EventTime).Distinct().Count().ShouldBe(1, "what has no time gets that of the trade before");
        Quote(events[1]).ShouldBe((5432m, 3m, 5433m, 4m));
        Quote(events[2]).ShouldBe((5432.5m, 1m, 5433m, 4m));
        (Scaled.ToDecimal(events[3].Price), Scaled.ToDecimal(events[3].Quantity)).ShouldBe((5431m, 17m));
        (Scaled.ToDecimal(events[4].Price), Scaled.ToDecimal(events[4].Quantity)).ShouldBe((5441m, 0m), "the settlement comes once, although the daily figures came twice");
        (events[5].TradeNumber, events[5].Symbol).ShouldBe((10_004, 1));
        (events[6].TradeNumber, events[6].Symbol).ShouldBe((1003, 0));
        source.Accounts.Dropped["one_sided_quote"].ShouldBe(1);
        var report = ProfitFixture.Report(source);
        report.Days["WDOU25"].ShouldBe(new QuantumTrader.ProfitDll.Decoding.DailyReport(5400, 5450, 5390, 5440, 5441, 5550, 5290, 13));
        report.States.ShouldBe([0, 3, 4, 0]);
        source.Accounts.NoteCounts.Keys.ShouldBe(["feed_frozen", "instrument_differs", "invalid_ticker"], ignoreOrder: true);
        source.Accounts.Notes.Single(n => n.Code == "instrument_differs").Message.ShouldContain("WDOV25: the feed says tick 1 and multiplier 5");
    }

    [Fact]
    public void A_refused_login_ends_the_run_with_its_reason_and_without_the_secrets()
    {
        using var sim = new ProfitFixture("reject 2");
        var source = sim.NewSource();
        Environment.SetEnvironmentVariable("PROFITDLL_PASSWORD", "hunter2");
        try
        {
            source.Start();
            var error = Should.Throw<InvalidOperationException>(() => sim.ReadUntil(source, () => false, "the login must fail"));
            error.Message.ShouldBe("The login was refused: wrong password (2). Check PROFITDLL_USER, PROFITDLL_PASSWORD and PROFITDLL_KEY.");
            error.ToString().ShouldNotContain("hunter2");
        }
        finally
        {
            Environment.SetEnvironmentVariable("PROFITDLL_PASSWORD", null);
        }
    }

    [Fact]
    public void A_ticker_that_the_server_does_not_know_yet_is_asked_for_again()
    {
        using var sim = new ProfitFixture();
        var market = MarketContext.Of(ProfitFixture.B3, new Instrument("WINV25", 5m, 0.2m, 1m));
        using var source = new ProfitDllSource(
            new ProfitDllSourceOptions(), new BlockContext("feed", new SectionContext(".", "."), TimeProvider.System), market, sim.Login);
        source.Start();
        sim.ReadUntil(source, () => source.Accounts.NoteCounts.ContainsKey("subscribe_ticker_refused"), "the refusal must be noted");
        sim.Run("asset WINV25 130000 5 0.2");
        sim.ReadUntil(source, () => ProfitFixture.Report(source).Subscriptions == 1, "it must be tried again");
        source.Accounts.Notes[0].Message.ShouldBe("WINV25: NL_INVALID_TICKER; tried again later.");
    }

    [Fact]
    public void One_process_has_one_source()
    {
        using var sim = new ProfitFixture();
        sim.Source();
        using var other = new ProfitFixture();
        Should.Throw<ConfigurationException>(() => other.NewSource().Start()).Message.ShouldStartWith("Another source.profitdll is running");
    }

    [Fact]
    public void States_that_oscillate_while_it_logs_in_subscribe_once_and_those_of_its_end_say_nothing()
    {
        using var sim = new ProfitFixture();
        var source = sim.Source();
        sim.Play(source, "trade WDOU25 5432.5 7", "state 1 2", "state 1 4", "state 1 5", "state 2 5", "state 2 4", "state 2 4");
        var report = ProfitFixture.Report(source);
        (report.Subscriptions, report.States[1], report.States[2]).ShouldBe((1, 5, 4));
        source.Dispose();
        ProfitFixture.Report(source).States.ShouldBe([0, 5, 4, 0], "result 1 of the login means now that the session is over");
        source.Accounts.NoteCounts.ContainsKey("feed_down").ShouldBeFalse();
    }

    [Theory]
    [InlineData(TradeFeed.Auto, 0)]
    [InlineData(TradeFeed.V1, 0)]
    [InlineData(TradeFeed.Auto, 1)]
    public void A_feed_that_dies_in_mid_session_comes_back_with_no_gap_and_no_double(TradeFeed trades, int unanswered)
    {
        using var sim = new ProfitFixture();
        var source = sim.Source(new ProfitDllSourceOptions { Trades = trades, Undated = UndatedTime.Feed, HistoryTimeoutSeconds = 0.3 });
        for (var fall = 0; fall < 3; fall++)
        {
            sim.Play(source, "mixed WDOU25 400 20", "trades WDOV25 20");
            // What comes before the death is noticed is lost too.
            sim.Play(source, "skip WDOU25 7", $"stick {unanswered}", "drop", "mixed WDOU25 300 20", "restore");
            sim.AwaitSubscription(source);
            // Live trades before the past is there.
            sim.Play(source, "mixed WDOU25 200 20", "edit WDOU25 1 5000.5 3");
            sim.ReadUntil(source, () => source.Gauges[1].Value == 0, "what was held must go on");
        }

        sim.Play(source, "trade WDOU25 5500 1");
        var normalizer = new NormalizeOperator(new NormalizeOptions(), sim.Market);
        var ordered = QuantumTrader.Tests.Market.Feed.Drive(normalizer, sim.Events);
        var numbers = ordered.Where(e => e is { Kind: EventKind.Trade, Symbol: 1 } && !e.Has(EventFlags.Edit)).Select(e => e.TradeNumber).ToList();
        numbers.ShouldBe(Enumerable.Range(1, (int)sim.Prints()).Select(i => (long)i));
        source.Accounts.NoteCounts["feed_down"].ShouldBe(3);
        ProfitFixture.Report(source).HistoryRequests.ShouldBeGreaterThanOrEqualTo(6 + (3 * unanswered));
    }

    [Fact]
    public void The_days_before_come_first_day_by_day_and_live_trades_wait_for_them()
    {
        using var sim = new ProfitFixture("clock 15/08/2025 09:30:00", "past WDOU25 13/08/2025 50", "past WDOU25 14/08/2025 60", "past WDOV25 14/08/2025 5");
        var source = sim.NewSource(new ProfitDllSourceOptions { HistoryDays = 2, Undated = UndatedTime.Feed });
        source.Start();
        sim.ReadUntil(source, () => sim.Count(Counter.Subscribed) >= 2, "it must subscribe");
        sim.Run("trade WDOU25 5432.5 7", "trade WDOV25 5432.5 7");
        sim.ReadUntil(source, () => sim.Events.Any(e => e.Kind == EventKind.Trade && !e.Has(EventFlags.Historical)), "live trades must follow");
        sim.ReadRest(source);

        var trades = sim.Events.Where(e => e.Kind == EventKind.Trade).ToList();
        trades.Count(e => e.Has(EventFlags.Historical)).ShouldBeInRange(115, 117, "the two of today may be in the answer for today");
        var live = trades.FindIndex(e => !e.Has(EventFlags.Historical));
        trades.FindLastIndex(e => e.Has(EventFlags.Historical)).ShouldBeLessThan(live);
        ProfitFixture.Report(source).HistoryRequests.ShouldBe(6, "three days of two symbols, those without trades answered too");
    }

    [Fact]
    public void A_request_that_is_never_answered_is_given_up_and_noted()
    {
        using var sim = new ProfitFixture("clock 15/08/2025 09:30:00", "past WDOU25 15/08/2025 5");
        var source = sim.Source(new ProfitDllSourceOptions { HistoryTimeoutSeconds = 0.2, Undated = UndatedTime.Feed });
        sim.Play(source, "trade WDOU25 5500 1", "trade WDOV25 5500 1", "stick 6", "drop", "restore");
        sim.ReadUntil(source, () => source.Accounts.NoteCounts.GetValueOrDefault("history_missing") == 2, "it must be noted");
        sim.Play(source, "trade WDOU25 5501 1").Last().TradeNumber.ShouldBe(2, "live trades go on");
    }

    [Fact]
    public void A_silent_feed_is_noted_once()
    {
        using var sim = new ProfitFixture();
        var source = sim.Source(new ProfitDllSourceOptions { SilenceSeconds = 0.05, Undated = UndatedTime.Feed });
        sim.ReadUntil(source, () => source.Accounts.NoteCounts.ContainsKey("feed_silent"), "the silence must be noted");
        sim.Play(source, "trade WDOU25 5500 1");
        sim.ReadUntil(source, () => source.Accounts.NoteCounts["feed_silent"] == 2, "the next one too");
    }

    [Theory]
    [InlineData(1000)]
    public void Connections_come_and_go_without_a_leak(int cycles) => Cycle(cycles);

    [Fact]
    [Trait("Category", "Slow")]
    public void Ten_thousand_connections_come_and_go_without_a_leak() => Cycle(10_000);

    [Theory]
    [InlineData(WhenFull.DropNewest)]
    [InlineData(WhenFull.DropOldest)]
    public void A_ring_that_is_full_loses_callbacks_counts_them_and_asks_for_the_book_again(WhenFull whenFull)
    {
        using var sim = new ProfitFixture();
        var source = sim.NewSource(new ProfitDllSourceOptions { Ring = 1024, Book = BookFeed.Offers, Undated = UndatedTime.Feed }, whenFull);
        source.Start();
        sim.AwaitSubscription(source);
        sim.Play(source, "trade WDOU25 5500 1", "offers WDOU25 200");
        sim.Run("offers WDOU25 3000", "trades WDOU25 100");
        sim.Wait();
        var waiting = (long)source.Gauges[0].Value;
        waiting.ShouldBe(1024);
        sim.ReadRest(source);
        sim.Play(source, "trades WDOU25 1");
        sim.ReadUntil(source, () => sim.Events[^1].Has(EventFlags.Snapshot), "the book must come whole again");

        var report = ProfitFixture.Report(source);
        report.Lost.ShouldBe(3100 - 1024);
        source.Accounts.Dropped["ring_full"].ShouldBe(report.Lost);
        BookTests.ShouldBeTheTruth(sim, what: 0);
    }

    private static void Cycle(int cycles)
    {
        using var sim = new ProfitFixture();
        var source = sim.Source(new ProfitDllSourceOptions { Book = BookFeed.Offers, FillGaps = false, Undated = UndatedTime.Feed });
        sim.Play(source, "trade WDOU25 5500 1", "offers WDOU25 50", "cycles 200");
        sim.ReadUntil(source, () => Subscribed() > 1, "it must subscribe again");
        sim.Wait();
        sim.Events.Clear();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var handles = Directory.GetFiles("/proc/self/fd").Length;
        for (var done = 0; done < cycles; done += 200)
        {
            sim.Play(source, "cycles 200", "offers WDOU25 10");
            sim.Events.Clear();
        }

        sim.Play(source, "drop", "restore");
        var last = Subscribed();
        sim.ReadUntil(source, () => Subscribed() >= last, "it must go on");
        (GC.GetTotalMemory(forceFullCollection: true) - before).ShouldBeLessThan(2_000_000);
        (Directory.GetFiles("/proc/self/fd").Length - handles).ShouldBeLessThan(20);
        sim.Wait();
        sim.Count(Counter.BlocksOut).ShouldBe(0);

        int Subscribed() => ProfitFixture.Report(source).Subscriptions;
    }

    private static (decimal Bid, decimal BidQuantity, decimal Ask, decimal AskQuantity) Quote(MarketEvent e) =>
        (Scaled.ToDecimal(e.BidPrice), Scaled.ToDecimal(e.BidQuantity), Scaled.ToDecimal(e.AskPrice), Scaled.ToDecimal(e.AskQuantity));

    private static string Iso(long time) => DateTime.UnixEpoch.AddTicks(time / 100).ToString("o", System.Globalization.CultureInfo.InvariantCulture);
}
