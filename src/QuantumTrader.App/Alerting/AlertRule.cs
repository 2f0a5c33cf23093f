using QuantumTrader.Features;

namespace QuantumTrader.App.Alerting;

/// <summary>What a rule found about one subject.</summary>
/// <param name="Subject">A block, an edge, a phase, a symbol.</param>
/// <param name="Value">In the rule's unit; NaN where nothing can be said, which never fires.</param>
/// <param name="Words">What it means, in words.</param>
internal readonly record struct Reading(string Subject, double Value, string Words);

/// <summary>A rule: what it reads, and beyond which limit it fires.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="CoolDown">How long it stays silent about a subject once it has fired.</param>
/// <param name="Meaning">What it says, in a sentence.</param>
/// <param name="Read">Its readings at this moment.</param>
internal sealed record AlertRule(string Name, AlertSeverity Severity, TimeSpan CoolDown, string Meaning, Func<Look, IEnumerable<Reading>> Read)
{
    /// <summary>It fires beyond this.</summary>
    public double Limit { get; init; }

    /// <summary>The limit's unit, for people.</summary>
    public string Unit { get; init; } = "";

    /// <summary>It fires below its limit instead of above.</summary>
    public bool IsBelow { get; init; }

    /// <summary>How long it must be so before it fires.</summary>
    public TimeSpan For { get; init; }

    /// <summary>True when a value is beyond the limit.</summary>
    public bool IsMet(double value) => IsBelow ? value < Limit : value > Limit;

    /// <summary>The rule with a pipeline's changes.</summary>
    public AlertRule With(RuleOptions changes) => this with
    {
        Limit = changes.Limit ?? Limit,
        For = changes.For ?? For,
        CoolDown = changes.CoolDown ?? CoolDown,
        Severity = changes.Severity ?? Severity,
    };
}
