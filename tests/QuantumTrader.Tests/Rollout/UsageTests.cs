using System.Diagnostics;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Rollout.Serving;

namespace QuantumTrader.Tests.Rollout;

public sealed class UsageTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly Clock _clock = new();

    [Fact]
    public void Who_used_more_than_its_share_rests_until_it_did_not()
    {
        var usage = new CandidateUsage(new UsageLimits(0.25), _clock);
        // What a process used to start is not held against it.
        Count(usage, used: 0.5);
        usage.Rest.ShouldBe(TimeSpan.Zero);

        _clock.Advance(Second);
        Count(usage, used: 1.5);
        usage.Rest.ShouldBe(3 * Second);

        _clock.Advance(2 * Second);
        Count(usage, used: 1.5);
        usage.Rest.ShouldBe(Second);

        _clock.Advance(9 * Second);
        Count(usage, used: 1.5);
        usage.Rest.ShouldBe(TimeSpan.Zero);
        // Nothing is saved up for later.
        _clock.Advance(Second);
        Count(usage, used: 2.5);
        usage.Rest.ShouldBe(3 * Second);
    }

    [Fact]
    public void What_it_uses_while_somebody_waits_for_it_is_free_and_so_is_what_another_thread_had_used()
    {
        var usage = new CandidateUsage(new UsageLimits(0.1), _clock);
        Count(usage, used: 0);
        _clock.Advance(Second);
        Count(usage, used: 1);
        usage.Rest.ShouldBe(9 * Second);
        _clock.Advance(Second);
        usage.Forget();
        usage.Rest.ShouldBe(TimeSpan.Zero);
        _clock.Advance(Second);
        Count(usage, used: 1.25);
        usage.Rest.ShouldBe(TimeSpan.Zero);
        // Not that it took nothing: what it took was not counted.
        usage.AtMost(64).ShouldBe(1);
        _clock.Advance(Second);
        Count(usage, used: 0.25);
        usage.Rest.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void It_takes_as_much_at_once_as_it_does_in_ten_milliseconds_of_a_processor_and_one_at_least()
    {
        var usage = new CandidateUsage(new UsageLimits(0.1), _clock);
        Count(usage, used: 0);
        usage.AtMost(64).ShouldBe(1);
        Count(usage, used: 0.001, operations: 1);
        usage.AtMost(64).ShouldBe(10);
        Count(usage, used: 0.001, operations: 0);
        usage.AtMost(64).ShouldBe(10);
        Count(usage, used: 1.001, operations: 10);
        usage.AtMost(64).ShouldBe(1);
        Count(usage, used: 1.001, operations: 1);
        usage.AtMost(64).ShouldBe(64);
    }

    [Fact]
    public void Who_was_given_more_than_it_may_be_in_a_second_rests_until_it_was_not()
    {
        var usage = new CandidateUsage(new UsageLimits(1, OperationsPerSecond: 400), _clock);
        Count(usage, used: 0);
        Count(usage, used: 0, operations: 8);
        usage.AtMost(64).ShouldBe(4);
        usage.Rest.ShouldBe(0.02 * Second);

        _clock.Advance(0.01 * Second);
        Count(usage, used: 0);
        usage.Rest.ShouldBe(0.01 * Second);

        // The longer rest counts.
        Count(usage, used: 2);
        usage.Rest.ShouldBe(2 * Second);
        _clock.Advance(3 * Second);
        Count(usage, used: 2, operations: 1204);
        usage.Rest.ShouldBe(0.02 * Second);

        // Nothing is saved up for later.
        _clock.Advance(9 * Second);
        Count(usage, used: 2);
        Count(usage, used: 2, operations: 4);
        usage.Rest.ShouldBe(0.01 * Second);

        usage.Forget();
        usage.Rest.ShouldBe(TimeSpan.Zero);
        Count(usage, used: 2);
        Count(usage, used: 2, operations: 1);
        usage.Rest.ShouldBe(0.0025 * Second);
    }

    [Fact]
    public void How_long_it_rested_is_told_and_not_how_long_it_had_nothing_to_do()
    {
        var rested = new List<TimeSpan>();
        var usage = new CandidateUsage(new UsageLimits(0.5), _clock, rested.Add);
        Count(usage, used: 0);
        _clock.Advance(Second);
        Count(usage, used: 1);
        rested.ShouldBeEmpty();
        _clock.Advance(0.25 * Second);
        usage.CountRest(Second);
        _clock.Advance(0.75 * Second);
        usage.CountRest(Second);

        rested.ShouldBe([0.25 * Second, 0.75 * Second]);
        usage.Rest.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_candidate_in_the_shadow_is_given_no_more_operations_than_it_may_be_in_a_second()
    {
        var elapsed = Stopwatch.StartNew();
        var run = await RolloutRun.OfAsync(
            RolloutRun.Yaml(phase: "at: shadow, shadow: { queue: 8, start_within: 30s, hang_after: 30s, max_operations_per_second: 20 }", feed: "count: 1000000, pause_microseconds: 1000", engine: "batch: 1"),
            phases => SpinWait.SpinUntil(() => phases[0].Evidence.Count() is { RestedSeconds: > 0.5, ShadowShed: > 600 }, TimeSpan.FromSeconds(30)).ShouldBeTrue(),
            isOverThen: true);

        // Its queue, what it was given at the start, and its rate.
        run.Counts.ShadowStarted.ShouldBeLessThanOrEqualTo((long)(8 + 2 + (20 * elapsed.Elapsed.TotalSeconds)));
        run.Counts.Abandoned.ShouldBe(0);
        run.Counts.Outcomes[Outcome.Match].ShouldBe(run.Counts.ShadowStarted);
    }

    [Fact]
    public async Task A_candidate_in_the_shadow_that_allocates_too_much_is_given_up_and_the_phase_is_held()
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: allocates", "at: shadow, shadow: { hang_after: 30s, max_kilobytes_per_operation: 16 }", "count: 100000000"), UntilLost, isOverThen: true);

        run.Phases[0].State.IsHeld.ShouldBeTrue();
        run.Counts.Lost[LossReason.Memory].ShouldBe(3);
        run.Report.Notes.ShouldContain(n => n.Message.Contains("KiB an operation, over ") && n.Message.Contains("and max_kilobytes_per_operation is 16"));
        (run.Counts.Outcomes.Values.Sum() + run.Counts.Uncompared).ShouldBe(run.Counts.ShadowStarted);
    }

    [Theory]
    [InlineData("thread", "2s")]
    // Longer: on a busy machine it gets no processor for seconds.
    [InlineData("process", "15s")]
    public async Task A_candidate_in_the_shadow_that_used_more_than_its_share_rests_and_does_not_seem_to_hang(string isolation, string hangAfter)
    {
        var limits = $"isolation: {isolation}, start_within: 30s, queue: 4, hang_after: {hangAfter}, cpu_share: 0.01%";
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml(phase: $"at: shadow, shadow: {{ {limits} }}", feed: "count: 1000000, pause_microseconds: 1000", engine: "batch: 1"), UntilItRested, isOverThen: true);

        run.Counts.Abandoned.ShouldBe(0);
        run.Counts.ShadowShed.ShouldBeGreaterThan(50 * run.Counts.ShadowStarted);
        run.Report.Blocks.Single(b => b.Name == "rollout/new").Gauges.Single(g => g.Name == "qt_rollout_rested_seconds").Value.ShouldBe(run.Counts.RestedSeconds);
        // It does not rest any more when the stream has ended.
        run.Counts.Outcomes[Outcome.Match].ShouldBe(run.Counts.ShadowStarted);

        static void UntilItRested(IReadOnlyList<Phase> phases)
        {
            // What is shed in the meantime comes at a pace: on a thread it is longer than a hang.
            SpinWait.SpinUntil(() => phases[0].Evidence.Count().ShadowStarted > 0, TimeSpan.FromSeconds(30)).ShouldBeTrue();
            var shed = phases[0].Evidence.Count().ShadowShed;
            SpinWait.SpinUntil(() => phases[0].Evidence.Count() is { RestedSeconds: > 2.5 } now && now.ShadowShed > shed + 2500, TimeSpan.FromSeconds(30)).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task It_may_allocate_what_it_likes_where_its_answers_are_waited_for()
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml("mode: allocates", "at: shadow, shadow: { overload: wait, queue: 64, hang_after: 30s, max_kilobytes_per_operation: 16 }", "count: 500"));

        run.Counts.Abandoned.ShouldBe(0);
        run.Counts.ShadowStarted.ShouldBe(500);
    }

    private static void UntilLost(IReadOnlyList<Phase> phases) =>
        SpinWait.SpinUntil(() => phases[0].Evidence.Count().Abandoned == 3, TimeSpan.FromSeconds(30)).ShouldBeTrue();

    private static void Count(CandidateUsage usage, double used, int operations = 0) =>
        usage.Count(TimeSpan.FromSeconds(used), operations);
}
