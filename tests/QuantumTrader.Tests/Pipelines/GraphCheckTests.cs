using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class GraphCheckTests
{
    private const string Feed = "feed: { type: test.source }";
    private const string Log = "log: { type: test.log, from: feed }";

    [Fact]
    public void A_cycle_is_reported_once_with_every_block_on_the_way() =>
        Sample.Findings(Sample.With("a: { type: test.filter, from: c }", "b: { type: test.filter, from: a }", "c: { type: test.filter, from: b }", "tail: { type: test.log, from: c }"))
            .ShouldBe(["p.yml:5:33: QT0301 blocks.a.from: blocks feed each other in a circle: a -> b -> c -> a."]);

    [Fact]
    public void Two_cycles_of_which_one_feeds_the_other_are_both_reported() =>
        Sample.Findings(Sample.With("a: { type: test.filter, from: b }", "b: { type: test.filter, from: a }", "t: { type: test.filter, from: b }", "x: { type: test.filter, from: [t, y] }", "y: { type: test.filter, from: x }"))
            .ShouldBe([
                "p.yml:5:33: QT0301 blocks.a.from: blocks feed each other in a circle: a -> b -> a.",
                "p.yml:8:37: QT0301 blocks.x.from[1]: blocks feed each other in a circle: x -> y -> x."]);

    [Fact]
    public void A_block_that_feeds_itself_is_a_cycle() =>
        Sample.Findings(Sample.With("a: { type: test.log, from: a }")).ShouldHaveSingleItem().ShouldContain("QT0301 blocks.a.from: blocks feed each other in a circle: a -> a.");

    [Fact]
    public void A_type_mismatch_names_every_block_that_the_events_passed() =>
        Sample.Findings(Sample.With(Feed, "clean: { type: test.filter, from: feed }", "log: { type: test.log, from: clean }", "orders: { type: test.orders, from: log }"))
            .ShouldHaveSingleItem().ShouldBe(
                "p.yml:8:38: QT0302 blocks.orders.from: 'orders' takes Score at 'from', but 'log' sends Tick, which comes from 'feed': feed -> clean -> log -> orders.");

    [Fact]
    public void Inputs_with_different_roots_cannot_be_merged() =>
        Sample.Findings(Sample.With(Feed, "norm: { type: test.normalize, from: feed }", "other: { type: test.filter, from: norm }", "log: { type: test.log, from: [feed, other] }"))
            .ShouldHaveSingleItem().ShouldStartWith(
                "p.yml:8:39: QT0303 blocks.log.from[1]: the inputs of 'log' come from different roots: 'feed' (a root itself), 'other' (root 'norm').");

    [Fact]
    public void Inputs_with_different_roots_can_be_merged_by_a_block_that_knows_how() =>
        Sample.Findings(Sample.With(Feed, "other: { type: test.source }", "both: { type: test.merge, from: [feed, other] }", "log: { type: test.log, from: both }")).ShouldBeEmpty();

    [Fact]
    public void A_source_reaches_such_a_block_over_one_input_only() =>
        Sample.Findings(Sample.With(Feed, "clean: { type: test.filter, from: feed }", "both: { type: test.merge, from: [feed, clean] }", "log: { type: test.log, from: both }"))
            .ShouldHaveSingleItem().ShouldBe("p.yml:7:42: QT0310 blocks.both.from[1]: the source 'feed' reaches 'both' over 'feed' and over 'clean', of which one would wait for the other for ever. Merge before branching.");

    [Fact]
    public void Two_sources_into_an_ordinary_block_are_refused_with_the_remedy() =>
        Sample.Findings(Sample.With(Feed, "other: { type: test.source }", "log: { type: test.log, from: [feed, other] }"))
            .ShouldHaveSingleItem().ShouldEndWith("or merge sources by event time with a block of type merge.");

    [Fact]
    public void Roots_are_compared_across_ports_too() =>
        Sample.Findings(Sample.With(Feed, "norm: { type: test.normalize, from: feed }", "model: { type: test.model, from: norm, model: x }", "join: { type: test.join, from: model, market: feed }", "orders: { type: test.orders, from: join }"))
            .ShouldHaveSingleItem().ShouldStartWith("p.yml:8:49: QT0303 blocks.join.market");

    [Fact]
    public void Branches_of_one_root_can_be_merged() =>
        Sample.Findings(Sample.With(Feed, "norm: { type: test.normalize, from: feed }", "a: { type: test.filter, from: norm }", "b: { type: test.filter, from: norm }", "log: { type: test.log, from: [a, b] }")).ShouldBeEmpty();

    [Theory]
    [InlineData("feed: { type: test.callback }", "5:3: QT0304 blocks.feed:")]
    [InlineData("feed: { type: test.callback, edge: { when_full: block } }", "5:51: QT0304 blocks.feed.edge.when_full:")]
    public void A_callback_source_must_name_a_policy_that_never_blocks(string feed, string finding) =>
        Sample.Findings(Sample.With(feed, Log)).ShouldHaveSingleItem().ShouldStartWith("p.yml:" + finding);

    [Fact]
    public void A_callback_source_with_such_a_policy_may_feed_the_trading_path() =>
        Sample.Findings(Sample.With("feed: { type: test.callback, edge: { when_full: conflate } }", "model: { type: test.model, from: feed, model: x }", "orders: { type: test.orders, from: model }")).ShouldBeEmpty();

    [Fact]
    public void An_edge_that_drops_on_the_way_to_orders_is_a_warning() =>
        Sample.Findings(Sample.With(Feed, "model: { type: test.model, from: feed, model: x, edge: { when_full: drop_newest } }", "orders: { type: test.orders, from: model }"))
            .ShouldHaveSingleItem().ShouldBe("p.yml:6:71: warning QT0305 blocks.model.edge.when_full: events can be dropped here on the way to 'orders'. Legal: when_full: block, spill.");

    [Fact]
    public void Only_partitioned_blocks_run_in_parallel()
    {
        Sample.Findings(Sample.With(Feed, "log: { type: test.log, from: feed, parallelism: 2 }")).ShouldHaveSingleItem()
            .ShouldBe("p.yml:6:51: QT0306 blocks.log.parallelism: found '2', but 'test.log' keeps one state for all keys. Legal: 1.");
        Sample.Findings(Sample.With(Feed, "model: { type: test.model, from: feed, model: x, parallelism: 2 }", "orders: { type: test.orders, from: model }")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("log: { type: test.log, from: fed }", "6:32: QT0107 blocks.log.from: no block is named 'fed'. Did you mean 'feed'?")]
    [InlineData("log: { type: test.log }", "6:3: QT0110 blocks.log.from: 'test.log' needs 'from'. Legal: blocks that send Tick: feed.")]
    [InlineData("log: { type: test.log, from: [] }", "6:32: QT0110 blocks.log.from: the list is empty.")]
    [InlineData("log: { type: test.log, from: [feed, feed] }", "6:39: QT0108 blocks.log.from[1]: 'feed' is named twice.")]
    [InlineData("log: { type: test.log, from: feed, market: feed }", "6:38: QT0101 blocks.log.market: the key 'market' is not known here.")]
    [InlineData("log: { type: test.log, from: { a: b } }", "6:32: QT0103 blocks.log.from: a mapping stands where the name of a block is needed.")]
    [InlineData("log: test.log", "6:8: QT0103 blocks.log: 'test.log' stands where a mapping is needed.")]
    [InlineData("log: { from: feed }", "6:3: QT0102 blocks.log.type: the required key 'type' is missing.")]
    [InlineData("Log: { type: test.log, from: feed }", "6:3: QT0105 blocks.Log: 'Log' cannot be a block's name.")]
    [InlineData("other: { type: test.source, from: feed }", "6:37: QT0109 blocks.other.from: 'test.source' is a source and makes its own events; remove 'from'.")]
    public void A_wrong_input_is_reported_at_its_place(string block, string finding) =>
        Sample.Findings(Sample.With(Feed, block)).ShouldContain(f => f.StartsWith("p.yml:" + finding, StringComparison.Ordinal));

    [Fact]
    public void A_block_whose_output_nobody_uses_is_a_warning()
    {
        var result = Sample.Load(Sample.With(Feed));

        result.Plan.ShouldNotBeNull();
        result.Findings.ShouldHaveSingleItem().ToString().ShouldBe("p.yml:5:3: warning QT0307 blocks.feed: nobody uses the output of 'feed'.");
    }

    [Fact]
    public void A_chain_of_twenty_thousand_blocks_is_no_problem()
    {
        var chain = Enumerable.Range(1, 20_000).Select(i => $"b{i}: {{ type: test.filter, from: b{i - 1} }}");
        Sample.Plan(Sample.With(["b0: { type: test.source }", .. chain, "log: { type: test.log, from: b20000 }"])).Blocks.Count.ShouldBe(20_002);
    }

    [Theory]
    [InlineData("featuers", "features")]
    [InlineData("fed", "feed")]
    [InlineData("modle", "model")]
    [InlineData("fold", null)]
    [InlineData("completely", null)]
    public void The_nearest_name_is_found_within_a_third_of_the_length(string name, string? nearest) =>
        NearestName.Of(name, ["feed", "features", "model"]).ShouldBe(nearest);
}
