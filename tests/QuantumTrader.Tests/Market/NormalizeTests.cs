using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using static QuantumTrader.Tests.Market.Feed;

namespace QuantumTrader.Tests.Market;

public sealed class NormalizeTests
{
    [Fact]
    public void Events_are_sorted_by_time_and_numbered_from_one()
    {
        var output = Block().Drive(Numbered(Trade(10), Trade(30), Trade(20), Trade(5)));

        output.Select(e => e.EventTime).ShouldBe([Time(5), Time(10), Time(20), Time(30)]);
        output.Select(e => e.Sequence).ShouldBe([1L, 2, 3, 4]);
    }

    [Fact]
    public void Nothing_goes_on_before_it_is_older_than_the_newest_by_more_than_the_lateness()
    {
        var block = Block(latenessMs: 10);

        block.Drive([Trade(0), Trade(10)], complete: false).ShouldBeEmpty();
        block.Held.ShouldBe(2);
        block.Drive([Trade(10.000001)], complete: false).Length.ShouldBe(1);
    }

    [Fact]
    public void With_no_lateness_nothing_is_held_and_what_is_older_is_late()
    {
        var block = Block(latenessMs: 0);

        block.Drive([Trusted(Trade(10)), Trade(9), Trade(10), Trade(11)], complete: false).Length.ShouldBe(3);
        block.Held.ShouldBe(0);
        block.Accounts.Dropped["late"].ShouldBe(1);
        block.Accounts.NoteCounts["clock_back"].ShouldBe(1);
    }

    [Fact]
    public void An_event_that_is_very_late_still_goes_on_when_nothing_newer_has()
    {
        var block = Block(latenessMs: 10);

        block.Drive([Trade(0), Trade(1000), Trade(500)]).Select(e => e.EventTime).ShouldBe([Time(0), Time(500), Time(1000)]);
        block.Accounts.DroppedTotal.ShouldBe(0);
    }

    [Fact]
    public void Trades_of_one_time_go_by_number_in_the_places_that_trades_have()
    {
        var output = Block().Drive([Trade(0, 3), Quote(0, 1, 2), Trade(0, 1), Trade(0, 9, symbol: 2), Trade(0, 2)]);

        output.Select(e => (e.Kind, e.Symbol, e.Kind == EventKind.Trade ? e.TradeNumber : 0)).ShouldBe(
            [(EventKind.Trade, 1, 1L), (EventKind.Quote, 1, 0), (EventKind.Trade, 1, 2), (EventKind.Trade, 2, 9), (EventKind.Trade, 1, 3)]);
    }

    [Fact]
    public void A_book_message_stays_whole_among_trades_of_its_time()
    {
        MarketEvent[] input = [Trade(5, 2), .. Update(5, 1, 1, -1, (-1, 1), (2, 1)), Trade(5, 1), Trade(4, 3)];

        var output = Block().Drive(input);

        output.Select(e => e.Kind).ShouldBe(
            [EventKind.Trade, EventKind.Trade, EventKind.BookUpdate, EventKind.BookLevel, EventKind.BookLevel, EventKind.Trade]);
        output[4].Has(EventFlags.EndOfMessage).ShouldBeTrue();
        output.Where(e => e.Kind == EventKind.Trade).Select(e => e.TradeNumber).ShouldBe([3L, 1, 2]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2000)]
    public void Messages_of_two_symbols_that_came_mixed_are_taken_apart(double latenessMs)
    {
        var a = Message(EventKind.BookUpdate, 1, 1, 1, -1, 1, (-1, 1), (-2, 1));
        var b = Message(EventKind.BookUpdate, 1, 1, 1, -1, 2, (-3, 1), (-4, 1));

        var output = Block(latenessMs: latenessMs).Drive([Trusted(Trade(0)), a[0], b[0], a[1], b[1], b[2], a[2]]);

        output.Select(e => e.Symbol).ShouldBe([1, 1, 1, 1, 2, 2, 2]);
        output.ShouldAllBe(e => !e.Has(EventFlags.Gap));
    }

    [Fact]
    public void A_level_takes_the_time_of_its_header()
    {
        var message = Update(5, 1, 1, -1, (-1, 1));
        message[1].EventTime = Time(7);

        Block().Drive(message).ShouldAllBe(e => e.EventTime == Time(5));
    }

    [Fact]
    public void A_trade_with_a_number_seen_on_its_day_is_dropped()
    {
        var block = Block();
        const double day = 86_400_000;

        var output = block.Drive([Trade(0, 7), Trade(1, 8), Trade(2, 7), Trade(3, 7, symbol: 2), Trade(4, 0), Trade(5, 0), Trade(day, 7), Trade(day + 1, 7)]);

        output.Length.ShouldBe(6);
        block.Accounts.Dropped["duplicate"].ShouldBe(2);
        ((NormalizeReport)block.Report()).Duplicates.ShouldBe(2);
    }

    [Theory]
    [InlineData("bad_kind")]
    [InlineData("bad_symbol")]
    [InlineData("bad_time")]
    [InlineData("bad_price")]
    [InlineData("bad_quantity")]
    public void Impossible_events_are_refused_under_their_reason(string reason)
    {
        MarketEvent[] bad = reason switch
        {
            "bad_kind" => [default, With(Trade(1), (ref MarketEvent e) => e.Kind = (EventKind)200)],
            "bad_symbol" => [Trade(1, symbol: 0), Trade(1, symbol: 3), Trade(1, symbol: -1)],
            "bad_time" => [With(Trade(1), (ref MarketEvent e) => e.EventTime = 0), With(Trade(1), (ref MarketEvent e) => e.EventTime = long.MinValue)],
            "bad_price" => [Trade(1, price: 0), Trade(1, price: -1), Trade(1, price: 1_000_001), Quote(1, 0, 1), Quote(1, 1, 1_000_001)],
            _ => [Trade(1, quantity: 0), Trade(1, quantity: -1), Trade(1, quantity: 1_000_000_001), With(Quote(1, 1, 2), (ref MarketEvent e) => e.AskQuantity = -1)],
        };
        var block = Block();

        block.Drive([Trade(0), .. bad, Trade(2)]).Length.ShouldBe(2);

        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { [reason] = bad.Length });
        block.Accounts.DeadLetters.Count.ShouldBe(bad.Length);
    }

    [Fact]
    public void A_clock_event_needs_no_symbol() => Block().Drive([Clock(1)]).Length.ShouldBe(1);

    [Fact]
    public void One_event_from_the_far_future_makes_nothing_after_it_late()
    {
        var block = Block(latenessMs: 0);

        var output = block.Drive([Trade(0), Trade(1), Trade(1e10), Trade(2), Trade(3)]);

        output.Select(e => e.EventTime).ShouldBe([Time(0), Time(1), Time(2), Time(3)]);
        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["bad_time"] = 1 });
        block.Held.ShouldBe(0);
    }

    [Fact]
    public void A_first_event_from_the_far_future_makes_nothing_after_it_late()
    {
        var block = Block();

        block.Drive([Trade(1e10), Trade(0), Trade(1)]).Length.ShouldBe(2);
        block.Accounts.Dropped["bad_time"].ShouldBe(1);
    }

    [Fact]
    public void After_a_weekend_no_event_is_lost()
    {
        var block = Block(latenessMs: 0);
        const double monday = 3 * 86_400_000.0;

        var output = block.Drive([Trade(0, 1), Trade(1, 2), Trade(monday, 3), Trade(monday + 1, 4), Trade(monday + 2, 3)]);

        output.Select(e => e.TradeNumber).ShouldBe([1L, 2, 3, 4]);
        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["duplicate"] = 1 });
    }

    [Fact]
    public void A_time_that_the_recorders_clock_confirms_goes_on_at_once()
    {
        var block = Block(latenessMs: 0);

        block.Drive([Trusted(Trade(0)), Trusted(Trade(3 * 86_400_000.0))], complete: false).Length.ShouldBe(2);
        block.Drive([Trade(0)], complete: false).ShouldBeEmpty();
        block.Accounts.Dropped["late"].ShouldBe(1);
    }

    [Fact]
    public void A_book_message_from_the_far_future_is_dropped_with_all_its_levels()
    {
        var block = Block();

        var output = block.Drive([Trade(0), Trade(1), .. Update(1e10, 0, 0, -1, (-1, 1), (-2, 1)), .. Update(2, 0, 0, -1, (-1, 1))]);

        output.Length.ShouldBe(4);
        output[2].Has(EventFlags.Gap).ShouldBeTrue();
        block.Accounts.Dropped["bad_time"].ShouldBe(3);
        block.Held.ShouldBe(0);
    }

    [Fact]
    public void Levels_that_come_after_their_header_was_found_false_are_dropped_with_it()
    {
        var block = Block();
        var message = Update(1e10, 5, 5, -1, (-1, 1), (-2, 1));

        block.Drive([Trade(0), Trade(1), .. message[..2], Trade(2), message[2], Trade(3)]).Length.ShouldBe(4);

        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["bad_time"] = 3 });
    }

    [Fact]
    public void A_full_buffer_does_not_let_a_time_go_that_no_other_has_confirmed()
    {
        var block = new NormalizeOperator(new NormalizeOptions { MaxHeld = 1 }, NewMarket());
        var message = Update(1e10, 5, 5, -1, (-1, 1), (-2, 1));

        block.Drive([Trusted(Trade(0)), .. message, Trade(2)]).Length.ShouldBe(2);

        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["bad_time"] = 3 });
    }

    [Fact]
    public void A_message_that_loses_a_level_goes_on_marked_and_whole()
    {
        var block = Block();
        var message = Update(1, 1, 1, -1, (-1, 1), (-2, 1), (-3, -1));

        var output = block.Drive(message);

        output.Length.ShouldBe(3);
        output[0].Has(EventFlags.Gap).ShouldBeTrue();
        output[^1].Has(EventFlags.EndOfMessage).ShouldBeTrue();
        block.Accounts.Dropped["bad_quantity"].ShouldBe(1);
    }

    [Fact]
    public void A_message_without_an_end_goes_on_marked_when_the_next_begins()
    {
        var block = Block();

        var output = block.Drive([.. Update(1, 1, 1, -1, (-1, 1), (-2, 1))[..2], .. Update(2, 2, 2, -1, (-1, 1))]);

        output.Select(e => e.Has(EventFlags.Gap)).ShouldBe([true, false, false, false]);
        output.Select(e => e.Has(EventFlags.EndOfMessage)).ShouldBe([false, true, false, true]);
        block.Accounts.NoteCounts["book_torn"].ShouldBe(1);
    }

    [Fact]
    public void Levels_without_a_header_are_dropped_and_the_next_update_says_so()
    {
        var block = Block();

        var output = block.Drive([Update(1, 0, 0, -1, (-1, 1))[1], .. Update(2, 0, 0, -1, (-1, 1)), .. Update(3, 0, 0, -1, (-1, 1))]);

        output.Select(e => e.Has(EventFlags.Gap)).ShouldBe([true, false, false, false]);
        block.Accounts.Dropped["torn_message"].ShouldBe(1);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(5, false)] // with ids the book sees the hole itself
    public void A_late_book_message_is_dropped_whole(long id, bool marks)
    {
        var block = Block(latenessMs: 0);

        var output = block.Drive([Trusted(Trade(8)), .. Update(10, id, id, -1, (-1, 1)), .. Update(9, id, id, -1, (-1, 1), (-2, 1)), .. Update(11, id, id, -1, (-1, 1))]);

        output.Length.ShouldBe(5);
        output[3].Has(EventFlags.Gap).ShouldBe(marks);
        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["late"] = 3 });
    }

    [Fact]
    public void A_book_message_that_only_other_events_have_overtaken_goes_on_at_the_time_reached()
    {
        var block = Block(latenessMs: 0);

        var output = block.Drive([Trusted(Trade(8)), .. Update(9, 0, 0, -1, (-1, 1)), Trade(20), .. Update(10, 0, 0, -1, (-2, 1)), .. Update(11, 0, 0, -1, (-3, 1))]);

        output.Length.ShouldBe(8);
        output[4..].ShouldAllBe(e => e.EventTime == Time(20) && !e.Has(EventFlags.Gap));
        block.Accounts.DroppedTotal.ShouldBe(0);
        ((NormalizeReport)block.Report()).Delayed.ShouldBe(2);
    }

    [Fact]
    public void An_edit_takes_the_place_of_its_trade_while_that_is_held()
    {
        var block = Block();

        var output = block.Drive([Trade(1, 5, price: 10), Trade(2, 6), Trade(3, 5, price: 11, quantity: 4, flags: EventFlags.Edit)]);

        output.Length.ShouldBe(2);
        output[0].EventTime.ShouldBe(Time(1));
        output[0].Price.ShouldBe(Scaled.FromDouble(11));
        output[0].Has(EventFlags.Edit).ShouldBeFalse();
        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["edited"] = 1 });
    }

    [Fact]
    public void An_edit_of_a_trade_that_is_gone_goes_on_at_the_time_reached()
    {
        var block = Block(latenessMs: 0);

        var output = block.Drive([Trusted(Trade(1, 5)), Trade(2, 6), Trade(1, 5, price: 11, flags: EventFlags.Edit)]);

        output.Length.ShouldBe(3);
        output[2].Has(EventFlags.Edit).ShouldBeTrue();
        output[2].EventTime.ShouldBe(Time(2));
        ((NormalizeReport)block.Report()).Edits.ShouldBe(1);
    }

    [Fact]
    public void A_missing_side_follows_from_the_last_price_change()
    {
        var output = Block().Drive([Trade(1, price: 10), Trade(2, price: 10), Trade(3, price: 11), Trade(4, price: 11), Trade(5, price: 10.5), Trade(6, price: 10.5), Trade(7, price: 1, symbol: 2)]);

        output.Select(e => e.Side).ShouldBe([Side.None, Side.None, Side.Buy, Side.Buy, Side.Sell, Side.Sell, Side.None]);
        output.Select(e => e.SideSource).ShouldBe(
            [SideSource.Unknown, SideSource.Unknown, SideSource.TickRule, SideSource.TickRule, SideSource.TickRule, SideSource.TickRule, SideSource.Unknown]);
    }

    [Fact]
    public void The_feeds_own_side_is_kept_and_marked_as_such()
    {
        var output = Block().Drive([Trade(1, price: 10), Trade(2, price: 11, side: Side.Sell), Trade(3, price: 11)]);

        output[1].Side.ShouldBe(Side.Sell);
        output[1].SideSource.ShouldBe(SideSource.Flag);
        output[2].Side.ShouldBe(Side.Buy);
    }

    [Fact]
    public void With_the_rule_flag_a_missing_side_stays_unknown() =>
        new NormalizeOperator(new NormalizeOptions { Side = SideRule.Flag }, NewMarket())
            .Drive([Trade(1, price: 10), Trade(2, price: 11)]).ShouldAllBe(e => e.Side == Side.None && e.SideSource == SideSource.Unknown);

    [Fact]
    public void A_trade_that_did_not_come_from_the_market_moves_no_direction()
    {
        var output = Block().Drive([Trade(1, price: 10), Trade(2, price: 12, flags: EventFlags.OffMarket), Trade(3, price: 11)]);

        output.Select(e => e.Side).ShouldBe([Side.None, Side.None, Side.Buy]);
    }

    [Fact]
    public void Crossed_and_locked_quotes_are_marked_and_counted()
    {
        var block = Block();

        block.Drive([Quote(1, 2, 1), Quote(2, 1, 1), Quote(3, 1, 2)]).Select(e => e.Flags).ShouldBe([EventFlags.Crossed, EventFlags.Locked, EventFlags.None]);
        var report = (NormalizeReport)block.Report();
        (report.Crossed, report.Locked, report.Quotes).ShouldBe((1, 1, 3));
    }

    [Fact]
    public void A_full_buffer_lets_the_oldest_go_early()
    {
        var block = new NormalizeOperator(new NormalizeOptions { MaxHeld = 2 }, NewMarket());

        block.Drive([Trade(1), Trade(2), Trade(3), Trade(4)], complete: false).Select(e => e.EventTime).ShouldBe([Time(1), Time(2)]);
        block.Accounts.NoteCounts["held_overflow"].ShouldBe(2);
        block.Held.ShouldBe(2);
    }

    [Fact]
    public void A_message_that_never_ends_cannot_outgrow_the_buffer()
    {
        var block = new NormalizeOperator(new NormalizeOptions { MaxHeld = 10 }, NewMarket());
        var header = Update(1, 1, 1, -1)[0] with { Flags = EventFlags.None };
        var level = Update(1, 1, 1, -1, (-1, 1))[1] with { Flags = EventFlags.None };

        block.Drive([Trade(0), Trade(0), header, .. Enumerable.Repeat(level, 100)], complete: false);

        block.Held.ShouldBeLessThanOrEqualTo(10);
        block.Accounts.NoteCounts.Keys.ShouldContain("book_torn");
    }

    [Fact]
    public void Any_shuffle_within_the_lateness_gives_the_sorted_feed() => Prop.ForAll<NonNegativeInt[], int>((steps, seed) =>
    {
        var input = Trades(steps);
        var random = new Random(seed);

        // Each event arrives up to 2 s after its time.
        var shuffled = input.Select(e => (e, Arrival: e.EventTime + random.NextInt64(2_000_000_000))).OrderBy(x => x.Arrival).Select(x => x.e).ToArray();

        var block = Block();
        Bytes(block.Drive(shuffled)).ShouldBe(Bytes(Block().Drive(input)));
        block.Accounts.DroppedTotal.ShouldBe(0);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_output_does_not_depend_on_how_the_input_is_cut() => Prop.ForAll<int, PositiveInt, bool>((seed, length, holds) =>
    {
        var input = Mess(seed);
        var latenessMs = holds ? 3 : 0;
        Bytes(Block(latenessMs).Drive(input, length.Get)).ShouldBe(Bytes(Block(latenessMs).Drive(input, int.MaxValue)));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Whatever_comes_in_goes_out_or_is_dropped_or_held_and_time_never_goes_back() => Prop.ForAll<int, bool, bool>((seed, holds, isSmall) =>
    {
        var input = Mess(seed);
        var block = new NormalizeOperator(new NormalizeOptions { MaxLatenessMs = holds ? 3 : 0, MaxHeld = isSmall ? 5 : 1000 }, NewMarket());

        var part = block.Drive(input[..(input.Length / 2)], complete: false);
        ((long)(input.Length / 2)).ShouldBe(part.Length + block.Accounts.DroppedTotal + block.Held);

        MarketEvent[] all = [.. part, .. block.Drive(input[(input.Length / 2)..])];
        ((long)input.Length).ShouldBe(all.Length + block.Accounts.DroppedTotal);
        block.Held.ShouldBe(0);
        all.Select(e => e.Sequence).ShouldBe(Enumerable.Range(1, all.Length).Select(i => (long)i));
        all.Zip(all.Skip(1)).ShouldAllBe(p => p.First.EventTime <= p.Second.EventTime);
        ShouldHaveWholeMessages(all);
    }).QuickCheckThrowOnFailure();

    private static void ShouldHaveWholeMessages(MarketEvent[] events)
    {
        var open = 0; // symbol of the open message
        foreach (var e in events)
        {
            (e.Kind == EventKind.BookLevel).ShouldBe(open != 0);
            if (open != 0)
            {
                e.Symbol.ShouldBe(open);
            }

            open = e.Kind is EventKind.BookLevel or EventKind.BookUpdate && !e.Has(EventFlags.EndOfMessage) ? e.Symbol : 0;
        }

        open.ShouldBe(0);
    }

    private static MarketEvent[] Trades(NonNegativeInt[] steps)
    {
        var time = 0.0;
        return Numbered(steps.Select((s, i) => Trade(time += s.Get % 3 == 0 ? 0 : s.Get * 37 % 900, i + 1, 100 + (s.Get % 5))));
    }

    /// <summary>All that can go wrong: disorder, repeats, edits, torn and mixed messages, impossible values, leaps in time.</summary>
    private static MarketEvent[] Mess(int seed)
    {
        var random = new Random(seed);
        var events = new List<MarketEvent>();
        for (var i = 0; i < 200; i++)
        {
            var time = (i / 4.0) + (random.NextDouble() * 4);
            var symbol = random.Next(1, 3);
            var number = random.Next(1, 60);
            switch (random.Next(12))
            {
                case 0:
                    events.Add(Trade(time, number, symbol: symbol, flags: EventFlags.Edit));
                    break;
                case 1:
                    events.Add(Quote(time, random.Next(3), 1 + random.Next(2), symbol));
                    break;
                case 2 or 3:
                    events.AddRange(Message(EventKind.BookUpdate, time, i, i, -1, symbol, (-1, 1), (-2, random.Next(-1, 3)), (3, 1)));
                    break;
                case 4:
                    var torn = Message(EventKind.BookUpdate, time, 0, 0, -1, symbol, (-1, 1), (-2, 1), (3, 1)).ToList();
                    torn.RemoveAt(random.Next(torn.Count));
                    events.AddRange(torn);
                    break;
                case 5:
                    var a = Message(EventKind.BookUpdate, time, 0, 0, -1, 1, (-1, 1), (-2, 1));
                    var b = Message(EventKind.BookUpdate, time, 0, 0, -1, 2, (-1, 1), (-2, 1));
                    events.AddRange(a.Zip(b).SelectMany(p => new[] { p.First, p.Second }));
                    break;
                case 6:
                    events.Add(Trade(random.Next(2) * 1e9, symbol: random.Next(-1, 4)));
                    break;
                case 7:
                    events.AddRange(Message(EventKind.BookUpdate, 1e9, 0, 0, -1, symbol, (-1, 1)));
                    break;
                default:
                    events.Add(Trade(time, random.Next(4) == 0 ? 0 : number, 99 + random.Next(3), symbol: symbol));
                    break;
            }
        }

        return Numbered(events);
    }

    private delegate void Change(ref MarketEvent e);

    private static MarketEvent With(MarketEvent e, Change change)
    {
        change(ref e);
        return e;
    }

    private static MarketEvent Trusted(MarketEvent e) => e with { ReceiveTime = e.EventTime };

    private static NormalizeOperator Block(double latenessMs = 2000) => new(new NormalizeOptions { MaxLatenessMs = latenessMs }, NewMarket());
}
