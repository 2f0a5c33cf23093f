using System.Text;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class YamlTests
{
    [Theory]
    [InlineData("", "1:1: QT0006")]
    [InlineData("# nothing\n", "1:1: QT0006")]
    [InlineData("~", "1:1: QT0006")]
    [InlineData("- a\n- b\n", "1:1: QT0103")]
    [InlineData("version: 1\n---\nversion: 1\n", "2:1: QT0007")]
    [InlineData("a: 1\nb:\n\tc: 2\n", "3:1: QT0005")]
    [InlineData("a: [1, 2\n", "QT0004")]
    [InlineData("a: {b: 1\n", "QT0004")]
    [InlineData("a: 'x\n", "QT0004")]
    [InlineData("a: *nobody\n", "1:4: QT0009")]
    [InlineData("a: &a [*a]\n", "1:8: QT0009")]
    [InlineData("a: !!int 5\n", "1:4: QT0013")]
    [InlineData("? [a, b]\n: c\n", "1:3: QT0012")]
    [InlineData("a: 1\nb: 2\na: 3\n", "3:1: QT0008 'a' is already given in line 1.")]
    public void A_broken_file_is_a_finding_at_its_place(string text, string finding) =>
        Sample.Findings(text).ShouldContain(f => f.StartsWith("p.yml:" + finding, StringComparison.Ordinal) || (finding == "QT0004" && f.Contains(finding, StringComparison.Ordinal)));

    [Fact]
    public void An_unclosed_bracket_is_reported_at_the_end_of_the_text() =>
        Sample.Findings("version: 1\npipeline: x\nblocks: [1, 2\n").ShouldHaveSingleItem().ShouldStartWith("p.yml:3:14: QT0004");

    [Fact]
    public void A_reference_without_quotes_in_a_flow_mapping_gives_a_hint() =>
        Sample.Findings("a: { b: ${C} }\n").ShouldHaveSingleItem().ShouldEndWith("Inside { } and [ ], ${...} needs quotes.");

    [Fact]
    public void A_file_that_is_not_utf8_is_reported_at_the_bad_byte()
    {
        var findings = new FindingList();
        YamlReader.ReadBytes([.. "a: 1\nbc: "u8, 0xff], "p.yml", findings).ShouldBeNull();
        findings.ToSorted().ShouldHaveSingleItem().ToString().ShouldBe("p.yml:2:5: QT0003 byte 0xff is not UTF-8.");
    }

    [Fact]
    public void A_byte_order_mark_is_no_part_of_the_text()
    {
        var findings = new FindingList();
        var node = YamlReader.ReadBytes([.. Encoding.UTF8.Preamble, .. "a: 1"u8], "p.yml", findings).ShouldBeOfType<MappingNode>();
        node["a"]!.Position.ShouldBe(new Position("p.yml", 1, 1));
    }

    [Fact]
    public void A_file_that_is_too_large_is_not_read()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, new string('#', YamlReader.MaxBytes + 1));
        new PipelineLoader(Sample.Registry).Load(file).Findings.ShouldHaveSingleItem().Code.ShouldBe("QT0002");
        File.Delete(file);
    }

    [Fact]
    public void A_file_that_does_not_exist_is_a_finding() =>
        new PipelineLoader(Sample.Registry).Load("no-such-folder/no.yml").Findings.ShouldHaveSingleItem().ToString()
            .ShouldBe("no-such-folder/no.yml:1:1: QT0001 the file does not exist.");

    [Fact]
    public void An_alias_bomb_is_stopped()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 9; i++)
        {
            text.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n");
        }

        Sample.Findings(text.ToString()).ShouldHaveSingleItem().ShouldContain("QT0010");
    }

    [Fact]
    public void Deep_nesting_is_stopped() => Sample.Findings("a: " + new string('[', 5000)).ShouldHaveSingleItem().ShouldContain("QT0011");

    [Fact]
    public void An_alias_stands_for_the_values_of_its_anchor()
    {
        var plan = Sample.Plan(Sample.With("feed: { type: test.source, symbols: &s [a, b] }", "more: { type: test.log, from: feed, edge: &e { capacity: 5 } }", "log: { type: test.log, from: feed, edge: *e }"));
        plan["log"].Settings.Edge!.Capacity.ShouldBe(5);
    }

    [Fact]
    public void Positions_count_lines_and_columns_from_one()
    {
        var findings = new FindingList();
        var root = YamlReader.ReadText("a:\n  bb: [1, 'two']\n", "p.yml", findings).ShouldBeOfType<MappingNode>();
        var inner = root["a"]!.Value.ShouldBeOfType<MappingNode>();
        var list = inner["bb"]!.Value.ShouldBeOfType<SequenceNode>();

        inner["bb"]!.Position.ShouldBe(new Position("p.yml", 2, 3));
        list.Position.ShouldBe(new Position("p.yml", 2, 7));
        list.Items[1].Position.ShouldBe(new Position("p.yml", 2, 11));
        list.Items[1].ShouldBeOfType<ScalarNode>().IsQuoted.ShouldBeTrue();
    }
}
