using System.Security.Cryptography;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;

namespace QuantumTrader.Features;

/// <summary>How much an alert matters.</summary>
public enum AlertSeverity
{
    /// <summary>Good to know.</summary>
    Info,

    /// <summary>Worth a look.</summary>
    Warning,

    /// <summary>Worth a look soon.</summary>
    Medium,

    /// <summary>Worth a look now.</summary>
    High,

    /// <summary>Something does not work.</summary>
    Error,

    /// <summary>Act now.</summary>
    Critical,
}

/// <summary>A rule that was met.</summary>
/// <param name="Sequence">Sequence of the event that met it.</param>
/// <param name="EventTime">Its time: ns UTC.</param>
/// <param name="Symbol">Interned symbol; 0 when it is about none.</param>
/// <param name="Rule">Name of the rule, such as <c>ofi_extreme</c>.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Side">Direction; <see cref="Market.Side.None"/> when it has none.</param>
/// <param name="Value">What was found.</param>
/// <param name="Limit">What it was compared with.</param>
public readonly record struct Alert(
    long Sequence, long EventTime, int Symbol, string Rule, AlertSeverity Severity, Side Side, double Value, double Limit) : IEvent<Alert>
{
    /// <inheritdoc/>
    public long PartitionKey => Symbol;

    /// <summary>Alerts never replace each other.</summary>
    public long ConflationKey => Sequence;

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<Alert> events, IncrementalHash hash)
    {
        foreach (ref readonly var e in events)
        {
            hash.Append(e.Sequence).Append(e.EventTime).Append(e.Symbol).Append(e.Rule).Append((long)e.Severity).Append((long)e.Side).Append(e.Value).Append(e.Limit);
        }
    }
}
