using System.Collections.Concurrent;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;

namespace QuantumTrader.Tests.Rollout.Phases;

public sealed class PhaseControlTests
{
    private const long Second = 1_000_000_000;

    private static readonly GateOptions Errors = new() { Metric = GateMetric.FallbackRate, Max = new Share(500), Block = 10, Alpha = 0.05 };

    private static PhaseOptions Ramp(string name = "ml", int level = 1, Approval start = Approval.Manual, params string[] requires) => new()
    {
        Name = name,
        RollbackLevel = level,
        Requires = requires,
        Start = start,
        Gates = new Dictionary<string, GateOptions> { ["errors"] = Errors },
        Breaker = new BreakerOptions { Window = TimeSpan.FromSeconds(10), MinThroughput = 50, Consecutive = 5, ShadowProbes = 20, AbortAfter = 1 },
        Steps =
        [
            new() { Shadow = new() { MinSamples = 1000, MinBake = TimeSpan.FromSeconds(5) }, Gates = ["errors"] },
            new() { Serve = new Share(1000), MinSamples = 1500, Gates = ["errors"], MaxWait = TimeSpan.FromSeconds(100) },
            new() { Serve = new Share(5000), MinSamples = 1500, Gates = ["errors"], Approve = Approval.Manual },
        ],
    };

    private static (PhaseControl Control, Phase Phase) Make(params PhaseOptions[] phases)
    {
        var control = new PhaseControl(phases.Length > 0 ? phases : [Ramp()]);
        return (control, control.Phases[0]);
    }

    // A hundred good operations a second, of which the candidate gets its share.
    private static void Work(Phase phase, int seconds, bool isGood = true)
    {
        for (var s = 0; s < seconds; s++)
        {
            for (var i = 0; i < 100; i++)
            {
                phase.Evidence.Compared(isGood ? Outcome.Match : Outcome.CandidateError);
                if (phase.State.Stage is PhaseStage.Shadow or PhaseStage.Off)
                {
                    phase.Evidence.Original();
                }
                else if (!phase.State.Serves)
                {
                    phase.Evidence.Fallback(FallbackReason.Breaker);
                }
                else if (isGood)
                {
                    phase.Evidence.Enhanced();
                }
                else
                {
                    phase.Evidence.Fallback(FallbackReason.Error);
                }
            }

            phase.Tick(phase.EventTime + Second);
        }
    }

    private static CommandAnswer Send(PhaseControl control, PhaseAction action, string phase = "ml", string reason = "", bool full = false) =>
        control.Send(new PhaseCommand(action) { Phase = phase, Reason = reason, Full = full });

    [Fact]
    public void A_good_candidate_goes_from_off_to_complete()
    {
        var (control, phase) = Make();
        var seen = new List<string>();
        control.Changed += c => seen.Add($"{c.From} -> {c.To}");

        Send(control, PhaseAction.Start).IsAccepted.ShouldBeTrue();
        Work(phase, 60);
        phase.State.ToString().ShouldBe("serving 50%");
        Send(control, PhaseAction.Promote).IsAccepted.ShouldBeTrue();
        phase.State.ToString().ShouldBe("serving 50%", "what raises waits for the next tick");
        Work(phase, 1);

        seen.ShouldBe(["off -> shadow", "shadow -> serving 10%", "serving 10% -> serving 50%", "serving 50% -> complete"]);
    }

    [Fact]
    public void Nothing_goes_on_by_itself_without_data_and_in_the_end_it_is_held()
    {
        var (control, phase) = Make();
        Send(control, PhaseAction.Start);
        for (var s = 1; s < 10_000; s++)
        {
            phase.Tick(s * Second);
        }

        phase.State.ToString().ShouldBe("shadow");
        Work(phase, 20);
        phase.State.Stage.ShouldBe(PhaseStage.Serving);
        for (var s = 1; s < 200; s++)
        {
            phase.Tick(phase.EventTime + Second);
        }

        phase.State.ToString().ShouldBe("serving 10%, held");
        Send(control, PhaseAction.Promote).ShouldSatisfyAllConditions(a => a.IsAccepted.ShouldBeFalse(), a => a.Words.ShouldContain("of 1500 operations"));
    }

    [Fact]
    public void A_shadow_that_sees_nothing_is_told()
    {
        var (control, phase) = Make();
        Send(control, PhaseAction.Start);
        phase.Evidence.Original(10_000);
        phase.Tick(Second);

        phase.State.ToString().ShouldBe("shadow, held");
    }

    [Fact]
    public void A_closed_market_is_no_time_in_which_anything_was_tried()
    {
        var (control, phase) = Make(Ramp() with { Steps = [new() { Shadow = new() { MinBake = TimeSpan.FromHours(1) } }, new() { Serve = new Share(1000) }] });
        Send(control, PhaseAction.Start);
        Work(phase, 10);
        phase.Evidence.Compared(Outcome.Match);
        phase.Tick(phase.EventTime + (7200 * Second));

        phase.State.ToString().ShouldBe("shadow");
    }

    [Fact]
    public void A_promote_of_an_aborted_phase_is_refused_and_leaves_nothing_behind()
    {
        var (control, phase) = Make();
        Send(control, PhaseAction.Start);
        Send(control, PhaseAction.Abort, reason: "drill");
        Send(control, PhaseAction.Promote, full: true, reason: "now").Words.ShouldBe("'ml' was not changed: it is aborted; only `retry` brings it back, through the shadow.");
        Send(control, PhaseAction.Retry).IsAccepted.ShouldBeTrue();
        Work(phase, 1);

        phase.State.ToString().ShouldBe("shadow");
    }

    [Fact]
    public void Commands_that_wait_for_a_tick_do_not_pile_up()
    {
        var (control, phase) = Make();
        Send(control, PhaseAction.Start);
        for (var i = 0; i < 64; i++)
        {
            Send(control, PhaseAction.Promote, full: true, reason: "now").IsAccepted.ShouldBeTrue();
        }

        Send(control, PhaseAction.Promote, full: true, reason: "now").Words.ShouldBe("64 commands wait for the next tick already; ask again when events flow.");
        Work(phase, 1);
        phase.State.ToString().ShouldBe("complete");
    }

    [Fact]
    public void Everything_at_once_needs_a_reason()
    {
        var (control, phase) = Make();
        Send(control, PhaseAction.Start);
        Send(control, PhaseAction.Promote, full: true).Words.ShouldContain("needs a reason");
        Send(control, PhaseAction.Promote, full: true, reason: "the old model is gone").IsAccepted.ShouldBeTrue();
        Work(phase, 1);

        phase.State.ToString().ShouldBe("complete");
    }

    [Fact]
    public void A_phase_that_is_held_is_still_watched()
    {
        var (control, phase) = Make();
        Send(control, PhaseAction.Start);
        Send(control, PhaseAction.Hold);
        Work(phase, 30);
        phase.State.ToString().ShouldBe("shadow, held");
        Work(phase, 30, isGood: false);

        phase.State.ToString().ShouldBe("aborted");
    }

    [Fact]
    public void The_breaker_opens_between_two_ticks_and_the_phase_comes_back_at_its_first_share()
    {
        var (control, phase) = Make();
        Send(control, PhaseAction.Start);
        Work(phase, 60);
        phase.State.ToString().ShouldBe("serving 50%");
        for (var i = 0; i < 5; i++)
        {
            phase.Evidence.Fallback(FallbackReason.Deadline);
        }

        phase.State.ToString().ShouldBe("serving 50%, breaker open");
        phase.Evidence.Compared(Outcome.CandidateError);
        Work(phase, 1);
        phase.State.ToString().ShouldBe("serving 10%");
    }

    [Fact]
    public void A_breaker_that_opens_too_often_aborts_the_phase()
    {
        var (control, phase) = Make();
        Send(control, PhaseAction.Start);
        Work(phase, 60);
        for (var opening = 0; opening < 2; opening++)
        {
            for (var i = 0; i < 5; i++)
            {
                phase.Evidence.Fallback(FallbackReason.Error);
            }

            Work(phase, 1);
        }

        phase.State.ToString().ShouldBe("aborted");
    }

    [Fact]
    public void A_ratio_of_failures_opens_the_breaker_only_with_enough_of_them_and_only_within_the_window()
    {
        var breaker = new Breaker(new BreakerOptions { Window = TimeSpan.FromSeconds(10), MinThroughput = 50, Consecutive = 1000, FailureRatio = new Share(1000) });
        for (var i = 0; i < 49; i++)
        {
            breaker.Asked(hasFailed: true, Second).ShouldBeFalse();
        }

        // Eleven seconds on, none of that is in the window any more.
        for (var i = 0; i < 90; i++)
        {
            breaker.Asked(hasFailed: false, 12 * Second).ShouldBeFalse();
        }

        for (var i = 0; i < 9; i++)
        {
            breaker.Asked(hasFailed: true, 12 * Second).ShouldBeFalse();
        }

        breaker.Asked(hasFailed: true, 12 * Second).ShouldBeTrue("10 of 100");
    }

    [Fact]
    public void An_hour_may_have_so_many_fallbacks_and_no_more()
    {
        const long Minute = 60 * Second;
        var breaker = new Breaker(new BreakerOptions { FallbacksPerHour = 3, Consecutive = 1000, MinThroughput = 1_000_000 });
        foreach (var minute in (long[])[0, 20, 40])
        {
            breaker.Asked(hasFailed: false, minute * Minute);
            breaker.Asked(hasFailed: true, minute * Minute).ShouldBeFalse();
        }

        breaker.Asked(hasFailed: true, 59 * Minute).ShouldBeTrue("four within an hour");
        breaker.Reset(isOpen: false);
        breaker.Asked(hasFailed: true, 60 * Minute).ShouldBeTrue("an hour that is used up stays so when the breaker has closed");
        breaker.Asked(hasFailed: true, 121 * Minute).ShouldBeFalse();
    }

    [Fact]
    public void Probes_that_fail_begin_the_count_anew()
    {
        var breaker = new Breaker(new BreakerOptions { ShadowProbes = 3 });
        breaker.Reset(isOpen: true);
        foreach (var isGood in (bool[])[true, true, false, true, true])
        {
            breaker.Probed(isGood);
        }

        breaker.MayClose.ShouldBeFalse();
        breaker.Probed(isGood: true);
        breaker.MayClose.ShouldBeTrue();
    }

    [Fact]
    public void What_was_decided_before_a_step_does_not_count_in_it()
    {
        var (control, phase) = Make(Ramp() with { Gates = new Dictionary<string, GateOptions> { ["srm"] = new() { Metric = GateMetric.SampleRatio, Alpha = 0.001 } }, Steps = [new() { Shadow = new() }, new() { Serve = new Share(9000), Gates = ["srm"], Approve = Approval.Manual }] });
        Send(control, PhaseAction.Start);
        var before = phase.State;
        Work(phase, 1);
        phase.State.ToString().ShouldBe("serving 90%");
        phase.Evidence.Original(5000, before);
        phase.Tick(phase.EventTime + Second);

        phase.State.ToString().ShouldBe("serving 90%");
        phase.Evidence.Original(5000, phase.State);
        phase.Tick(phase.EventTime + Second);
        phase.State.ToString().ShouldBe("serving 90%, held");
    }

    [Fact]
    public void A_phase_that_nobody_has_to_start_starts_when_its_ground_is_complete()
    {
        var (control, ground) = Make(Ramp("zmq", 4), Ramp("ml", 1, Approval.Auto, "zmq"));
        Send(control, PhaseAction.Start, "zmq");
        Work(ground, 1);
        control.Phases[1].State.ToString().ShouldBe("off");
        Send(control, PhaseAction.Promote, "zmq", "drill", full: true);
        Work(ground, 1);

        control.Phases[1].State.ToString().ShouldBe("shadow");
        Send(control, PhaseAction.Abort, "zmq");
        control.Phases[1].State.ToString().ShouldBe("aborted");
    }

    [Fact]
    public void Eight_threads_at_once_leave_every_invariant_whole()
    {
        var (control, zmq) = Make(Ramp("zmq", 4), Ramp("ml", 1, Approval.Manual, "zmq"));
        var ml = control.Phases[1];
        var changes = new List<PhaseTransition>();
        var broken = new ConcurrentQueue<string>();
        var count = 0;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        control.Changed += c =>
        {
            changes.Add(c);
            Interlocked.Increment(ref count);
        };
        Task[] threads =
        [
            Start(() => Work(zmq, 1)),
            Start(() => Work(ml, 1)),
            Start(() => { Send(control, PhaseAction.Start, "zmq"); Send(control, PhaseAction.Retry, "zmq"); Send(control, PhaseAction.Start); Send(control, PhaseAction.Retry); }),
            Start(() => { Send(control, PhaseAction.Promote, "zmq", "why", full: true); Send(control, PhaseAction.Promote, "ml", "why", full: true); }),
            Start(() => Rollback(1, ml)),
            Start(() => Rollback(4, ml, zmq)),
            Start(() => Send(control, PhaseAction.Hold)),
            Start(() => { control.Phases[0].Hold("hung"); control.Sums(); }),
        ];
        Task.WaitAll(threads, TimeSpan.FromSeconds(60)).ShouldBeTrue();

        broken.ShouldBeEmpty();
        changes.Count.ShouldBeGreaterThanOrEqualTo(100);
        foreach (var own in changes.GroupBy(c => c.Phase))
        {
            own.Zip(own.Skip(1)).ShouldAllBe(p => p.Second.From == p.First.To && p.Second.To.Generation > p.First.To.Generation);
            own.ShouldAllBe(c => c.From.Stage != PhaseStage.Aborted || c.To.Stage == PhaseStage.Shadow || c.To.Stage == PhaseStage.Aborted);
        }

        var ground = PhaseState.Initial;
        foreach (var change in changes)
        {
            ground = change.Phase == "zmq" ? change.To : ground;
            (change.Phase == "zmq" || !change.To.Runs || ground.Carries).ShouldBeTrue("ml stands on zmq");
        }

        // P14: behind a rollback nobody reads a state of before that serves.
        void Rollback(int level, params Phase[] taken)
        {
            var generation = control.Send(new PhaseCommand(PhaseAction.Rollback) { Level = level }).Generation;
            foreach (var state in taken.Select(p => p.State).Where(s => s.Runs && s.Generation <= generation))
            {
                broken.Enqueue($"{state} of {state.Generation} behind the rollback of {generation}");
            }
        }

        Task Start(Action action) => Task.Factory.StartNew(
            () =>
            {
                while (Volatile.Read(ref count) < 100 && !limit.IsCancellationRequested)
                {
                    action();
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }
}
