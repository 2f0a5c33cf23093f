using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Rollout.Journal;

namespace QuantumTrader.Tests.Rollout.Journal;

public sealed class RecoveryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Clock _clock = new();

    public void Dispose() => _folder.Dispose();

    private string Journal => Path.Combine(_folder.Path, "state", "journal.jsonl");

    private static PhaseOptions Options(string version = "1") => new()
    {
        Name = "ml",
        Candidate = new() { Block = "new", Version = version },
        Gates = new Dictionary<string, GateOptions> { ["errors"] = new() { Metric = GateMetric.FallbackRate, Max = new Share(1000), Block = 10 } },
        Steps = [new() { Shadow = new(), Approve = Approval.Manual }, new() { Serve = new Share(1000), Approve = Approval.Manual, Gates = ["errors"] }, new() { Serve = new Share(5000), Approve = Approval.Manual }],
    };

    private (PhaseControl Control, Phase Phase, RolloutState State) Begin(PhaseOptions? options = null, OnCrash onCrash = OnCrash.Shadow, bool isRun = true)
    {
        var control = new PhaseControl([options ?? Options()]);
        var files = new SectionContext(_folder.Path, _folder.Path);
        var state = new RolloutState(control, new StateOptions { Path = "state", OnCrash = onCrash }, "KILL", files, _clock, isRun);
        return (control, control.Phases[0], state);
    }

    // As a process that was killed leaves it: no last line.
    private void Die(RolloutState state)
    {
        state.Dispose();
        var lines = File.ReadAllLines(Journal);
        File.WriteAllLines(Journal, lines[..^1]);
        File.Delete(Path.Combine(_folder.Path, "state", "state.json"));
    }

    private static void Serve(PhaseControl control, Phase phase, int steps)
    {
        control.Send(new PhaseCommand(PhaseAction.Start) { Phase = "ml" });
        for (var i = 0; i < steps; i++)
        {
            phase.Evidence.Compared(Outcome.Match);
            for (var n = 0; n < 2000 && phase.State.Serves; n++)
            {
                phase.Evidence.Enhanced();
            }

            control.Send(new PhaseCommand(PhaseAction.Promote) { Phase = "ml", Reason = "drill" }).IsAccepted.ShouldBeTrue();
            phase.Tick((i + 1) * 1_000_000_000L);
        }
    }

    [Fact]
    public void A_run_that_ended_as_it_should_goes_on_with_all_that_its_step_had_seen()
    {
        var (control, phase, state) = Begin();
        Serve(control, phase, 1);
        phase.Evidence.Fallback(FallbackReason.Error);
        for (var i = 0; i < 777; i++)
        {
            phase.Evidence.Enhanced();
        }

        phase.Tick(9_000_000_000);
        var sums = control.Sums()["ml"];
        state.Dispose();

        var (again, restored, next) = Begin();
        using (next)
        {
            restored.State.ShouldBe(phase.State);
            again.Sums()["ml"].ShouldSatisfyAllConditions(s => s.Samples.ShouldBe(778), s => s.Since.ShouldBe(sums.Since), s => s.Gates["errors"].ShouldBe(sums.Gates["errors"]));
            next.Damage.ShouldBeNull();
        }
    }

    [Fact]
    public void A_process_that_died_while_the_candidate_served_begins_again_in_the_shadow_and_the_second_time_not_at_all()
    {
        var (control, phase, state) = Begin();
        Serve(control, phase, 2);
        phase.State.ToString().ShouldBe("serving 50%");
        Die(state);

        (_, phase, state) = Begin();
        phase.State.ToString().ShouldBe("shadow");
        Die(state);

        _clock.Advance(TimeSpan.FromMinutes(9));
        (_, phase, state) = Begin();
        phase.State.ToString().ShouldBe("aborted");
        state.Dispose();

        (control, phase, state) = Begin();
        using (state)
        {
            phase.State.ToString().ShouldBe("aborted", "that survives every restart");
            control.Send(new PhaseCommand(PhaseAction.Retry) { Phase = "ml" }).Words.ShouldBe("'ml' is shadow.");
        }
    }

    [Fact]
    public void Two_crashes_far_apart_are_two_first_ones()
    {
        var (control, phase, state) = Begin();
        Serve(control, phase, 1);
        Die(state);
        (_, _, state) = Begin();
        Die(state);
        _clock.Advance(TimeSpan.FromMinutes(11));
        (_, phase, state) = Begin();
        using (state)
        {
            phase.State.ToString().ShouldBe("shadow");
        }
    }

    [Fact]
    public void A_crash_may_also_abort_at_once()
    {
        var (control, phase, state) = Begin();
        Serve(control, phase, 1);
        Die(state);
        (_, phase, state) = Begin(onCrash: OnCrash.Abort);
        using (state)
        {
            phase.State.ToString().ShouldBe("aborted");
        }
    }

    [Fact]
    public void Another_candidate_begins_in_the_shadow_and_another_way_is_held()
    {
        var (control, phase, state) = Begin();
        Serve(control, phase, 2);
        state.Dispose();

        var steps = Options().Steps;
        (_, phase, state) = Begin(Options() with { Steps = [steps[0], steps[1], new() { Serve = new Share(2500), Approve = Approval.Manual }, new() { Serve = new Share(7500) }] });
        phase.State.ToString().ShouldBe("serving 50%, held");
        phase.State.Step.ShouldBe(2);
        state.Dispose();

        (_, phase, state) = Begin(Options("2"));
        using (state)
        {
            phase.State.ToString().ShouldBe("shadow");
        }
    }

    [Fact]
    public void A_journal_that_is_cut_at_any_byte_gives_the_last_state_or_the_one_before_and_never_a_greater_share()
    {
        var (control, phase, state) = Begin(isRun: false);
        Serve(control, phase, 2);
        control.Send(new PhaseCommand(PhaseAction.Hold) { Phase = "ml" });
        control.Send(new PhaseCommand(PhaseAction.Abort) { Phase = "ml", Reason = "drill" });
        state.Dispose();
        var whole = File.ReadAllBytes(Journal);
        var entries = JournalFile.Read(Journal).Entries;
        entries.Count.ShouldBe(5);
        var snapshot = File.ReadAllBytes(Path.Combine(_folder.Path, "state", "state.json"));
        var cut = Directory.CreateDirectory(Path.Combine(_folder.Path, "cut")).FullName;
        for (var length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(Path.Combine(cut, "journal.jsonl"), whole[..length]);
            File.Delete(Path.Combine(cut, "state.json"));
            var lines = whole.AsSpan(0, length).Count((byte)'\n');
            var expected = lines == 0 ? PhaseState.Initial : entries[lines - 1].To!.ToState(lines + 1);
            var found = Restored(cut);
            found.ShouldBe(expected with { Generation = found.Generation });

            // With a snapshot that knows of more, nothing of it is believed, and nothing serves.
            if (length % 9 > 0)
            {
                continue;
            }

            File.WriteAllBytes(Path.Combine(cut, "state.json"), snapshot);
            Restored(cut).Stage.ShouldBe(PhaseStage.Aborted);
        }

        PhaseState Restored(string folder)
        {
            var other = new PhaseControl([Options()]);
            StateFolder.Look(folder).Restore(other, new StateOptions(), _clock.GetUtcNow(), asRun: false);
            return other.Phases[0].State;
        }
    }

    [Fact]
    public void Behind_a_line_that_was_cut_off_the_journal_goes_on()
    {
        var (control, phase, state) = Begin(isRun: false);
        Serve(control, phase, 1);
        state.Dispose();
        File.WriteAllBytes(Journal, File.ReadAllBytes(Journal)[..^7]);
        File.Delete(Path.Combine(_folder.Path, "state", "state.json"));
        (control, phase, state) = Begin(isRun: false);
        phase.State.ToString().ShouldBe("shadow");
        control.Send(new PhaseCommand(PhaseAction.Abort) { Phase = "ml" });
        state.Dispose();

        JournalFile.Read(Journal).ShouldSatisfyAllConditions(j => j.Damage.ShouldBeNull(), j => j.Entries.Count.ShouldBe(2));
    }

    [Fact]
    public void A_journal_that_was_tampered_with_is_put_aside_and_only_the_baseline_runs()
    {
        var (control, phase, state) = Begin();
        Serve(control, phase, 2);
        state.Dispose();
        File.WriteAllText(Journal, File.ReadAllText(Journal).Replace("\"basis_points\":1000", "\"basis_points\":9000", StringComparison.Ordinal));

        (_, phase, state) = Begin();
        state.Damage.ShouldNotBeNull().ShouldContain("is damaged or does not follow the one before");
        phase.State.ToString().ShouldBe("aborted");
        state.Dispose();
        File.Exists(Journal + ".damaged-1").ShouldBeTrue();
        (_, phase, state) = Begin();
        using (state)
        {
            phase.State.ToString().ShouldBe("aborted");
            state.Damage.ShouldBeNull();
        }
    }

    [Fact]
    public void The_kill_file_takes_everything_out_and_keeps_it_out()
    {
        var (control, phase, state) = Begin();
        using (state)
        {
            Serve(control, phase, 2);
            _folder.Write("KILL", "");
            _clock.Advance(TimeSpan.FromSeconds(1));
            phase.Tick(10_000_000_000);
            phase.State.ToString().ShouldBe("aborted");
            control.Send(new PhaseCommand(PhaseAction.Retry) { Phase = "ml" }).Words.ShouldBe("the kill file exists; remove it first.");

            File.Delete(Path.Combine(_folder.Path, "KILL"));
            _clock.Advance(TimeSpan.FromSeconds(1));
            control.Send(new PhaseCommand(PhaseAction.Retry) { Phase = "ml" }).IsAccepted.ShouldBeTrue();
        }
    }

    [Fact]
    public void The_baseline_of_a_completed_phase_stays_for_a_day_of_event_time()
    {
        const long Day = 86_400_000_000_000;
        static PhaseOptions With(string baseline) => Options() with { Baseline = new() { Block = baseline } };
        var (control, phase, state) = Begin(With("old"));
        Serve(control, phase, 3);
        phase.State.ToString().ShouldBe("complete");
        state.Dispose();

        foreach (var other in (PhaseOptions[])[With("older"), With("old") with { Name = "renamed" }])
        {
            Should.Throw<ConfigurationException>(() => Begin(other)).ShouldSatisfyAllConditions(
                e => e.Option.ShouldBe("state.keep_baseline_for"),
                e => e.Message.ShouldBe("the phase 'ml' is complete since 1970-01-01T00:00:03Z, and its baseline 'old' stays until 1970-01-02T00:00:03Z of event time, so that a rollback finds it warm. Put the phase with its baseline back, or shorten keep_baseline_for."));
        }

        (_, phase, state) = Begin(With("old"));
        phase.Tick((3 * 1_000_000_000L) + Day);
        state.Dispose();

        (_, phase, state) = Begin(With("older"));
        using (state)
        {
            phase.State.ToString().ShouldBe("complete");
        }
    }

    [Fact]
    public void A_second_process_is_told_that_the_state_is_held()
    {
        var (_, _, state) = Begin();
        using (state)
        {
            Should.Throw<ConfigurationException>(() => Begin()).Message.ShouldContain("is held by another process that runs this rollout");
        }
    }

    [Fact]
    public void Every_line_names_the_one_before_and_says_who_and_why()
    {
        var (control, phase, state) = Begin();
        Serve(control, phase, 2);
        control.Send(new PhaseCommand(PhaseAction.Rollback) { Level = 1, Reason = "drill", Actor = "api" });
        state.Dispose();

        var entries = JournalFile.Read(Journal).Entries;
        entries.Select(e => e.Kind.ToString()).ShouldBe(["Began", "Change", "Change", "Change", "Change", "Stopped"]);
        entries[^2].ShouldSatisfyAllConditions(e => e.Actor.ShouldBe("api"), e => e.Reason.ShouldBe("drill"), e => e.To!.Stage.ShouldBe(PhaseStage.Aborted), e => e.EventTime.ShouldBe(2_000_000_000));
        entries[3].Evidence.ShouldNotBeNull().ShouldHaveSingleItem().ShouldSatisfyAllConditions(g => g.Name.ShouldBe("errors"), g => g.Samples.ShouldBe(2000));
    }
}
