using QuantumTrader.Features;

namespace QuantumTrader.App.Alerting.Rules;

/// <summary>What blocks of the pipeline find in the market. They decide by themselves; here they are told.</summary>
internal static class FlowRules
{
    /// <summary>The rule behind an alert of a block.</summary>
    public static AlertRule Of(Alert alert) => new(alert.Rule, alert.Severity, TimeSpan.FromMinutes(1), "A block of the pipeline found it.", _ => []) { Limit = alert.Limit };
}
