using QuantumTrader.App.Api;
using QuantumTrader.App.Reports;
using QuantumTrader.Rollout;
using QuantumTrader.Tests.Rollout;

namespace QuantumTrader.Tests.App;

/// <summary>What the dashboard is told of a phase.</summary>
public sealed class RolloutViewTests
{
    private const string Waits = "shadow: { overload: wait, queue: 64, hang_after: 30s }";

    private static async Task<(PhaseView View, RolloutRun Run)> OfAsync(string candidate, string phase)
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml(candidate, $"{phase}, {Waits}"));
        return (PhaseView.Of(run.Phases[0], 3, []), run);
    }

    [Fact]
    public async Task A_phase_behind_an_open_breaker_has_gone_no_part_of_its_way()
    {
        var (view, run) = await OfAsync("mode: drops", "at: 50%, breaker: { consecutive: 5, shadow_probes: 100000 }");

        view.ShouldSatisfyAllConditions(v => v.BreakerOpen.ShouldBeTrue(), v => v.State.ShouldBe("serving"), v => v.Text.ShouldBe("serving 50%, breaker open"), v => v.Share.ShouldBe(0.5), v => v.Order.ShouldBe(3));
        MigrationReport.Progress(run.Phases).ShouldBe(0);
    }

    [Fact]
    public async Task What_agrees_what_is_missing_and_what_the_gates_say_is_shown()
    {
        var (view, run) = await OfAsync(
            "mode: off, every: 10",
            "start: auto, gates: { same: { metric: mismatch_rate, max: 50%, block: 10 } }, steps: [ { shadow: { min_samples: 5000 }, gates: [same] }, { serve: 100%, approve: manual } ]");

        view.Agreement.ShouldSatisfyAllConditions(a => a.Compared.ShouldBe(1000), a => a.Match.ShouldBe(900), a => a.Mismatch.ShouldBe(100), a => a.Ratio.ShouldBe(0.9));
        view.Gates["same"].ShouldSatisfyAllConditions(g => g.Verdict.ShouldBe("pass"), g => g.Samples.ShouldBe(1000), g => g.Value.ShouldBe(0.1), g => g.Limit.ShouldBe(0.5));
        view.ShouldSatisfyAllConditions(v => v.Missing.ShouldBe("it has 1000 of 5000 operations"), v => v.Approve.ShouldBe(Approval.Auto), v => v.Step.ShouldBe(0), v => v.Steps.Select(s => s.Name).ShouldBe(["shadow", "100%"]));

        run.Phases[0].Hold("a drill");
        PhaseView.Of(run.Phases[0], 0, []).State.ShouldBe("held");
    }

    [Fact]
    public void Of_many_changes_the_newest_are_shown()
    {
        var control = new PhaseControl([new() { Name = "new", Steps = [new() { Shadow = new() }] }]);
        control.Send(new PhaseCommand(PhaseAction.Start) { Phase = "new", Actor = "api" });
        for (var i = 1; i <= 12; i++)
        {
            control.Send(new PhaseCommand(PhaseAction.Abort) { Phase = "new", Reason = $"drill {i}", Actor = "api" });
            control.Send(new PhaseCommand(PhaseAction.Retry) { Phase = "new", Actor = "cli" });
        }

        var entries = PhaseView.Of(control.Phases[0], 0, control.Transitions).LastEntries.Values.ToList();
        entries.Count.ShouldBe(10);
        entries[^1].ShouldBe(new EntryView(null, "aborted", "shadow", "", "cli"));
        entries[^2].ShouldBe(new EntryView(null, "shadow", "aborted", "drill 12", "api"));
    }
}
