using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Rollout.Serving;

namespace QuantumTrader.Tests.Rollout;

public sealed class ServingTests
{
    // The main path waits for the candidate, so that every figure is exact.
    private const string Waits = "shadow: { overload: wait, queue: 64, hang_after: 30s }";

    [Theory]
    [InlineData("off")]
    [InlineData("shadow")]
    public async Task A_candidate_that_does_not_serve_changes_nothing(string at)
    {
        var bare = await RolloutRun.OfAsync(RolloutRun.Without());
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: off", $"at: {at}, {Waits}"));

        run.Answers.ShouldBe(bare.Answers);
        run.Hash("keep").ShouldBe(bare.Hash("keep"));
        run.Counts.ShouldSatisfyAllConditions(c => c.OriginalCalls.ShouldBe(1000), c => c.EnhancedCalls.ShouldBe(0));
    }

    [Fact]
    public async Task A_shadow_is_compared_with_every_answer()
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: off, every: 10", $"at: shadow, {Waits}"));

        run.Counts.Outcomes[Outcome.Mismatch].ShouldBe(100);
        run.Counts.Outcomes[Outcome.Match].ShouldBe(900);
        run.Counts.ShadowStarted.ShouldBe(1000);
        run.Counts.ShadowShed.ShouldBe(0);
    }

    [Theory]
    [InlineData("throws")]
    [InlineData("drops")]
    public async Task An_answer_that_never_comes_is_the_candidates_error(string mode)
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml($"mode: {mode}, every: 10", $"at: shadow, {Waits}"));

        run.Counts.Outcomes[Outcome.CandidateError].ShouldBe(100);
        run.Counts.Outcomes[Outcome.Match].ShouldBe(900);
    }

    [Fact]
    public async Task A_share_is_served_by_the_candidate_and_always_the_same()
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml(phase: $"at: 10%, {Waits}"));
        var again = await RolloutRun.OfAsync(RolloutRun.Yaml(phase: $"at: 10%, {Waits}", engine: "batch: 7, workers: 4"));
        var route = new Route("new", "operation");

        run.Answers.Select(a => a.Sequence).ShouldBe(Enumerable.Range(1, 1000).Select(i => (long)i));
        run.Answers.ShouldAllBe(a => a.By == (Route.IsIn(route.Hash(a.Sequence), 1000) ? "candidate" : "baseline"));
        again.Answers.ShouldBe(run.Answers);
        run.Counts.EnhancedCalls.ShouldBe(run.Answers.Count(a => a.By == "candidate"));
        run.Counts.Ops.ShouldBe(1000);
        run.Counts.EnhancedCalls.ShouldBeInRange(60, 140);
    }

    [Theory]
    [InlineData("complete")]
    [InlineData("100%")]
    public async Task A_candidate_serves_everything(string at)
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml(phase: $"at: {at}, {Waits}"));

        run.Answers.ShouldAllBe(a => a.By == "candidate");
        run.Answers.Count.ShouldBe(1000);
    }

    [Theory]
    [InlineData("at: 100%, shadow: { hang_after: 30s }", "10")]
    [InlineData("at: complete, shadow: { hang_after: 30s }", null)]
    [InlineData($"at: 100%, {Waits}", null)]
    public async Task A_candidate_stands_behind_the_main_path_unless_that_waits_for_it(string phase, string? rank)
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: tells_rank", $"{phase}, serve: {{ deadline: 30s }}"));

        run.Answers.ShouldAllBe(a => a.By == (rank ?? Answerer.Rank()));
    }

    [Fact]
    public async Task A_job_that_never_returns_holds_up_no_other()
    {
        using var spare = new SpareThread("spare");
        using var never = new ManualResetEventSlim();
        spare.Run(never.Wait);
        (await spare.Run(() => 7).WaitAsync(TimeSpan.FromSeconds(30))).ShouldBe(7);
        never.Set();
    }

    [Fact]
    public async Task A_candidate_that_was_made_in_the_shadow_rises_with_its_phase()
    {
        var run = await RolloutRun.OfAsync(
            RolloutRun.Yaml("mode: tells_rank", "at: shadow, shadow: { hang_after: 30s }, serve: { deadline: 30s }", "count: 1000000, pause_microseconds: 1000"),
            phases =>
            {
                foreach (var stage in new[] { PhaseStage.Serving, PhaseStage.Complete })
                {
                    var before = phases[0].Evidence.Count();
                    SpinWait.SpinUntil(() => phases[0].Evidence.Count().Outcomes.Values.Sum() > before.Outcomes.Values.Sum(), TimeSpan.FromSeconds(30)).ShouldBeTrue();
                    phases[0].State = new PhaseState(stage, Share.All, -1, 1);
                    SpinWait.SpinUntil(() => phases[0].Evidence.Count().EnhancedCalls >= before.EnhancedCalls + 200, TimeSpan.FromSeconds(30)).ShouldBeTrue();
                }
            },
            isOverThen: true);

        // The first few still come from the threads of before.
        var ranks = run.Answers.Select(a => a.By).ToList();
        ranks.SkipWhile(r => r is "baseline" or "idle").Distinct().ShouldBe(["10", Answerer.Rank()]);
    }

    [Theory]
    [InlineData("throws", FallbackReason.Error)]
    [InlineData("drops", FallbackReason.Error)]
    [InlineData("nan", FallbackReason.Invalid)]
    [InlineData("wrong_key", FallbackReason.Invalid)]
    public async Task The_baseline_answers_where_the_candidate_does_not(string mode, FallbackReason reason)
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml($"mode: {mode}, every: 10", $"at: 100%, {Waits}"));

        run.Answers.Select(a => a.Sequence).ShouldBe(Enumerable.Range(1, 1000).Select(i => (long)i));
        run.Answers.ShouldAllBe(a => a.By == (a.Sequence % 10 == 0 ? "baseline" : "candidate") && a.Score == a.Sequence);
        run.Counts.Fallbacks[reason].ShouldBe(100);
        run.Counts.OriginalCalls.ShouldBe(100);
        run.Counts.EnhancedCalls.ShouldBe(900);
    }

    [Fact]
    public async Task An_answer_behind_the_deadline_is_dropped_and_counted()
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml(
            "mode: late, every: 5", "at: 100%, serve: { deadline: 2ms }, shadow: { queue: 1024, hang_after: 5s }", "count: 20, pause_microseconds: 60000"));

        run.Answers.Select(a => a.Sequence).ShouldBe(Enumerable.Range(1, 20).Select(i => (long)i));
        run.Counts.Fallbacks[FallbackReason.Deadline].ShouldBeGreaterThanOrEqualTo(4);
        run.Counts.Late.ShouldBeGreaterThanOrEqualTo(3);
        run.Answers.ShouldAllBe(a => a.Sequence % 5 != 0 || a.By == "baseline");
    }

    [Theory]
    [InlineData("throws")]
    [InlineData("hangs")]
    [InlineData("spins")]
    [InlineData("allocates")]
    [InlineData("drops")]
    [InlineData("nan")]
    [InlineData("late")]
    [InlineData("wrong_key")]
    [InlineData("throws_in_constructor")]
    [InlineData("hangs_in_constructor")]
    [InlineData("throws_in_start")]
    [InlineData("hangs_in_start")]
    [InlineData("throws_in_dispose")]
    [InlineData("unprintable")]
    public async Task No_candidate_changes_what_the_primary_answers_in_the_shadow(string mode)
    {
        const string Feed = "count: 5000";
        var bare = await RolloutRun.OfAsync(RolloutRun.Without(Feed));
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml($"mode: {mode}", "at: shadow, shadow: { queue: 64, hang_after: 50ms }", Feed));

        run.Answers.ShouldBe(bare.Answers);
        run.Hash("keep").ShouldBe(bare.Hash("keep"));
        run.Counts.OriginalCalls.ShouldBe(5000);
        (run.Counts.ShadowStarted + run.Counts.ShadowShed).ShouldBe(5000);
        (run.Counts.Outcomes.Values.Sum() + run.Counts.Uncompared).ShouldBe(run.Counts.ShadowStarted);
    }

    [Theory]
    [InlineData("throws")]
    [InlineData("hangs")]
    [InlineData("spins")]
    [InlineData("drops")]
    [InlineData("nan")]
    [InlineData("wrong_key")]
    [InlineData("throws_in_constructor")]
    [InlineData("hangs_in_constructor")]
    [InlineData("throws_in_start")]
    [InlineData("hangs_in_start")]
    [InlineData("unprintable")]
    public async Task No_candidate_that_never_answers_changes_what_the_primary_answers_when_it_serves(string mode)
    {
        const string Feed = "count: 2000";
        var bare = await RolloutRun.OfAsync(RolloutRun.Without(Feed));
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml($"mode: {mode}", "at: 100%, serve: { deadline: 1ms }, shadow: { queue: 64, hang_after: 20ms }", Feed));

        run.Answers.ShouldBe(bare.Answers);
        run.Counts.EnhancedCalls.ShouldBe(0);
        run.Counts.Fallbacks.Values.Sum().ShouldBe(2000);
        run.Counts.Ops.ShouldBe(2000);
    }

    [Theory]
    [InlineData("throws_in_constructor", "30s", "made to fail")]
    [InlineData("throws_in_start", "30s", "made to fail")]
    [InlineData("hangs_in_constructor", "100ms", "could not be made in time")]
    [InlineData("hangs_in_start", "100ms", "could not be made in time")]
    public Task One_that_cannot_begin_is_given_up(string mode, string within, string words) => RolloutRun.ThatCannotBeginAsync("thread", mode, within, words);

    [Theory]
    [InlineData(PhaseStage.Aborted)]
    [InlineData(PhaseStage.Off)]
    public async Task Behind_a_rollback_no_answer_of_the_candidate_goes_on(PhaseStage stage)
    {
        var run = await RolloutRun.OfAsync(
            RolloutRun.Yaml(phase: "at: 100%, shadow: { overload: wait, queue: 64, hang_after: 30s }", feed: "count: 1000000, pause_microseconds: 200"),
            phases =>
            {
                SpinWait.SpinUntil(() => phases[0].Evidence.Count().EnhancedCalls >= 100, TimeSpan.FromSeconds(30)).ShouldBeTrue();
                phases[0].State = new PhaseState(stage, Share.None, -1, 2);
                SpinWait.SpinUntil(() => phases[0].Evidence.Count().OriginalCalls >= 100, TimeSpan.FromSeconds(30)).ShouldBeTrue();
            },
            isOverThen: true);
        var first = run.Answers.ToList().FindIndex(a => a.By == "baseline");

        first.ShouldBeGreaterThanOrEqualTo(100);
        run.Answers.Skip(first).ShouldAllBe(a => a.By == "baseline");
        run.Answers.Select(a => a.Sequence).ShouldBe(Enumerable.Range(1, run.Answers.Count).Select(i => (long)i));
        run.Counts.Ops.ShouldBe(run.Answers.Count);
    }

    [Fact]
    public async Task A_rollback_does_not_wait_for_an_answer_that_is_waited_for()
    {
        var run = await RolloutRun.OfAsync(
            RolloutRun.Yaml("mode: hangs", "at: 100%, shadow: { queue: 64, hang_after: 50s }", "count: 1000000, pause_microseconds: 200"),
            phases =>
            {
                SpinWait.SpinUntil(() => phases[0].Evidence.Count().ShadowStarted > 0, TimeSpan.FromSeconds(30)).ShouldBeTrue();
                phases[0].State = new PhaseState(PhaseStage.Aborted, Share.None, -1, 2);
                SpinWait.SpinUntil(() => phases[0].Evidence.Count().OriginalCalls >= 10, TimeSpan.FromSeconds(30)).ShouldBeTrue();
            },
            isOverThen: true);

        run.Counts.ShouldSatisfyAllConditions(c => c.EnhancedCalls.ShouldBe(0), c => c.FallbackCount.ShouldBe(0), c => c.Abandoned.ShouldBe(0));
    }

    [Theory]
    [InlineData("10%")]
    [InlineData("100%")]
    public async Task A_candidate_that_begins_behind_its_baseline_serves_the_same(string at)
    {
        const string Sequential = "serve: { race: sequential, deadline: 5s, baseline: 1s, budget: 6s }, shadow: { overload: wait, queue: 1024, hang_after: 30s }";
        var warm = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: drops, every: 10", $"at: {at}, {Waits}"));
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: drops, every: 10", $"at: {at}, {Sequential}"));

        run.Answers.ShouldBe(warm.Answers);
        run.Counts.ShouldSatisfyAllConditions(c => c.EnhancedCalls.ShouldBe(warm.Counts.EnhancedCalls), c => c.Outcomes.ShouldBe(warm.Counts.Outcomes), c => c.ShadowStarted.ShouldBe(1000));
    }

    [Theory]
    [InlineData("race: warm, deadline: 5s", false)]
    [InlineData("race: sequential, deadline: 5s, baseline: 1s, budget: 6s", true)]
    public async Task In_sequence_no_candidate_begins_before_its_baseline_has_answered(string serve, bool isBehind)
    {
        var board = $"board: {Guid.NewGuid():n}";
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml(board, $"at: 100%, serve: {{ {serve} }}, shadow: {{ overload: wait, queue: 1024, hang_after: 30s }}", "count: 20", "batch: 1", $"mode: late, {board}"));

        run.Answers.Count(a => a.By == "candidate").ShouldBe(20);
        run.Answers.All(a => a.Score == a.Sequence).ShouldBe(isBehind);
    }

    [Fact]
    public async Task A_budget_ends_the_wait_for_a_candidate()
    {
        // Without it each operation would wait until the candidate is given up.
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: hangs", "at: 100%, serve: { budget: 1ms }, shadow: { queue: 64, hang_after: 500ms, max_abandoned: 0 }", "count: 200, pause_microseconds: 200"));

        run.Counts.Fallbacks[FallbackReason.Deadline].ShouldBeGreaterThan(10);
    }

    [Fact]
    public void A_candidate_that_had_nothing_to_do_for_long_does_not_hang()
    {
        var (clock, second) = (new Clock(), TimeSpan.FromSeconds(1));
        var comparison = new QuantumTrader.Rollout.Serving.Comparison<Answer>(new AnswerComparer<Answer>(new AnswerFormat(), new CompareOptions()), _ => { }, 16);
        using var candidate = new CandidateRun<Operation, Answer>(
            ends => new GraphBuilder().Add("feed", ends.Feed).Add("work", new Answerer(new AnswerOptions()), ["feed"]).Add("answers", ends.Answers, ["work"]).Build(),
            16, 1, comparison, comparison, isReleased: true, () => true, usage: null, clock);
        clock.Advance(TimeSpan.FromHours(1));

        candidate.Expect(clock.GetTimestamp());
        candidate.TryHand(new Operation(1, 0, 0, 1)).ShouldBeTrue();
        candidate.Hangs(second).ShouldBeFalse();
        clock.Advance(2 * second);
        candidate.Hangs(second).ShouldBeTrue();
    }

    [Fact]
    public async Task No_more_wait_for_a_candidate_than_its_queue_and_its_edges_hold()
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: hangs", "at: shadow, shadow: { queue: 64, hang_after: 300ms, max_abandoned: 0 }", "count: 5000"));

        run.Counts.ShadowStarted.ShouldBeInRange(1, 64 + 256 + 64);
    }

    [Fact]
    public async Task The_end_of_a_run_does_not_wait_for_a_slow_candidate_to_catch_up()
    {
        // It takes 20 ms for each of up to 320 operations; nobody waits for a result of the shadow longer than for one that hangs.
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: late", "at: shadow, shadow: { queue: 64, hang_after: 200ms }", "count: 2000"));

        run.Counts.Uncompared.ShouldBeGreaterThan(20);
    }

    [Fact]
    public async Task A_phase_can_begin_while_the_graph_runs()
    {
        var run = await RolloutRun.OfAsync(
            RolloutRun.Yaml(phase: "at: off, shadow: { overload: wait, queue: 64, hang_after: 30s }", feed: "count: 1000000, pause_microseconds: 200"),
            phases =>
            {
                SpinWait.SpinUntil(() => phases[0].Evidence.Count().OriginalCalls >= 100, TimeSpan.FromSeconds(30)).ShouldBeTrue();
                phases[0].State = new PhaseState(PhaseStage.Complete, Share.All, -1, 1);
                SpinWait.SpinUntil(() => phases[0].Evidence.Count().EnhancedCalls >= 100, TimeSpan.FromSeconds(30)).ShouldBeTrue();
            },
            isOverThen: true);

        run.Answers[0].By.ShouldBe("baseline");
        run.Answers[^1].By.ShouldBe("candidate");
        run.Answers.Select(a => a.Sequence).ShouldBe(Enumerable.Range(1, run.Answers.Count).Select(i => (long)i));
    }

    [Fact]
    public void A_candidate_that_branches_off_elsewhere_than_its_baseline_is_refused()
    {
        var plan = RolloutRun.Load(RolloutRun.Yaml().Replace("candidate: { type: rollout.answer, from: feed", "other: { type: rollout.feed }\n  candidate: { type: rollout.answer, from: other", StringComparison.Ordinal));

        ConstructionCheck.Check(plan, TimeProvider.System, withModels: false).ShouldHaveSingleItem().Message.ShouldContain("branches off at 'other'");
    }

    [Fact]
    public async Task Every_run_that_waits_for_its_candidate_gives_and_counts_the_same()
    {
        IReadOnlyList<Answer>? first = null;
        for (var i = 0; i < 40; i++)
        {
            var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: drops, every: 10", $"at: 30%, {Waits}", engine: i % 2 == 0 ? "batch: 7, workers: 4" : ""));

            run.Answers.Except(first ??= run.Answers).ShouldBeEmpty(string.Join(", ", run.Counts.Fallbacks.Where(f => f.Value > 0)) + $"; shed {run.Counts.ShadowShed}, given up {run.Counts.Abandoned}, {run.Phases[0].State}, {string.Join(' ', run.Answers.Except(first).Take(3))}");
            run.Counts.Outcomes[Outcome.CandidateError].ShouldBe(100);
            run.Counts.Outcomes[Outcome.Match].ShouldBe(900);
            run.Counts.Fallbacks.Values.Sum().ShouldBe(run.Counts.Fallbacks[FallbackReason.Error]);
        }
    }
}
