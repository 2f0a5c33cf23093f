using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout;

/// <summary>The figures of a phase as metrics; the block <c>rollout/NAME</c> carries them.</summary>
internal static class PhaseGauges
{
    /// <summary>All of one instant.</summary>
    public static IReadOnlyList<BlockGauge> ToGauges(this Phase phase)
    {
        var (state, counts, step) = (phase.State, phase.Evidence.Count(), phase.Evidence.Read().Step);
        return
        [
            new("qt_rollout_share", "Share of the operations that the candidate serves, from 0 to 1.", state.Share.Fraction),
            new("qt_rollout_generation", "Number of the phase's last change.", state.Generation),
            .. Enum.GetValues<PhaseStage>().Select(s => new BlockGauge("qt_rollout_state", "1 for the stage that the phase is in.", state.Stage == s ? 1 : 0) { Of = SnakeCase.From(s.ToString()) }),
            new("qt_rollout_held", "1 while the phase does not go on by itself.", state.IsHeld ? 1 : 0),
            new("qt_rollout_breaker_open", "1 while the breaker keeps the candidate from serving.", state.IsOpen ? 1 : 0),
            new("qt_rollout_original_calls", "Answers of the baseline, fallbacks included.", counts.OriginalCalls),
            new("qt_rollout_enhanced_calls", "Answers of the candidate.", counts.EnhancedCalls),
            .. counts.Fallbacks.Select(f => new BlockGauge("qt_rollout_fallbacks", "Operations that the candidate should have served and did not.", f.Value) { Of = SnakeCase.From(f.Key.ToString()) }),
            new("qt_rollout_shadow_started", "Operations that were handed to the candidate.", counts.ShadowStarted),
            new("qt_rollout_shadow_shed", "Operations that it had no room for.", counts.ShadowShed),
            new("qt_rollout_rested_seconds", "How long it rested because it had used its share of the processors, or was given its operations of the second.", counts.RestedSeconds),
            new("qt_rollout_uncompared", "Operations that were to be compared and were not, because the candidate had ended or was too far behind.", counts.Uncompared),
            .. counts.Outcomes.Select(o => new BlockGauge("qt_rollout_outcomes", "What came of comparing.", o.Value) { Of = SnakeCase.From(o.Key.ToString()) }),
            new("qt_rollout_late", "Answers that came behind the deadline; they were dropped.", counts.Late),
            .. counts.Lost.Select(l => new BlockGauge("qt_rollout_abandoned", "Candidates that were given up.", l.Value) { Of = SnakeCase.From(l.Key.ToString()) }),
            new("qt_rollout_contradictions", "How often the baseline contradicted itself when asked again.", counts.Contradicted),
            // Of all gates of the phase, so that the names are there from the start.
            .. phase.Options.Gates.Keys.Select(name => new BlockGauge("qt_rollout_gate_evidence", "Evidence against the candidate; the gate fails at 1/alpha.", Against(step, name)) { Of = name }),
        ];
    }

    private static double Against(StepReading? step, string gate) => step?.Gates.FirstOrDefault(g => g.Name == gate) is { } reading && double.IsFinite(reading.Against) ? reading.Against : 0;
}
