using QuantumTrader.Features;

namespace QuantumTrader.App.Alerting;

/// <summary>An alert that fired.</summary>
/// <param name="Id">Its number, over restarts.</param>
/// <param name="Time">When it fired, UTC.</param>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Rule">The rule that was met.</param>
/// <param name="Subject">What it is about: a block, an edge, a phase, a symbol.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Message">What was found and what follows, in words.</param>
/// <param name="Value">What was found.</param>
/// <param name="Limit">What it was compared with.</param>
internal sealed record RaisedAlert(
    long Id, DateTimeOffset Time, string Pipeline, string Rule, string Subject, AlertSeverity Severity, string Message, double Value, double Limit)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => FormattableString.Invariant($"[{Severity}] {Rule} {Subject}: {Message} ({Pipeline}, {Time.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z)");
}
