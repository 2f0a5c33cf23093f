namespace QuantumTrader.Rollout.Serving;

/// <summary>Whom the feed of a candidate tells what becomes of it, and asks what it may do. Called on the candidate's threads.</summary>
internal interface ICandidateHost
{
    /// <summary>The candidate may begin with the operations up to this one.</summary>
    long ReleasedThrough { get; }

    /// <summary>Somebody may wait for its answers; otherwise it keeps to its limits, and begins a millisecond later, so that the main path need not wake it.</summary>
    bool IsAwaited { get; }

    /// <summary>Somebody waits for what is yet to be compared.</summary>
    bool IsAsked { get; }

    /// <summary>Processor time that the candidate has used so far.</summary>
    TimeSpan CpuTime { get; }

    /// <summary>It has nothing to do.</summary>
    void Compare();

    /// <summary>There is room again for operations.</summary>
    void Taken();

    /// <summary>Everything up to this operation is done.</summary>
    void Handled(long sequence);

    /// <summary>It rests, because it used more than it may. That is no hang.</summary>
    void Rested();

    /// <summary>It ends before its time.</summary>
    void Lose(CandidateLoss loss);
}
