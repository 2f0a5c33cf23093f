using System.Globalization;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Tests.App;

namespace QuantumTrader.Tests.Rollout;

/// <summary>Candidates in processes of their own.</summary>
public sealed class ProcessTests : IDisposable
{
    // The main path waits for the candidate, so that every figure is exact.
    private const string Waits = "shadow: { isolation: process, overload: wait, queue: 64, hang_after: 20s }";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // No other tests start any, and those of this class run one behind the other.
    private static IReadOnlyList<int> Candidates => [.. Processes.ChildrenOf(Environment.ProcessId).Where(c => Processes.Arguments(c).Contains("candidate"))];

    [Fact]
    public async Task A_candidate_in_a_process_answers_as_one_on_a_thread_does()
    {
        const string Candidate = "mode: off, every: 10";
        const string Phase = "at: 30%, compare: { aa_sample: 20% }, ";
        var onThread = await RolloutRun.OfAsync(RolloutRun.Yaml(Candidate, Phase + Waits.Replace("process", "thread", StringComparison.Ordinal)));
        var inProcess = await RolloutRun.OfAsync(RolloutRun.Yaml(Candidate, Phase + Waits));

        inProcess.Answers.ShouldBe(onThread.Answers);
        inProcess.Answers.Count(a => a.By == "candidate").ShouldBeInRange(200, 400);
        inProcess.Hash("keep").ShouldBe(onThread.Hash("keep"));
        inProcess.Counts.Outcomes.ShouldBe(onThread.Counts.Outcomes);
        inProcess.Counts.Outcomes[Outcome.Mismatch].ShouldBe(100);
        inProcess.Counts.Repeated.ShouldBe(onThread.Counts.Repeated);
        inProcess.Counts.Repeated.ShouldBeGreaterThan(100);
        inProcess.Counts.Contradicted.ShouldBe(0);
        inProcess.Counts.ShadowStarted.ShouldBe(1000);
        inProcess.Counts.Abandoned.ShouldBe(0);
    }

    [Theory]
    [InlineData("throws", FallbackReason.Error)]
    [InlineData("drops", FallbackReason.Error)]
    [InlineData("nan", FallbackReason.Invalid)]
    public async Task What_it_does_not_answer_falls_back_under_the_same_reason(string mode, FallbackReason reason)
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml($"mode: {mode}, every: 10", $"at: 100%, {Waits}"));

        run.Answers.ShouldAllBe(a => a.By == (a.Sequence % 10 == 0 ? "baseline" : "candidate") && a.Score == a.Sequence);
        run.Counts.Fallbacks[reason].ShouldBe(100);
        run.Counts.EnhancedCalls.ShouldBe(900);
        run.Counts.Abandoned.ShouldBe(0);
    }

    [Theory]
    [InlineData("fails_fast", LossReason.Crash, "its process ended with code 134 (aborted), saying: ", "made to die")]
    [InlineData("exits", LossReason.Crash, "its process ended with code 3", "")]
    [InlineData("hoards", LossReason.Memory, "its process ended with code 134 (aborted), saying: ", "ut of memory")]
    public async Task One_that_dies_is_replaced_until_its_phase_is_held(string mode, LossReason reason, string end, string words)
    {
        var run = await RolloutRun.OfAsync(RolloutRun.Yaml($"mode: {mode}, every: 20", "at: 100%, shadow: { isolation: process, overload: wait, queue: 1, hang_after: 20s, max_abandoned: 1, max_megabytes: 48 }", engine: "batch: 10"));

        run.Counts.Lost[reason].ShouldBe(2);
        run.Counts.Abandoned.ShouldBe(2);
        run.Phases[0].State.IsHeld.ShouldBeTrue();
        run.Answers.Select(a => (a.Sequence, a.Score)).ShouldBe(Enumerable.Range(1, 1000).Select(i => ((long)i, (double)i)));
        run.Answers.Count(a => a.By == "candidate").ShouldBeGreaterThan(30);
        (run.Counts.EnhancedCalls + run.Counts.FallbackCount).ShouldBe(1000);
        var notes = run.Report.Notes.Where(n => n.Code == "candidate_lost").ToList();
        notes.Count.ShouldBe(2);
        notes[1].Message.ShouldContain(end);
        notes[1].Message.ShouldContain(words);
        notes[1].Message.ShouldEndWith("(2 of 2).");
    }

    [Theory]
    [InlineData("hangs")]
    [InlineData("spins")]
    public async Task One_that_stands_still_is_killed(string mode)
    {
        var run = await RolloutRun.OfAsync(
            RolloutRun.Yaml($"mode: {mode}", "at: shadow, shadow: { isolation: process, queue: 64, hang_after: 100ms, max_abandoned: 0 }", "count: 1000000, pause_microseconds: 1000"),
            phases => SpinWait.SpinUntil(() => phases[0].Evidence.Count().Abandoned == 1, TimeSpan.FromSeconds(30)).ShouldBeTrue(),
            isOverThen: true);

        run.Counts.Lost[LossReason.Hang].ShouldBe(1);
        run.Phases[0].State.IsHeld.ShouldBeTrue();
        Processes.Until(() => Candidates.Count == 0);
    }

    [Theory]
    [InlineData("throws_in_constructor", "30s", "made to fail")]
    [InlineData("throws_in_start", "30s", "made to fail")]
    [InlineData("hangs_in_constructor", "2s", "was given up because it")]
    [InlineData("hangs_in_start", "2s", "was given up because it")]
    public Task One_that_cannot_begin_is_given_up(string mode, string within, string words) => RolloutRun.ThatCannotBeginAsync("process", mode, within, words);

    // All three stages in one run, each with a baseline of its own, so that each mode costs the starts of three processes at once. The
    // candidates answer as the baselines do, where they answer at all, so that every difference would be damage.
    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("good")]
    [InlineData("throws")]
    [InlineData("hangs")]
    [InlineData("spins")]
    [InlineData("hoards")]
    [InlineData("mutates")]
    [InlineData("nan")]
    [InlineData("late")]
    [InlineData("wrong_key")]
    [InlineData("throws_in_dispose")]
    [InlineData("fails_fast")]
    [InlineData("prints")]
    public async Task No_candidate_changes_what_the_primary_answers(string mode)
    {
        const string Shared = "isolation: process, queue: 64, hang_after: 1s, max_megabytes: 64";
        var yaml = $$"""
            version: 1
            pipeline: hostile
            blocks:
              feed: { type: rollout.feed, count: 400 }
              b1:   { type: rollout.answer, from: feed }
              b2:   { type: rollout.answer, from: feed }
              b3:   { type: rollout.answer, from: feed }
              c1:   { type: rollout.answer, from: feed, mode: {{mode}}, phase: shadowed }
              c2:   { type: rollout.answer, from: feed, mode: {{mode}}, phase: tenth }
              c3:   { type: rollout.answer, from: feed, mode: {{mode}}, phase: all }
              k1:   { type: rollout.keep, from: b1 }
              k2:   { type: rollout.keep, from: b2 }
              k3:   { type: rollout.keep, from: b3 }
            rollout:
              phases:
                - { name: shadowed, baseline: { block: b1 }, candidate: { block: c1 }, at: shadow, shadow: { {{Shared}} } }
                - { name: tenth, baseline: { block: b2 }, candidate: { block: c2 }, at: 10%, serve: { deadline: 5s }, shadow: { {{Shared}} } }
                - { name: all, baseline: { block: b3 }, candidate: { block: c3 }, at: 100%, serve: { deadline: 5s }, shadow: { {{Shared}} } }
            """;
        var bare = await RolloutRun.OfAsync(RolloutRun.Without("count: 400"));
        var (kept, phases) = await RunAsync(yaml);

        foreach (var (answers, phase) in kept.Zip(phases))
        {
            answers.ShouldBe(bare.Answers, phase.Options.Name);
            var counts = phase.Evidence.Count();
            counts.Ops.ShouldBe(400);
            (counts.ShadowStarted + counts.ShadowShed).ShouldBe(400);
        }

        phases[0].Evidence.Count().OriginalCalls.ShouldBe(400);
        phases[2].Evidence.Count().EnhancedAttempts.ShouldBe(400);
        if (mode is "good" or "mutates" or "prints")
        {
            // It was asked, and had the time to answer: else nothing here could go wrong.
            phases[2].Evidence.Count().EnhancedCalls.ShouldBeGreaterThanOrEqualTo(60);
        }

        if (mode is not ("good" or "mutates" or "prints" or "throws_in_dispose" or "late" or "hoards"))
        {
            phases[2].Evidence.Count().EnhancedCalls.ShouldBe(0);
        }
    }

    [Fact]
    public async Task A_rollback_takes_it_out_at_once_and_ends_its_process()
    {
        var run = await RolloutRun.OfAsync(
            RolloutRun.Yaml("mode: tells_process", "at: 100%, shadow: { isolation: process, overload: wait, queue: 64, hang_after: 20s }", "count: 1000000, pause_microseconds: 200"),
            phases =>
            {
                SpinWait.SpinUntil(() => phases[0].Evidence.Count().EnhancedCalls >= 100, TimeSpan.FromSeconds(30)).ShouldBeTrue();
                Candidates.Count.ShouldBe(1);
                phases[0].State = new PhaseState(PhaseStage.Aborted, Share.None, -1, 2);
                SpinWait.SpinUntil(() => phases[0].Evidence.Count().OriginalCalls >= 100, TimeSpan.FromSeconds(30)).ShouldBeTrue();
                Processes.Until(() => Candidates.Count == 0);
            },
            isOverThen: true);
        var first = run.Answers.ToList().FindIndex(a => a.By == "baseline");

        first.ShouldBeGreaterThanOrEqualTo(100);
        run.Answers.Skip(first).ShouldAllBe(a => a.By == "baseline");
        run.Answers[0].By.ShouldNotBe(Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        run.Counts.Abandoned.ShouldBe(0);
    }

    [Fact]
    public async Task A_rollback_ends_it_though_no_operation_follows_and_it_can_come_back()
    {
        var run = await RolloutRun.HeldAsync(RolloutRun.Yaml(phase: $"at: 100%, {Waits}", feed: "count: 600, hold_at: 400"), 400, factory =>
        {
            var phase = factory.Section<RolloutSection>()!.Phases[0];
            Candidates.Count.ShouldBe(1);
            phase.State = new PhaseState(PhaseStage.Aborted, Share.None, -1, 2);
            Processes.Until(() => Candidates.Count == 0);
            phase.State = new PhaseState(PhaseStage.Complete, Share.All, -1, 3);
        });

        run.Answers.ShouldAllBe(a => a.By == "candidate");
        run.Answers.Count.ShouldBe(600);
        run.Counts.Abandoned.ShouldBe(0);
    }

    [Theory]
    // Processor time by which it works; one that hangs uses little behind its start.
    [InlineData("good", 300)]
    [InlineData("hangs", 150)]
    [InlineData("spins", 600)]
    public void When_the_run_is_killed_the_candidate_goes_too(string mode, int milliseconds)
    {
        var file = _folder.Write("p.yml", $"plugins: [{typeof(Feed).Assembly.Location}]\n" + RolloutRun.Yaml($"mode: {mode}", "at: shadow, shadow: { isolation: process, hang_after: 60s, overload: wait }", "count: 1000000, pause_microseconds: 1000"));
        using var parent = new Running(file);
        var children = new List<int>();
        Processes.Until(() => (children = Processes.ChildrenOf(parent.Id).Where(c => Processes.ProcessorTime(c).TotalMilliseconds > milliseconds).ToList()).Count == 1);

        parent.Kill();

        Processes.Until(() => !Processes.IsAlive(children[0]));
    }

    [Fact]
    public async Task It_knows_only_the_secrets_that_its_own_options_name()
    {
        Environment.SetEnvironmentVariable(Answerer.Secret, "hush");
        var yaml = RolloutRun.Yaml("mode: tells_secret", $"at: 100%, {Waits}", "count: 10").Replace("by: candidate", $"by: \"${{{Answerer.Secret}}} $$5\"", StringComparison.Ordinal);
        var run = await RolloutRun.OfAsync(yaml, environment: Environment.GetEnvironmentVariable);

        run.Answers.ShouldAllBe(a => a.By == "hush $5 nothing");
    }

    [Theory]
    [InlineData("rollout.bare_answer, from: bare", "operations of type Bare have no format, in which they could reach a candidate in a process of its own. Write an EventFormat for them. Remove isolation: process")]
    [InlineData("rollout.open_answer, from: feed", "'candidate' needs the section rollout_open, which a candidate in a process of its own must not open a second time. Remove isolation: process")]
    public void What_cannot_reach_a_process_is_refused(string candidate, string words)
    {
        var yaml = $$"""
            version: 1
            pipeline: refused
            blocks:
              feed:      { type: rollout.feed }
              bare:      { type: rollout.bare, from: feed }
              baseline:  { type: rollout.bare_answer, from: bare }
              candidate: { type: {{candidate}}, phase: new }
              keep:      { type: rollout.keep, from: baseline }
            rollout:
              phases:
                - { name: new, baseline: { block: baseline }, candidate: { block: candidate }, {{Waits}} }
            """;

        ConstructionCheck.Check(RolloutRun.Load(yaml), TimeProvider.System, withModels: false).ShouldHaveSingleItem().Message.ShouldContain(words);
    }

    [Fact]
    public void An_effect_has_no_candidate_to_isolate()
    {
        var yaml = RolloutRun.Without() + "\nrollout: { phases: [ { name: new, kind: effect, candidate: { block: keep }, shadow: { isolation: process } } ] }";

        ConstructionCheck.Check(RolloutRun.Load(yaml), TimeProvider.System, withModels: false).ShouldHaveSingleItem().ToString().ShouldContain("rollout.phases[0].shadow.isolation: the phase 'new' adds an effect");
    }

    private static async Task<(IReadOnlyList<IReadOnlyList<Answer>> Kept, IReadOnlyList<Phase> Phases)> RunAsync(string yaml)
    {
        var plan = RolloutRun.Load(yaml);
        using var factory = new BlockFactory(plan, TimeProvider.System);
        using var graph = PipelineBuilder.Build(plan, factory);
        factory.Section<RolloutSection>()!.Begin();
        var report = await graph.RunAsync().WaitAsync(TimeSpan.FromSeconds(60));
        report.Fault.ShouldBeNull();
        report.Imbalances.ShouldBeEmpty();
        return ([.. new[] { "k1", "k2", "k3" }.Select(k => ((Keep)graph.Blocks[k]).Answers)], factory.Section<RolloutSection>()!.Phases);
    }
}
