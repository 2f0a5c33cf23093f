using QuantumTrader.Rollout;

namespace QuantumTrader.Tests.Rollout.Phases;

/// <summary>What a machine of three phases must do, written a second time and shorter: 0 carries 1, which carries 2; steps shadow, 10 %, 50 %.</summary>
internal sealed class ReferenceModel
{
    public static readonly int[] Levels = [4, 3, 1];
    public const int AbortAfter = 2;

    public readonly record struct Phase(PhaseStage Stage, int Step, bool Held, bool Open, int Openings)
    {
        public bool Runs => Stage is PhaseStage.Shadow or PhaseStage.Serving or PhaseStage.Complete;

        public Phase At(int step) => new(step == 0 ? PhaseStage.Shadow : step < 3 ? PhaseStage.Serving : PhaseStage.Complete, step < 3 ? step : -1, false, false, Openings);
    }

    private static readonly Phase Out = new(PhaseStage.Aborted, -1, false, false, 0);

    public Phase[] Phases { get; } = [.. Enumerable.Repeat(new Phase(PhaseStage.Off, -1, false, false, 0), 3)];

    public void Apply(IReadOnlyCollection<PhaseSignal> group)
    {
        var touched = new bool[3];
        for (var p = 0; p < 3; p++)
        {
            bool Any(params SignalKind[] kinds) => group.Any(s => kinds.Contains(s.Kind) && s.Phase == p);
            var now = Phases[p];
            if (Any(SignalKind.Abort) || group.Any(s => s.Kind == SignalKind.Kill || (s.Kind == SignalKind.Rollback && s.Level >= Levels[p])))
            {
                (touched[p], Phases[p]) = (true, Out with { Openings = now.Openings });
                continue;
            }

            var held = Any(SignalKind.Hold, SignalKind.Pause) && now.Runs;
            // Several at once open it once.
            var opens = Any(SignalKind.Open) && now.Runs && now.Stage != PhaseStage.Shadow && !now.Open;
            touched[p] = held || opens;
            Phases[p] = opens && now.Openings == AbortAfter ? Out with { Openings = now.Openings }
                : now with { Held = now.Held || held, Open = now.Open || opens, Openings = now.Openings + (opens ? 1 : 0) };
        }

        foreach (var s in group.Where(s => s.Kind > SignalKind.Open).OrderBy(s => s.Kind).ThenBy(s => s.Phase).ThenBy(s => s.Reason, StringComparer.Ordinal))
        {
            var (p, now) = (s.Phase, Phases[s.Phase]);
            var hasGround = p == 0 || Phases[p - 1] is { Stage: PhaseStage.Complete, Open: false };
            var moves = now.Stage is PhaseStage.Shadow or PhaseStage.Serving && !now.Open;
            Phase? next = s.Kind switch
            {
                SignalKind.Start when now.Stage == PhaseStage.Off => now.At(0) with { Openings = 0 },
                SignalKind.Retry when now.Stage == PhaseStage.Aborted => now.At(0) with { Openings = 0 },
                SignalKind.Retry when now.Held => now with { Held = false },
                SignalKind.Close when now.Open => now.At(1) with { Held = now.Held },
                SignalKind.Full when moves && s.Reason.Length > 0 => now.At(3),
                SignalKind.Promote when moves && s.Missing.Length == 0 => now.At(now.Step + 1),
                SignalKind.Advance when moves && s.Missing.Length == 0 && !now.Held => now.At(now.Step + 1),
                _ => null,
            };
            if (next is { } to && !touched[p] && (hasGround || s.Kind == SignalKind.Close))
            {
                (Phases[p], touched[p]) = (to, true);
            }
        }

        for (var p = 1; p < 3; p++)
        {
            Phases[p] = Phases[p].Runs && Phases[p - 1] is not { Stage: PhaseStage.Complete, Open: false } ? Out with { Openings = Phases[p].Openings } : Phases[p];
        }
    }
}
