namespace QuantumTrader.Rollout;

/// <summary>What can happen to a phase; of several at the same time the upper one goes first.</summary>
internal enum SignalKind
{
    /// <summary>Somebody, or the kill file, takes everything back.</summary>
    Kill,

    /// <summary>Somebody takes all phases up to a level back.</summary>
    Rollback,

    /// <summary>A gate failed, or somebody aborts the phase.</summary>
    Abort,

    /// <summary>Somebody stops the phase from going on.</summary>
    Hold,

    /// <summary>The phase stops by itself: nothing is known, or something is wrong with what is.</summary>
    Pause,

    /// <summary>The breaker opens.</summary>
    Open,

    /// <summary>Somebody completes the phase at once.</summary>
    Full,

    /// <summary>Somebody lets the phase go on by a step.</summary>
    Promote,

    /// <summary>Somebody starts the phase.</summary>
    Start,

    /// <summary>Somebody gives an aborted phase another try, or a held one its step anew.</summary>
    Retry,

    /// <summary>The candidate has been good in the shadow for long enough behind an open breaker.</summary>
    Close,

    /// <summary>Everything that the step asks for is there.</summary>
    Advance,
}

/// <summary>Something that happens to a phase.</summary>
/// <param name="Kind">What.</param>
/// <param name="Phase">Index of the phase; -1 for those that take a level.</param>
/// <param name="Reason">Why, for the journal.</param>
internal sealed record PhaseSignal(SignalKind Kind, int Phase, string Reason)
{
    /// <summary>Who: <c>auto</c>, <c>cli</c>, <c>api</c>.</summary>
    public string Actor { get; init; } = "auto";

    /// <summary>For a rollback: phases of this level and below.</summary>
    public int Level { get; init; }

    /// <summary>For going on: what the step still asks for, in words; empty when it has everything.</summary>
    public string Missing { get; init; } = "";

    /// <summary>Takes something back, and so goes before all that raises.</summary>
    public bool Lowers => Kind <= SignalKind.Open;
}

/// <summary>A phase changed its state.</summary>
internal sealed record PhaseChange(int Phase, PhaseState From, PhaseState To, PhaseSignal Cause);

/// <summary>A signal that changed nothing, and why.</summary>
internal sealed record Refusal(PhaseSignal Signal, string Words);

/// <summary>What came of signals that happened together.</summary>
internal sealed record MachineResult(IReadOnlyList<PhaseChange> Changes, IReadOnlyList<Refusal> Refusals);
