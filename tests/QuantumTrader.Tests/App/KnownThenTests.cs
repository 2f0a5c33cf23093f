using QuantumTrader.App.Commands;
using QuantumTrader.App.TimeTravel;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.Tests.Storage;

namespace QuantumTrader.Tests.App;

/// <summary>The book of a moment is the one that a replay from the beginning gives, and needs no such replay.</summary>
public sealed class KnownThenTests
{
    private const long Second = JournalFixture.Second;
    private const long Noon = JournalFixture.Noon;

    // One full book at the beginning, then updates whose ids follow each other, with trades between them; messages lie across segments.
    private static List<MarketEvent> Day(int messages)
    {
        var random = new Random(11);
        var events = new List<MarketEvent>();
        for (var m = 0; m < messages; m++)
        {
            var (time, levels) = (Noon + (m * Second), random.Next(1, 6));
            Add(new MarketEvent { Kind = m == 0 ? EventKind.BookSnapshot : EventKind.BookUpdate, FirstUpdateId = m + 1, LastUpdateId = m + 1, PreviousUpdateId = -1, LevelCount = levels });
            for (var l = 1; l <= levels; l++)
            {
                var side = random.Next(2) == 0 ? Side.Buy : Side.Sell;
                Add(new MarketEvent
                {
                    Kind = EventKind.BookLevel, Side = side, Price = (1000 - ((int)side * random.Next(1, 60))) * Scaled.One, Quantity = random.Next(4) * Scaled.One,
                    Flags = l == levels ? EventFlags.EndOfMessage : EventFlags.None,
                });
            }

            Add(new MarketEvent { Kind = EventKind.Trade, TradeNumber = m + 1, Price = 1000 * Scaled.One, Quantity = Scaled.One });

            void Add(MarketEvent e) => events.Add(e with { Symbol = 1, Sequence = events.Count + 1, EventTime = time, ReceiveTime = time + (Second / 2) });
        }

        return events;
    }

    private static void Append(JournalFixture fixture, IEnumerable<MarketEvent> events) => Append(fixture, [.. events.Chunk(97)]);

    private static void Append(JournalFixture fixture, MarketEvent[][] pieces)
    {
        using var store = fixture.Open();
        foreach (var piece in pieces)
        {
            store.Append<MarketEvent>(piece, fixture.Format);
        }

        store.Journal.WaitForSealing();
    }

    private static (PriceLevel[] Bids, PriceLevel[] Asks)? Levels(OrderBook? book)
    {
        if (book is null)
        {
            return null;
        }

        var (bids, asks) = (new PriceLevel[book.BidCount], new PriceLevel[book.AskCount]);
        book.CopyBids(bids);
        book.CopyAsks(asks);
        return (bids, asks);
    }

    private static (PriceLevel[] Bids, PriceLevel[] Asks)? FromTheBeginning(IEnumerable<MarketEvent> events, long moment)
    {
        var builder = new BookBuilder();
        foreach (var e in events.Where(e => e.EventTime < moment && e.ReceiveTime <= moment).OrderBy(e => e.EventTime).ThenBy(e => e.Sequence))
        {
            builder.Process(in e);
        }

        return Levels(builder.IsValid ? builder.Book : null);
    }

    private static void ShouldBeKnown(JournalStore store, JournalFixture fixture, List<MarketEvent> events, long moment)
    {
        var found = Levels(new KnownThen(new OpenStore(store, _ => fixture.Format), "WDOU25", moment).Book());
        var expected = FromTheBeginning(events, moment);
        found.HasValue.ShouldBe(expected.HasValue);
        if (found is var (bids, asks))
        {
            bids.ShouldBe(expected!.Value.Bids, $"bids at {moment}");
            asks.ShouldBe(expected.Value.Asks, $"asks at {moment}");
        }
    }

    private static JournalFixture Recorded(out List<MarketEvent> events)
    {
        var fixture = new JournalFixture { Options = new JournalOptions { Fsync = "never", SegmentBytes = 65_536 } };
        events = Day(4000);
        Append(fixture, events);
        fixture.Files.Length.ShouldBeGreaterThan(15);
        return fixture;
    }

    [Fact]
    public void The_book_of_any_moment_is_that_of_a_replay_from_the_beginning()
    {
        using var fixture = Recorded(out var events);
        using var store = fixture.OpenToRead();
        var random = new Random(12);
        var kept = 0;
        for (var i = 0; i < 60; i++)
        {
            var moment = Noon + random.NextInt64(4010 * Second);
            ShouldBeKnown(store, fixture, events, moment);
            kept += store.BookBefore("WDOU25", moment) is { } book && moment - book.Time < 700 * Second ? 1 : 0;
        }

        kept.ShouldBeGreaterThan(50, "most moments must have a book of a nearby segment to begin with");
    }

    [Fact]
    public void A_late_moment_does_not_need_the_first_days()
    {
        using var fixture = Recorded(out var events);
        foreach (var file in fixture.Files.Take(10))
        {
            File.Delete(file);
        }

        using var store = fixture.OpenToRead();
        ShouldBeKnown(store, fixture, events, Noon + (3500 * Second) + 7);
    }

    [Fact]
    public void Small_segments_that_were_joined_keep_their_books()
    {
        using var fixture = Recorded(out var events);
        JournalFolder.Compact(fixture.Folder, new JournalOptions { SegmentBytes = 200_000 }, TimeProvider.System).ShouldBeEmpty();
        using var store = fixture.OpenToRead();
        store.BookBefore("WDOU25", long.MaxValue).ShouldNotBeNull();
        ShouldBeKnown(store, fixture, events, Noon + (3500 * Second) + 7);
        fixture.Everything().ShouldBe(events);
        JournalFolder.Verify(fixture.Folder).Findings.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_book_event_that_came_late_is_in_the_books_behind_it(bool compacted)
    {
        using var fixture = Recorded(out var events);
        var last = events.FindLast(e => e.Kind == EventKind.BookUpdate && e.EventTime < Noon + (2000 * Second));
        var late = last with { Kind = EventKind.BookUpdate, LastUpdateId = 9_999_999, FirstUpdateId = 9_999_999, LevelCount = 0, Flags = EventFlags.EndOfMessage | EventFlags.Gap, Sequence = 1_000_000 };
        Append(fixture, (IEnumerable<MarketEvent>)[late]);
        events.Add(late);
        if (compacted)
        {
            JournalFolder.Compact(fixture.Folder, new JournalOptions(), TimeProvider.System).ShouldBeEmpty();
        }

        using var store = fixture.OpenToRead();
        ShouldBeKnown(store, fixture, events, Noon + (1500 * Second) + 7);
        ShouldBeKnown(store, fixture, events, Noon + (3500 * Second) + 7);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_update_ids_the_book_is_not_known_from_lost_messages_to_the_next_full_book(bool compacted)
    {
        using var fixture = new JournalFixture { Options = new JournalOptions { Fsync = "never", Compress = false, SegmentBytes = 65_536 } };
        var events = Day(4000).Select(WithoutIds).ToList();
        // Whole messages in each block: of a message that was cut the levels would tell.
        Append(fixture, [.. events.GroupBy(e => (e.EventTime - Noon) / (20 * Second)).Select(g => g.ToArray())]);
        var lost = fixture.Damage(events.FindIndex(e => e.EventTime >= Noon + (1500 * Second)));
        if (compacted)
        {
            JournalFolder.Compact(fixture.Folder, new JournalOptions { SegmentBytes = 65_536 }, TimeProvider.System).ShouldBeEmpty();
        }

        using var store = fixture.OpenToRead();
        ShouldBeKnown(store, fixture, events, lost.MinTime);
        foreach (var moment in new[] { lost.MaxTime + (10 * Second), Noon + (1700 * Second), Noon + (2000 * Second) })
        {
            var known = new KnownThen(new OpenStore(store, _ => fixture.Format), "WDOU25", moment);
            known.Book().ShouldBeNull($"{(moment - Noon) / Second} s");
            known.BookGaps.ShouldHaveSingleItem().To.ShouldBe(lost.MaxTime + 1);
            (store.BookBefore("WDOU25", moment) is { } kept && kept.Time >= lost.MinTime).ShouldBeFalse("no book may be kept that has lost a message");
        }

        ShouldBeKnown(store, fixture, events, Noon + (2500 * Second) + 7);
        ShouldBeKnown(store, fixture, events, Noon + (3900 * Second) + 7);

        // A full book every 1000 s.
        static MarketEvent WithoutIds(MarketEvent e) => e.Kind is not (EventKind.BookUpdate or EventKind.BookSnapshot)
            ? e
            : e with { Kind = (e.EventTime - Noon) % (1000 * Second) == 0 ? EventKind.BookSnapshot : EventKind.BookUpdate, FirstUpdateId = 0, LastUpdateId = 0 };
    }

    [Fact]
    public void What_had_not_been_received_by_then_is_in_no_book()
    {
        using var fixture = new JournalFixture { Options = new JournalOptions { Fsync = "never", SegmentBytes = 65_536 } };
        var events = Day(4000).Select(e => e.EventTime < Noon + (1000 * Second) ? e : e with { ReceiveTime = e.EventTime + (600 * Second) }).ToList();
        Append(fixture, events);
        using var store = fixture.OpenToRead();
        for (var second = 500; second < 4000; second += 250)
        {
            ShouldBeKnown(store, fixture, events, Noon + (second * Second) + 7);
        }
    }
}
