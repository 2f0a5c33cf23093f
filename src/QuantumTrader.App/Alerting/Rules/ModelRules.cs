using QuantumTrader.Features;

namespace QuantumTrader.App.Alerting.Rules;

/// <summary>What goes wrong with models.</summary>
internal static class ModelRules
{
    public static IReadOnlyList<AlertRule> All { get; } =
    [
        AlertRules.Gauge(
            "model_drift", AlertSeverity.High, TimeSpan.FromMinutes(30), "What a model is asked differs from what it was trained on (population stability index).",
            "qt_model_drift_index", 0.15, value => FormattableString.Invariant($"stability index {value:0.000}: the market of now is not the market of the training")),
    ];
}
