using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class OverlayTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void An_overlay_merges_mappings_replaces_lists_and_removes_with_null()
    {
        var plan = Sample.Plan(Sample.Valid, overlays: [Write("blocks:\n  feed: { rate: 7, symbols: [z] }\n  log: null\n")]);

        var feed = plan["feed"].Options.ShouldBeOfType<TestSourceOptions>();
        feed.Rate.ShouldBe(7);
        feed.Symbols.ShouldBe(["z"]);
        plan.Blocks.ShouldNotContain(b => b.Name == "log");
    }

    [Fact]
    public void What_comes_from_an_overlay_is_reported_with_the_overlays_place() =>
        Sample.Findings(Sample.Valid, overlays: [Write("blocks:\n  feed: { rate: 0 }\n")]).ShouldHaveSingleItem()
            .ShouldStartWith($"{_file}:2:17: QT0202 blocks.feed.rate: found '0'");

    [Fact]
    public void Removing_what_is_not_there_is_a_warning()
    {
        var result = Sample.Load(Sample.Valid, overlays: [Write("blocks:\n  logs: null\n")]);

        result.Plan.ShouldNotBeNull();
        result.Findings.ShouldHaveSingleItem().ToString().ShouldBe($"{_file}:2:3: warning QT0014 blocks.logs: there is no 'logs' to remove. Did you mean 'log'?");
    }

    [Fact]
    public void Later_sets_win_and_sets_may_make_keys()
    {
        var plan = Sample.Plan(Sample.Valid, sets: ["blocks.feed.rate=5", "blocks.feed.rate=6", "blocks.feed.limit.name=new", "blocks.tail={type: test.log, from: clean}"]);

        var feed = plan["feed"].Options.ShouldBeOfType<TestSourceOptions>();
        feed.Rate.ShouldBe(6);
        feed.Limit!.Name.ShouldBe("new");
        plan["tail"].Type.Name.ShouldBe("test.log");
    }

    [Theory]
    [InlineData("blocks.feed.rate=0", "--set:1:18: QT0202 blocks.feed.rate")]
    [InlineData("blocks.feed.windows=[1, 100]", "--set:1:25: QT0202 blocks.feed.windows[1]")]
    [InlineData("blocks.feed.rat=5", "--set:1:13: QT0101 blocks.feed.rat")]
    [InlineData("blocks.feed.rate=[", "--set:1:19: QT0004")]
    [InlineData("blocks.feed", "--set:1:1: QT0015")]
    [InlineData("=5", "--set:1:1: QT0015")]
    [InlineData("a..b=5", "--set:1:1: QT0015")]
    public void A_wrong_set_is_reported_with_its_column(string set, string finding) =>
        Sample.Findings(Sample.Valid, sets: [set]).ShouldHaveSingleItem().ShouldStartWith(finding);

    [Fact]
    public void An_empty_set_removes_the_key() =>
        Sample.Plan(Sample.Valid, sets: ["blocks.feed.rate="])["feed"].Options.ShouldBeOfType<TestSourceOptions>().Rate.ShouldBe(10);

    private string Write(string text)
    {
        File.WriteAllText(_file, text);
        return _file;
    }
}
