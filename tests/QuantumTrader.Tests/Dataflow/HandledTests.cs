using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

public sealed class HandledTests
{
    [Theory]
    [InlineData(true, HandledNews.BetweenReads)]
    [InlineData(false, HandledNews.BetweenReads)]
    [InlineData(true, HandledNews.AtOnce)]
    [InlineData(false, HandledNews.AtOnce)]
    public async Task A_source_is_told_only_what_every_branch_has_handled_and_in_the_end_everything(bool fuse, HandledNews news)
    {
        var (slow, fast) = (new Watching(spins: 2000), new Watching(spins: 0));
        var source = new Acknowledging(5000, news, () => Math.Min(slow.Seen, fast.Seen));
        using var graph = new GraphBuilder(new EngineSettings { Fuse = fuse, Capacity = 64, Batch = 16 })
            .Add("source", source)
            .Add("slow", slow, ["source"], new BlockSettings { Io = true })
            .Add("none", new Nothing(), ["source"])
            .Add("behind", new Watching(spins: 0), ["none"])
            .Add("fast", fast, ["source"])
            .Build();

        var report = await graph.RunAsync();

        report.Fault.ShouldBeNull();
        source.WasTooEarly.ShouldBeFalse();
        source.Told.Count.ShouldBeGreaterThan(10);
        source.Told.ShouldBeInOrder();
        source.Told[^1].ShouldBe(5000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_source_that_waits_for_it_is_told_at_once_also_of_what_a_block_failed_at_or_left_out(bool fuse)
    {
        var source = new OneByOne(50);
        var failing = new Watching(spins: 0) { FailAt = 20 };
        using var graph = new GraphBuilder(new EngineSettings { Fuse = fuse })
            .Add("source", source)
            .Add("failing", failing, ["source"], new BlockSettings { OnError = OnError.Drop })
            .Add("none", new Nothing(), ["failing"])
            .Add("last", new Watching(spins: 0), ["none"])
            .Build();

        var report = await graph.RunAsync();

        report.Fault.ShouldBeNull();
        report.Blocks.Single(b => b.Name == "failing").Errors.Values.Sum().ShouldBe(1);
        source.Unanswered.ShouldBe(0);
        source.Told.ShouldBe(Enumerable.Range(1, 50).Select(n => (long)n));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_behind_a_source_that_fuses_runs_on_its_thread_up_to_the_first_boundary(bool fuses)
    {
        var source = new OneByOne(50) { IsFused = fuses };
        var (near, far) = (new Watching(spins: 0), new Watching(spins: 0));
        using var graph = new GraphBuilder(new EngineSettings())
            .Add("source", source)
            .Add("near", near, ["source"])
            .Add("far", far, ["near"], new BlockSettings { Boundary = true })
            .Build();

        var report = await graph.RunAsync();

        report.Fault.ShouldBeNull();
        (source.Told.Count, near.Seen, far.Seen).ShouldBe((50, 50, 50));
        (near.RanOn == source.RanOn).ShouldBe(fuses);
        far.RanOn.ShouldNotBe(source.RanOn);
    }

    [Theory]
    [InlineData(HandledNews.BetweenReads)]
    [InlineData(HandledNews.AtOnce)]
    public async Task A_run_that_fails_acknowledges_nothing_beyond_the_failure(HandledNews news)
    {
        var failing = new Watching(spins: 0) { FailAt = 1000 };
        var source = new Acknowledging(5000, news, () => failing.Seen);
        using var graph = new GraphBuilder(new EngineSettings { Batch = 16 }).Add("source", source).Add("failing", failing, ["source"]).Build();

        (await graph.RunAsync()).Fault.ShouldNotBeNull();

        source.Told.ShouldAllBe(s => s < 1000);
    }

    private sealed class Acknowledging(long count, HandledNews news, Func<long> seen) : Source<Number>
    {
        private long _sent;

        public List<long> Told { get; } = [];

        public bool WasTooEarly { get; private set; }

        public override HandledNews HandledNews => news;

        public override bool Read(Output<Number> output, int limit, CancellationToken stop)
        {
            for (var i = 0; i < limit && _sent < count; i++)
            {
                _sent++;
                output.Add(new Number(_sent, _sent));
            }

            return _sent < count;
        }

        public override void Handled(long sequence)
        {
            WasTooEarly |= sequence > seen();
            Told.Add(sequence);
        }
    }

    // Sends the next only when the one before was handled; gives up waiting, and says so, when nobody tells it.
    private sealed class OneByOne(long count) : Source<Number>
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
        private readonly SemaphoreSlim _handled = new(0);
        private long _sent;

        public List<long> Told { get; } = [];

        public int Unanswered { get; private set; }

        public Thread? RanOn { get; private set; }

        public bool IsFused { get; init; }

        public override bool Fuses => IsFused;

        public override HandledNews HandledNews => HandledNews.AtOnce;

        public override bool Read(Output<Number> output, int limit, CancellationToken stop)
        {
            RanOn = Thread.CurrentThread;
            if (_sent > 0 && !_handled.Wait(Patience, stop))
            {
                Unanswered++;
                return false;
            }

            _sent++;
            output.Add(new Number(_sent, _sent));
            return _sent < count;
        }

        public override void Handled(long sequence)
        {
            Told.Add(sequence);
            _handled.Release();
        }
    }

    private sealed class Watching(int spins) : Observer<Number>
    {
        private long _seen;

        public long FailAt { get; init; } = long.MaxValue;

        public long Seen => Volatile.Read(ref _seen);

        public Thread? RanOn { get; private set; }

        public override void Observe(Run<Number> run)
        {
            RanOn = Thread.CurrentThread;
            foreach (ref readonly var e in run)
            {
                if (e.Sequence == FailAt)
                {
                    throw new InvalidOperationException("on purpose");
                }

                Thread.SpinWait(spins);
                Volatile.Write(ref _seen, e.Sequence);
            }
        }
    }

    private sealed class Nothing : Operator<Number, Number>
    {
        public override void Process(Run<Number> run, Output<Number> output) { }
    }
}
