using System.Text.Json.Nodes;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class ReferenceTests
{
    private static readonly IReadOnlyList<IReadOnlyList<string>> Islands = [["feed", "clean", "model"], ["log"], ["join", "orders"]];

    [Fact]
    public void The_description_of_a_block_names_ports_options_ranges_and_defaults() =>
        new BlockReference(Sample.Registry).Describe("test.source").ShouldMatchApproved(c => c.SubFolder("approved").WithFileExtension(".txt").NoDiff());

    [Fact]
    public void The_list_names_every_block_with_its_events()
    {
        var list = new BlockReference(Sample.Registry).List();
        list.Split('\n').Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ShouldContain("test.join from: Score, market: Tick -> Score");
        Sample.Registry.Blocks.Keys.ShouldAllBe(k => list.Contains(k));
    }

    [Fact]
    public void Describing_a_block_that_is_not_there_names_the_nearest() =>
        Should.Throw<KeyNotFoundException>(() => new BlockReference(Sample.Registry).Describe("test.sorce")).Message.ShouldBe("no block type is named 'test.sorce'. Did you mean 'test.source'?");

    [Fact]
    public void The_markdown_has_a_table_for_each_block()
    {
        var markdown = new BlockReference(Sample.Registry).Markdown();
        markdown.ShouldContain("\n## test.model\n\nScores ticks.\n\n`from: Tick -> Score`\n");
        markdown.ShouldContain("| `window` | whole number 1 to 100; default 20 |");
        markdown.ShouldContain("| `edge.capacity` | whole number 1 to 16777216 | Events that may wait in the edge;");
        BlockReference.FindingsMarkdown().ShouldContain("| QT0107 | No block has this name. |");
    }

    [Fact]
    public void The_schema_is_closed_and_knows_required_keys_ranges_and_defaults()
    {
        var schema = JsonNode.Parse(JsonSchema.Generate(Sample.Registry))!;
        var model = schema["$defs"]!["blocks"]!["test.model"]!;

        schema["$schema"]!.GetValue<string>().ShouldBe("https://json-schema.org/draft/2020-12/schema");
        schema["additionalProperties"]!.GetValue<bool>().ShouldBeFalse();
        schema["properties"]!["test_market"]!["required"]!.ToJsonString().ShouldBe("[\"symbols\"]");
        model["required"]!.ToJsonString().ShouldBe("[\"type\",\"from\",\"model\"]");
        model["additionalProperties"]!.GetValue<bool>().ShouldBeFalse();
        model["properties"]!["window"]!.ToJsonString().ShouldBe("{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1,\"maximum\":100},{\"$ref\":\"#/$defs/interpolated\"}],\"default\":20}");
        model["properties"]!["on_error"]!["anyOf"]![0]!["enum"]!.ToJsonString().ShouldBe("[\"fail\",\"retry\",\"dead_letter\",\"drop\"]");
        model["properties"]!["on_error"]!["description"]!.GetValue<string>().ShouldStartWith("What happens when");
    }

    [Fact]
    public void Every_reference_in_the_schema_leads_somewhere()
    {
        var schema = JsonNode.Parse(JsonSchema.Generate(Sample.Registry))!;
        var references = References(schema).ToList();

        references.ShouldNotBeEmpty();
        references.ShouldAllBe(r => r.Split('/', StringSplitOptions.None).Skip(1).Aggregate(schema, (node, key) => node[key]!) != null);
    }

    [Fact]
    public void The_graph_is_drawn_for_mermaid() => Approve(GraphDrawing.Mermaid(Sample.Plan(Sample.Valid), Islands));

    [Fact]
    public void The_graph_is_drawn_for_graphviz() => Approve(GraphDrawing.Dot(Sample.Plan(Sample.Valid), Islands));

    [Fact]
    public void The_graph_is_drawn_as_text() => Approve(GraphDrawing.Text(Sample.Plan(Sample.Valid), Islands));

    [Fact]
    public void Without_islands_all_blocks_are_drawn() => GraphDrawing.Text(Sample.Plan(Sample.Valid)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(6);

    private static void Approve(string text, [System.Runtime.CompilerServices.CallerMemberName] string name = "") =>
        text.ShouldMatchApproved(c => c.SubFolder("approved").WithFilenameGenerator((_, _, type, extension) => $"{nameof(ReferenceTests)}.{name}.{type}.{extension}").WithFileExtension(".txt").NoDiff());

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(p => p.Key == "$ref" ? [p.Value!.GetValue<string>()] : References(p.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };
}
