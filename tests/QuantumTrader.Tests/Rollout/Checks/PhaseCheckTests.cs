using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;

namespace QuantumTrader.Tests.Rollout.Checks;

public sealed class PhaseCheckTests
{
    private const string Blocks = "baseline: { block: baseline }, candidate: { block: candidate }";

    private static readonly BlockRegistry Registry = BlockRegistry.Scan([typeof(Feed).Assembly, typeof(MarketContext).Assembly, typeof(RolloutSection).Assembly]);

    private static IReadOnlyList<string> Findings(string phases, string market = "")
    {
        var text = $$"""
            version: 1
            pipeline: rollout
            {{market}}
            blocks:
              feed:      { type: rollout.feed }
              baseline:  { type: rollout.answer, from: feed }
              candidate: { type: rollout.answer, from: feed, phase: new }
              keep:      { type: rollout.keep, from: baseline }
            rollout:
              phases:
            {{phases}}
            """;
        var loaded = new PipelineLoader(Registry).LoadText(text, Path.Combine(App.Qt.Root, "p.yml"), null, null, _ => null);
        loaded.Findings.ShouldBeEmpty();
        return [.. ConstructionCheck.Check(loaded.Plan!, TimeProvider.System, withModels: false).Select(f => f.ToString().Replace(App.Qt.Root + "/", "", StringComparison.Ordinal))];
    }

    private static string Phase(string more, string blocks = Blocks) => $"    - {{ name: new, {(blocks.Length > 0 ? blocks + ", " : "")}{more} }}";

    [Fact]
    public void A_sound_phase_has_no_findings() => Findings(Phase(
        "breaker: { window: 10s, fallbacks_per_hour: 100 }, serve: { race: sequential, deadline: 3ms, baseline: 2ms, budget: 5ms }, route: { unit: operation }, compare: { aa_sample: 1%, ignore: [{ path: score, reason: known, until: 2999-12-31 }] }, "
        + "steps: [{ shadow: { min_bake: 1h } , gates: [a] }, { serve: 10%, gates: [a, r] }, { serve: 100%, approve: manual }], "
        + "gates: { a: { metric: mismatch_rate, max: 1%, over: noise }, r: { metric: sample_ratio } }")).ShouldBeEmpty();

    [Theory]
    [InlineData("requires: [other]", "phases[0].requires[0]: no phase is named 'other'. There is no other phase.")]
    [InlineData("requires: [new]", "phases[0].requires[0]: 'new' requires 'new', which requires 'new'. Break the circle.")]
    [InlineData("kind: effect", "phases[0].baseline: the phase 'new' adds an effect; its baseline is not to have it. Remove baseline, or kind: effect.")]
    [InlineData("at: shadow, steps: [{ shadow: {} }]", "phases[0].at: a phase with steps goes through them; `at` is for those without. Remove one of the two.")]
    [InlineData("steps: [{ min_samples: 1 }]", "phases[0].steps[0]: a step either runs in the shadow or serves a share; this one says neither. Write shadow: {} or serve: 10%.")]
    [InlineData("steps: [{ shadow: {}, serve: 1% }]", "phases[0].steps[0]: a step either runs in the shadow or serves a share; this one says both. Write shadow: {} or serve: 10%.")]
    [InlineData("steps: [{ serve: 10% }]", "phases[0].steps[0]: the first step must be the shadow: nothing serves that was never compared. Put shadow: {} before it.")]
    [InlineData("steps: [{ shadow: {} }, { serve: 10% }, { serve: 10% }]", "phases[0].steps[2].serve: the share 10% is not greater than the 10% of the step before. Shares must rise.")]
    [InlineData("steps: [{ shadow: {} }, { shadow: {} }]", "phases[0].steps[1]: the share 0% is not greater than the 0% of the step before. Shares must rise.")]
    [InlineData("steps: [{ shadow: {}, gates: [eror] }], gates: { error: { metric: fallback_rate, max: 1% } }", "phases[0].steps[0].gates[0]: no gate is named 'eror'. Gates: error.")]
    [InlineData("steps: [{ shadow: {}, gates: [e, e] }], gates: { e: { metric: fallback_rate, max: 1% } }", "phases[0].steps[0].gates[1]: the gate 'e' is named twice. Remove one of the two.")]
    [InlineData("gates: { e: { metric: fallback_rate } }", "phases[0].gates.e: the gate 'e' has no condition. Add max: between 0% and 100%, such as 1%.")]
    [InlineData("gates: { e: { metric: mismatch_rate, max: 0% } }", "phases[0].gates.e: the gate 'e' has no condition. Add max: between 0% and 100%, such as 1%.")]
    [InlineData("gates: { d: { metric: psi } }", "phases[0].gates.d: the gate 'd' names no field. Add field: with a field of the answers, such as score.")]
    [InlineData("gates: { d: { metric: psi, field: score, hold: 0.05 } }", "phases[0].gates.d.hold: the gate 'd' would hold at 0.05 before it warns at 0.1. Let hold be the greater one.")]
    [InlineData("gates: { d: { metric: psi, field: scor } }", "phases[0].gates.d.field: 'candidate' sends Answer, which has no field 'scor'. Fields: seq, ts, symbol, score, by.")]
    [InlineData("shadow: { cpu_share: 0% }", "phases[0].shadow.cpu_share: the candidate of the phase 'new' may use nothing of the processors, and would rest for ever. Give it a share such as 10%, or remove cpu_share.")]
    [InlineData("shadow: { overload: wait, max_operations_per_second: 50 }", "phases[0].shadow.max_operations_per_second: the main path waits for the candidate of the phase 'new', so a limit would be the main path's. Remove it, or overload: wait.")]
    [InlineData("gates: { e: { metric: mismatch_rate, max: 1%, over: noise } }", "phases[0].gates.e.over: the gate 'e' is over noise that nobody measures. Set metric: mismatch_rate and compare.aa_sample, or remove over.")]
    [InlineData("gates: { e: { metric: mismatch_rate, max: 1%, over: sea } }", "phases[0].gates.e.over: over is 'sea'. Legal: noise.")]
    [InlineData("route: { unit: symbol }, gates: { r: { metric: sample_ratio } }", "phases[0].gates.r: the gate 'r' counts operations, whose share is only known with route.unit: operation and neither include nor exclude. Remove the gate.")]
    [InlineData("compare: { ignore: [{ path: a, reason: b, until: 2020-01-31 }] }", "phases[0].compare.ignore[0].until: differences of 'a' were to be ignored until 2020-01-31. Remove the rule, or give it another day and a reason.")]
    [InlineData("compare: { ignore: [{ path: a, reason: b, until: soon }] }", "phases[0].compare.ignore[0].until: until is 'soon', which is no day. Write it as 2026-12-31.")]
    [InlineData("breaker: { failure_ratio: 0% }", "phases[0].breaker.failure_ratio: with 0% the first failure would open the breaker. Choose a greater ratio, such as 5%.")]
    [InlineData("serve: { race: sequential }", "phases[0].serve.race: with `sequential` an operation takes the times of baseline and candidate, so it must be known that there is time for both. State deadline, baseline and budget, or use race: warm.")]
    [InlineData("serve: { race: sequential, deadline: 3ms, baseline: 2ms }", "phases[0].serve.race: with `sequential` an operation takes the times of baseline and candidate, so it must be known that there is time for both. State deadline, baseline and budget, or use race: warm.")]
    [InlineData("serve: { race: sequential, deadline: 3ms, baseline: 2ms, budget: 4.9ms }", "phases[0].serve.budget: the budget of 4.9 ms is less than the deadline of 3 ms and the baseline's 2 ms together. Raise it, shorten the deadline, or use race: warm.")]
    [InlineData("serve: { race: sequential, deadline: 3ms, baseline: 2ms, budget: 5ms }, shadow: { queue: 100 }", "phases[0].shadow.queue: with `race: sequential` a whole batch of operations waits until the baseline has answered it; the queue of 100 is shorter than engine.batch, 1024. Make it at least as long.")]
    [InlineData("kind: effect, serve: { race: sequential }", "phases[0].serve.race: the phase 'new' adds an effect; it has no baseline that could answer first. Remove race.")]
    [InlineData("serve: { deadline: 5ms, budget: 5ms }", "phases[0].serve.deadline: the deadline of 5 ms leaves nothing of the budget of 5 ms. Shorten it.")]
    [InlineData("route: { unit: account }", "phases[0].route.unit: 'candidate' sends Answer, which has no field 'account' to choose by. Use unit: operation or symbol.")]
    public void Every_mistake_in_a_phase_is_found(string phase, string message) =>
        Findings(Phase(phase)).ShouldContain(f => f.EndsWith("QT0601 rollout." + message, StringComparison.Ordinal), string.Join("\n", Findings(Phase(phase))));

    [Fact]
    public void A_value_without_a_baseline_is_found() =>
        Findings(Phase("at: off", "candidate: { block: candidate }")).ShouldContain(f => f.EndsWith("rollout.phases[0]: the phase 'new' replaces an answer and names no baseline. Add baseline: { block: ... }, or kind: effect.", StringComparison.Ordinal));

    [Fact]
    public void A_candidate_that_reads_from_nothing_is_found() =>
        Findings(Phase("at: off", "baseline: { block: baseline }, candidate: { block: feed }")).ShouldContain(f => f.Contains("rollout.phases[0].candidate.block: the candidate 'feed' reads from nothing, so it has no operations.", StringComparison.Ordinal));

    [Fact]
    public void All_mistakes_are_found_at_once_each_at_its_place()
    {
        var found = Findings("""
                - name: new
                  baseline: { block: baseline }
                  candidate: { block: candidate }
                  steps:
                    - shadow: {}
                    - serve: 10%
                    - gates: []
                      serve: 5%
                - name: new
                  baseline: { block: baseline }
                  candidate: { block: candidate }
                  requires: [older]
            """);

        found.ShouldBe(
        [
            "p.yml:18:18: QT0601 rollout.phases[0].steps[2].serve: the share 5% is not greater than the 10% of the step before. Shares must rise.",
            "p.yml:19:13: QT0601 rollout.phases[1].name: two phases are named 'new'. Give each a name of its own.",
            "p.yml:22:18: QT0601 rollout.phases[1].requires[0]: no phase is named 'older'. There is no other phase.",
        ]);
    }

    [Fact]
    public void Levels_and_places_follow_what_is_required()
    {
        var found = Findings("""
                - { name: first, rollback_level: 2, baseline: { block: baseline }, candidate: { block: candidate }, steps: [{ shadow: {} }] }
                - { name: second, rollback_level: 3, requires: [first], baseline: { block: baseline }, candidate: { block: candidate } }
                - { name: third, requires: [first], at: 10%, baseline: { block: baseline }, candidate: { block: candidate } }
            """);

        found[0].ShouldEndWith("rollout.phases[1].rollback_level: a rollback to level 2 takes 'first' out and leaves 'second', which requires it. Give 'second' a level of at most 2.");
        found[1].ShouldEndWith("rollout.phases[2].at: 'third' stands at 10%, but 'first', which it requires, is not complete from the start.");
    }

    [Fact]
    public void A_step_that_serves_no_further_symbol_is_found() =>
        Findings(Phase("route: { unit: symbol, salt: s }, steps: [{ shadow: {} }, { serve: 0.01% }, { serve: 100% }]"), "market: { calendar: b3, symbols: [WDOU25, WINQ25] }")
            .ShouldHaveSingleItem().ShouldEndWith("rollout.phases[0].steps[1].serve: with 2 symbols, 0.01% serves the same ones as 0%: none. Choose another share or salt; `qt rollout plan` shows them.");
}
