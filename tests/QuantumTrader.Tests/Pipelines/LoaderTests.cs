using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class LoaderTests
{
    [Fact]
    public void A_valid_file_gives_a_plan_with_blocks_in_topological_order()
    {
        var plan = Sample.Plan(Sample.Valid);

        plan.Name.ShouldBe("sample");
        plan.Blocks.Select(b => b.Name).ShouldBe(["feed", "clean", "model", "log", "join", "orders"]);
        plan.Engine.Batch.ShouldBe(64);
        plan.Engine.DrainDeadline.ShouldBe(TimeSpan.FromSeconds(2.5));
        plan["join"].Inputs.Select(i => (i.Port, string.Join(',', i.From))).ShouldBe([("from", "model"), ("market", "clean")]);
        plan["log"].Settings.Edge.ShouldBe(new EdgeSettings { Capacity = 8192, WhenFull = WhenFull.DropOldest });
        plan["log"].Settings.Io.ShouldBeTrue();
        plan["log"].Phase.ShouldBe("store");
        plan["orders"].Settings.OnError.ShouldBe(OnError.Retry);
        plan["orders"].Settings.Retries.ShouldBe(5);
        plan["clean"].Settings.Edge.ShouldBeNull();
    }

    [Fact]
    public void A_valid_file_has_no_findings() => Sample.Findings(Sample.Valid).ShouldBeEmpty();

    [Fact]
    public void Sections_that_blocks_need_are_added_with_their_defaults_and_in_the_order_of_need()
    {
        var plan = Sample.Plan(Sample.Valid);

        plan.Sections.Select(s => s.Type.Name).ShouldBe(["test_calendar", "test_market", "test_names"]);
    }

    [Fact]
    public void A_needed_section_with_required_options_that_is_missing_is_reported() =>
        Sample.Findings(Sample.Valid.Replace("test_market: { symbols: [WDOU25, BTCUSDT] }", "", StringComparison.Ordinal)).ShouldBe(
            ["p.yml:1:1: QT0401 test_market: the block 'model' needs the section 'test_market'; add it, with symbols."]);

    [Fact]
    public void Every_kind_of_option_is_bound()
    {
        var plan = Sample.Plan(Sample.With(
            "feed: { type: test.source, file: 5, rate: 7, speed: as_recorded, loop: true, seed: -9000000000, tick: 0.25, factor: 1e-3, comment: null, symbols: [a, 'b'], windows: [3], prices: { x: 1.5 }, limit: { name: l }, limits: [{ name: m, share: 1 }] }",
            "log: { type: test.log, from: feed }"));

        var options = plan["feed"].Options.ShouldBeOfType<TestSourceOptions>();
        options.File.ShouldBe("5");
        options.Rate.ShouldBe(7);
        options.Speed.ShouldBe(Speed.AsRecorded);
        options.Loop.ShouldBeTrue();
        options.Seed.ShouldBe(-9_000_000_000);
        options.Tick.ShouldBe(0.25m);
        options.Factor.ShouldBe(0.001);
        options.Comment.ShouldBeNull();
        options.Symbols.ShouldBe(["a", "b"]);
        options.Windows.ShouldBe([3]);
        options.Prices["x"].ShouldBe(1.5m);
        options.Limit.ShouldBe(new Limit { Name = "l", Share = 0.5 });
        options.Limits.ShouldBe([new Limit { Name = "m", Share = 1 }]);
    }

    [Fact]
    public void All_mistakes_of_a_file_are_found_in_one_run_with_their_places() =>
        string.Join('\n', Sample.Findings("""
            version: 2
            pipeline: mistakes
            test_market: { symbols: [a], symbol: b }
            engine: { batch: 0 }
            blocks:
              feed:   { type: test.sauce }
              clean:  { type: test.filter, from: fed }
              model:  { type: test.model, from: clean, modle: x.onnx }
              log:    { type: test.log, from: [clean, clean], edge: { when_full: drop_oldets } }
              Join:   { type: test.join, from: model }
              orders: { type: test.orders, from: clean, retries: "3", boundary: yes }
            tset: []
            """)).ShouldMatchApproved(c => c.SubFolder("approved").WithFileExtension(".txt").NoDiff());

    [Theory]
    [InlineData("rate: 0", "5:36: QT0202 blocks.feed.rate: found '0'. Legal: a whole number, 1 to 1000.")]
    [InlineData("rate: 1.5", "5:36: QT0201 blocks.feed.rate: found '1.5'. Legal: a whole number, 1 to 1000.")]
    [InlineData("rate: '5'", "5:36: QT0201 blocks.feed.rate: found the text \"5\". Legal: a whole number, 1 to 1000.")]
    [InlineData("rate: 99999999999", "5:36: QT0201 blocks.feed.rate: found '99999999999'. Legal: a whole number, 1 to 1000.")]
    [InlineData("rate: [1]", "5:36: QT0103 blocks.feed.rate: a list stands where something else is needed. Legal: whole number.")]
    [InlineData("rate:", "5:36: QT0205 blocks.feed.rate: there is no value. Legal: whole number.")]
    [InlineData("tick: 1,5", "5:38: QT0101 blocks.feed.5: the key '5' is not known here.")]
    [InlineData("factor: .nan", "5:38: QT0201 blocks.feed.factor: found '.nan'. Legal: a number.")]
    [InlineData("loop: yes", "5:36: QT0203 blocks.feed.loop: found 'yes'. Legal: true, false. Did you mean 'true'?")]
    [InlineData("speed: AsRecorded", "5:37: QT0204 blocks.feed.speed: found 'AsRecorded'. Legal: as_recorded, as_fast_as_possible. Did you mean 'as_recorded'?")]
    [InlineData("symbols: { a: b }", "5:39: QT0103 blocks.feed.symbols: a mapping stands where something else is needed. Legal: text, or a list of text.")]
    [InlineData("windows: [5, 100]", "5:43: QT0202 blocks.feed.windows[1]: found '100'. Legal: a whole number, 1 to 99.")]
    [InlineData("limit: { share: 1 }", "5:37: QT0102 blocks.feed.limit.name: the required key 'name' is missing. Legal: text.")]
    [InlineData("edge: { capacity: 0 }", "5:48: QT0202 blocks.feed.edge.capacity: found '0'. Legal: a whole number, 1 to 16777216.")]
    [InlineData("phase: ''", "5:37: QT0205 blocks.feed.phase: the phase has no name. Legal: name of a phase of the rollout.")]
    [InlineData("<<: { rate: 1 }", "5:30: QT0016 blocks.feed.<<: merge keys are not supported; write the keys out, or use an overlay.")]
    public void A_wrong_value_is_reported_with_what_was_found_and_what_is_legal(string option, string finding) =>
        Sample.Findings(Sample.With($"feed: {{ type: test.source, {option} }}", "log: { type: test.log, from: feed }"))
            .ShouldHaveSingleItem().ShouldStartWith($"p.yml:{finding}");

    [Fact]
    public void Construction_gives_each_block_its_options_context_and_sections()
    {
        using var factory = new BlockFactory(Sample.Plan(Sample.Valid), TimeProvider.System);
        var plan = Sample.Plan(Sample.Valid);

        var feed = factory.Make(plan["feed"]).ShouldBeOfType<TestSource>();
        feed.Options.Rate.ShouldBe(20);
        feed.Context.Name.ShouldBe("feed");
        var model = factory.Make(plan["model"]).ShouldBeOfType<TestModel>();
        model.Market.ShouldBeSameAs(factory.Section<TestMarket>());
        model.Market.Calendar.Exchange.ShouldBe("b3");
    }

    [Fact]
    public void What_a_constructor_refuses_is_a_finding_at_the_option()
    {
        var plan = Sample.Plan(Sample.Valid, sets: ["blocks.model.model=missing.onnx"]);
        using var factory = new BlockFactory(plan, TimeProvider.System);

        var refused = Should.Throw<FindingException>(() => factory.Make(plan["model"]));

        refused.Finding.ToString().ShouldBe("--set:1:20: QT0601 blocks.model.model: the file missing.onnx does not exist.");
        refused.Outside.ShouldBeTrue();
    }

    [Fact]
    public void The_parts_of_the_graph_have_their_inputs_and_make_new_instances()
    {
        var plan = Sample.Plan(Sample.Valid);
        using var factory = new BlockFactory(plan, TimeProvider.System);

        var parts = PipelineBuilder.Parts(plan, factory);

        parts.Select(p => p.Name).ShouldBe(plan.Blocks.Select(b => b.Name));
        parts[0].Make(0).ShouldNotBeSameAs(parts[0].Make(1));
    }

    [Fact]
    public void A_missing_plugin_is_reported_at_its_place() =>
        Sample.Findings(Sample.Valid + "\nplugins: [my.dll]").ShouldHaveSingleItem().ShouldBe("p.yml:16:11: QT0402 plugins[0]: the file 'my.dll' does not exist.");

    [Fact]
    public void A_plugin_that_is_no_assembly_is_reported()
    {
        var file = Path.GetTempFileName();
        Sample.Findings(Sample.Valid + $"\nplugins: ['{file}']").ShouldHaveSingleItem().ShouldContain("QT0403");
        File.Delete(file);
    }
}
