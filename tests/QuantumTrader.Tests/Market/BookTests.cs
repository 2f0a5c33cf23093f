using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using static QuantumTrader.Tests.Market.Feed;

namespace QuantumTrader.Tests.Market;

public sealed class BookTests
{
    [Fact]
    public void A_top_follows_each_message_that_changes_the_best_bid_or_ask()
    {
        MarketEvent[] input = Numbered(
        [
            .. Snapshot(1, 0, (-99, 1), (101, 2)), // 1..3
            .. Update(2, 0, 0, -1, (-98, 1)), // 4, 5: behind the best
            .. Update(3, 0, 0, -1, (-99, 7)), // 6, 7: its quantity
            Trade(4),
            .. Update(5, 0, 0, -1, (-100, 1), (101, 0), (102, 3)), // 9..12
        ]);

        var output = Block().Drive(input);

        output.Where(e => e.Kind != EventKind.BookTop).ShouldBe(input);
        output.Where(e => e.Kind == EventKind.BookTop)
            .Select(e => (e.Sequence, e.EventTime, Scaled.ToDouble(e.BidPrice), Scaled.ToDouble(e.BidQuantity), Scaled.ToDouble(e.AskPrice), Scaled.ToDouble(e.AskQuantity)))
            .ShouldBe([(3L, Time(1), 99, 1, 101, 2), (7L, Time(3), 99, 7, 101, 2), (12L, Time(5), 100, 1, 102, 3)]);
        output.Select(e => e.Sequence).ShouldBe(output.Select(e => e.Sequence).Order());
    }

    [Fact]
    public void A_book_that_loses_its_thread_shows_one_empty_top()
    {
        var block = Block();

        var output = block.Drive([.. Snapshot(1, 10, (-99, 1), (101, 2)), .. Update(2, 20, 21, 19, (-98, 1)), .. Update(3, 30, 31, 29, (-98, 1))]);

        var tops = output.Where(e => e.Kind == EventKind.BookTop).ToList();
        tops.Count.ShouldBe(2);
        (tops[1].BidPrice, tops[1].BidQuantity, tops[1].AskPrice, tops[1].AskQuantity).ShouldBe((0, 0, 0, 0));
        block.Accounts.NoteCounts["book_gap"].ShouldBe(1);
        block.Accounts.Notes[0].Message.ShouldContain("20..21");
    }

    [Fact]
    public void A_crossed_top_is_marked()
    {
        var output = Block().Drive([.. Snapshot(1, 0, (-99, 1), (101, 2)), .. Update(2, 0, 0, -1, (-101, 1)), .. Update(3, 0, 0, -1, (-102, 1))]);

        output.Where(e => e.Kind == EventKind.BookTop).Select(e => e.Flags).ShouldBe([EventFlags.None, EventFlags.Locked, EventFlags.Crossed]);
    }

    [Fact]
    public void Symbols_have_books_of_their_own()
    {
        var block = Block();
        block.Drive([.. Message(EventKind.BookSnapshot, 1, 0, 0, -1, 1, (-99, 1), (101, 1)), .. Message(EventKind.BookSnapshot, 1, 0, 0, -1, 2, (-9, 1), (12, 1))]);

        var report = (Dictionary<string, BookReport>)block.Report()!;
        (report["A"].Bid, report["A"].Ask, report["A"].Mid).ShouldBe((99m, 101m, 100m));
        (report["B"].Mid, report["B"].Levels).ShouldBe((10.5m, 2));
    }

    [Fact]
    public void An_event_of_no_symbol_passes() => Block().Drive([Clock(1), Trade(1, symbol: 99)]).Length.ShouldBe(2);

    [Fact]
    public void What_the_normalizer_marks_makes_the_book_wait_for_a_snapshot()
    {
        var normalize = new NormalizeOperator(new NormalizeOptions(), NewMarket());
        var clean = normalize.Drive([.. Snapshot(1, 0, (-99, 1), (101, 2)), .. Update(2, 0, 0, -1, (-98, 1), (-97, -5)), .. Update(3, 0, 0, -1, (-100, 1)), .. Snapshot(4, 0, (-90, 1), (91, 1))]);

        var tops = Block().Drive(clean).Where(e => e.Kind == EventKind.BookTop).Select(e => Scaled.ToDouble(e.BidPrice));

        tops.ShouldBe([99, 0, 90]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void The_output_does_not_depend_on_how_the_input_is_cut(int length)
    {
        MarketEvent[] input = [.. Snapshot(1, 10, (-99, 1), (101, 2)), .. Update(2, 11, 12, 10, (-100, 1)), .. Update(3, 20, 21, 19, (-98, 1)), .. Snapshot(4, 21, (-99, 1), (101, 2))];

        Bytes(Block().Drive(input, length)).ShouldBe(Bytes(Block().Drive(input)));
    }

    private static BookOperator Block() => new(new BookOptions(), NewMarket());
}
