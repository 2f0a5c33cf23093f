using System.Text.Json;
using System.Threading.Tasks.Dataflow;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App;

public sealed class OwnBlocksTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Qt.Root, "docs", "own-blocks.md"));

    [Theory]
    [InlineData("LargeTrades.cs")]
    [InlineData("Lookup.cs")]
    public void The_page_shows_code_that_compiles(string file) =>
        Page.ShouldContain("```csharp\n" + File.ReadAllText(Path.Combine(Qt.Root, "tests", "QuantumTrader.Tests", "Examples", file)) + "```");

    [Fact]
    public void A_plugin_with_an_own_and_a_hosted_block_runs_from_yaml()
    {
        using var folder = new TemporaryFolder();
        var (code, output, error) = Qt.Run("run", WritePipeline(folder), "--json");

        code.ShouldBe(0, error);
        var blocks = JsonDocument.Parse(output).RootElement.GetProperty("blocks");
        long Of(string block, string count) => blocks.GetProperty(block).GetProperty(count).GetInt64();
        blocks.GetProperty("large").GetProperty("dropped").GetProperty("small").GetInt64().ShouldBeGreaterThan(0);
        Of("lookup", "in").ShouldBe(Of("large", "out"));
        Of("lookup", "passed").ShouldBe(Of("lookup", "in"));
        Of("rings", "in").ShouldBe(Of("lookup", "out"));
    }

    [Fact]
    public void A_fault_policy_that_a_hosted_block_cannot_keep_is_refused_at_its_place()
    {
        using var folder = new TemporaryFolder();
        var (code, output, _) = Qt.Run("validate", WritePipeline(folder), "--set", "blocks.lookup.on_error=drop");

        code.ShouldBe(3);
        output.ShouldContain("QT0308 blocks.lookup.on_error: 'my.lookup' hosts a Dataflow block, which the first exception ends. Catch exceptions inside it instead. Legal: fail.");
    }

    [Fact]
    public void A_run_whose_block_lost_an_event_does_not_balance_and_fails()
    {
        using var folder = new TemporaryFolder();
        var (code, output, _) = Qt.Run("run", WritePipeline(folder), "--set", "blocks.lookup.type=test.losing", "--set", "blocks.lookup.at_once=null", "--set", "blocks.large.min_quantity=0");

        code.ShouldBe(1);
        output.ShouldEndWith("NOT BALANCED: block lookup still holds 1 events\n");
    }

    // The pipeline of the page; this assembly is the plugin, because the page's code is compiled into it.
    private static string WritePipeline(TemporaryFolder folder)
    {
        var yaml = Page[(Page.IndexOf("```yaml\n", StringComparison.Ordinal) + 8)..Page.LastIndexOf("```", StringComparison.Ordinal)];
        var file = Path.Combine(folder.Path, "own.yml");
        File.WriteAllText(file, yaml.Replace("MyBlocks.dll", $"'{typeof(OwnBlocksTests).Assembly.Location}'", StringComparison.Ordinal));
        return file;
    }
}

/// <summary>Says that it gives one result for every event, and loses the first one.</summary>
[Block("test.losing", "Loses its first event.")]
public sealed class LosingBlock : PropagatorBlock<MarketEvent, MarketEvent>
{
    public override bool Conserves => true;

    public override IPropagatorBlock<MarketEvent, MarketEvent> Create() => new TransformManyBlock<MarketEvent, MarketEvent>(
        e => e.Sequence == 1 ? [] : [e], new ExecutionDataflowBlockOptions { BoundedCapacity = 8 });

    public override MarketEvent WithSequence(in MarketEvent result, long sequence) => result with { Sequence = sequence };
}
