using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

public sealed class FaultTests
{
    private static GraphReport Run(BlockSettings settings, Func<long, bool> at, Collect collect) => new GraphBuilder()
        .Add("source", new Counting(1_000)).Add("picky", new Throwing(at), ["source"], settings).Add("end", collect, ["picky"]).Run();

    [Fact]
    public void A_block_that_throws_ends_the_run_and_names_block_and_event()
    {
        var report = Run(new BlockSettings(), v => v == 500, new Collect());

        report.Completed.ShouldBeFalse();
        report.Fault.ShouldBe("Block 'picky' failed at event 500: cannot digest 500");
        report.Imbalances.ShouldBeEmpty();
        report.Block("picky").Errors["InvalidDataException"].ShouldBe(1);
    }

    [Theory]
    [InlineData(OnError.Drop, 0)]
    [InlineData(OnError.DeadLetter, 10)]
    public void A_tolerated_exception_costs_exactly_its_event(OnError policy, int deadLetters)
    {
        var collect = new Collect();
        var report = Run(new BlockSettings { OnError = policy }, v => v % 100 == 0, collect);

        report.ShouldBeSound();
        collect.Seen.Select(n => n.Value).ShouldBe(Enumerable.Range(1, 1_000).Where(i => i % 100 != 0).Select(i => (long)i));
        report.Block("picky").Failed.ShouldBe(10);
        report.DeadLetters.Count.ShouldBe(deadLetters);
    }

    [Fact]
    public void Retry_hands_the_same_event_over_again_and_loses_nothing()
    {
        var failures = new Dictionary<long, int>();
        var collect = new Collect();
        var report = Run(new BlockSettings { OnError = OnError.Retry, Retries = 2 }, v => v % 100 == 0 && (failures[v] = failures.GetValueOrDefault(v) + 1) <= 2, collect);

        report.ShouldBeSound();
        collect.Seen.Count.ShouldBe(1_000);
        report.Block("picky").Errors["InvalidDataException"].ShouldBe(20);
    }

    [Fact]
    public void Retry_gives_up_after_its_number_of_tries()
    {
        var report = Run(new BlockSettings { OnError = OnError.Retry, Retries = 2 }, v => v == 7, new Collect());

        report.Fault.ShouldBe("Block 'picky' failed at event 7: cannot digest 7");
        report.Block("picky").Errors["InvalidDataException"].ShouldBe(3);
    }

    [Theory]
    [InlineData(OnError.Drop)]
    [InlineData(OnError.DeadLetter)]
    public void A_filter_that_throws_loses_its_event_and_keeps_the_others_as_they_should_be(OnError policy)
    {
        var collect = new Collect();
        var report = new GraphBuilder()
            .Add("source", new Counting(1_000))
            .Add("filter", new DropAndChange(v => v % 10 == 0 ? throw new InvalidDataException("no") : v % 4 == 1), ["source"], new BlockSettings { OnError = policy })
            .Add("end", collect, ["filter"]).Run();

        report.ShouldBeSound();
        collect.Seen.Select(n => n.Value).ShouldBe(Enumerable.Range(1, 1_000).Where(i => i % 10 != 0 && i % 4 != 1).Select(i => (long)-i));
        report.Block("filter").Failed.ShouldBe(100);
    }

    [Fact]
    public void An_observer_that_throws_does_not_keep_the_event_from_others()
    {
        var collect = new Collect();
        var report = new GraphBuilder()
            .Add("source", new Counting(100)).Add("sink", new Fussy(), ["source"], new BlockSettings { OnError = OnError.Drop }).Add("end", collect, ["sink"]).Run();

        report.ShouldBeSound();
        collect.Seen.Count.ShouldBe(100);
        report.Block("sink").Errors["InvalidDataException"].ShouldBe(10);
    }

    [Fact]
    public void A_source_that_throws_ends_the_run_and_names_itself()
    {
        var report = new GraphBuilder().Add("source", new BadSource()).Add("end", new Collect(), ["source"]).Run();

        report.Fault.ShouldBe("Block 'source' failed at event 4: disk on fire");
    }

    [Fact]
    public void A_run_that_fails_ends_with_an_account_that_adds_up()
    {
        var report = new GraphBuilder(new EngineSettings { Fuse = false, Capacity = 8 })
            .Add("source", new Endless()).Add("a", new Multiply(_ => 2), ["source"]).Add("picky", new Throwing(v => v > 10_000), ["a"]).Add("end", new Collect(), ["picky"]).Run();

        report.Fault!.ShouldStartWith("Block 'picky' failed at event");
        report.Imbalances.ShouldBeEmpty();
    }

    private sealed class Fussy : Observer<Number>
    {
        public override void Observe(Run<Number> run)
        {
            foreach (ref readonly var e in run)
            {
                if (e.Value % 10 == 0)
                {
                    throw new InvalidDataException("no");
                }
            }
        }
    }

    private sealed class BadSource : Source<Number>
    {
        private int _sent;

        public override bool Read(Output<Number> output, int limit, CancellationToken stop)
        {
            if (_sent == 3)
            {
                throw new IOException("disk on fire");
            }

            output.Add(new Number(++_sent, _sent));
            return true;
        }
    }
}
