using System.Text.Json.Nodes;
using QuantumTrader.Rollout;
using QuantumTrader.Rollout.Journal;
using QuantumTrader.Tests.Rollout;

namespace QuantumTrader.Tests.App;

public sealed class RolloutCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Pipeline(string feed = "", string phase = "") => _folder.Write(
        "p.yml",
        "version: 1",
        "pipeline: rollout",
        $"plugins: [{Path.Combine(AppContext.BaseDirectory, "RolloutBlocks.dll")}]",
        "market: { calendar: b3, symbols: [WDOU25, WINQ25] }",
        "blocks:",
        $"  feed:      {{ type: rollout.feed{feed} }}",
        "  baseline:  { type: rollout.answer, from: feed }",
        "  candidate: { type: rollout.answer, from: feed, phase: new }",
        "  keep:      { type: rollout.keep, from: baseline }",
        "rollout:",
        "  state: { path: state }",
        "  phases:",
        $"    - {{ name: new, baseline: {{ block: baseline }}, candidate: {{ block: candidate }}, {phase}steps: [{{ shadow: {{ min_samples: 100 }} }}, {{ serve: 10%, min_samples: 5, gates: [errors], approve: manual }}], gates: {{ errors: {{ metric: fallback_rate, max: 1% }} }} }}");

    [Fact]
    public void Phases_are_changed_and_shown_while_nothing_runs_them()
    {
        var pipeline = Pipeline();
        Qt.Run("rollout", "status", pipeline).Output.ShouldStartWith("new              off");
        Qt.Run("rollout", "promote", pipeline, "new").ShouldSatisfyAllConditions(r => r.Code.ShouldBe(1), r => r.Error.ShouldContain("'new' was not changed: it is off; `start` it first."));
        Qt.Run("rollout", "start", pipeline, "new", "--reason", "drill").ShouldSatisfyAllConditions(r => r.Code.ShouldBe(0), r => r.Output.ShouldBe("'new' is shadow.\n"));
        Qt.Run("rollout", "promote", pipeline, "new").Error.ShouldContain("it has 0 of 100 operations");
        Qt.Run("rollout", "rollback", pipeline, "1").Output.ShouldBe("'new' is aborted.\n");
        Qt.Run("rollout", "rollback", pipeline, "7").Error.ShouldContain("the level of a rollback was 7; legal: 1 to 4.");

        var history = JsonNode.Parse(Qt.Run("rollout", "history", pipeline, "--json").Output)!["entries"]!.AsArray();
        history.Count.ShouldBe(2);
        history[0]!["reason"]!.GetValue<string>().ShouldBe("drill");
        Qt.Run("rollout", "history", pipeline).Output.ShouldContain("cli  new: shadow -> aborted");
        JsonNode.Parse(Qt.Run("rollout", "status", pipeline, "--json").Output)!["phases"]![0]!["state"]!["stage"]!.GetValue<string>().ShouldBe("aborted");
    }

    [Fact]
    public void The_plan_says_what_each_step_serves_and_what_its_gates_need()
    {
        var plan = Qt.Run("rollout", "plan", Pipeline()).Output;
        plan.ShouldContain("new (value, level 1, by operation)");
        plan.ShouldContain("  2. serve 10%; gates errors (at least 61,500 operations)");
        plan.ShouldContain("; then promote");

        var bySymbol = Qt.Run("rollout", "plan", Pipeline(phase: "route: { unit: symbol, include: [WDOU25] }, ")).Output;
        bySymbol.ShouldContain("  2. serve 10% = 50% of the symbols: WDOU25;");
    }

    [Fact]
    public void A_process_that_is_killed_leaves_a_state_that_the_next_one_makes_safe()
    {
        // A busy machine may leave the candidate, which stands behind all others, without a turn: what it then sheds would abort it.
        var pipeline = Pipeline(", count: 10000000, pause_microseconds: 100", "start: auto, shadow: { overload: wait, hang_after: 30s }, ");
        var state = Path.Combine(_folder.Path, "state");
        using (var run = new Running(pipeline))
        {
            Processes.Until(() => Stage(state) == PhaseStage.Serving);
            Qt.Run("rollout", "abort", pipeline, "new").ShouldSatisfyAllConditions(r => r.Code.ShouldBe(4), r => r.Error.ShouldContain("is held by another process that runs this rollout"));
            run.Kill();
        }

        Qt.Run("rollout", "status", pipeline).Output.ShouldContain("serving 10%");
        using (var run = new Running(pipeline))
        {
            Processes.Until(() => StateFolder.Look(state).Entries.Any(e => e.Reason == "the process died while the candidate served"));
            run.Signal("TERM");
            run.End().Code.ShouldBe(0);
        }

        var look = StateFolder.Look(state);
        look.Damage.ShouldBeNull();
        look.IsUnclean.ShouldBeFalse();
        look.Entries[^1].Kind.ShouldBe(JournalKind.Stopped);
        look.Entries.ShouldContain(e => e.Kind == JournalKind.Crashed);
    }

    private static PhaseStage? Stage(string state) => StateFolder.Look(state).Entries.LastOrDefault(e => e.Kind == JournalKind.Change)?.To!.Stage;
}
