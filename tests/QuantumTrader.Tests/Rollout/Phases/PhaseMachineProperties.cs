using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;

namespace QuantumTrader.Tests.Rollout.Phases;

public sealed class PhaseMachineProperties
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(40).WithReplay(20_250_912, 77);

    [Fact]
    public void It_does_what_the_reference_model_does_whatever_happens() => Check.One(Runs, Prop.ForAll(Histories(), history =>
    {
        var (machine, model) = (Machine(), new ReferenceModel());
        foreach (var group in history)
        {
            var before = machine.States.ToArray();
            var generation = machine.Generation;
            var result = machine.Apply([.. group]);
            model.Apply(group);

            machine.States.Select(s => new ReferenceModel.Phase(s.Stage, s.Step, s.IsHeld, s.IsOpen, s.Openings)).ShouldBe(model.Phases);
            machine.Generation.ShouldBe(generation + (result.Changes.Count > 0 ? 1 : 0));
            result.Changes.ShouldAllBe(c => c.To.Generation == machine.Generation && c.From == before[c.Phase] && c.To == machine.States[c.Phase]);
            Invariants(machine, before, group);
        }
    }));

    [Fact]
    public void The_order_of_what_happens_together_does_not_matter() => Check.One(Runs.WithMaxTest(15), Prop.ForAll(Histories(), history =>
    {
        var machine = Machine();
        foreach (var group in history)
        {
            var (states, generation) = (machine.States.ToArray(), machine.Generation);
            machine.Apply([.. group]);
            foreach (var order in Permutations(group))
            {
                var other = Machine();
                other.Restore(states, generation);
                other.Apply([.. order]);
                other.States.ShouldBe(machine.States);
            }
        }
    }));

    [Fact]
    public void A_rollback_is_idempotent_and_two_are_the_deeper_one() => Check.One(Runs.WithMaxTest(100), Prop.ForAll(Histories(), Gen.Choose(1, 4).ToArbitrary(), Gen.Choose(1, 4).ToArbitrary(), (history, a, b) =>
    {
        var (one, two, deeper) = (Machine(), Machine(), Machine());
        foreach (var group in history)
        {
            one.Apply([.. group]);
            two.Apply([.. group]);
            deeper.Apply([.. group]);
        }

        one.Apply(Rollback(a));
        one.Apply(Rollback(b));
        two.Apply(Rollback(b));
        two.Apply(Rollback(a));
        deeper.Apply(Rollback(Math.Max(a, b)));
        Shape(one).ShouldBe(Shape(two));
        Shape(one).ShouldBe(Shape(deeper));
        one.Apply(Rollback(a)).Changes.ShouldBeEmpty();
        one.States.Where((_, p) => ReferenceModel.Levels[p] <= Math.Max(a, b)).ShouldAllBe(s => !s.Runs);
    }));

    private static void Invariants(PhaseMachine machine, PhaseState[] before, IReadOnlyList<PhaseSignal> group)
    {
        for (var p = 0; p < 3; p++)
        {
            var (was, now) = (before[p], machine.States[p]);
            // P13: what runs stands on what is complete.
            (p == 0 || !now.Runs || machine.States[p - 1].Carries).ShouldBeTrue();
            // P15: from aborted only into the shadow, and only by a retry.
            if (was.Stage == PhaseStage.Aborted && now.Stage != PhaseStage.Aborted)
            {
                now.Stage.ShouldBe(PhaseStage.Shadow);
                group.ShouldContain(s => s.Kind == SignalKind.Retry && s.Phase == p);
            }

            // One step at a time; in full only when somebody says so.
            if (now.Share > was.Share)
            {
                (now.Step == was.Step + 1 || now.Stage == PhaseStage.Complete).ShouldBeTrue();
                (was.Step == 2 || now.Stage != PhaseStage.Complete || group.Any(s => s.Kind == SignalKind.Full && s.Phase == p)).ShouldBeTrue();
            }
        }
    }

    internal static PhaseMachine Machine() => new([.. Options().Select(o => new PhaseRamp(o))]);

    internal static IReadOnlyList<PhaseOptions> Options()
    {
        StepOptions[] steps = [new() { Shadow = new() }, new() { Serve = new Share(1000) }, new() { Serve = new Share(5000) }];
        var breaker = new BreakerOptions { AbortAfter = ReferenceModel.AbortAfter };
        return
        [
            new() { Name = "zmq", RollbackLevel = 4, Steps = steps, Breaker = breaker },
            new() { Name = "valkey", RollbackLevel = 3, Requires = ["zmq"], Steps = steps, Breaker = breaker },
            new() { Name = "ml", RollbackLevel = 1, Requires = ["valkey"], Steps = steps, Breaker = breaker },
        ];
    }

    private static PhaseSignal Rollback(int level) => new(SignalKind.Rollback, -1, "drill") { Level = level };

    private static string Shape(PhaseMachine machine) => string.Join("; ", machine.States.Select(s => $"{s} {s.Step} {s.Openings}"));

    // Raising signals are likelier, so that histories get somewhere; numbers shrink, and with them the history.
    private static readonly SignalKind[] Kinds =
    [
        SignalKind.Start, SignalKind.Promote, SignalKind.Advance, SignalKind.Retry, SignalKind.Full, SignalKind.Start, SignalKind.Promote, SignalKind.Advance,
        SignalKind.Retry, SignalKind.Full, SignalKind.Close, SignalKind.Open, SignalKind.Hold, SignalKind.Pause, SignalKind.Abort, SignalKind.Rollback, SignalKind.Kill,
    ];

    private static Arbitrary<IReadOnlyList<IReadOnlyList<PhaseSignal>>> Histories() => ArbMap.Default.ArbFor<(byte Kind, byte Phase, byte Extra)[][]>().Convert(
        groups => (IReadOnlyList<IReadOnlyList<PhaseSignal>>)[.. groups.Select(g => (IReadOnlyList<PhaseSignal>)[.. g.Take(5).Select(Signal)])],
        history => [.. history.Select(g => g.Select(Number).ToArray())]);

    private static PhaseSignal Signal((byte Kind, byte Phase, byte Extra) number)
    {
        var kind = Kinds[number.Kind % Kinds.Length];
        return new PhaseSignal(kind, kind is SignalKind.Kill or SignalKind.Rollback ? -1 : number.Phase % 3, number.Extra % 3 > 0 ? "why" : "")
        {
            Level = kind == SignalKind.Rollback ? (number.Extra % 4) + 1 : 0,
            Missing = number.Extra % 4 == 0 ? "more" : "",
        };
    }

    private static (byte Kind, byte Phase, byte Extra) Number(PhaseSignal signal)
    {
        for (var extra = 0; extra < 12; extra++)
        {
            var number = ((byte)Array.IndexOf(Kinds, signal.Kind), (byte)Math.Max(0, signal.Phase), (byte)extra);
            if (Signal(number) == signal)
            {
                return number;
            }
        }

        throw new ArgumentException($"{signal} is none of those made here");
    }

    private static IEnumerable<IReadOnlyList<T>> Permutations<T>(IReadOnlyList<T> items) => items.Count <= 1
        ? [items]
        : Enumerable.Range(0, items.Count).SelectMany(i => Permutations<T>([.. items.Where((_, at) => at != i)]).Select(rest => (IReadOnlyList<T>)[items[i], .. rest]));
}
