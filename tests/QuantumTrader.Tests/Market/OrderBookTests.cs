using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Market;

namespace QuantumTrader.Tests.Market;

public sealed class OrderBookTests
{
    [Fact]
    public void The_best_bid_is_the_highest_and_the_best_ask_the_lowest()
    {
        var book = new OrderBook();
        foreach (var price in new long[] { 98, 100, 99 })
        {
            book.Apply(Side.Buy, price, price * 2);
            book.Apply(Side.Sell, price + 10, price * 3);
        }

        book.BestBid.ShouldBe(new PriceLevel(100, 200));
        book.BestAsk.ShouldBe(new PriceLevel(108, 294));
        book.IsCrossed.ShouldBeFalse();
    }

    [Fact]
    public void An_empty_side_has_no_best_level_and_crosses_nothing()
    {
        var book = new OrderBook();
        book.Apply(Side.Buy, 100, 1);

        book.BestAsk.ShouldBe(default);
        book.IsCrossed.ShouldBeFalse();
    }

    [Theory]
    [InlineData(99, false)]
    [InlineData(100, true)]
    [InlineData(101, true)]
    public void A_book_is_crossed_when_the_bid_reaches_the_ask(long bid, bool crossed)
    {
        var book = new OrderBook();
        book.Apply(Side.Sell, 100, 1);
        book.Apply(Side.Buy, bid, 1);

        book.IsCrossed.ShouldBe(crossed);
    }

    [Fact]
    public void Removing_a_level_that_is_not_there_changes_nothing()
    {
        var book = new OrderBook();
        book.Apply(Side.Buy, 100, 1);
        book.Apply(Side.Buy, 101, 0);
        book.Apply(Side.Sell, 100, 0);

        (book.BidCount, book.AskCount, book.BestBid.Price).ShouldBe((1, 0, 100L));
    }

    [Fact]
    public void A_book_equals_a_sorted_dictionary_under_any_changes() => Prop.ForAll<int, PositiveInt>((seed, range) =>
    {
        var random = new Random(seed);
        var book = new OrderBook();
        var bids = new SortedDictionary<long, long>(Comparer<long>.Create((a, b) => b.CompareTo(a)));
        var asks = new SortedDictionary<long, long>();
        Span<PriceLevel> depth = new PriceLevel[7];
        for (var i = 0; i < 600; i++)
        {
            var side = random.Next(2) == 0 ? Side.Buy : Side.Sell;
            var model = side == Side.Buy ? bids : asks;
            var price = random.Next(1, 10 + (range.Get * 4));
            var quantity = random.Next(3) == 0 ? 0 : random.Next(1, 100);
            book.Apply(side, price, quantity);
            if (quantity == 0)
            {
                model.Remove(price);
            }
            else
            {
                model[price] = quantity;
            }

            (book.BidCount, book.AskCount).ShouldBe((bids.Count, asks.Count));
            depth[..book.CopyBids(depth)].ToArray().ShouldBe(bids.Take(7).Select(l => new PriceLevel(l.Key, l.Value)));
            depth[..book.CopyAsks(depth)].ToArray().ShouldBe(asks.Take(7).Select(l => new PriceLevel(l.Key, l.Value)));
            book.QuantityAt(side, price).ShouldBe(quantity);
        }

        foreach (var (price, quantity) in bids)
        {
            book.QuantityAt(Side.Buy, price).ShouldBe(quantity);
        }

        book.Clear();
        (book.BidCount, book.AskCount).ShouldBe((0, 0));
    }).QuickCheckThrowOnFailure();
}
