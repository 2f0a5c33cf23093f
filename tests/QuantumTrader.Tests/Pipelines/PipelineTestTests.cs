using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class PipelineTestTests
{
    [Fact]
    public void Tests_are_read_with_their_ports_and_types()
    {
        var test = Sample.Plan(Sample.Valid).Tests.ShouldHaveSingleItem();

        test.Name.ShouldBe("a tick gives a score");
        test.Insert.Select(i => (i.Block, i.Port, i.EventType)).ShouldBe([("feed", null, typeof(Tick)), ("join", "market", typeof(Tick))]);
        test.Expect.ShouldHaveSingleItem().Events.ShouldHaveSingleItem().Path.ShouldBe("tests[0].expect.clean[0]");
    }

    [Theory]
    [InlineData("insert: { fed: [] }", "QT0501 tests[0].insert.fed: no block or port is named 'fed'. Did you mean 'feed'?")]
    [InlineData("insert: { log.side: [] }", "QT0501 tests[0].insert.log.side")]
    [InlineData("insert: { feed: { price: 1 } }", "QT0103 tests[0].insert.feed")]
    [InlineData("insert: { feed: [{ price: { a: 1 } }] }", "QT0103 tests[0].insert.feed[0].price")]
    [InlineData("expect: { fed: [] }", "QT0501 tests[0].expect.fed")]
    [InlineData("insert: {}", "QT0504 tests[0].insert: the test has nothing to insert.")]
    [InlineData("inset: { feed: [] }", "QT0101 tests[0].inset")]
    [InlineData("tolerance: -1", "QT0201 tests[0].tolerance")]
    public void A_wrong_test_is_reported_with_its_path(string line, string finding)
    {
        var other = line.StartsWith("insert", StringComparison.Ordinal) ? "expect: { feed: [] }" : line.StartsWith("expect", StringComparison.Ordinal) ? "insert: { feed: [] }" : "insert: { feed: [] }\n    expect: { feed: [] }";
        var text = Sample.With("feed: { type: test.source }", "log: { type: test.log, from: feed }") + $"tests:\n  - name: x\n    {line}\n    {other}\n";
        Sample.Findings(text).ShouldHaveSingleItem().ShouldContain(finding);
    }

    [Fact]
    public void Events_without_an_outside_form_cannot_be_expected() =>
        Sample.Findings(Sample.Valid.Replace("expect: { clean:", "expect: { orders:", StringComparison.Ordinal)).ShouldHaveSingleItem()
            .ShouldBe("p.yml:15:15: QT0502 tests[0].expect.orders: Score has no outside form, so a test cannot expect it.");

    [Fact]
    public void Events_are_made_by_their_format_and_wrong_fields_are_findings()
    {
        var plan = Sample.Plan(Sample.Valid.Replace("[{ price: 61680.5 }], join", "[{ price: 61680.5 }, { pice: 1 }, { price: x }], join", StringComparison.Ordinal));
        using var factory = new BlockFactory(plan, TimeProvider.System);
        var findings = new List<Finding>();

        var events = PipelineTestEvents.Read(plan.Tests[0].Insert[0].Events, factory.Format(typeof(Tick))!, findings);

        events.ShouldBe([new Tick { Sequence = 1, Price = 61680.5m }]);
        findings.Select(f => f.ToString()).ShouldBe([
            "p.yml:14:44: QT0503 tests[0].insert.feed[1].pice: the event has no field 'pice'. Legal: seq, price. Did you mean 'price'?",
            "p.yml:14:64: QT0503 tests[0].insert.feed[2].price: 'x' is not a decimal number, such as 61680.5."]);
    }

    [Fact]
    public void The_comparer_says_which_field_of_which_event_differs() =>
        Compare([new Tick { Price = 61680.5m }, new Tick { Price = 61680.6m }], "61680.5", "61680.5").ShouldBe(["p.yml:2:1: tests[0].expect.clean[1]: expected price 61680.5, was 61680.6."]);

    [Fact]
    public void Numbers_are_compared_by_value() => Compare([new Tick { Price = 61680.50000m }], "61680.5").ShouldBeEmpty();

    [Fact]
    public void A_tolerance_makes_near_numbers_equal() => Compare([new Tick { Price = 1.001m }], 0.001m, "1").ShouldBeEmpty();

    [Fact]
    public void Missing_and_surplus_events_are_differences()
    {
        Compare([], "1").ShouldBe(["p.yml:1:1: tests[0].expect.clean[0]: expected { price: 1 }, but 'clean' sent only 0 events."]);
        Compare([new Tick { Price = 1 }, new Tick { Price = 2 }], "1").ShouldBe(["p.yml:9:9: tests[0].expect.clean: expected 1 event of 'clean', were 2; the first one too many is { seq: 0, price: 2 }."]);
    }

    private static IEnumerable<string> Compare(object[] sent, params string[] prices) => Compare(sent, 0, prices);

    private static IEnumerable<string> Compare(object[] sent, decimal tolerance, params string[] prices)
    {
        var node = new MappingNode(default, []);
        var events = prices.Select((p, i) => new EventText(new Dictionary<string, string> { ["price"] = p }, new Position("p.yml", i + 1, 1), $"tests[0].expect.clean[{i}]", node)).ToList();
        var expected = new ExpectedEvents("clean", typeof(Tick), events, new Position("p.yml", 9, 9), "tests[0].expect.clean");
        return PipelineTestComparer.Compare(expected, sent, sent.Length, new TickFormat(new TestNames()), tolerance).Select(d => d.ToString());
    }
}
