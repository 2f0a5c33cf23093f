using System.Threading.Tasks.Dataflow;
using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

public sealed class LinkTests
{
    private static readonly BatchPool<Number> Pool = new(64);

    private static Slice<Number> SliceOf(params long[] values)
    {
        var batch = Pool.Rent();
        for (var i = 0; i < values.Length; i++)
        {
            batch.Items[i] = new Number(values[i], values[i], values[i] % 10);
        }

        return new Slice<Number>(batch, 0, values.Length, 0);
    }

    private static List<long> Drain(Link<Number> link)
    {
        var values = new List<long>();
        while (link.Read(out var slice, out _, out _))
        {
            values.AddRange(slice.Span.ToArray().Select(n => n.Value));
            slice.Batch.Release();
        }

        return values;
    }

    [Fact]
    public void Block_takes_what_fits_and_no_more()
    {
        var link = new Link<Number>(3, WhenFull.Block, Pool);

        link.Write(SliceOf(1, 2)).ShouldBe(2);
        link.Write(SliceOf(3, 4, 5)).ShouldBe(1);
        link.Write(SliceOf(6)).ShouldBe(0);
        Drain(link).ShouldBe([1L, 2, 3]);
        link.Count().ShouldBe(new LinkCounts(3, 3, 0, 0, 0, 0, 0, 3));
    }

    [Fact]
    public void What_one_event_caused_is_taken_whole()
    {
        var link = new Link<Number>(2, WhenFull.Block, Pool);

        link.Write(SliceOf(1, 5, 5, 5, 6)).ShouldBe(4);
        link.Write(SliceOf(5)).ShouldBe(1);
        link.Write(SliceOf(6)).ShouldBe(0);
        Drain(link).ShouldBe([1L, 5, 5, 5, 5]);
    }

    [Fact]
    public void Drop_newest_keeps_what_waits()
    {
        var link = new Link<Number>(3, WhenFull.DropNewest, Pool);

        link.Write(SliceOf(1, 2, 3, 4, 5)).ShouldBe(5);
        Drain(link).ShouldBe([1L, 2, 3]);
        link.Count().DroppedFull.ShouldBe(2);
    }

    [Theory]
    [InlineData(new long[] { 1, 2 }, new long[] { 3, 4 }, new long[] { 2, 3, 4 })]
    [InlineData(new long[] { 1 }, new long[] { 2, 3, 4, 5, 6 }, new long[] { 4, 5, 6 })]
    public void Drop_oldest_keeps_what_is_newest(long[] first, long[] second, long[] left)
    {
        var link = new Link<Number>(3, WhenFull.DropOldest, Pool);

        link.Write(SliceOf(first));
        link.Write(SliceOf(second));
        Drain(link).ShouldBe(left);
        var counts = link.Count();
        counts.In.ShouldBe(counts.Out + counts.DroppedFull);
    }

    [Fact]
    public void Conflate_keeps_the_newest_of_every_key_in_the_order_of_sequence()
    {
        var link = new Link<Number>(2, WhenFull.Conflate, Pool);

        // Keys are the last digits: 11 replaces 1, 21 replaces 11; 3 is a third key, so the oldest waiting (2) goes.
        link.Write(SliceOf(1, 2, 11, 21, 23));
        Drain(link).ShouldBe([21L, 23]);
        link.Count().ShouldBe(new LinkCounts(5, 2, 1, 2, 0, 0, 0, 2));
    }

    [Fact]
    public void What_is_spilled_comes_back_behind_what_waits_in_memory()
    {
        using var spill = new QueueSpill<Number>(3);
        var link = new Link<Number>(2, WhenFull.Spill, Pool, spill: spill);

        link.Write(SliceOf(1, 2, 3)).ShouldBe(3);
        link.Read(out var first, out var progress, out _).ShouldBeTrue();
        progress.ShouldBe(1, "3 still waits outside memory");
        first.Batch.Release();
        link.Write(SliceOf(4, 5, 6, 7)).ShouldBe(4);

        link.Count().ShouldBe(new LinkCounts(7, 2, 2, 0, 0, 3, 3, 2));
        Drain(link).ShouldBe([3L, 4, 5]);
        link.Write(SliceOf(8));
        link.Count().ShouldBe(new LinkCounts(8, 5, 2, 0, 1, 0, 3, 2), "memory is used again once the spill is empty");
    }

    [Fact]
    public void Progress_never_runs_ahead_of_events_that_wait()
    {
        var link = new Link<Number>(8, WhenFull.Block, Pool);
        link.Write(SliceOf(1, 2));
        link.Write(SliceOf(7, 8));
        link.SetProgress(8);

        link.Read(out var first, out var progress, out _).ShouldBeTrue();
        progress.ShouldBe(6);
        link.Read(out var second, out progress, out _).ShouldBeTrue();
        progress.ShouldBe(8);
        first.Batch.Release();
        second.Batch.Release();
    }

    [Fact]
    public void Single_events_behind_a_slow_reader_share_batches()
    {
        const int Count = 1000;
        var pool = new BatchPool<Number>(64);
        var link = new Link<Number>(Count, WhenFull.Block, pool);
        foreach (var round in new[] { 0, 1 })
        {
            for (var i = 1L; i <= Count; i++)
            {
                var batch = pool.Rent();
                batch.Items[0] = new Number((round * Count) + i, i, 0);
                link.Write(new Slice<Number>(batch, 0, 1, i)).ShouldBe(1);
                batch.Release();
            }

            pool.Outstanding.ShouldBeLessThanOrEqualTo(8 + (Count / 64) + 1);
            link.Read(out var first, out _, out _).ShouldBeTrue();
            (first.Count, first.Stamp).ShouldBe((1, 1L), "the first few wait as they came");
            first.Batch.Release();
            Drain(link).ShouldBe(Enumerable.Range(2, Count - 1).Select(i => (long)i));
            pool.Outstanding.ShouldBe(0);
        }
    }

    [Fact]
    public void A_slice_of_collected_events_has_the_stamp_of_its_oldest()
    {
        var link = new Link<Number>(100, WhenFull.Block, Pool);
        for (var i = 1; i <= 12; i++)
        {
            var slice = SliceOf(i);
            link.Write(new Slice<Number>(slice.Batch, 0, 1, i * 10));
            slice.Batch.Release();
        }

        var last = default(Slice<Number>);
        while (link.Read(out var slice, out _, out _))
        {
            last = slice;
            slice.Batch.Release();
        }

        (last.Count, last.Stamp).ShouldBe((4, 90L));
    }

    [Fact]
    public void Random_traffic_matches_a_model_of_every_policy()
    {
        const int SpillLimit = 5;
        foreach (var policy in Enum.GetValues<WhenFull>())
        {
            Prop.ForAll(ArbMap.Default.ArbFor<(byte Capacity, bool[] Steps)>(), input =>
            {
                var capacity = 1 + (input.Capacity % 40);
                using var spill = new QueueSpill<Number>(SpillLimit);
                var link = new Link<Number>(capacity, policy, Pool, spill: policy == WhenFull.Spill ? spill : null);
                var isSpilling = false;
                var model = new List<long>();
                var (read, lost, next) = (new List<long>(), 0L, 0L);
                foreach (var isWrite in input.Steps ?? [])
                {
                    if (isWrite)
                    {
                        var value = ++next;
                        var slice = SliceOf(value);
                        var taken = link.Write(slice);
                        slice.Batch.Release();
                        if (policy == WhenFull.Block && model.Count == capacity)
                        {
                            taken.ShouldBe(0);
                            continue;
                        }

                        taken.ShouldBe(1);
                        if (policy == WhenFull.Conflate && model.RemoveAll(v => v % 10 == value % 10) > 0)
                        {
                            lost++;
                        }
                        else if (policy == WhenFull.Spill)
                        {
                            // Once it spills, everything new goes the same way until the spill is empty again.
                            isSpilling |= model.Count >= capacity;
                            if (isSpilling && spill.Count == SpillLimit && link.Count().DroppedFull > lost)
                            {
                                lost++;
                                continue;
                            }
                        }
                        else if (model.Count == capacity)
                        {
                            lost++;
                            if (policy == WhenFull.DropNewest)
                            {
                                continue;
                            }

                            model.RemoveAt(0);
                        }

                        model.Add(value);
                    }
                    else if (link.Read(out var slice, out _, out _))
                    {
                        foreach (var n in slice.Span)
                        {
                            n.Value.ShouldBe(model[0]);
                            model.RemoveAt(0);
                            read.Add(n.Value);
                        }

                        slice.Batch.Release();
                    }

                    var counts = link.Count();
                    isSpilling &= counts.Spilled > 0;
                    (counts.Depth + counts.Spilled).ShouldBe(model.Count);
                    counts.Depth.ShouldBeLessThanOrEqualTo(capacity);
                    (counts.DroppedFull + counts.Conflated).ShouldBe(lost);
                    counts.In.ShouldBe(counts.Out + lost + counts.Depth + counts.Spilled);
                }
            }).QuickCheckThrowOnFailure();
        }
    }

    [Fact]
    public void Nothing_is_lost_when_waiting_readers_are_cancelled_at_random()
    {
        const int Count = 20_000;
        var link = new Link<Number>(4, WhenFull.Block, Pool);
        using var readable = new Signal();
        using var writable = new Signal();
        link.Connect(readable, writable);
        var taken = 0L;
        var gate = new Lock();

        async Task Read(int seed)
        {
            var random = new Random(seed);
            while (true)
            {
                bool isCompleted;
                lock (gate)
                {
                    while (link.Read(out var slice, out _, out isCompleted))
                    {
                        taken += slice.Count;
                        slice.Batch.Release();
                    }
                }

                if (isCompleted)
                {
                    readable.Wake();
                    return;
                }

                using var cancel = new CancellationTokenSource();
                var canceller = Task.Run(() => { Thread.SpinWait(random.Next(0, 60)); cancel.Cancel(); });
                try
                {
                    await readable.WaitAsync(cancel.Token);
                }
                catch (OperationCanceledException)
                {
                    // What arrived meanwhile is still in the link: waiting and taking are two steps.
                }

                await canceller;
            }
        }

        var readers = Task.WhenAll(Task.Run(() => Read(1)), Task.Run(() => Read(2)));
        for (var i = 1; i <= Count; i++)
        {
            var slice = SliceOf(i);
            while (link.Write(slice) == 0)
            {
                writable.WaitAsync(CancellationToken.None).Wait();
            }

            slice.Batch.Release();
        }

        link.Complete();
        readers.Wait(TimeSpan.FromSeconds(60)).ShouldBeTrue();
        (Count - taken).ShouldBe(0);
    }

    [Fact]
    public void BroadcastBlock_would_have_lost_events_where_our_fan_out_loses_none()
    {
        const int Count = 5_000;
        var broadcast = new BroadcastBlock<int>(i => i);
        var received = 0;
        var slow = new ActionBlock<int>(_ => { Thread.SpinWait(500); received++; }, new ExecutionDataflowBlockOptions { BoundedCapacity = 16 });
        broadcast.LinkTo(slow);
        for (var i = 0; i < Count; i++)
        {
            broadcast.Post(i).ShouldBeTrue("it says that it took every one");
        }

        broadcast.Complete();
        broadcast.Completion.Wait();
        slow.Complete();
        slow.Completion.Wait();
        received.ShouldBeLessThan(Count);

        var (a, b) = (new Collect(), new Collect());
        new GraphBuilder(new EngineSettings { Fuse = false, Capacity = 16 })
            .Add("source", new Counting(Count)).Add("a", a, ["source"]).Add("b", b, ["source"]).Run().ShouldBeSound();
        (a.Seen.Count, b.Seen.Count).ShouldBe((Count, Count));
    }

    private sealed class Signal : IWakeable, IDisposable
    {
        private readonly SemaphoreSlim _semaphore = new(0);

        public void Wake() => _semaphore.Release();

        public Task WaitAsync(CancellationToken token) => _semaphore.WaitAsync(token);

        public void Dispose() => _semaphore.Dispose();
    }
}
