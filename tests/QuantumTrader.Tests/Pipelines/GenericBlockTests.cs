using System.Text.Json.Nodes;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class GenericBlockTests
{
    private const string Feed = "feed: { type: test.source }";
    private const string Model = "model: { type: test.model, from: feed, model: x }";

    [Fact]
    public void A_generic_block_takes_what_its_upstream_sends_also_through_a_chain()
    {
        var plan = Plan(
            Feed, Model, "sink: { type: test.sink, from: clean }", "clean: { type: test.look, from: look }", "look: { type: test.look, from: feed }",
            "scores: { type: test.look, from: model }", "sample: { type: test.sample, from: scores, when: look }", "end: { type: test.orders, from: sample }");

        plan["sink"].Type.Class.ShouldBe(typeof(TestSink<Tick>));
        plan["look"].Type.Output.ShouldBe(typeof(Tick));
        plan["scores"].Type.Inputs.ShouldBe([new Port("from", typeof(Score))]);
        plan["sample"].Type.Inputs.ShouldBe([new Port("from", typeof(Score)), new Port("when", typeof(Tick))]);
        plan["sample"].Type.Output.ShouldBe(typeof(Score));
    }

    [Fact]
    public void A_generic_block_runs_in_a_graph()
    {
        var plan = Plan(Feed, "look: { type: test.look, from: feed }", "sink: { type: test.sink, from: look }");
        using var factory = new BlockFactory(plan, TimeProvider.System);
        using var graph = PipelineBuilder.Build(plan, factory);

        var sink = factory.Make(plan["sink"]).ShouldBeOfType<TestSink<Tick>>();
        sink.Format.ShouldBeSameAs(factory.Format(typeof(Tick)), "a format is made once per run");
        ((TickFormat)sink.Format).Names.ShouldBeSameAs(factory.Section<TestNames>());
    }

    [Fact]
    public void Sections_that_only_a_format_needs_are_made_before_it()
    {
        var plan = Sample.Plan(Sample.With(Feed, "log: { type: test.log, from: feed }") + "test_archive:\n");
        plan.Sections.Select(s => s.Type.Name).ShouldBe(["test_names", "test_archive", "test_calendar", "test_market"], ignoreOrder: true);
        using var factory = new BlockFactory(plan, TimeProvider.System);
        factory.Section<TestArchive>()!.Format.ShouldBeSameAs(factory.Format(typeof(Tick)));
    }

    [Fact]
    public void The_events_of_a_generic_source_are_chosen_by_name()
    {
        var plan = Plan("feed: { type: test.recorded, events: tick, store: x }", "log: { type: test.log, from: feed }");
        using var factory = new BlockFactory(plan, TimeProvider.System);

        factory.Make(plan["feed"]).ShouldBeOfType<TestRecorded<Tick>>().Options.Store.ShouldBe("x");
    }

    [Theory]
    [InlineData("events: tik", "p.yml:5:40: QT0112 blocks.feed.events: no type of events is named 'tik'. Legal: tick. Did you mean 'tick'?")]
    [InlineData("events: \"${EVENTS:-tik}\"", "p.yml:5:40: QT0112 blocks.feed.events: no type of events is named '${EVENTS:-tik}'. Legal: tick.")]
    [InlineData("store: x", "p.yml:5:3: QT0112 blocks.feed.events: no type of events is named 'market'. Legal: tick.")]
    public void An_unknown_name_of_events_is_one_finding(string option, string finding) =>
        Sample.Findings(Sample.With($"feed: {{ type: test.recorded, {option} }}", "look: { type: test.look, from: feed }", "sink: { type: test.sink, from: look }")).ShouldBe([finding]);

    [Fact]
    public void Only_a_generic_source_lets_its_events_be_chosen() =>
        Sample.Findings(Sample.With(Feed, "sink: { type: test.sink, from: feed, events: tick }")).ShouldHaveSingleItem().ShouldStartWith("p.yml:6:40: QT0101 blocks.sink.events");

    [Fact]
    public void Two_types_of_events_in_front_of_one_generic_block_are_a_finding_that_names_both() =>
        Sample.Findings(Sample.With(Feed, Model, "look: { type: test.look, from: [model, feed] }")).ShouldHaveSingleItem().ShouldBe(
            "p.yml:7:42: QT0302 blocks.look.from[1]: 'look' takes one type of events, and 'model' sends Score, but 'feed' sends Tick. Legal: blocks that send Score: model.");

    [Fact]
    public void A_side_port_that_is_not_generic_keeps_its_type() =>
        Sample.Findings(Sample.With(Feed, Model, "sample: { type: test.sample, from: feed, when: model }", "log: { type: test.log, from: sample }")).ShouldHaveSingleItem()
            .ShouldStartWith("p.yml:7:50: QT0302 blocks.sample.when: 'sample' takes Tick at 'when', but 'model' sends Score.");

    [Fact]
    public void Events_without_an_outside_form_cannot_go_outside() =>
        Sample.Findings(Sample.With(Feed, Model, "sink: { type: test.sink, from: model }")).ShouldBe(
            ["p.yml:7:34: QT0309 blocks.sink.from: 'test.sink' cannot handle Score: it has no outside form. Legal: Tick."]);

    [Theory]
    [InlineData("sink: { type: test.sink, from: fed }", "p.yml:6:34: QT0107 blocks.sink.from: no block is named 'fed'. Did you mean 'feed'?")]
    [InlineData("sink: { type: test.sink, from: sink }", "p.yml:6:34: QT0301 blocks.sink.from: blocks feed each other in a circle: sink -> sink.")]
    [InlineData("sink: { type: test.sink }", "p.yml:6:3: QT0110 blocks.sink.from: 'test.sink' needs 'from'. Legal: blocks that send any event type: feed.")]
    public void A_generic_block_with_a_wrong_input_is_reported_once(string sink, string finding) =>
        Sample.Findings(Sample.With(Feed, sink)).ShouldContain(finding);

    [Fact]
    public void The_reference_shows_generic_blocks_with_any_event_type()
    {
        var reference = new BlockReference(Sample.Registry);

        reference.Describe("test.sink").ShouldContain("from: any event type -> the same\n");
        reference.Describe("test.sample").ShouldContain("from: any event type, when: Tick -> the same\n");
        var recorded = reference.Describe("test.recorded");
        recorded.ShouldContain("source -> any event type\n");
        recorded.ShouldContain("the events that it sends are chosen by `events`: tick\n");
        recorded.ShouldContain("  events (text; default market)\n");
        reference.Markdown().ShouldContain("| `events` | text; default market | Name of the type of events");
        reference.Describe("test.source").ShouldNotContain("chosen by `events`");
    }

    [Fact]
    public void The_schema_of_a_generic_source_lists_the_legal_events()
    {
        var schema = JsonNode.Parse(JsonSchema.Generate(Sample.Registry))!["$defs"]!["blocks"]!;

        schema["test.recorded"]!["properties"]!["events"]!["anyOf"]![0]!.ToJsonString().ShouldBe("{\"enum\":[\"tick\"]}");
        schema["test.sink"]!["properties"]!["from"]!["description"]!.GetValue<string>().ShouldBe("Blocks that send any event type.");
        schema["test.sink"]!["properties"]!["events"].ShouldBeNull();
    }

    [Fact]
    public void A_generic_class_whose_events_cannot_be_known_is_its_programmers_mistake()
    {
        RegistryTests.Scan(typeof(TwoTypes<,>), typeof(FromNowhere<>), typeof(Constrained<>)).ShouldAllBe(p => p.Contains(": a generic block has one type parameter", StringComparison.Ordinal));
        RegistryTests.Scan(typeof(TwoTypes<,>), typeof(FromNowhere<>), typeof(Constrained<>)).Count.ShouldBe(3);
    }

    [Fact]
    public void A_format_that_takes_options_is_its_programmers_mistake()
    {
        var problems = new List<string>();
        var comments = DocComments.Parse("<doc/>");
        new RegistryScanner(new OptionsModelReader(_ => comments), _ => comments, problems).ReadFormat(typeof(OddFormat), new EventFormatAttribute("odd")).ShouldBeNull();
        problems.ShouldBe(["OddFormat: the constructor of an event format may take sections and a SectionContext, but takes TestModelOptions"]);
    }

    private static PipelinePlan Plan(params string[] blocks) => Sample.Plan(Sample.With(blocks));

    public sealed class TwoTypes<TIn, TOut> : Operator<TIn, TOut> where TIn : struct, IEvent<TIn> where TOut : struct, IEvent<TOut>
    {
        public override void Process(Run<TIn> run, Output<TOut> output) { }
    }

    public sealed class FromNowhere<T> : Operator<Tick, T> where T : struct, IEvent<T>
    {
        public override void Process(Run<Tick> run, Output<T> output) { }
    }

    public sealed class Constrained<T> : Observer<T> where T : struct, IEvent<T>, IEquatable<T>
    {
        public override void Observe(Run<T> run) { }
    }

    public sealed class OddFormat(TestModelOptions options) : EventFormat<Tick>
    {
        public override IReadOnlyList<string> Fields { get; } = [options.Model];

        public override IReadOnlyList<string> Channels { get; } = [];

        public override void Write(in Tick value, IFieldWriter fields) { }

        public override Tick Read(IFieldReader fields) => default;

        public override EventAddress AddressOf(in Tick value) => default;
    }
}
