namespace QuantumTrader.Rollout;

/// <summary>What came of asking baseline and candidate the same.</summary>
public enum Outcome
{
    /// <summary>The answers agree.</summary>
    Match,

    /// <summary>The answers differ.</summary>
    Mismatch,

    /// <summary>They differ in a way that is known and accepted.</summary>
    Ignored,

    /// <summary>The candidate gave no answer, or none that is valid.</summary>
    CandidateError,

    /// <summary>The candidate's answer came behind the deadline.</summary>
    CandidateLate,

    /// <summary>The comparison itself failed.</summary>
    CompareError,
}

/// <summary>Why an operation that the candidate should have served was not.</summary>
public enum FallbackReason
{
    /// <summary>The candidate threw, or dropped the operation.</summary>
    Error,

    /// <summary>The answer was not there in time.</summary>
    Deadline,

    /// <summary>The answer was not valid.</summary>
    Invalid,

    /// <summary>The breaker is open.</summary>
    Breaker,

    /// <summary>The candidate had no room for the operation.</summary>
    Shed,
}

/// <summary>What was counted of a phase since it was made. <c>Ops = OriginalCalls + EnhancedCalls</c>.</summary>
public sealed record PhaseCounts
{
    /// <summary>Answers given.</summary>
    public long Ops => OriginalCalls + EnhancedCalls;

    /// <summary>Answers of the baseline, fallbacks included.</summary>
    public required long OriginalCalls { get; init; }

    /// <summary>Answers of the candidate.</summary>
    public required long EnhancedCalls { get; init; }

    /// <summary>Operations that the candidate should have served and did not, by reason.</summary>
    public required IReadOnlyDictionary<FallbackReason, long> Fallbacks { get; init; }

    /// <summary>Operations that were handed to the candidate.</summary>
    public required long ShadowStarted { get; init; }

    /// <summary>Operations that it had no room for.</summary>
    public required long ShadowShed { get; init; }

    /// <summary>What came of those that were handed to it and compared.</summary>
    public required IReadOnlyDictionary<Outcome, long> Outcomes { get; init; }

    /// <summary>Answers that came behind the deadline; they were dropped.</summary>
    public required long Late { get; init; }

    /// <summary>Candidates that were given up because they hung.</summary>
    public required int Abandoned { get; init; }
}

/// <summary>
/// What is seen of a phase: the main path tells who answered, the candidate's side what it was worth. Any thread may write and read.
/// </summary>
public sealed class PhaseEvidence
{
    private readonly Lock _gate = new();
    private readonly long[] _fallbacks = new long[Enum.GetValues<FallbackReason>().Length];
    private readonly long[] _outcomes = new long[Enum.GetValues<Outcome>().Length];
    private long _original;
    private long _enhanced;
    private long _started;
    private long _shed;
    private long _late;
    private int _abandoned;

    /// <summary>The baseline answered an operation that was its own.</summary>
    public void Original(long count = 1)
    {
        lock (_gate)
        {
            _original += count;
        }
    }

    /// <summary>The candidate's answer stands.</summary>
    public void Enhanced()
    {
        lock (_gate)
        {
            _enhanced++;
        }
    }

    /// <summary>The baseline's answer stands for one that the candidate should have given.</summary>
    public void Fallback(FallbackReason reason)
    {
        lock (_gate)
        {
            _original++;
            _fallbacks[(int)reason]++;
        }
    }

    /// <summary>Operations were handed to the candidate, or it had no room for them.</summary>
    public void Handed(long started, long shed)
    {
        lock (_gate)
        {
            _started += started;
            _shed += shed;
        }
    }

    /// <summary>Two answers were compared.</summary>
    public void Compared(Outcome outcome)
    {
        lock (_gate)
        {
            _outcomes[(int)outcome]++;
        }
    }

    /// <summary>Answers came behind their deadline.</summary>
    public void Late(int count)
    {
        lock (_gate)
        {
            _late += count;
        }
    }

    /// <summary>A candidate was given up.</summary>
    public void Abandoned()
    {
        lock (_gate)
        {
            _abandoned++;
        }
    }

    /// <summary>All counts of one instant.</summary>
    public PhaseCounts Count()
    {
        lock (_gate)
        {
            return new PhaseCounts
            {
                OriginalCalls = _original,
                EnhancedCalls = _enhanced,
                Fallbacks = Enum.GetValues<FallbackReason>().ToDictionary(r => r, r => _fallbacks[(int)r]),
                ShadowStarted = _started,
                ShadowShed = _shed,
                Outcomes = Enum.GetValues<Outcome>().ToDictionary(o => o, o => _outcomes[(int)o]),
                Late = _late,
                Abandoned = _abandoned,
            };
        }
    }
}
