namespace QuantumTrader.Rollout.Serving;

/// <summary>An answer of the baseline that waits for others to be held against.</summary>
internal record struct Offer<T>(T Answer) where T : struct, Dataflow.IEvent<T>
{
    /// <summary>The answer.</summary>
    public readonly T Answer = Answer;

    /// <summary>The candidate's is still to come.</summary>
    public bool AwaitsCandidate;

    /// <summary>What the baseline says when it is asked again is still to come.</summary>
    public bool AwaitsRepetition;
}
