using QuantumTrader.ProfitDll.Callbacks;

namespace QuantumTrader.Tests.ProfitDll;

public sealed class CallbackRingTests
{
    [Fact]
    public void A_full_ring_loses_the_new_records_and_says_so_in_front_of_the_next_one()
    {
        var ring = new CallbackRing(4, dropsOldest: false, wakes: false);
        Write(ring, 1, 6);
        Take(ring, out _).ShouldBe([1L, 2, 3, 4]);
        Write(ring, 7, 1);
        var records = new CallbackRecord[8];
        ring.Take(records, out var overwritten).ShouldBe(1);
        (records[0].Number, records[0].Lost, overwritten).ShouldBe((7L, 2u, 0L));
    }

    [Fact]
    public void A_full_ring_that_keeps_the_newest_counts_the_oldest_as_overwritten()
    {
        var ring = new CallbackRing(4, dropsOldest: true, wakes: false);
        Write(ring, 1, 10);
        Take(ring, out var overwritten).ShouldBe([7L, 8, 9, 10]);
        overwritten.ShouldBe(6);
        Write(ring, 11, 1);
        Take(ring, out overwritten).ShouldBe([11L]);
        overwritten.ShouldBe(0);
    }

    [Fact]
    public void Records_that_belong_together_come_whole_or_not_at_all()
    {
        var ring = new CallbackRing(4, dropsOldest: false, wakes: false);
        Write(ring, 1, 2);
        ring.TryReserve(3).ShouldBeFalse();
        ring.TryReserve(2).ShouldBeTrue();
        (ring.Reserved(0).Number, ring.Reserved(1).Number) = (8, 9);
        ring.Publish(2);
        var records = new CallbackRecord[8];
        ring.Take(records, out _).ShouldBe(4);
        records.Take(4).Select(r => (r.Number, r.Lost)).ShouldBe([(1, 0u), (2, 0u), (8, 3u), (9, 0u)]);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void Between_two_threads_every_record_arrives_in_order_or_is_counted(bool dropsOldest, bool wakes)
    {
        const int count = 200_000;
        var ring = new CallbackRing(64, dropsOldest, wakes);
        var writer = Task.Run(() => Write(ring, 1, count));
        var (seen, missing, last) = (0L, 0L, 0L);
        var records = new CallbackRecord[50];
        while (!writer.IsCompleted || ring.Count > 0)
        {
            var taken = ring.Take(records, out var overwritten);
            missing += overwritten;
            foreach (var r in records.AsSpan(0, taken))
            {
                missing += r.Lost;
                r.Number.ShouldBeGreaterThan(last);
                // Fields of one record are from one write.
                r.Price.ShouldBe(r.Number);
                last = r.Number;
                seen++;
            }

            if (taken == 0)
            {
                ring.Sleep(5);
            }
        }

        writer.Wait();
        // What was lost at the very end has no record behind it that could say so.
        (seen + missing + (count - last)).ShouldBe(count);
    }

    private static void Write(CallbackRing ring, int from, int count)
    {
        for (var i = from; i < from + count; i++)
        {
            if (ring.TryReserve(1))
            {
                ref var r = ref ring.Reserved(0);
                (r.Number, r.Price, r.Lost) = (i, i, 0);
                ring.Publish(1);
            }
        }
    }

    private static long[] Take(CallbackRing ring, out long overwritten)
    {
        var records = new CallbackRecord[100];
        var count = ring.Take(records, out overwritten);
        return [.. records.Take(count).Select(r => r.Number)];
    }
}
