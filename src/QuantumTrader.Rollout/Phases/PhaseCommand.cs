namespace QuantumTrader.Rollout;

/// <summary>What somebody may ask of a rollout.</summary>
public enum PhaseAction
{
    /// <summary>A phase that is off goes into the shadow.</summary>
    Start,

    /// <summary>A phase goes on by a step; or, in full, to its end.</summary>
    Promote,

    /// <summary>A phase stops going on.</summary>
    Hold,

    /// <summary>An aborted phase goes into the shadow; a held one begins its step anew.</summary>
    Retry,

    /// <summary>A phase is taken out, and those that require it.</summary>
    Abort,

    /// <summary>All phases up to a level are taken out.</summary>
    Rollback,

    /// <summary>All phases are taken out.</summary>
    Kill,
}

/// <summary>Somebody asks something of a rollout.</summary>
/// <param name="Action">What.</param>
public sealed record PhaseCommand(PhaseAction Action)
{
    /// <summary>The phase; none for those that take a level or everything.</summary>
    public string Phase { get; init; } = "";

    /// <summary>For a rollback: 1 to 4.</summary>
    public int Level { get; init; }

    /// <summary>For promote: past all steps. Needs a reason.</summary>
    public bool Full { get; init; }

    /// <summary>Why, for the journal.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Who: <c>cli</c>, <c>api</c>.</summary>
    public string Actor { get; init; } = "cli";

    /// <summary>Takes something back: that is never put off.</summary>
    public bool Lowers => Action is PhaseAction.Hold or PhaseAction.Abort or PhaseAction.Rollback or PhaseAction.Kill;
}

/// <summary>What came of a command.</summary>
/// <param name="IsAccepted">It was done, or will be at the next tick.</param>
/// <param name="Words">What was done, or why not.</param>
/// <param name="Generation">No operation of this generation or a later one sees what the command took back.</param>
public sealed record CommandAnswer(bool IsAccepted, string Words, long Generation);
