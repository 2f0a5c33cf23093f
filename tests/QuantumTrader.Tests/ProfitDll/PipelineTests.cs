using QuantumTrader.Tests.App;

namespace QuantumTrader.Tests.ProfitDll;

public sealed class PipelineTests
{
    [Fact]
    public void Anybody_can_run_the_pipeline_on_the_simulator()
    {
        var (code, output, error) = Qt.Run("run", "pipelines/profitdll-sim.yml", "--set", "blocks.feed.idle_end_ms=500");
        code.ShouldBe(0, error);
        output.ShouldContain("Balanced: every event is accounted for.");
        output.ShouldContain("note feed.feed_down (1)");
        File.ReadAllText(Path.Combine(Qt.Root, "docs", "profitdll.md")).ShouldContain("pipelines/profitdll-sim.yml");
    }

    [Fact]
    public void The_live_pipeline_is_valid_anywhere_and_names_the_library_that_is_missing()
    {
        var (code, output, error) = Qt.Run("validate", "pipelines/live-wdo.yml");
        code.ShouldBe(0, output + error);
        (code, _, error) = Qt.Run("run", "pipelines/live-wdo.yml", "--set", "blocks.feed.library=/nowhere/ProfitDLL64.dll");
        code.ShouldBe(4);
        error.ShouldContain("The library '/nowhere/ProfitDLL64.dll' does not exist.");
    }

    [Fact]
    public void An_edge_that_could_block_the_vendors_thread_is_refused()
    {
        var (code, output, error) = Qt.Run("validate", "pipelines/live-wdo.yml", "--set", "blocks.feed.edge.when_full=block");
        code.ShouldBe(3);
        (output + error).ShouldContain("QT0304");
    }
}
