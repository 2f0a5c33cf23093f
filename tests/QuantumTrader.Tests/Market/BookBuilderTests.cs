using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using static QuantumTrader.Tests.Market.Feed;

namespace QuantumTrader.Tests.Market;

public sealed class BookBuilderTests
{
    // Level shorthand: (-price, quantity) is a bid, (price, quantity) an ask.

    [Fact]
    public void A_snapshot_makes_the_book_valid()
    {
        var builder = new BookBuilder();
        builder.IsValid.ShouldBeFalse();

        Feed(builder, Snapshot(0, 10, (-99, 1), (101, 2))).ShouldBe(BookChange.Applied);

        builder.IsValid.ShouldBeTrue();
        Best(builder).ShouldBe((99, 101));
    }

    [Fact]
    public void Updates_before_the_snapshot_wait_and_the_stale_ones_are_counted()
    {
        var builder = new BookBuilder();
        Feed(builder, Update(0, 1, 5, 0, (-90, 1)), Update(0, 6, 9, 5, (-91, 1)), Update(0, 10, 12, 9, (-98, 1)), Update(0, 13, 14, 12, (-97, 1)));
        builder.Waiting.ShouldBe(8);

        Feed(builder, Snapshot(0, 11, (-99, 1), (101, 2))).ShouldBe(BookChange.Applied);

        (builder.Stale, builder.Updates, builder.Waiting).ShouldBe((2, 2, 0));
        builder.Book.BidCount.ShouldBe(3);
        builder.Book.QuantityAt(Side.Buy, Scaled.FromDouble(91)).ShouldBe(0);
    }

    [Theory]
    [InlineData(5, 9, 4, 0, true)] // u < L: stale
    [InlineData(8, 10, 7, 1, true)] // U <= L <= u
    [InlineData(10, 10, 9, 1, true)]
    [InlineData(11, 12, 10, 1, true)] // pu = L continues the snapshot
    [InlineData(12, 13, 11, 0, false)] // a hole
    public void The_first_update_of_futures_spans_the_snapshot(long first, long last, long previous, long applied, bool valid)
    {
        var builder = new BookBuilder();
        Feed(builder, Snapshot(0, 10, (-99, 1), (101, 2)), Update(0, first, last, previous, (-98, 1)));

        (builder.Updates, builder.IsValid).ShouldBe((applied, valid));
        builder.Gaps.ShouldBe(valid ? 0 : 1);
    }

    [Theory]
    [InlineData(5, 10, 0, true)] // u <= L: stale
    [InlineData(8, 11, 1, true)] // U <= L + 1 <= u
    [InlineData(11, 11, 1, true)]
    [InlineData(12, 13, 0, false)] // a hole
    public void The_first_update_of_spot_spans_the_id_after_the_snapshot(long first, long last, long applied, bool valid)
    {
        var builder = new BookBuilder();
        Feed(builder, Snapshot(0, 10, (-99, 1), (101, 2)), Update(0, first, last, -1, (-98, 1)));

        (builder.Updates, builder.IsValid).ShouldBe((applied, valid));
    }

    [Theory]
    [InlineData(13, 15, 12, true)]
    [InlineData(20, 25, 12, true)] // futures ids may jump as long as pu joins
    [InlineData(13, 15, 11, false)]
    [InlineData(13, 15, -1, true)]
    [InlineData(14, 15, -1, false)]
    [InlineData(12, 15, -1, false)] // no overlap once the chain runs
    public void Later_updates_must_join_the_one_before(long first, long last, long previous, bool valid)
    {
        var builder = new BookBuilder();
        var changes = Feed(builder, Snapshot(0, 10, (-99, 1), (101, 2)), Update(0, 11, 12, previous < 0 ? -1 : 10, (-98, 1)), Update(0, first, last, previous, (-97, 1)));

        builder.IsValid.ShouldBe(valid);
        builder.Updates.ShouldBe(valid ? 2 : 1);
        changes.ShouldBe(valid ? BookChange.Applied : BookChange.None);
    }

    [Fact]
    public void After_a_gap_the_next_snapshot_and_what_came_since_make_the_book_valid_again()
    {
        var notes = new List<string>();
        var builder = new BookBuilder(onGap: notes.Add);
        Feed(builder, Snapshot(0, 10, (-99, 1), (101, 2)), Update(0, 11, 12, 10, (-98, 1)));

        var header = Update(0, 15, 16, 14, (-97, 1));
        builder.Process(in header[0]).ShouldBe(BookChange.Invalidated);
        Feed(builder, header[1..], Update(0, 17, 18, 16, (-96, 1)));
        builder.IsValid.ShouldBeFalse();
        notes.ShouldHaveSingleItem().ShouldContain("15..16");

        Feed(builder, Snapshot(0, 16, (-95, 1), (101, 2))).ShouldBe(BookChange.Applied);
        (builder.IsValid, builder.Gaps, builder.Resyncs).ShouldBe((true, 1, 1));
        Best(builder).ShouldBe((97, 101)); // 16 spans the snapshot, 18 follows
        builder.Book.QuantityAt(Side.Buy, Scaled.FromDouble(99)).ShouldBe(0);
    }

    [Fact]
    public void A_gap_among_the_waiting_updates_keeps_the_book_invalid()
    {
        var builder = new BookBuilder();
        Feed(builder, Update(0, 10, 12, 9, (-98, 1)), Update(0, 20, 21, 19, (-97, 1)), Update(0, 22, 23, 21, (-96, 1)));

        Feed(builder, Snapshot(0, 11, (-99, 1), (101, 2)));
        (builder.IsValid, builder.Gaps, builder.Waiting).ShouldBe((false, 1, 4));

        Feed(builder, Snapshot(0, 21, (-99, 1), (101, 2)));
        (builder.IsValid, builder.Resyncs, builder.Updates).ShouldBe((true, 1, 3));
    }

    [Fact]
    public void A_snapshot_older_than_the_book_is_stale()
    {
        var builder = new BookBuilder();
        Feed(builder, Snapshot(0, 10, (-99, 1), (101, 2)), Update(0, 11, 12, 10, (-100, 1)), Snapshot(0, 11, (-99, 1), (101, 2)));

        (builder.Stale, builder.Snapshots).ShouldBe((1, 1));
        Best(builder).ShouldBe((100, 101));
    }

    [Fact]
    public void Without_ids_every_update_behind_the_snapshot_is_applied()
    {
        var builder = new BookBuilder();
        Feed(builder, Update(0, 0, 0, -1, (-90, 1)), Snapshot(0, 0, (-99, 1), (101, 2)), Update(0, 0, 0, -1, (-99, 0)), Update(0, 0, 0, -1, (-98, 5)));

        (builder.Stale, builder.Updates).ShouldBe((1, 2));
        Best(builder).ShouldBe((98, 101));
    }

    [Fact]
    public void A_book_may_begin_at_the_first_update()
    {
        var builder = new BookBuilder(BookStart.FirstUpdate);
        Feed(builder, Update(0, 5, 6, -1, (-99, 1), (101, 1))).ShouldBe(BookChange.Applied);
        Feed(builder, Update(0, 9, 9, -1, (-98, 1))).ShouldBe(BookChange.Applied);

        (builder.Gaps, builder.Resyncs).ShouldBe((1, 1));
        Best(builder).ShouldBe((98, 0)); // begun anew
    }

    [Fact]
    public void Too_many_waiting_events_push_out_the_oldest_messages()
    {
        var builder = new BookBuilder(maxWaiting: 5);
        Feed(builder, Update(0, 1, 1, 0, (-90, 1), (-91, 1)), Update(0, 2, 2, 1, (-92, 1)), Update(0, 3, 3, 2, (-93, 1)));

        (builder.Waiting, builder.Overflowed).ShouldBe((4, 3));
        Feed(builder, Snapshot(0, 1, (-80, 1), (101, 1)));
        (builder.IsValid, builder.Updates).ShouldBe((true, 2));
    }

    [Fact]
    public void A_message_larger_than_what_may_wait_is_dropped()
    {
        var builder = new BookBuilder(maxWaiting: 2);
        Feed(builder, Update(0, 1, 1, 0, (-90, 1), (-91, 1), (-92, 1)));

        (builder.Waiting, builder.Overflowed).ShouldBe((0, 3));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_that_is_marked_or_cut_short_costs_the_book(bool marked)
    {
        var builder = new BookBuilder();
        Feed(builder, Snapshot(0, 10, (-99, 1), (101, 2)));
        var message = Update(0, 11, 12, 10, (-100, 1), (-98, 1));
        if (marked)
        {
            message[0].Flags |= EventFlags.Gap;
        }
        else
        {
            message = [message[0], message[2]];
        }

        var changes = message.Select(e => builder.Process(in e)).ToList();

        changes.ShouldContain(BookChange.Invalidated);
        changes.ShouldNotContain(BookChange.Applied);
        (builder.IsValid, builder.Gaps).ShouldBe((false, 1));
    }

    [Fact]
    public void A_waiting_message_without_an_end_costs_the_book_unless_the_snapshot_covers_it()
    {
        var torn = Update(0, 11, 12, 10, (-100, 1), (-98, 1))[..2];
        foreach (var (last, valid) in new[] { (10, false), (15, true) })
        {
            var builder = new BookBuilder();
            Feed(builder, Update(0, 9, 10, 8, (-97, 1)), torn, Snapshot(0, last, (-99, 1), (101, 2)));

            builder.IsValid.ShouldBe(valid);
        }
    }

    [Fact]
    public void A_marked_snapshot_is_not_used()
    {
        var builder = new BookBuilder();
        var snapshot = Snapshot(0, 10, (-99, 1), (101, 2));
        snapshot[0].Flags |= EventFlags.Gap;

        Feed(builder, snapshot);

        builder.IsValid.ShouldBeFalse();
    }

    [Fact]
    public void Levels_without_a_header_cost_the_book()
    {
        var builder = new BookBuilder();
        Feed(builder, Snapshot(0, 10, (-99, 1), (101, 2)));
        Feed(builder, Update(0, 11, 12, 10, (-100, 1))[1..]);

        builder.IsValid.ShouldBeFalse();
    }

    [Fact]
    public void A_book_that_is_crossed_after_a_whole_message_is_counted()
    {
        var builder = new BookBuilder();
        Feed(builder, Snapshot(0, 0, (-99, 1), (101, 2)), Update(0, 0, 0, -1, (-102, 1), (101, 0), (103, 1)), Update(0, 0, 0, -1, (-103, 1)));

        builder.Crossed.ShouldBe(1);
    }

    private static BookChange Feed(BookBuilder builder, params MarketEvent[][] messages)
    {
        var change = BookChange.None;
        foreach (var e in messages.SelectMany(m => m))
        {
            change = builder.Process(in e);
        }

        return change;
    }

    private static (double, double) Best(BookBuilder builder) => (Scaled.ToDouble(builder.Book.BestBid.Price), Scaled.ToDouble(builder.Book.BestAsk.Price));
}
