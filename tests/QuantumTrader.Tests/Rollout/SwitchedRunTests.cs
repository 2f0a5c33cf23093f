using System.Collections.Concurrent;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Rollout.Journal;
using QuantumTrader.Tests.App;

namespace QuantumTrader.Tests.Rollout;

/// <summary>Switches that are changed while a pipeline runs.</summary>
public sealed class SwitchedRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Plain(string feed = "rollout.feed", string keep = "") => $$"""
        version: 1
        pipeline: switched
        blocks:
          feed:     { type: {{feed}}, count: 1000, hold_at: 400 }
          baseline: { type: rollout.answer, from: feed }
          keep:     { type: rollout.keep, from: baseline{{keep}} }
          behind:   { type: rollout.keep, from: keep }
        """;

    private string Phased(string name, string phase, string switches = "", string candidate = "", int heldAt = 400) => $$"""
        version: 1
        pipeline: switched
        switches: { {{switches}} }
        blocks:
          feed:      { type: rollout.feed, count: 1000, hold_at: {{heldAt}} }
          baseline:  { type: rollout.answer, from: feed, by: baseline }
          candidate: { type: rollout.answer, from: feed, by: candidate, phase: {{name}}{{candidate}} }
          keep:      { type: rollout.keep, from: baseline }
        rollout:
          state: { path: {{Path.Combine(_folder.Path, "state")}} }
          phases:
            - { name: {{name}}, baseline: { block: baseline }, candidate: { block: candidate }, shadow: { overload: wait, queue: 64, hang_after: 30s }, {{phase}} }
        """;

    private IReadOnlyList<string> Journal() =>
        [.. StateFolder.Look(Path.Combine(_folder.Path, "state")).Entries.Where(e => e.Kind is JournalKind.Switch or JournalKind.Change).Select(e => e.Kind == JournalKind.Switch ? $"{e.Actor}: {e.Reason}" : $"{e.Actor}: {e.Phase} {e.To!.ToState(0)} ({e.Reason})")];

    [Theory]
    [InlineData("zmq", "ZMQ_ENABLED")]
    [InlineData("valkey", "VALKEY_ENABLED")]
    public async Task What_a_switched_off_sink_does_not_get_is_counted_and_flows_on_beside_it(string phase, string name)
    {
        var run = await RolloutRun.HeldAsync(Plain(keep: $", phase: {phase}"), 400, factory => factory.Switches.Set(name, "false", "api").IsAccepted.ShouldBeTrue());

        run.Answers.Count.ShouldBe(400);
        run.Report.Blocks.Single(b => b.Name == "switch/keep").Dropped["switched_off"].ShouldBe(600);
        run.Report.Blocks.Single(b => b.Name == "behind").In.ShouldBe(1000);
    }

    [Fact]
    public async Task What_comes_over_the_bus_is_not_consumed_while_its_switch_is_off()
    {
        var run = await RolloutRun.HeldAsync(Plain("rollout.bus_feed"), 400, factory => factory.Switches.Set("ZMQ_CONSUME", "false", "api").IsAccepted.ShouldBeTrue());

        run.Answers.Count.ShouldBe(400);
        run.Report.Blocks.Single(b => b.Name == "switch/feed").Dropped["switched_off"].ShouldBe(600);
    }

    [Theory]
    [InlineData("enhanced_ml", "ENHANCED_ML_ENABLED", "false")]
    [InlineData("enhanced_ml", "FORCE_FAST_MODE", "true")]
    [InlineData("time_travel", "TIME_TRAVEL_ENABLED", "false")]
    public async Task A_phase_is_out_from_the_next_event_on_and_the_journal_has_old_and_new(string phase, string name, string off)
    {
        var run = await RolloutRun.HeldAsync(Phased(phase, "at: complete"), 400, factory => factory.Switches.Set(name, off, "api", "drill").IsAccepted.ShouldBeTrue());

        run.Answers.Count(a => a.By == "candidate").ShouldBe(400);
        run.Answers.Skip(400).ShouldAllBe(a => a.By == "baseline");
        Journal().ShouldBe([$"api: {name}: not set -> {off}: drill", $"switch: {phase} aborted ({name} is {off})"]);
    }

    [Fact]
    public async Task A_phase_without_steps_is_back_where_it_stands_when_its_switch_is_on_again()
    {
        var run = await RolloutRun.HeldAsync(Phased("enhanced_ml", "at: complete", "enhanced_ml_enabled: false"), 400, factory =>
        {
            var control = factory.Section<RolloutSection>()!.Control;
            control.Send(new PhaseCommand(PhaseAction.Retry) { Phase = "enhanced_ml" }).Words.ShouldBe("ENHANCED_ML_ENABLED is false; change the switch first.");
            factory.Switches.Set("ENHANCED_ML_ENABLED", "true", "api").IsAccepted.ShouldBeTrue();
        });

        run.Answers.Take(400).ShouldAllBe(a => a.By == "baseline");
        run.Answers[^1].By.ShouldBe("candidate");
        Journal().ShouldBe(
        [
            "switch: enhanced_ml aborted (ENHANCED_ML_ENABLED is false)",
            "api: ENHANCED_ML_ENABLED: false -> true",
            "switch: enhanced_ml shadow (ENHANCED_ML_ENABLED: false -> true)",
            "switch: enhanced_ml complete (ENHANCED_ML_ENABLED: false -> true)",
        ]);
    }

    [Fact]
    public async Task A_phase_that_somebody_aborted_is_not_brought_back_by_its_switch()
    {
        var run = await RolloutRun.HeldAsync(Phased("enhanced_ml", "at: complete"), 400, factory =>
        {
            factory.Section<RolloutSection>()!.Control.Send(new PhaseCommand(PhaseAction.Abort) { Phase = "enhanced_ml" });
            factory.Switches.Set("FORCE_FAST_MODE", "true", "api");
            factory.Switches.Set("FORCE_FAST_MODE", "false", "api");
        });

        run.Phases[0].State.Stage.ShouldBe(PhaseStage.Aborted);
    }

    [Theory]
    [InlineData(PhaseAction.Abort)]
    [InlineData(PhaseAction.Rollback)]
    [InlineData(PhaseAction.Kill)]
    public async Task What_somebody_takes_back_while_a_switch_has_it_out_stays_out_also_in_the_next_run(PhaseAction action)
    {
        var yaml = Phased("enhanced_ml", "at: complete");
        var run = await RolloutRun.HeldAsync(yaml, 400, factory =>
        {
            factory.Switches.Set("FORCE_FAST_MODE", "true", "api");
            factory.Section<RolloutSection>()!.Control.Send(new PhaseCommand(action) { Phase = "enhanced_ml", Level = 1, Reason = "drill", Actor = "api" }).IsAccepted.ShouldBeTrue();
            factory.Switches.Set("FORCE_FAST_MODE", "false", "api");
        });

        run.Phases[0].State.Stage.ShouldBe(PhaseStage.Aborted);
        run.Answers.Skip(400).ShouldAllBe(a => a.By == "baseline");
        Journal().ShouldBe(
        [
            "api: FORCE_FAST_MODE: not set -> true",
            "switch: enhanced_ml aborted (FORCE_FAST_MODE is true)",
            "api: enhanced_ml aborted (drill)",
            "api: FORCE_FAST_MODE: true -> false",
        ]);
        (await RolloutRun.HeldAsync(yaml, 400, _ => { })).Phases[0].State.Stage.ShouldBe(PhaseStage.Aborted);
    }

    [Fact]
    public async Task What_the_kill_file_finds_out_by_a_switch_stays_out_when_it_is_removed()
    {
        var run = await RolloutRun.HeldAsync(Phased("enhanced_ml", "at: complete"), 400, factory =>
        {
            factory.Switches.Set("FORCE_FAST_MODE", "true", "api");
            factory.Section<RolloutSection>()!.Control.Kill();
            factory.Switches.Set("FORCE_FAST_MODE", "false", "api");
        });

        run.Phases[0].State.Stage.ShouldBe(PhaseStage.Aborted);
    }

    [Fact]
    public async Task What_somebody_takes_back_between_two_runs_stays_out_too()
    {
        var yaml = Phased("enhanced_ml", "at: complete");
        await RolloutRun.HeldAsync(yaml, 400, factory => factory.Switches.Set("FORCE_FAST_MODE", "true", "api"));
        var file = _folder.Write("p.yml", $"plugins: [{typeof(Feed).Assembly.Location}]\n" + yaml);
        Qt.Run("rollout", "abort", file, "enhanced_ml", "--reason", "drill").Output.ShouldBe("'enhanced_ml' is aborted.\n");

        (await RolloutRun.HeldAsync(yaml, 400, _ => { })).Phases[0].State.Stage.ShouldBe(PhaseStage.Aborted);
    }

    [Fact]
    public async Task A_phase_that_a_switch_kept_out_begins_again_in_the_run_in_which_it_is_on()
    {
        const string Steps = "start: auto, steps: [ { shadow: { min_samples: 100000 } }, { serve: 100% } ]";
        (await RolloutRun.HeldAsync(Phased("enhanced_ml", Steps), 400, factory => factory.Switches.Set("FORCE_FAST_MODE", "true", "cli"))).Phases[0].State.Stage.ShouldBe(PhaseStage.Aborted);
        (await RolloutRun.HeldAsync(Phased("enhanced_ml", Steps, "force_fast_mode: true"), 400, _ => { })).Phases[0].State.Stage.ShouldBe(PhaseStage.Aborted);
        (await RolloutRun.HeldAsync(Phased("enhanced_ml", Steps), 400, _ => { })).Phases[0].State.Stage.ShouldBe(PhaseStage.Shadow);
    }

    [Fact]
    public async Task A_phase_whose_blocks_are_left_out_stays_off()
    {
        var yaml = Plain(keep: ", phase: zmq") + """

            switches: { zmq_enabled: false }
            rollout: { phases: [ { name: zmq, kind: effect, candidate: { block: keep }, at: complete } ] }
            """;
        var plan = RolloutRun.Load(yaml);
        using var factory = new BlockFactory(plan, TimeProvider.System);
        using var graph = PipelineBuilder.Build(plan, factory);
        factory.Section<RolloutSection>()!.Begin();
        ((Feed)graph.Blocks["feed"]).GoOn();

        var report = await graph.RunAsync();

        report.Blocks.Single(b => b.Name == "behind").In.ShouldBe(1000);
        factory.Section<RolloutSection>()!.Phases[0].State.Stage.ShouldBe(PhaseStage.Aborted);
        factory.Switches.Set("ZMQ_ENABLED", "true", "api").IsAccepted.ShouldBeFalse();
    }

    [Fact]
    public async Task Switches_that_change_while_others_command_leave_every_invariant_whole()
    {
        var changes = new List<PhaseTransition>();
        var broken = new ConcurrentQueue<string>();
        var run = await RolloutRun.HeldAsync(Phased("enhanced_ml", "at: complete"), 400, factory =>
        {
            var control = factory.Section<RolloutSection>()!.Control;
            control.Changed += changes.Add;
            Task[] threads =
            [
                Repeat(i => Set("FORCE_FAST_MODE", i % 2 == 0)),
                Repeat(i => Set("FORCE_FAST_MODE", i % 3 == 0)),
                Repeat(i => Set("ENHANCED_ML_ENABLED", i % 2 == 0)),
                Repeat(i => Set("ENHANCED_ML_ENABLED", i % 5 != 0)),
                Repeat(_ => Rollback(1)),
                Repeat(_ => Rollback(4)),
                Repeat(_ => Send(PhaseAction.Retry)),
                Repeat(_ => Send(PhaseAction.Promote)),
            ];
            Task.WaitAll(threads, TimeSpan.FromSeconds(60)).ShouldBeTrue();
            Rollback(4);

            void Set(string name, bool value) => factory.Switches.Set(name, value ? "true" : "false", "api");
            void Send(PhaseAction action) => control.Send(new PhaseCommand(action) { Phase = "enhanced_ml", Full = action == PhaseAction.Promote, Reason = "drill" });

            // P14, also where a switch brings the phase back at the same time: then with a later generation.
            void Rollback(int level)
            {
                var generation = control.Send(new PhaseCommand(PhaseAction.Rollback) { Level = level, Reason = "drill" }).Generation;
                if (control.Phases[0].State is { Runs: true } state && state.Generation <= generation)
                {
                    broken.Enqueue($"{state} of {state.Generation} behind the rollback of {generation}");
                }
            }
        });

        broken.ShouldBeEmpty();
        changes.Count.ShouldBeGreaterThan(20);
        changes.Zip(changes.Skip(1)).ShouldAllBe(p => p.Second.From == p.First.To && p.Second.To.Generation > p.First.To.Generation);
        changes.ShouldAllBe(c => c.From.Stage != PhaseStage.Aborted || c.To.Stage == PhaseStage.Shadow || c.To.Stage == PhaseStage.Aborted);
        run.Phases[0].State.Stage.ShouldBe(PhaseStage.Aborted);
        run.Answers.Skip(400).ShouldAllBe(a => a.By == "baseline");
        var written = StateFolder.Look(Path.Combine(_folder.Path, "state")).Entries.Where(e => e.Kind == JournalKind.Change).ToList();
        written.Select(e => e.To!.ToState(0).ToString()).ShouldBe(changes.Select(c => c.To.ToString()), "the journal tells of every change, in order");

        static Task Repeat(Action<int> action) => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < 40; i++)
                {
                    action(i);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    [Theory]
    [InlineData("true", 4)]
    [InlineData("false", 0)]
    public async Task Fallbacks_are_told_once_a_burst_when_that_is_switched_on(string alert, int expected)
    {
        // A fallback in every second of event time, over 100 s.
        var run = await RolloutRun.HeldAsync(Phased("new", "at: 100%", $"alert_on_fallback: {alert}", ", mode: drops, every: 10"), 400, _ => { });

        run.Counts.Fallbacks[FallbackReason.Error].ShouldBe(100);
        run.Report.NoteCounts.Where(n => n.Key.Contains("fallback", StringComparison.Ordinal)).Sum(n => n.Value).ShouldBe(expected);
        if (expected > 0)
        {
            run.Report.Notes[0].Message.ShouldContain("the baseline answered for the candidate; now because of error");
            run.Report.Notes[1].Message.ShouldContain("30 times since it was last told");
        }
    }
}
