using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;

namespace QuantumTrader.Tests.Rollout;

public sealed class EffectTests
{
    private static string Yaml(string at, string answers = "", string phase = "") => $$"""
        version: 1
        pipeline: rollout
        engine: { hashes: true }
        blocks:
          feed:     { type: rollout.feed }
          baseline: { type: rollout.answer, from: feed{{(answers.Length > 0 ? ", " + answers : "")}} }
          keep:     { type: rollout.keep, from: baseline, phase: keeping }
          behind:   { type: rollout.keep, from: keep }
        rollout:
          phases:
            - { name: keeping, kind: effect, candidate: { block: keep }, at: {{at}}, shadow: { overload: wait, queue: 64, hang_after: 30s }{{(phase.Length > 0 ? ", " + phase : "")}} }
        """;

    [Theory]
    [InlineData("off", 0)]
    [InlineData("shadow", 0)]
    [InlineData("complete", 1000)]
    [InlineData("100%", 1000)]
    public async Task An_effect_gets_what_its_phase_serves(string at, int expected)
    {
        var run = await RolloutRun.OfAsync(Yaml(at));

        run.Answers.Count.ShouldBe(expected);
        run.Counts.ShouldSatisfyAllConditions(c => c.EnhancedCalls.ShouldBe(expected), c => c.OriginalCalls.ShouldBe(1000 - expected));
    }

    [Theory]
    [InlineData("off")]
    [InlineData("shadow")]
    [InlineData("10%")]
    [InlineData("complete")]
    public async Task Who_reads_behind_a_sink_reads_all_of_it_whatever_its_phase_lets_through(string at)
    {
        var bare = await RolloutRun.OfAsync(RolloutRun.Without());
        var run = await RolloutRun.OfAsync(Yaml(at, "by: baseline"));

        run.Hash("behind").ShouldBe(bare.Hash("keep"));
    }

    [Fact]
    public async Task A_share_of_an_effect_is_chosen_by_the_hash()
    {
        var run = await RolloutRun.OfAsync(Yaml("10%"));
        var route = new Route("keeping", "operation");

        run.Answers.Select(a => a.Sequence).ShouldBe(Enumerable.Range(1, 1000).Select(i => (long)i).Where(i => Route.IsIn(route.Hash(i), 1000)));
    }

    [Fact]
    public async Task A_share_of_the_symbols_holds_all_events_of_each()
    {
        var run = await RolloutRun.OfAsync(Yaml("50%", phase: "route: { unit: symbol, exclude: [PETR4], include: [WDOU25] }"));
        var route = new Route("keeping", "symbol");
        string[] expected = [.. Symbols.Names.Where(s => s != "PETR4" && (s == "WDOU25" || Route.IsIn(route.Hash(s), 5000)))];

        run.Answers.Select(a => Symbols.Names[a.Symbol]).Distinct().ShouldBe(expected, ignoreOrder: true);
        run.Answers.Count.ShouldBe(250 * expected.Length);
    }

    [Fact]
    public async Task An_effect_in_the_shadow_is_a_round_trip_through_its_outside_form()
    {
        var run = await RolloutRun.OfAsync(Yaml("shadow"));

        run.Counts.Outcomes[Outcome.Match].ShouldBe(1000);
    }

    [Fact]
    public async Task What_would_not_come_back_from_outside_is_seen_in_the_shadow()
    {
        var run = await RolloutRun.OfAsync(Yaml("shadow", "mode: nan, every: 10"));

        run.Counts.Outcomes[Outcome.Match].ShouldBe(900);
        (run.Counts.Outcomes[Outcome.CandidateError] + run.Counts.Outcomes[Outcome.Mismatch]).ShouldBe(100);
    }

    [Theory]
    [InlineData("candidate: { block: baseline }", "must only read")]
    [InlineData("candidate: { block: keep }, baseline: { block: baseline }", "its baseline is not to have it")]
    [InlineData("candidate: { block: kep }", "'kep' is no block of the pipeline")]
    public void A_phase_that_does_not_fit_the_graph_is_refused_at_its_place(string phase, string expected)
    {
        var plan = RolloutRun.Load(Yaml("off").Replace("candidate: { block: keep }", phase, StringComparison.Ordinal));

        var finding = ConstructionCheck.Check(plan, TimeProvider.System, withModels: false).ShouldHaveSingleItem();
        finding.Message.ShouldContain(expected);
        finding.Line.ShouldBe(11);
    }
}
