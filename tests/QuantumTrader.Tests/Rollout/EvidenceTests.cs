using System.Diagnostics;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;

namespace QuantumTrader.Tests.Rollout;

/// <summary>What a running phase tells its gates.</summary>
public sealed class EvidenceTests
{
    private const string Waits = "shadow: { overload: wait, queue: 64, hang_after: 30s }";

    private static string OneStep(string gate, string compare = "{ }") =>
        $"start: auto, {Waits}, compare: {compare}, gates: {{ the: {gate} }}, steps: [ {{ shadow: {{ min_samples: 100 }}, gates: [the] }}, {{ serve: 50%, approve: manual }} ]";

    [Theory]
    [InlineData("good", "serving 50%")]
    [InlineData("off", "shadow, held")]
    public async Task The_values_of_both_sides_decide_on_a_gate_of_drift(string mode, string expected)
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml($"mode: {mode}", OneStep("{ metric: psi, field: score }"), "count: 3000"));

        run.Phases[0].State.ToString().ShouldBe(expected);
    }

    [Theory]
    [InlineData("", "aborted")]
    [InlineData(", over: noise", "serving 50%")]
    public async Task A_candidate_may_differ_as_often_as_the_baseline_contradicts_itself(string over, string expected)
    {
        var gate = $"{{ metric: mismatch_rate, max: 5%, block: 10{over} }}";
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml(phase: OneStep(gate, "{ aa_sample: 100% }"), feed: "count: 5000", baseline: "mode: moody, every: 10"));

        run.Phases[0].State.ToString().ShouldBe(expected);
        run.Counts.Contradicted.ShouldBe(run.Counts.Repeated / 10);
    }

    [Fact]
    public async Task A_deterministic_baseline_never_contradicts_itself()
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: drops, every: 2", $"at: shadow, {Waits}, compare: {{ aa_sample: 100% }}"));

        run.Counts.ShouldSatisfyAllConditions(c => c.Repeated.ShouldBe(1000), c => c.Contradicted.ShouldBe(0), c => c.Outcomes[Outcome.CandidateError].ShouldBe(500));
    }

    [Fact]
    public async Task What_is_compared_and_what_is_repeated_are_drawn_apart()
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml(phase: "at: shadow, shadow: { sample: 10%, overload: wait, queue: 64, hang_after: 30s }, compare: { aa_sample: 50% }"));
        var (shadow, again) = (new Route("new/shadow", "operation"), new Route("new/repetition", "operation"));

        run.Counts.Outcomes.Values.Sum().ShouldBe(Enumerable.Range(1, 1000).Count(i => Route.IsIn(shadow.Hash(i), 1000)));
        run.Counts.Repeated.ShouldBe(Enumerable.Range(1, 1000).Count(i => Route.IsIn(again.Hash(i), 5000)));
    }

    [Fact]
    public async Task The_figures_of_a_phase_are_metrics_at_every_moment()
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: drops, every: 2", $"at: 50%, {Waits}, compare: {{ aa_sample: 10% }}"));
        var gauges = run.Report.Blocks.Single(b => b.Name == "rollout/new").Gauges.ToDictionary(g => g.Of.Length == 0 ? g.Name : $"{g.Name}.{g.Of}", g => g.Value);

        gauges["qt_rollout_share"].ShouldBe(0.5);
        gauges["qt_rollout_state.serving"].ShouldBe(1);
        gauges["qt_rollout_state.shadow"].ShouldBe(0);
        (gauges["qt_rollout_original_calls"] + gauges["qt_rollout_enhanced_calls"]).ShouldBe(1000);
        gauges["qt_rollout_fallbacks.error"].ShouldBe(run.Counts.FallbackCount);
        gauges["qt_rollout_outcomes.candidate_error"].ShouldBe(500);
        gauges["qt_rollout_shadow_started"].ShouldBe(1000);
    }

    [Theory]
    [InlineData("mode: hangs", "at: shadow, shadow: { queue: 64, hang_after: 100ms, max_abandoned: 0 }", "count: 5000", "shadow_shed abandoned.hang uncompared held generation")]
    [InlineData("mode: late, every: 5", "at: 100%, serve: { deadline: 2ms }", "count: 20, pause_microseconds: 60000", "late fallbacks.deadline enhanced_calls share")]
    [InlineData("mode: drops", "at: 100%, " + Waits + ", breaker: { consecutive: 5, shadow_probes: 100000 }", "", "breaker_open fallbacks.error fallbacks.breaker original_calls")]
    [InlineData("mode: good", "at: shadow, " + Waits + ", compare: { aa_sample: 100% }", "", "contradictions shadow_started", "mode: moody, every: 10")]
    [InlineData("mode: good", "start: auto, " + Waits + ", gates: { the: { metric: mismatch_rate, max: 5% } }, steps: [ { shadow: { min_samples: 100000 }, gates: [the] } ]", "", "gate_evidence.the state.shadow outcomes.match")]
    public async Task Every_metric_is_the_figure_that_it_names(string candidate, string phase, string feed, string telling, string baseline = "")
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml(candidate, phase, feed, baseline: baseline));
        var (counts, state) = (run.Counts, run.Phases[0].State);
        var gauges = run.Report.Blocks.Single(b => b.Name == "rollout/new").Gauges.ToDictionary(g => (g.Of.Length == 0 ? g.Name : $"{g.Name}.{g.Of}")["qt_rollout_".Length..], g => g.Value);

        gauges.ShouldSatisfyAllConditions(
            g => g["share"].ShouldBe(state.Share.Fraction),
            g => g["generation"].ShouldBe(state.Generation),
            g => g["held"].ShouldBe(state.IsHeld ? 1 : 0),
            g => g["breaker_open"].ShouldBe(state.IsOpen ? 1 : 0),
            g => g["original_calls"].ShouldBe(counts.OriginalCalls),
            g => g["enhanced_calls"].ShouldBe(counts.EnhancedCalls),
            g => g["shadow_started"].ShouldBe(counts.ShadowStarted),
            g => g["shadow_shed"].ShouldBe(counts.ShadowShed),
            g => g["rested_seconds"].ShouldBe(counts.RestedSeconds),
            g => g["uncompared"].ShouldBe(counts.Uncompared),
            g => g["late"].ShouldBe(counts.Late),
            g => g["contradictions"].ShouldBe(counts.Contradicted));
        gauges.Where(g => g.Key.StartsWith("fallbacks.", StringComparison.Ordinal)).Sum(g => g.Value).ShouldBe(counts.FallbackCount);
        gauges.Where(g => g.Key.StartsWith("abandoned.", StringComparison.Ordinal)).Sum(g => g.Value).ShouldBe(counts.Abandoned);
        telling.Split(' ').ShouldAllBe(name => gauges[name] > 0);
    }

    [Fact]
    public void The_latency_of_a_side_is_that_of_its_answers()
    {
        var evidence = new PhaseEvidence();
        evidence.Took(PhaseSide.Candidate, Stopwatch.Frequency / 1000);
        evidence.Took(PhaseSide.Candidate, 3 * Stopwatch.Frequency / 1000);

        evidence.Count().Latency[PhaseSide.Candidate].ShouldSatisfyAllConditions(l => l.Count.ShouldBe(2), l => l.Average.ShouldBe(2), l => l.P50.ShouldBe(1, 0.04), l => l.P99.ShouldBe(3, 0.1));
    }

    [Fact]
    public async Task An_hour_that_has_used_up_its_fallbacks_opens_the_breaker()
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: drops, every: 10", $"at: 100%, {Waits}, breaker: {{ fallbacks_per_hour: 20, consecutive: 1000, min_throughput: 1000000, shadow_probes: 1000000 }}"));

        run.Phases[0].State.ToString().ShouldBe("serving 100%, breaker open");
        run.Counts.Fallbacks[FallbackReason.Error].ShouldBe(21);
        run.Answers.Skip(210).ShouldAllBe(a => a.By == "baseline");
    }

    [Theory]
    [InlineData("throws")]
    [InlineData("hangs")]
    [InlineData("moody")]
    public async Task To_ask_the_baseline_again_changes_nothing_of_what_it_answers(string mode)
    {
        const string Feed = "count: 2000";
        var bare = await RolloutRun.OfAsync(RolloutRun.Without(Feed));
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml($"mode: {mode}", "at: shadow, shadow: { queue: 64, hang_after: 50ms }, compare: { aa_sample: 100% }", Feed));

        run.Answers.ShouldBe(bare.Answers);
        run.Hash("keep").ShouldBe(bare.Hash("keep"));
    }
}
