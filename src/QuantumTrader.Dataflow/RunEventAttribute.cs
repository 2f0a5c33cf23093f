namespace QuantumTrader.Dataflow;

/// <summary>
/// Describes something that a class tells while it runs, beside the code that tells it: a remark of a block (<see cref="Block.Note"/>) or a
/// line of the program's log. The reference of all of them, <c>docs/events.md</c>, is made from these.
/// </summary>
/// <param name="code">Stable code, such as <c>QT2011</c>. 20xx market, 21xx store, 22xx bus, 23xx ProfitDLL, 24xx features, 25xx models, 26xx trading, 27xx rollout, 28xx engine, 29xx program.</param>
/// <param name="name">Its name in notes and reports, such as <c>trade_gap</c>.</param>
/// <param name="meaning">What it means, in a sentence.</param>
/// <param name="remedy">What to do about it, in a sentence.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true, Inherited = false)]
public sealed class RunEventAttribute(string code, string name, string meaning, string remedy) : Attribute
{
    /// <summary>Stable code.</summary>
    public string Code => code;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>What it means.</summary>
    public string Meaning => meaning;

    /// <summary>What to do about it.</summary>
    public string Remedy => remedy;

    /// <summary>How much it matters.</summary>
    public RunEventLevel Level { get; init; } = RunEventLevel.Warning;
}

/// <summary>How much an event of a run matters.</summary>
public enum RunEventLevel
{
    /// <summary>Good to know.</summary>
    Information,

    /// <summary>Something is not as it should be; the run goes on.</summary>
    Warning,

    /// <summary>Something does not work.</summary>
    Error,
}
