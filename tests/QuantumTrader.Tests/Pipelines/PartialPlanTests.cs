using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

[Block("test.broker", "Sends scores to a broker.", Trading = true, Io = true)]
public sealed class TestBroker : Operator<Score, Score>
{
    public override void Process(Run<Score> run, Output<Score> output) { }
}

public sealed class PartialPlanTests
{
    private const string Feed = "feed: { type: test.source }";
    private const string Model = "model: { type: test.model, from: sink, model: x, edge: { capacity: 7, when_full: drop_oldest } }";

    private static readonly PipelinePlan Plan = Sample.Plan(Sample.With(
        Feed, "sink: { type: test.sink, from: feed }", Model, "clean: { type: test.filter, from: feed }", "log: { type: test.log, from: clean }", "end: { type: test.orders, from: model }"));

    [Fact]
    public void A_part_holds_the_blocks_that_are_asked_for_and_all_that_feed_them()
    {
        PartialPlan.Of(Plan, "model").Blocks.Select(b => b.Name).ShouldBe(["feed", "sink", "model"]);
        PartialPlan.Of(Plan, "clean", "sink").Blocks.Select(b => b.Name).ShouldBe(["feed", "sink", "clean"]);
    }

    [Fact]
    public void What_only_reads_does_nothing_and_needs_nothing()
    {
        var part = PartialPlan.Of(Sample.Plan(Sample.With(Feed, "sink: { type: test.sink, from: feed }", "clean: { type: test.filter, from: sink }", "log: { type: test.log, from: clean }")), "clean");

        part.Sections.Select(s => s.Type.Name).ShouldBe(["test_names"], "the calendar was the sink's");
        using var factory = new BlockFactory(part, TimeProvider.System);
        using var sink = factory.Make(part["sink"]);
        sink.ShouldBeAssignableTo<Observer<Tick>>().ShouldNotBeOfType<TestSink<Tick>>();
        using var clean = factory.Make(part["clean"]);
        clean.ShouldBeOfType<TestFilter>();
    }

    [Fact]
    public void At_full_speed_no_edge_drops_and_no_source_keeps_a_pace()
    {
        var part = PartialPlan.AtFullSpeed(Plan);

        part["model"].Settings.Edge.ShouldBe(new EdgeSettings { Capacity = 7, WhenFull = WhenFull.Block });
        using var factory = new BlockFactory(part, TimeProvider.System);
        using var source = (TestSource)factory.Make(part["feed"]);
        source.Context.OnlyLooks.ShouldBeTrue();
        using var paced = new BlockFactory(Plan, TimeProvider.System);
        using var other = (TestSource)paced.Make(Plan["feed"]);
        other.Context.OnlyLooks.ShouldBeFalse();
    }

    [Fact]
    public async Task What_sends_orders_outside_is_in_no_partial_run()
    {
        var plan = Sample.Plan(Sample.With(Feed, "model: { type: test.model, from: feed, model: x }", "live: { type: test.broker, from: model }") + "tests: [{ name: x, insert: { feed: [{ price: 1 }] }, expect: { feed: [{ price: 1 }] } }]\n");

        Should.Throw<FindingException>(() => PartialPlan.Of(plan, "live")).Message.ShouldBe(
            "p.yml:7:3: QT0601 blocks.live: 'live' sends orders outside, so only qt run runs it. Look at what feeds it instead: model.");
        PartialPlan.Of(plan, "model").Blocks.Count.ShouldBe(2);
        (await PipelineTestRunner.RunAsync(plan, plan.Tests[0])).Passed.ShouldBeTrue();
    }
}
