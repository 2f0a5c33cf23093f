using QuantumTrader.Models.Coordination;
using QuantumTrader.Models.Regimes;
using static QuantumTrader.Tests.App.InProcess;

namespace QuantumTrader.Tests.App;

public sealed class RegimePipelineTests
{
    private static readonly string Pipeline = Path.Combine(Qt.Root, "pipelines", "regime.yml");

    [Fact]
    public async Task The_shipped_pipeline_chooses_models_combines_them_and_trades()
    {
        var report = await Run(Pipeline, "blocks.feed.days=7", "blocks.feed.rate=0.05");

        var coordinator = Details<CoordinatorReport>(report, "coordinator");
        coordinator.Rules["no_history"].ShouldBeGreaterThan(0, "five days must pass first");
        coordinator.Rules["fast_hours"].ShouldBeGreaterThan(0);
        coordinator.TimeTravelCalls.ShouldBe(coordinator.Rules["enhanced"]);
        coordinator.TimeTravelCalls.ShouldBeGreaterThan(0);
        coordinator.TotalPredictions.ShouldBe(report.Blocks.Single(b => b.Name == "coordinator").Out);
        Details<RegimeJoinReport>(report, "chosen").WithoutData.ShouldBe(0);
        var ensemble = Details<EnsembleReport>(report, "ensemble");
        ensemble.Combined.ShouldBeGreaterThan(ensemble.Missing["demo-history"]);
        ensemble.WithoutVector.ShouldBe(0);
        report.Blocks.Single(b => b.Name == "orders").Out.ShouldBeGreaterThan(0);

        // The first candles, in which nothing is known, bring no signal.
        report.Blocks.Single(b => b.Name == "signal").Dropped["weak_regime"].ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Hashes_are_equal_whatever_the_workers_the_batch_the_capacity_and_the_instances()
    {
        async Task<string[]> Of(params string[] sets) => Hashes(await Run(Pipeline, ["blocks.feed.days=7", "blocks.feed.rate=0.01", "engine.hashes=true", .. sets]));

        var expected = await Of();
        expected.Length.ShouldBe(17);
        (await Of("engine.workers=1")).ShouldBe(expected);
        (await Of("engine.workers=4", "engine.fuse=false")).ShouldBe(expected);
        (await Of("engine.fuse=false", "engine.capacity=1")).ShouldBe(expected);
        (await Of("engine.batch=7")).ShouldBe(expected);
        (await Of("blocks.ensemble.parallelism=3", "blocks.members.parallelism=2", "blocks.regime.parallelism=2", "blocks.signal.parallelism=2")).ShouldBe(expected);
    }

    [Theory]
    [InlineData("FORCE_FAST_MODE", "true", "force_fast")]
    [InlineData("ENHANCED_ML_ENABLED", "false", "phase_off")]
    [InlineData("TIME_TRAVEL_PERCENTAGE", "0", "not_in_share")]
    public void The_old_switches_reach_the_coordinator(string name, string value, string rule)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "report.json");
        using var process = Qt.Start([(name, value)], "run", Pipeline, "--report", file, "--set", "blocks.feed.days=7", "--set", "blocks.feed.rate=0.05");
        process.StandardOutput.ReadToEnd();
        process.WaitForExit(60_000).ShouldBeTrue();

        var coordinator = System.Text.Json.JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("blocks").GetProperty("coordinator").GetProperty("details");
        coordinator.GetProperty("rules").GetProperty(rule).GetInt64().ShouldBeGreaterThan(0);
        coordinator.GetProperty("time_travel_calls").GetInt64().ShouldBe(0);
    }

    [Fact]
    public async Task The_yaml_of_the_guide_is_a_pipeline_that_runs()
    {
        var report = await RunGuide("regimes.md", $"blocks.model.model={Path.Combine(Qt.Root, "pipelines", "models", "demo.onnx")}");

        report.Blocks.Single(b => b.Name == "known").Out.ShouldBeGreaterThan(0);
    }
}
