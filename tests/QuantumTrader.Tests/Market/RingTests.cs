using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using static QuantumTrader.Tests.Market.Feed;

namespace QuantumTrader.Tests.Market;

public sealed class RingTests
{
    private const long Writes = 300_000;

    [Fact]
    public void A_ring_gives_back_the_end_of_the_list_that_was_written() => Prop.ForAll<int[], PositiveInt, NonNegativeInt>((items, capacity, count) =>
    {
        var ring = new Ring<int>(capacity.Get);
        foreach (var item in items)
        {
            ring.Write(in item);
        }

        ring.ReadLast(count.Get).ShouldBe(items.TakeLast(Math.Min(count.Get, capacity.Get)));
        ring.Written.ShouldBe(items.Length);
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(100)]
    public async Task Readers_beside_a_writer_see_only_whole_items_in_a_row(int capacity)
    {
        var ring = new Ring<Checked>(capacity);
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(() =>
        {
            for (var i = 1L; i <= Writes && !stop.IsCancellationRequested; i++)
            {
                ring.Write(Checked.Of(i));
            }
        });
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            var items = new Checked[capacity];
            var newest = 0L;
            var reads = 0L;
            while (!writer.IsCompleted)
            {
                var count = ring.ReadLast(items.AsSpan());
                for (var i = 0; i < count; i++)
                {
                    if (!items[i].IsWhole || (i > 0 && items[i].Number != items[i - 1].Number + 1))
                    {
                        stop.Cancel();
                        return -1L;
                    }
                }

                if (count > 0 && items[count - 1].Number < newest)
                {
                    stop.Cancel();
                    return -2L;
                }

                newest = count > 0 ? items[count - 1].Number : newest;
                reads++;
            }

            return reads;
        })).ToArray();

        await writer;
        (await Task.WhenAll(readers)).ShouldAllBe(reads => reads >= 0);
        ring.ReadLast(1)[0].Number.ShouldBe(Writes);
    }

    [Fact]
    public void Rings_are_found_by_the_name_of_their_block_and_hold_trades_books_and_candles()
    {
        var market = NewMarket();
        var block = new RingsObserver(new RingsOptions { Trades = 2, Depth = 2 }, market);
        block.Start();
        MarketEvent[] input = Numbered(
        [
            Trade(0, 1, price: 10), Trade(1, 2, price: 11), Trade(2, 3, price: 12), .. Snapshot(3, 0, (-99, 1), (-98, 2), (-97, 3), (101, 4)),
            Trade(60_000, 4, price: 13, symbol: 2),
            Update(60_001, 0, 0, -1, (-99, 1))[1], // a level without a header: the book is lost, and no image of it kept
        ]);

        block.Observe(Run<MarketEvent>.Of(input));

        market.Rings.Names.ShouldBe([block.Name]);
        market.Rings.TryGet(block.Name, out var rings).ShouldBeTrue();
        rings!.Of(1).Trades.ReadLast(10).Select(t => t.TradeNumber).ShouldBe([2L, 3L]);
        rings.Of(2).Trades.ReadLast(10).Length.ShouldBe(1);
        var book = rings.Of(1).Books.ReadLast(10).ShouldHaveSingleItem();
        book.Bids.ToArray().Select(l => Scaled.ToDouble(l.Price)).ShouldBe([99, 98]);
        book.Asks.ToArray().ShouldBe([new PriceLevel(Scaled.FromDouble(101), Scaled.FromDouble(4))]);
        (book.Sequence, book.EventTime, book.Symbol).ShouldBe((8, Time(3), 1));
        Scaled.ToDouble(rings.Of(1).Candles.ReadLast(10).ShouldHaveSingleItem().High).ShouldBe(12);
        Should.Throw<ArgumentOutOfRangeException>(() => rings.Of(3));
    }

    /// <summary>A large item that knows when it is torn.</summary>
    private struct Checked
    {
        private Numbers _numbers;

        public readonly long Number => _numbers[0];

        public readonly bool IsWhole => !((ReadOnlySpan<long>)_numbers).ContainsAnyExcept(Number);

        public static Checked Of(long number)
        {
            var item = default(Checked);
            ((Span<long>)item._numbers).Fill(number);
            return item;
        }

        [InlineArray(Length)]
        private struct Numbers
        {
            public const int Length = 512;
            private long _first;
        }
    }
}
