using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.ProfitDll;

[Collection("ProfitDll")]
public sealed class BookTests
{
    private static readonly string[] ThreeBids = ["offer WDOU25 add 0 0 5470 10", "offer WDOU25 add 0 0 5470.5 20", "offer WDOU25 add 0 0 5471 30", "offer WDOU25 add 1 0 5472 40"];

    // The book of the vendor's documents: bids 5470, 5470.5, 5471; place 0 is the best.
    [Theory]
    [InlineData("offer WDOU25 add 0 0 5471.5 5", "5470 10, 5470.5 20, 5471 30, 5471.5 5")]
    [InlineData("offer WDOU25 add 0 1 5471 5", "5470 10, 5470.5 20, 5471 35")]
    [InlineData("offer WDOU25 add 0 3 5469.5 5", "5469.5 5, 5470 10, 5470.5 20, 5471 30")]
    [InlineData("offer WDOU25 edit 0 1 5470.5 7", "5470 10, 5470.5 27, 5471 30")]
    [InlineData("offer WDOU25 edit 0 2 5470 -4", "5470 6, 5470.5 20, 5471 30")]
    [InlineData("offer WDOU25 edit 0 0 5470.5 0", "5470 10, 5470.5 50")]
    [InlineData("offer WDOU25 delete 0 0", "5470 10, 5470.5 20")]
    [InlineData("offer WDOU25 delete 0 2", "5470.5 20, 5471 30")]
    [InlineData("offer WDOU25 deletefrom 0 1", "5470 10")]
    [InlineData("offer WDOU25 deletefrom 0 2", "")]
    public void Each_change_of_the_offer_book_does_what_the_documents_say(string change, string expected)
    {
        using var sim = new ProfitFixture("garbage 1");
        var source = Source(sim, BookFeed.Offers);
        sim.Play(source, [.. ThreeBids, change]);
        var book = Book(sim).Book;
        Text(book, book.BidCount, bids: true).ShouldBe(expected);
        Text(book, book.AskCount, bids: false).ShouldBe("5472 40");
        ShouldBeTheTruth(sim, what: 0);
    }

    [Theory]
    [InlineData("depth WDOU25 insert 0 0 5471.5 5", "5470 10, 5470.5 20, 5471 30, 5471.5 5")]
    [InlineData("depth WDOU25 edit 0 1 0 7", "5470 10, 5470.5 7, 5471 30")]
    [InlineData("depth WDOU25 delete 0 1", "5470 10, 5471 30")]
    [InlineData("depth WDOU25 deletefrom 0 1", "5470 10")]
    [InlineData("depth WDOU25 add 0", "5470 10, 5470.5 20, 5471 30")]
    [InlineData("depth WDOU25 full", "5470 10, 5470.5 20, 5471 30")]
    public void Each_change_of_the_price_depth_does_what_the_documents_say(string change, string expected)
    {
        using var sim = new ProfitFixture();
        var source = Source(sim, BookFeed.Depth);
        sim.Play(source, "depth WDOU25 insert 0 0 5470 10", "depth WDOU25 insert 0 0 5470.5 20", "depth WDOU25 insert 0 0 5471 30", change);
        var book = Book(sim).Book;
        Text(book, book.BidCount, bids: true).ShouldBe(expected);
        ShouldBeTheTruth(sim, what: 1);
    }

    [Fact]
    public void A_burst_between_prepare_and_flush_is_one_message()
    {
        using var sim = new ProfitFixture();
        var source = Source(sim, BookFeed.Depth);
        sim.Play(source, "depth WDOU25 insert 0 0 5470 10");
        var events = sim.Play(source, "depth WDOU25 prepare 255", "depth WDOU25 insert 0 0 5470.5 20", "depth WDOU25 edit 0 1 0 5", "depth WDOU25 flush 255");
        events.Count(e => e.Kind == EventKind.BookUpdate).ShouldBe(1);
        events[0].LevelCount.ShouldBe(2);
        ShouldBeTheTruth(sim, what: 1);
    }

    [Theory]
    [InlineData(41, 7)]
    [InlineData(41, 0)]
    [InlineData(35, 7)]
    public void A_full_book_comes_in_pages_and_counts_when_the_last_one_is_there(int version, int page)
    {
        using var sim = new ProfitFixture($"version {version}");
        var source = Source(sim, BookFeed.Offers);
        sim.Play(source, "offers WDOU25 60");
        var events = sim.Play(source, $"offer WDOU25 full {page}", $"offer WDOU25 full {page}");
        events.Count(e => e.Kind == EventKind.BookSnapshot).ShouldBe(2);
        events.ShouldAllBe(e => e.Has(EventFlags.Snapshot));
        ShouldBeTheTruth(sim, what: 0);
    }

    [Theory]
    [InlineData(BookFeed.Offers, 1)]
    [InlineData(BookFeed.Offers, 2)]
    [InlineData(BookFeed.Offers, 3)]
    [InlineData(BookFeed.Depth, 1)]
    [InlineData(BookFeed.Depth, 2)]
    [InlineData(BookFeed.Depth, 3)]
    public void Thousands_of_random_changes_leave_the_true_book_at_every_look(BookFeed feed, int seed)
    {
        using var sim = new ProfitFixture($"seed {seed}", "garbage 1");
        var source = Source(sim, feed);
        var what = feed == BookFeed.Offers ? 0 : 1;
        for (var look = 0; look < 40; look++)
        {
            sim.Play(source, feed == BookFeed.Offers ? "offers WDOU25 100" : "depths WDOU25 100", "trades WDOU25 3");
            ShouldBeTheTruth(sim, what);
        }

        source.Accounts.NoteCounts.ShouldBeEmpty();
        source.Accounts.Dropped.Keys.ShouldBe(["undated"], "states and books came before anything had a time");
    }

    [Fact]
    public void A_change_that_cannot_be_makes_the_book_invalid_until_it_came_whole_again()
    {
        using var sim = new ProfitFixture();
        var source = Source(sim, BookFeed.Offers);
        sim.Play(source, ThreeBids);
        // The edit of a place that the consumer does not have: it missed what made it.
        sim.Play(source, "hide offer WDOU25 add 0 0 5471.5 5", "offer WDOU25 delete 0 3");
        sim.ReadUntil(source, () => sim.Events[^1].Has(EventFlags.Snapshot), "the book must be asked for again");
        sim.Events.Count(e => e.Has(EventFlags.Gap)).ShouldBe(1);
        source.Accounts.NoteCounts["book_gap"].ShouldBe(1);
        ShouldBeTheTruth(sim, what: 0);
    }

    /// <summary>The book that the events make is the simulator's.</summary>
    internal static void ShouldBeTheTruth(ProfitFixture sim, int what)
    {
        var builder = Book(sim);
        builder.IsValid.ShouldBeTrue();
        Levels(builder.Book, bids: true).ShouldBe(sim.Truth(what, 0), ignoreOrder: true);
        Levels(builder.Book, bids: false).ShouldBe(sim.Truth(what, 1), ignoreOrder: true);
    }

    private static ProfitDllSource Source(ProfitFixture sim, BookFeed feed)
    {
        // With a first trade the books have a time.
        var source = sim.Source(new ProfitDllSourceOptions { Book = feed, Undated = UndatedTime.Feed });
        sim.Play(source, "trade WDOU25 5471 1", feed == BookFeed.Offers ? "offer WDOU25 full" : "depth WDOU25 full");
        return source;
    }

    private static BookBuilder Book(ProfitFixture sim)
    {
        var builder = new BookBuilder();
        foreach (var e in sim.Events.Where(e => e.Symbol == 1))
        {
            builder.Process(in e);
        }

        return builder;
    }

    private static Dictionary<double, long> Levels(OrderBook book, bool bids)
    {
        var levels = new PriceLevel[bids ? book.BidCount : book.AskCount];
        _ = bids ? book.CopyBids(levels) : book.CopyAsks(levels);
        return levels.ToDictionary(l => Scaled.ToDouble(l.Price), l => l.Quantity / Scaled.One);
    }

    private static string Text(OrderBook book, int count, bool bids) =>
        string.Join(", ", Levels(book, bids).OrderBy(l => l.Key).Take(count).Select(l => FormattableString.Invariant($"{l.Key} {l.Value}")));
}
