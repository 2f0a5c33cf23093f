using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

public sealed class HandledTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_source_is_told_only_what_every_branch_has_handled_and_in_the_end_everything(bool fuse)
    {
        var (slow, fast) = (new Watching(spins: 2000), new Watching(spins: 0));
        var source = new Acknowledging(5000, () => Math.Min(slow.Seen, fast.Seen));
        using var graph = new GraphBuilder(new EngineSettings { Fuse = fuse, Capacity = 64, Batch = 16 })
            .Add("source", source)
            .Add("none", new Nothing(), ["source"])
            .Add("behind", new Watching(spins: 0), ["none"])
            .Add("fast", fast, ["source"])
            .Add("slow", slow, ["source"], new BlockSettings { Io = true })
            .Build();

        var report = await graph.RunAsync();

        report.Fault.ShouldBeNull();
        source.WasTooEarly.ShouldBeFalse();
        source.Told.Count.ShouldBeGreaterThan(10);
        source.Told.ShouldBeInOrder();
        source.Told[^1].ShouldBe(5000);
    }

    [Fact]
    public async Task A_run_that_fails_acknowledges_nothing_beyond_the_failure()
    {
        var failing = new Watching(spins: 0) { FailAt = 1000 };
        var source = new Acknowledging(5000, () => failing.Seen);
        using var graph = new GraphBuilder(new EngineSettings { Batch = 16 }).Add("source", source).Add("failing", failing, ["source"]).Build();

        (await graph.RunAsync()).Fault.ShouldNotBeNull();

        source.Told.ShouldAllBe(s => s < 1000);
    }

    private sealed class Acknowledging(long count, Func<long> seen) : Source<Number>
    {
        private long _sent;

        public List<long> Told { get; } = [];

        public bool WasTooEarly { get; private set; }

        public override bool WantsHandled => true;

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

    private sealed class Watching(int spins) : Observer<Number>
    {
        private long _seen;

        public long FailAt { get; init; } = long.MaxValue;

        public long Seen => Volatile.Read(ref _seen);

        public override void Observe(Run<Number> run)
        {
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
