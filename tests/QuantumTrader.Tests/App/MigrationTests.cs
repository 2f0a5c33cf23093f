using System.Text.Json.Nodes;
using QuantumTrader.App.Reports;
using QuantumTrader.Storage;
using QuantumTrader.Tests.Rollout;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.Tests.App;

public sealed class MigrationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Run(string phase, string candidate = "")
    {
        var report = Path.Combine(_folder.Path, "report.json");
        var (code, _, error) = Qt.Run("run", _folder.Write(
            "p.yml",
            "version: 1",
            "pipeline: rollout",
            $"plugins: [{Path.Combine(AppContext.BaseDirectory, "RolloutBlocks.dll")}]",
            "blocks:",
            "  feed:      { type: rollout.feed, count: 2000 }",
            "  baseline:  { type: rollout.answer, from: feed, by: baseline }",
            $"  candidate: {{ type: rollout.answer, from: feed, by: candidate, phase: new{candidate} }}",
            "  keep:      { type: rollout.keep, from: baseline }",
            "rollout:",
            "  phases:",
            $"    - {{ name: new, baseline: {{ block: baseline }}, candidate: {{ block: candidate }}, shadow: {{ overload: wait, queue: 64, hang_after: 30s }}, {phase} }}",
            "    - { name: keeping, kind: effect, rollback_level: 2, candidate: { block: keep }, at: complete }"), "--report", report);
        code.ShouldBe(0, error);
        return report;
    }

    [Fact]
    public void The_figures_of_a_migration_add_up()
    {
        var file = Run("at: 10%", ", mode: drops, every: 2");
        var migration = JsonNode.Parse(File.ReadAllText(file))!["rollout"]!["migration"]!;
        long Of(string name) => (long)migration[name]!;

        Of("ops").ShouldBe(2000);
        (Of("original_calls") + Of("enhanced_calls")).ShouldBe(2000);
        (Of("enhanced_calls") + Of("fallback_count")).ShouldBe(Of("enhanced_attempts"));
        Of("enhanced_attempts").ShouldBeInRange(140, 260);
        Of("fallback_count").ShouldBeGreaterThan(30);
        ((long)migration["fallbacks"]!["error"]!).ShouldBe(Of("fallback_count"));
        ((double)migration["fallback_rate"]!).ShouldBe((double)Of("fallback_count") / Of("enhanced_attempts"), 1e-5);
        ((double)migration["migration_progress"]!).ShouldBe(100.0 * Of("enhanced_calls") / 2000, 1e-3);
        ((double)migration["rollout_progress"]!).ShouldBe(0.55, "of the phase at 10 % and the effect that is complete");
        var latency = migration["phases"]![0]!["counts"]!["latency"]!;
        ((long)latency["baseline"]!["count"]! + (long)latency["candidate"]!["count"]! + (long)latency["fallback"]!["count"]!).ShouldBe(2000);
        string[] sides = ["baseline", "candidate", "fallback"];
        ((double)migration["average_latency_ms"]!).ShouldBe(sides.Sum(s => (double)latency[s]!["average"]! * (long)latency[s]!["count"]!) / 2000, 1e-5);

        Qt.Run("rollout", "report", file).Output.ShouldContain("operations 2,000 = original ");
        Qt.Run("rollout", "report", file, "--json").Output.ShouldContain("\"enhanced_attempts\"");
    }

    [Fact]
    public void A_phase_that_is_off_has_moved_nothing()
    {
        var migration = JsonNode.Parse(File.ReadAllText(Run("at: off")))!["rollout"]!["migration"]!;

        ((double)migration["migration_progress"]!).ShouldBe(0);
        ((double)migration["fallback_rate"]!).ShouldBe(0);
        ((long)migration["original_calls"]!).ShouldBe(2000);
    }

    [Fact]
    public async Task What_the_bus_took_what_the_store_acknowledged_and_what_history_was_asked_is_told()
    {
        var (run, plan) = (await RolloutRun.OfAsync(RolloutRun.Without()), RolloutRun.Load(RolloutRun.Without()));
        plan = plan with { Blocks = [.. plan.Blocks.Select(b => b.Name == "baseline" ? b with { Type = b.Type with { Name = "features.time_travel" } } : b)] };
        var (asked, sink) = (run.Report.Blocks.Single(b => b.Name == "baseline"), run.Report.Blocks.Single(b => b.Name == "keep"));
        var lost = new Dictionary<string, long> { ["full"] = 5 };

        var migration = MigrationReport.Of([], plan,
        [
            asked with { In = 70, Out = 60 },
            sink with { Details = new ZeroMqSinkReport(9, 0, 0, 0, 0, 0, 0, 0, 0, 0, new Dictionary<string, ChannelReport> { ["tick"] = new("", 30, lost), ["book"] = new("", 12, lost) }) },
            sink with { Details = new StoreSinkReport(25, 3, 2, default, 0, 0, [], new Dictionary<string, StoredChannel>()) },
        ]);

        migration.ShouldSatisfyAllConditions(m => m.ZmqPublished.ShouldBe(42), m => m.ValkeyStored.ShouldBe(25), m => m.TimeTravelQueries.ShouldBe(70), m => m.Ops.ShouldBe(0));
    }

    [Fact]
    public void A_report_without_phases_is_said_to_have_none()
    {
        var file = _folder.Write("other.json", "{ \"pipeline\": \"x\" }");

        Qt.Run("rollout", "report", file).ShouldSatisfyAllConditions(r => r.Code.ShouldBe(1), r => r.Error.ShouldContain("tells of no rollout"));
        Qt.Run("rollout", "report", Path.Combine(_folder.Path, "missing.json")).Code.ShouldBe(4);
    }
}
