using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Rollout.Journal;

namespace QuantumTrader.Tests.Rollout;

/// <summary>What must hold of every rollout, on whole runs.</summary>
public sealed class InvariantTests : IDisposable
{
    private const string Waits = "shadow: { overload: wait, queue: 64, hang_after: 30s }";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Other_percentages_choose_by_the_same_hash()
    {
        static Phase Of(params int[] shares) =>
            new PhaseControl([new() { Name = "ml", Steps = [new() { Shadow = new() }, .. shares.Select(s => new StepOptions { Serve = new Share(s) })] }]).Phases[0];
        var (one, other) = (Of(1000, 5000), Of(50, 10_000));

        Enumerable.Range(0, 100).ShouldAllBe(key => one.Route.Hash(key) == other.Route.Hash(key) && one.ShadowRoute.Hash(key) == other.ShadowRoute.Hash(key));
        Enumerable.Range(0, 100).ShouldAllBe(key => one.Route.Hash(key) != one.ShadowRoute.Hash(key) && one.Route.Hash(key) != one.RepetitionRoute.Hash(key));
    }

    [Theory]
    [InlineData("drops", "at: 50%, " + Waits)]
    [InlineData("nan", "at: 50%, breaker: { consecutive: 20, shadow_probes: 5, abort_after: 1000 }, shadow: { queue: 64, hang_after: 1s }")]
    [InlineData("late", "at: 50%, serve: { deadline: 1ms }, shadow: { queue: 64, hang_after: 1s }")]
    public async Task The_figures_add_up_at_every_moment(string mode, string phase)
    {
        var looking = Task.FromResult(0);
        // Holds until somebody looks: a slow machine would else be through before the first look.
        var run = await RolloutRun.HeldAsync(RolloutRun.Yaml($"mode: {mode}, every: 3", phase, "count: 3000, pause_microseconds: 50, hold_at: 1"), 1, factory =>
        {
            var looked = new TaskCompletionSource();
            looking = Task.Factory.StartNew(() => LookUntil(1000, factory.Section<RolloutSection>()!.Phases[0], () => looked.TrySetResult()), TaskCreationOptions.LongRunning);
            Task.WaitAny(looking, looked.Task);
        });

        (await looking).ShouldBeGreaterThan(1);
        run.Counts.Ops.ShouldBe(3000);
        (run.Counts.ShadowStarted + run.Counts.ShadowShed).ShouldBe(3000);
        (run.Counts.Outcomes.Values.Sum() + run.Counts.Uncompared).ShouldBe(run.Counts.ShadowStarted);
    }

    private static int LookUntil(long operations, Phase phase, Action looked)
    {
        var looks = 0;
        for (PhaseCounts? last = null; (last?.Ops ?? 0) < operations; looks++)
        {
            var now = phase.Evidence.Count();
            now.ShouldSatisfyAllConditions(
                c => c.EnhancedAttempts.ShouldBe(c.EnhancedCalls + c.Fallbacks.Values.Sum()),
                c => c.FallbackCount.ShouldBeLessThanOrEqualTo(c.OriginalCalls),
                c => (c.Outcomes.Values.Sum() + c.Uncompared).ShouldBeLessThanOrEqualTo(c.ShadowStarted),
                c => c.Ops.ShouldBeLessThanOrEqualTo(c.ShadowStarted + c.ShadowShed),
                c => c.Late.ShouldBeLessThanOrEqualTo(c.Fallbacks[FallbackReason.Deadline]));
            (now.Ops >= (last?.Ops ?? 0) && now.OriginalCalls >= (last?.OriginalCalls ?? 0) && now.ShadowStarted >= (last?.ShadowStarted ?? 0)).ShouldBeTrue("counts only rise");
            last = now;
            looked();
        }

        return looks;
    }

    [Theory]
    [InlineData(PhaseAction.Rollback)]
    [InlineData(PhaseAction.Abort)]
    [InlineData(PhaseAction.Kill)]
    public async Task Behind_a_command_that_takes_back_not_one_answer_is_the_candidates(PhaseAction action)
    {
        var generation = 0L;
        var run = await RolloutRun.HeldAsync(RolloutRun.Yaml(phase: $"at: 100%, {Waits}", feed: "count: 2000, hold_at: 700"), 700, factory =>
        {
            var control = factory.Section<RolloutSection>()!.Control;
            generation = control.Send(new PhaseCommand(action) { Phase = "new", Level = 1, Reason = "drill" }).Generation;
            control.Phases[0].State.ShouldSatisfyAllConditions(s => s.Generation.ShouldBe(generation), s => s.Runs.ShouldBeFalse());
        });

        run.Answers.Take(700).ShouldAllBe(a => a.By == "candidate");
        run.Answers.Skip(700).ShouldAllBe(a => a.By == "baseline");
        run.Answers.Count.ShouldBe(2000);
        run.Phases[0].State.Generation.ShouldBe(generation);
    }

    [Fact]
    public async Task The_same_input_gives_the_same_answers_counts_and_journal()
    {
        const string Steps = "start: auto, gates: { errors: { metric: fallback_rate, max: 20%, block: 10 }, same: { metric: mismatch_rate, max: 5%, block: 10, on_fail: freeze } }, "
            + "steps: [ { shadow: { min_samples: 100 }, gates: [errors, same] }, { serve: 20%, min_samples: 50, gates: [errors] }, { serve: 60%, gates: [errors, same], max_wait: 60s } ]";
        var (one, other) = (await StoryAsync("one", Steps, ""), await StoryAsync("other", Steps, "batch: 7, workers: 4, fuse: false"));

        one.Journal.Count.ShouldBeGreaterThanOrEqualTo(3);
        (other.Run.Counts with { Latency = one.Run.Counts.Latency }).ShouldBeEquivalentTo(one.Run.Counts);
        other.Run.Answers.ShouldBe(one.Run.Answers);
        other.Journal.ShouldBe(one.Journal);
    }

    [Fact]
    public async Task A_candidate_that_is_the_baseline_never_differs_and_always_completes()
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml(
            phase: $"start: auto, {Waits}, gates: {{ errors: {{ metric: fallback_rate, max: 5%, block: 10 }}, same: {{ metric: mismatch_rate, max: 5%, block: 10 }}, srm: {{ metric: sample_ratio }}, drift: {{ metric: psi, field: score }} }}, "
                + "steps: [ { shadow: {}, gates: [errors, same, drift] }, { serve: 10%, gates: [errors, srm] }, { serve: 50%, gates: [errors, same, srm] }, { serve: 100%, gates: [errors] } ]",
            feed: "count: 60000"));

        run.Phases[0].State.ToString().ShouldBe("complete");
        run.Counts.ShouldSatisfyAllConditions(c => c.Outcomes[Outcome.Mismatch].ShouldBe(0), c => c.Outcomes[Outcome.Match].ShouldBe(60_000), c => c.FallbackCount.ShouldBe(0));
    }

    private async Task<(RolloutRun Run, IReadOnlyList<string> Journal)> StoryAsync(string name, string steps, string engine)
    {
        var state = Path.Combine(_folder.Path, name);
        var yaml = RolloutRun.Yaml("mode: drops, every: 9", $"{Waits}, {steps}", "count: 8000", engine).Replace("rollout:\n", $"rollout:\n  state: {{ path: {state} }}\n", StringComparison.Ordinal);
        var run = await RolloutRun.OfAsync(yaml);
        // All that is told, but for the time of the clock and what follows from it.
        return (run, [.. StateFolder.Look(state).Entries.Select(e => (e with { Time = default, Previous = "" }).ToLine())]);
    }
}
