using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

public sealed class HandOffTests
{
    [Fact]
    public void Items_come_out_in_the_order_in_which_they_went_in()
    {
        var ring = new HandOff<int>(4);
        for (var round = 0; round < 10; round++)
        {
            ring.TryWrite((2 * round) + 1).ShouldBeTrue();
            ring.TryWrite((2 * round) + 2).ShouldBeTrue();
            ring.Head.ShouldBe((2 * round) + 1);
            ring.Take().ShouldBe((2 * round) + 1);
            ring.Take().ShouldBe((2 * round) + 2);
            ring.HasItem.ShouldBeFalse();
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 4)]
    [InlineData(5, 8)]
    public void A_full_ring_takes_nothing_more_and_loses_nothing(int asked, int capacity)
    {
        var ring = new HandOff<int>(asked);
        ring.Capacity.ShouldBe(capacity);
        for (var i = 0; i < capacity; i++)
        {
            ring.TryWrite(i).ShouldBeTrue();
        }

        ring.TryWrite(99).ShouldBeFalse();
        ring.Room(5).IsEmpty.ShouldBeTrue();
        ring.Count.ShouldBe(capacity);
        ring.Take().ShouldBe(0);
        ring.TryWrite(capacity).ShouldBeTrue();
        Enumerable.Range(1, capacity).Select(_ => ring.Take()).ShouldBe(Enumerable.Range(1, capacity));
    }

    [Fact]
    public void Spans_end_at_the_end_of_the_ring_and_go_on_at_its_beginning()
    {
        var ring = new HandOff<int>(4);
        ring.Room(3).Length.ShouldBe(3);
        ring.Publish(3);
        ring.Peek(9).Length.ShouldBe(3);
        ring.Advance(3);

        ring.Room(3).Length.ShouldBe(1);
        ring.TryWrite(7).ShouldBeTrue();
        ring.Room(3).Length.ShouldBe(3);
        ring.TryWrite(8).ShouldBeTrue();
        ring.Peek(9).ToArray().ShouldBe([7]);
        ring.Advance(1);
        ring.Peek(9).ToArray().ShouldBe([8]);
    }

    [Fact]
    public void A_ring_that_grows_is_made_of_pieces_of_which_only_those_in_use_are_there()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var ring = new HandOff<Guid>(4096, grows: true);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(4096);

        ring.TryWrite(Guid.Empty).ShouldBeTrue();
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeInRange(256 * 16, 3 * 256 * 16);
        ring.Room(1000).Length.ShouldBe(255);
        ring.Publish(255);
        ring.Room(1000).Length.ShouldBe(256);
        ring.Publish(256);
        ring.Peek(1000).Length.ShouldBe(256);
        ring.Advance(256);
        ring.Peek(1000).Length.ShouldBe(256);
        ring.Advance(256);

        for (var round = 0; round < 3; round++)
        {
            Enumerable.Range(0, 4096).All(at => ring.TryWrite(Of(at))).ShouldBeTrue();
            Enumerable.Range(0, 4096).All(at => ring.Take() == Of(at)).ShouldBeTrue();
        }

        static Guid Of(int at) => new(at, 0, 0, new byte[8]);
    }

    [Fact]
    public void Another_allocates_nothing_once_it_is_made()
    {
        var ring = new HandOff<Guid>(4096);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 4096; i++)
        {
            ring.TryWrite(Guid.Empty);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        ring.Count.ShouldBe(4096);
    }

    [Fact]
    public void Nothing_is_seen_before_it_is_published()
    {
        var ring = new HandOff<int>(4);
        ring.Room(2)[0] = 5;
        ring.HasItem.ShouldBeFalse();
        ring.Peek(1).IsEmpty.ShouldBeTrue();
        ring.Publish(1);
        ring.Peek(2).ToArray().ShouldBe([5]);
    }

    [Fact]
    public void A_free_place_keeps_nothing_alive()
    {
        var ring = new HandOff<object>(4);
        ring.TryWrite(new object());
        ring.TryWrite(new object());
        ref var first = ref ring.Head;
        ring.Take();
        first.ShouldBeNull();
    }

    [Fact]
    public void Between_two_threads_every_item_arrives_once_and_in_order()
    {
        const int count = 500_000;
        var ring = new HandOff<long>(64);
        var writer = Task.Run(() =>
        {
            for (var next = 1L; next <= count;)
            {
                var room = ring.Room((int)Math.Min(7, count - next + 1));
                for (var i = 0; i < room.Length; i++)
                {
                    room[i] = next++;
                }

                ring.Publish(room.Length);
                if (room.IsEmpty)
                {
                    Thread.Yield();
                }
            }
        });
        for (var expected = 1L; expected <= count;)
        {
            var piece = ring.Peek(50);
            foreach (var item in piece)
            {
                item.ShouldBe(expected++);
            }

            ring.Advance(piece.Length);
            if (piece.IsEmpty)
            {
                Thread.Yield();
            }
        }

        writer.Wait();
        ring.HasItem.ShouldBeFalse();
    }
}
