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

    [Theory]
    [InlineData("true", "\"filled\": [1-9]")]
    [InlineData("", "dropped by orders: \\d+ trading_off")]
    public async Task Orders_of_a_pipeline_reach_the_broker_of_the_simulator_when_trading_is_enabled(string enabled, string shown)
    {
        const string overlay = "pipelines/overlays/profitdll-orders.yml";
        File.ReadAllText(Path.Combine(Qt.Root, "docs", "profitdll.md")).ShouldContain($"ENABLE_TRADING=true ./qt run pipelines/profitdll-sim.yml --overlay {overlay}");
        using var run = Qt.Start([("ENABLE_TRADING", enabled)], "run", "pipelines/profitdll-sim.yml", "--overlay", overlay, "--set", "blocks.feed.idle_end_ms=500");
        var output = run.StandardOutput.ReadToEndAsync();
        var error = await run.StandardError.ReadToEndAsync();
        run.WaitForExit(120_000).ShouldBeTrue();
        run.ExitCode.ShouldBe(0, error);
        (await output).ShouldContain("Balanced: every event is accounted for.");
        (await output).ShouldMatch(shown);
    }

    [Fact]
    public void The_live_pipeline_is_valid_anywhere_and_names_the_library_that_is_missing()
    {
        var (code, output, error) = Qt.Run("validate", "pipelines/live-wdo.yml");
        code.ShouldBe(0, output + error);
        (code, _, error) = Qt.Run("run", "pipelines/live-wdo.yml", "--set", "profitdll.library=/nowhere/ProfitDLL64.dll");
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
