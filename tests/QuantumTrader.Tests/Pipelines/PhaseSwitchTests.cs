using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class PhaseSwitchTests
{
    private const string Text = """
        version: 1
        pipeline: phases
        test_market: { symbols: [A] }
        blocks:
          feed:   { type: test.source }
          bus:    { type: test.look, from: feed, phase: zmq }
          clean:  { type: test.filter, from: [feed, bus], phase: zmq }
          log:    { type: test.log, from: clean }
          remote: { type: test.source, phase: zmq }
          store:  { type: test.log, from: remote, phase: valkey }
        """;

    private static LoadResult Load(string text, params (string Name, string Value)[] environment) =>
        new PipelineLoader(Sample.Registry).LoadText(text, "p.yml", environment: name => environment.FirstOrDefault(e => e.Name == name).Value);

    private static string Blocks(LoadResult result) =>
        string.Join("; ", result.Plan.ShouldNotBeNull(string.Join("\n", result.Findings)).Blocks.Select(b => $"{b.Name} <- {string.Join(",", b.Inputs.SelectMany(i => i.From))}"));

    [Fact]
    public void Every_phase_is_on_until_its_switch_is_false()
    {
        const string all = "feed <- ; bus <- feed; clean <- feed,bus; log <- clean; remote <- ; store <- remote";
        Blocks(Load(Text)).ShouldBe(all);
        Blocks(Load(Text, ("ZMQ_ENABLED", "true"), ("VALKEY_ENABLED", ""))).ShouldBe(all);
    }

    [Fact]
    public void Who_read_from_a_block_that_is_off_reads_what_that_block_read() =>
        Blocks(Load(Text, ("ZMQ_ENABLED", "False"))).ShouldBe("feed <- ; log <- feed");

    [Fact]
    public void A_phase_that_is_off_takes_only_its_own_blocks() =>
        Blocks(Load(Text, ("VALKEY_ENABLED", "0"))).ShouldBe("feed <- ; bus <- feed; clean <- feed,bus; log <- clean; remote <- ");

    [Fact]
    public void A_block_outside_the_phase_that_is_left_without_input_is_a_finding()
    {
        var result = Load(Text.Replace("remote, phase: valkey", "remote", StringComparison.Ordinal), ("ZMQ_ENABLED", "off"));
        result.Plan.ShouldBeNull();
        result.Findings.ShouldHaveSingleItem().ToString().ShouldBe(
            "p.yml:10:35: QT0311 blocks.store.from: 'store' reads only from blocks that are switched off (ZMQ_ENABLED is false). Give it the same phase, or another block to read from.");
    }

    [Fact]
    public void A_switch_that_is_neither_true_nor_false_is_a_finding() =>
        Load(Text, ("ZMQ_ENABLED", "maybe")).Findings.ShouldContain(f => f.Code == "QT0022" && f.Message == "ZMQ_ENABLED was 'maybe'.");

    [Fact]
    public void A_phase_that_is_off_hides_no_mistake() =>
        Load(Text.Replace("from: feed, phase: zmq", "from: fead, phase: zmq", StringComparison.Ordinal), ("ZMQ_ENABLED", "false")).Findings.ShouldContain(f => f.Code == "QT0107");
}
