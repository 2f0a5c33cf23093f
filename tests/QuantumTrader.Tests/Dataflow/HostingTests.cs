using System.Security.Cryptography;
using System.Threading.Tasks.Dataflow;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

public sealed class HostingTests
{
    private static ExecutionDataflowBlockOptions Bounded(int capacity = 8, int parallelism = 1) => new() { BoundedCapacity = capacity, MaxDegreeOfParallelism = parallelism };

    [Theory]
    [InlineData(1, 1)]
    [InlineData(8, 4)]
    [InlineData(DataflowBlockOptions.Unbounded, 2)]
    public void A_transform_block_gives_every_event_in_order(int capacity, int parallelism)
    {
        var collect = new Collect();
        var report = Run(new Hosted(() => new TransformBlock<Number, Number>(e => Twice(e), Bounded(capacity, parallelism))) { OneForOne = true }, collect);

        report.ShouldBeSound();
        collect.Seen.Select(n => (n.Sequence, n.Value)).ShouldBe(Enumerable.Range(1, 3_000).Select(i => ((long)i, 2L * i)));
        report.Block("hosted").Passed.ShouldBe(3_000);
    }

    [Fact]
    public void An_asynchronous_block_keeps_the_order_of_its_input()
    {
        var collect = new Collect();
        Run(new Hosted(() => new TransformBlock<Number, Number>(
            async e =>
            {
                await Task.Yield();
                return Twice(e);
            },
            Bounded(parallelism: 4))), collect).ShouldBeSound();

        collect.Seen.Select(n => n.Value).ShouldBe(Enumerable.Range(1, 3_000).Select(i => 2L * i));
    }

    [Fact]
    public void A_block_that_gives_more_than_it_takes_numbers_its_results_anew()
    {
        var collect = new Collect();
        var report = Run(new Hosted(() => new TransformManyBlock<Number, Number>(e => Enumerable.Repeat(e, (int)(e.Value % 5)), Bounded(1))), collect);

        report.ShouldBeSound();
        collect.Seen.Select(n => n.Sequence).ShouldBe(Enumerable.Range(1, 6_000).Select(i => (long)i));
        collect.Seen.Select(n => n.Value).ShouldBe(Enumerable.Range(1, 3_000).SelectMany(i => Enumerable.Repeat((long)i, i % 5)));
        var block = report.Block("hosted");
        (block.In, block.Consumed, block.Created, block.Out, block.Held).ShouldBe((3_000L, 3_000L, 6_000L, 6_000L, 0L));
    }

    [Fact]
    public void An_encapsulated_chain_that_gives_fewer_gives_its_rest_at_the_end()
    {
        var collect = new Collect();
        var report = Run(new Hosted(() =>
        {
            var batch = new BatchBlock<Number>(7, new GroupingDataflowBlockOptions { BoundedCapacity = 14 });
            var sum = new TransformBlock<Number[], Number>(b => new Number(0, b.Sum(n => n.Value)), Bounded());
            batch.LinkTo(sum, new DataflowLinkOptions { PropagateCompletion = true });
            return DataflowBlock.Encapsulate(batch, sum);
        }), collect);

        report.ShouldBeSound();
        collect.Seen.Select(n => n.Value).ShouldBe(Enumerable.Range(1, 3_000).Chunk(7).Select(c => c.Sum(i => (long)i)));
    }

    [Fact]
    public void Results_are_the_same_for_any_workers_capacity_batch_and_fusion()
    {
        string? HashOf(EngineSettings settings) => new GraphBuilder(settings with { Hashes = true })
            .Add("source", new Counting(2_000))
            .Add("hosted", new Hosted(() => new TransformManyBlock<Number, Number>(e => Enumerable.Repeat(e, (int)(e.Value % 3)), Bounded(4, 3))), ["source"])
            .Add("rare", new Multiply(v => v % 9 == 0 ? 1 : 0), ["hosted"])
            .Add("sums", new SumPerKey(), ["hosted", "rare"]).Run().Also(ShouldBeSound).Block("sums").Hash;

        var expected = HashOf(new EngineSettings());
        HashOf(new EngineSettings { Workers = 1 }).ShouldBe(expected);
        HashOf(new EngineSettings { Workers = 4, Fuse = false, Capacity = 1 }).ShouldBe(expected);
        HashOf(new EngineSettings { Batch = 1 }).ShouldBe(expected);
    }

    [Fact]
    public void A_slow_reader_behind_a_full_block_stalls_nothing()
    {
        var collect = new Collect();
        new GraphBuilder(new EngineSettings { Capacity = 1, Batch = 2, Fuse = false, Workers = 1 })
            .Add("source", new Counting(2_000))
            .Add("hosted", new Hosted(() => new TransformManyBlock<Number, Number>(e => Enumerable.Repeat(e, 5), Bounded(1))), ["source"])
            .Add("end", collect, ["hosted"], new BlockSettings { Io = true }).Run().ShouldBeSound();

        collect.Seen.Count.ShouldBe(10_000);
    }

    [Fact]
    public void Results_that_come_while_no_input_waits_go_on_at_once()
    {
        using var stop = new CancellationTokenSource();
        var release = new TaskCompletionSource();
        var collect = new Collect();
        using var graph = new GraphBuilder().Add("source", new Pausing(3))
            .Add("hosted", new Hosted(() => new TransformBlock<Number, Number>(async e => { await release.Task; return e; }, Bounded())) { OneForOne = true }, ["source"])
            .Add("end", collect, ["hosted"]).Build();
        var run = graph.RunAsync(stop.Token);
        SpinWait.SpinUntil(() => graph.Snapshot().Block("hosted").Held == 3, TimeSpan.FromSeconds(30)).ShouldBeTrue("what is inside is held");
        release.SetResult();
        SpinWait.SpinUntil(() => graph.Snapshot().Block("end").In == 3, TimeSpan.FromSeconds(30)).ShouldBeTrue("the source is still open, and sends nothing");
        stop.Cancel();
        run.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();

        run.Result.ShouldBeSound();
    }

    [Fact]
    public void A_snapshot_adds_up_at_any_moment()
    {
        using var stop = new CancellationTokenSource();
        using var graph = new GraphBuilder().Add("source", new Endless())
            .Add("hosted", new Hosted(() => new TransformManyBlock<Number, Number>(e => Enumerable.Repeat(e, (int)(e.Value % 3)), Bounded(4, 2))), ["source"])
            .Add("end", new Multiply(_ => 0), ["hosted"]).Build();
        var run = graph.RunAsync(stop.Token);
        for (var i = 0; i < 200 || graph.Snapshot().Block("end").In == 0; i++)
        {
            graph.Snapshot().Imbalances.ShouldBeEmpty();
        }

        stop.Cancel();
        run.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        run.Result.ShouldBeSound();
    }

    [Fact]
    public void What_is_handed_over_outlives_its_batch()
    {
        var isKept = true;
        new GraphBuilder().Add("source", new Notes())
            .Add("hosted", new HostedNotes(e => isKept &= e.Text == "kept"), ["source"]).Run().ShouldBeSound();

        isKept.ShouldBeTrue();
    }

    [Fact]
    public void A_block_that_throws_ends_the_run_under_its_name_with_the_reason()
    {
        var report = Run(new Hosted(() => new TransformBlock<Number, Number>(e => e.Value == 500 ? throw new InvalidDataException("cannot digest 500") : e, Bounded())), new Collect());

        report.Completed.ShouldBeFalse();
        report.Fault.ShouldBe("Block 'hosted' failed: cannot digest 500");
        report.Block("hosted").Errors["InvalidDataException"].ShouldBe(1);
        report.Imbalances.ShouldBeEmpty();
    }

    [Fact]
    public void A_block_that_throws_when_it_is_made_ends_the_run_under_its_name() =>
        Run(new Hosted(() => throw new InvalidDataException("no licence")), new Collect()).Fault.ShouldBe("Block 'hosted' failed: no licence");

    [Fact]
    public void A_block_that_is_cancelled_ends_the_run_under_its_name()
    {
        using var cancel = new CancellationTokenSource();
        var report = Run(
            new Hosted(() => new TransformBlock<Number, Number>(
                e =>
                {
                    if (e.Value == 100)
                    {
                        cancel.Cancel();
                    }

                    return e;
                },
                new ExecutionDataflowBlockOptions { CancellationToken = cancel.Token })), new Collect());

        report.Fault.ShouldBe("Block 'hosted' failed: the hosted block was cancelled.");
    }

    [Theory]
    [InlineData(false, "the hosted block declined the event")]
    [InlineData(true, "the hosted block completed itself and declined the event")]
    public void A_block_that_declines_an_event_ends_the_run_and_names_the_event(bool completes, string reason)
    {
        var collect = new Collect();
        var report = Run(new Hosted(() => new Declining(10, completes)), collect);

        report.Fault.ShouldBe($"Block 'hosted' failed at event 10: {reason}; it must take events until the engine completes it.");
        report.Imbalances.ShouldBeEmpty();
    }

    [Fact]
    public void A_block_that_loses_an_event_is_found_out_when_it_says_that_it_conserves()
    {
        var report = Run(new Hosted(() => new TransformManyBlock<Number, Number>(e => e.Value == 7 ? [] : [e], Bounded())) { OneForOne = true }, new Collect());

        report.Imbalances.ShouldBe(["block hosted still holds 1 events"]);
    }

    [Fact]
    public void A_block_that_never_completes_is_named_when_the_drain_takes_too_long()
    {
        using var stop = new CancellationTokenSource();
        var never = new TaskCompletionSource();
        using var graph = new GraphBuilder(new EngineSettings { DrainDeadline = TimeSpan.FromMilliseconds(50) }).Add("source", new Counting(100))
            .Add("hosted", new Hosted(() => new TransformBlock<Number, Number>(async e => { await never.Task; return e; }, Bounded())), ["source"])
            .Add("end", new Collect(), ["hosted"]).Build();
        var run = graph.RunAsync(stop.Token);
        SpinWait.SpinUntil(() => graph.Snapshot().Block("hosted").In > 0, TimeSpan.FromSeconds(30)).ShouldBeTrue();
        stop.Cancel();
        run.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        never.SetResult();

        run.Result.Completed.ShouldBeFalse();
        run.Result.Fault!.ShouldContain("Still holding: ");
        run.Result.Fault!.ShouldContain("block hosted+end");
    }

    [Theory]
    [InlineData(OnError.Drop)]
    [InlineData(OnError.Retry)]
    [InlineData(OnError.DeadLetter)]
    public void Any_fault_policy_but_fail_is_refused(OnError policy)
    {
        var builder = new GraphBuilder().Add("source", new Counting(1))
            .Add("hosted", new Hosted(() => new TransformBlock<Number, Number>(e => e)), ["source"], new BlockSettings { OnError = policy });

        Should.Throw<GraphException>(builder.Build).Message.ShouldBe($"Block 'hosted' hosts a Dataflow block, which an exception ends, but its fault policy is {policy}. Only Fail is possible.");
    }

    private static Number Twice(Number e) => new(e.Sequence, 2 * e.Value, e.Key);

    private static GraphReport Run(Hosted hosted, Collect collect) =>
        new GraphBuilder().Add("source", new Counting(3_000)).Add("hosted", hosted, ["source"]).Add("end", collect, ["hosted"]).Run();

    private static void ShouldBeSound(GraphReport report) => report.ShouldBeSound();

    private sealed class Hosted(Func<IPropagatorBlock<Number, Number>> create) : PropagatorBlock<Number, Number>
    {
        public bool OneForOne { get; init; }

        public override bool Conserves => OneForOne;

        public override IPropagatorBlock<Number, Number> Create() => create();

        public override Number WithSequence(in Number result, long sequence) => new(sequence, result.Value, result.Key);
    }

    /// <summary>An event that says whether it was made to outlive its batch.</summary>
    private readonly record struct TextEvent(long Sequence, string Text) : IEvent<TextEvent>
    {
        public long PartitionKey => 0;

        public long ConflationKey => 0;

        public static void AppendTo(ReadOnlySpan<TextEvent> events, IncrementalHash hash) => throw new NotSupportedException();

        public static TextEvent Keep(in TextEvent value) => value with { Text = "kept" };
    }

    private sealed class Notes : Source<TextEvent>
    {
        public override bool Read(Output<TextEvent> output, int limit, CancellationToken stop)
        {
            output.Next() = new TextEvent(1, "in the batch");
            return false;
        }
    }

    private sealed class HostedNotes(Action<TextEvent> seen) : PropagatorBlock<TextEvent, TextEvent>
    {
        public override IPropagatorBlock<TextEvent, TextEvent> Create() => new TransformBlock<TextEvent, TextEvent>(e =>
        {
            seen(e);
            return e;
        });

        public override TextEvent WithSequence(in TextEvent result, long sequence) => result with { Sequence = sequence };
    }

    /// <summary>Sends its few events at once and then waits until it is stopped.</summary>
    private sealed class Pausing(int count) : Source<Number>
    {
        private int _sent;

        public override bool Read(Output<Number> output, int limit, CancellationToken stop)
        {
            if (_sent < count)
            {
                _sent++;
                output.Add(new Number(_sent, _sent));
                return true;
            }

            stop.WaitHandle.WaitOne();
            return false;
        }
    }

    /// <summary>Takes nothing from the event at which it declines.</summary>
    private sealed class Declining(int at, bool completes) : IPropagatorBlock<Number, Number>
    {
        private readonly BufferBlock<Number> _inner = new();
        private int _seen;

        public Task Completion => _inner.Completion;

        public DataflowMessageStatus OfferMessage(DataflowMessageHeader header, Number value, ISourceBlock<Number>? source, bool consumeToAccept)
        {
            if (++_seen < at)
            {
                return ((ITargetBlock<Number>)_inner).OfferMessage(header, value, source, consumeToAccept);
            }

            if (completes)
            {
                _inner.Complete();
            }

            return DataflowMessageStatus.DecliningPermanently;
        }

        public void Complete() => _inner.Complete();

        public void Fault(Exception exception) => ((IDataflowBlock)_inner).Fault(exception);

        public Number ConsumeMessage(DataflowMessageHeader header, ITargetBlock<Number> target, out bool consumed) => ((ISourceBlock<Number>)_inner).ConsumeMessage(header, target, out consumed);

        public IDisposable LinkTo(ITargetBlock<Number> target, DataflowLinkOptions options) => _inner.LinkTo(target, options);

        public void ReleaseReservation(DataflowMessageHeader header, ITargetBlock<Number> target) => ((ISourceBlock<Number>)_inner).ReleaseReservation(header, target);

        public bool ReserveMessage(DataflowMessageHeader header, ITargetBlock<Number> target) => ((ISourceBlock<Number>)_inner).ReserveMessage(header, target);
    }
}
