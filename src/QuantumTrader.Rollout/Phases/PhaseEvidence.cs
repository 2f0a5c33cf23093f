using System.Diagnostics;
using QuantumTrader.Dataflow;

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

/// <summary>Why a candidate was given up.</summary>
public enum LossReason
{
    /// <summary>It stood still, or did not end.</summary>
    Hang,

    /// <summary>It ended by an error.</summary>
    Error,

    /// <summary>It could not be made, or not in time.</summary>
    Start,

    /// <summary>Its process ended.</summary>
    Crash,

    /// <summary>Its process had no memory left.</summary>
    Memory,
}

/// <summary>Whose answer went on.</summary>
public enum PhaseSide
{
    /// <summary>The baseline's, whose turn it was.</summary>
    Baseline,

    /// <summary>The candidate's.</summary>
    Candidate,

    /// <summary>The baseline's, because the candidate had none.</summary>
    Fallback,
}

/// <summary>How long the answers of a side took, from the arrival of the operation until it went on, in milliseconds.</summary>
public sealed record SideLatency(long Count, double Average, double P50, double P95, double P99);

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

    /// <summary>All fallbacks.</summary>
    public long FallbackCount => Fallbacks.Values.Sum();

    /// <summary>Operations that the candidate should have served: <c>EnhancedCalls + FallbackCount</c>.</summary>
    public long EnhancedAttempts => EnhancedCalls + FallbackCount;

    /// <summary>How long answers took while the candidate ran, by side.</summary>
    public IReadOnlyDictionary<PhaseSide, SideLatency> Latency { get; init; } = new Dictionary<PhaseSide, SideLatency>();

    /// <summary>Operations that were handed to the candidate.</summary>
    public required long ShadowStarted { get; init; }

    /// <summary>Operations that it had no room for.</summary>
    public required long ShadowShed { get; init; }

    /// <summary>How long the candidate rested, to keep to its limits.</summary>
    public required double RestedSeconds { get; init; }

    /// <summary>Operations that were to be compared and were not, because the candidate had ended or was too far behind.</summary>
    public required long Uncompared { get; init; }

    /// <summary>What came of those that were handed to it and compared.</summary>
    public required IReadOnlyDictionary<Outcome, long> Outcomes { get; init; }

    /// <summary>Answers that came behind the deadline; they were dropped.</summary>
    public required long Late { get; init; }

    /// <summary>Candidates that were given up.</summary>
    public int Abandoned => Lost.Values.Sum();

    /// <summary>The same by reason.</summary>
    public required IReadOnlyDictionary<LossReason, int> Lost { get; init; }

    /// <summary>Operations on which the baseline was asked again.</summary>
    public required long Repeated { get; init; }

    /// <summary>How often it then contradicted itself: never, if it is deterministic.</summary>
    public required long Contradicted { get; init; }
}

/// <summary>
/// What is seen of a phase: the main path tells who answered, the candidate's side what it was worth. Any thread may write and read.
/// </summary>
public sealed class PhaseEvidence
{
    // What the candidate's side saw and the main path has not yet taken in.
    private const int MaxSeen = 1024;

    private readonly Lock _gate = new();
    private readonly Lock _seeing = new();
    private readonly HandOff<Sight> _seen = new(MaxSeen);
    private readonly long[] _fallbacks = new long[Enum.GetValues<FallbackReason>().Length];
    private readonly long[] _outcomes = new long[Enum.GetValues<Outcome>().Length];
    private readonly int[] _lost = new int[Enum.GetValues<LossReason>().Length];
    private readonly SideTimes[] _times = [.. Enum.GetValues<PhaseSide>().Select(_ => new SideTimes())];
    private Breaker? _breaker;
    private StepWatch? _watch;
    private long _eventTime;
    private long _original;
    private long _enhanced;
    private long _started;
    private long _shed;
    private TimeSpan _rested;
    private long _uncompared;
    private long _late;
    private long _repeated;
    private long _contradicted;

    /// <summary>Told, outside of all locks, when the breaker must open.</summary>
    internal Action? Tripped { get; set; }

    /// <summary>The baseline answered operations that were its own.</summary>
    /// <param name="count">How many.</param>
    /// <param name="decided">The state in which that was decided; null for the present one.</param>
    public void Original(long count = 1, PhaseState? decided = null)
    {
        lock (_gate)
        {
            TakeIn();
            _original += count;
            if (_watch?.Covers(decided) == true)
            {
                _watch.Kept(count);
            }
        }
    }

    /// <summary>The candidate's answer stands.</summary>
    /// <param name="decided">The state in which that was decided; null for the present one.</param>
    public void Enhanced(PhaseState? decided = null)
    {
        lock (_gate)
        {
            _enhanced++;
            Asked(null, decided);
        }
    }

    /// <summary>The baseline's answer stands for one that the candidate should have given.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="decided">The state in which the candidate was asked; null for the present one.</param>
    public void Fallback(FallbackReason reason, PhaseState? decided = null)
    {
        bool trips;
        lock (_gate)
        {
            _original++;
            _fallbacks[(int)reason]++;
            // Behind an open breaker the candidate is not asked, and nothing is learned.
            trips = reason != FallbackReason.Breaker && Asked(reason, decided);
        }

        if (trips)
        {
            Tripped?.Invoke();
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

    /// <summary>The candidate rested.</summary>
    internal void Rested(TimeSpan time)
    {
        lock (_gate)
        {
            _rested += time;
        }
    }

    /// <summary>Operations were to be compared and are not.</summary>
    internal void Uncompared(int count)
    {
        lock (_gate)
        {
            _uncompared += count;
        }
    }

    /// <summary>Two answers were compared.</summary>
    public void Compared(Outcome outcome) => See(new Sight(outcome, null, null, 0, 0));

    /// <summary>The values of a field in two answers to the same operation, for gates on drift.</summary>
    public void Paired(string field, double baseline, double candidate) => See(new Sight(null, null, field, baseline, candidate));

    /// <summary>The baseline was compared with itself.</summary>
    public void Noise(bool agrees) => See(new Sight(null, agrees, null, 0, 0));

    /// <summary>Answers came behind their deadline.</summary>
    public void Late(int count)
    {
        lock (_gate)
        {
            _late += count;
        }
    }

    /// <summary>A candidate was given up.</summary>
    public void Abandoned(LossReason reason)
    {
        lock (_gate)
        {
            _lost[(int)reason]++;
        }
    }

    /// <summary>An answer went on. Only the thread that decides on answers may tell.</summary>
    /// <param name="side">Whose it was.</param>
    /// <param name="ticks">Timestamps of the clock since the operation came.</param>
    internal void Took(PhaseSide side, long ticks) => _times[(int)side].Add(ticks);

    /// <summary>All counts of one instant.</summary>
    public PhaseCounts Count()
    {
        lock (_gate)
        {
            TakeIn();
            return new PhaseCounts
            {
                OriginalCalls = _original,
                EnhancedCalls = _enhanced,
                Fallbacks = Enum.GetValues<FallbackReason>().ToDictionary(r => r, r => _fallbacks[(int)r]),
                ShadowStarted = _started,
                ShadowShed = _shed,
                RestedSeconds = _rested.TotalSeconds,
                Uncompared = _uncompared,
                Outcomes = Enum.GetValues<Outcome>().ToDictionary(o => o, o => _outcomes[(int)o]),
                Late = _late,
                Lost = Enum.GetValues<LossReason>().ToDictionary(r => r, r => _lost[(int)r]),
                Latency = Enum.GetValues<PhaseSide>().Where(s => !_times[(int)s].IsEmpty).ToDictionary(s => s, s => _times[(int)s].Read()),
                Repeated = _repeated,
                Contradicted = _contradicted,
            };
        }
    }

    /// <summary>A state begins: what was seen before belongs to another.</summary>
    internal void Begin(PhaseRamp ramp, PhaseState state, StepSums? sums = null)
    {
        lock (_gate)
        {
            TakeIn();
            _watch = state.Runs && !state.IsOpen && ramp.StepOf(state) is not null ? new StepWatch(ramp, state) : null;
            if (sums is not null)
            {
                _watch?.Restore(sums);
            }

            _breaker ??= ramp.Breaker is { } options ? new Breaker(options) : null;
            _breaker?.Reset(state.IsOpen);
        }
    }

    /// <summary>Event time has moved on.</summary>
    internal void Tick(long eventTime)
    {
        lock (_gate)
        {
            TakeIn();
            _eventTime = Math.Max(_eventTime, eventTime);
            _watch?.Tick(eventTime);
        }
    }

    /// <summary>What the present step says; null when there is none. The breaker may close when the second is true.</summary>
    internal (StepReading? Step, bool MayClose) Read()
    {
        lock (_gate)
        {
            TakeIn();
            return (_watch?.Read(), _breaker?.MayClose == true);
        }
    }

    /// <summary>What the present step has summed up; null when there is none.</summary>
    internal StepSums? Save()
    {
        lock (_gate)
        {
            TakeIn();
            return _watch?.Save();
        }
    }

    private sealed class SideTimes
    {
        private readonly LatencyHistogram _histogram = new();
        private long _sum;

        public bool IsEmpty => Volatile.Read(ref _sum) == 0;

        public void Add(long ticks)
        {
            _histogram.Record(ticks, 1);
            Volatile.Write(ref _sum, _sum + ticks);
        }

        public SideLatency Read()
        {
            var (count, quantiles) = _histogram.Quantiles(0.5, 0.95, 0.99);
            var average = 1000.0 * Volatile.Read(ref _sum) / Stopwatch.Frequency / Math.Max(1, count);
            return new SideLatency(count, Math.Round(average, 6), Math.Round(quantiles[0] / 1000, 6), Math.Round(quantiles[1] / 1000, 6), Math.Round(quantiles[2] / 1000, 6));
        }
    }

    /// <summary>Something that the candidate's side saw: an outcome, whether the baseline agreed with itself, or a pair of values.</summary>
    private readonly record struct Sight(Outcome? Outcome, bool? Agrees, string? Field, double Baseline, double Candidate);

    // Not under the lock of the main path: the candidate's threads stand behind all others, and one that was stopped while it held the
    // lock would hold up the main path for as long as the processors are busy.
    private void See(in Sight sight)
    {
        lock (_seeing)
        {
            while (!_seen.TryWrite(in sight))
            {
                lock (_gate)
                {
                    TakeIn();
                }
            }
        }
    }

    private void TakeIn()
    {
        while (_seen.HasItem)
        {
            var sight = _seen.Take();
            if (sight.Outcome is { } outcome)
            {
                _outcomes[(int)outcome]++;
                _watch?.Compared(outcome);
                if (outcome != Outcome.CompareError)
                {
                    _breaker?.Probed(outcome is Outcome.Match or Outcome.Mismatch or Outcome.Ignored);
                }
            }
            else if (sight.Agrees is { } agrees)
            {
                _repeated++;
                _contradicted += agrees ? 0 : 1;
                _watch?.Noise(agrees);
            }
            else
            {
                _watch?.Paired(sight.Field!, sight.Baseline, sight.Candidate);
            }
        }
    }

    private bool Asked(FallbackReason? fallback, PhaseState? decided)
    {
        TakeIn();
        if (_watch?.Covers(decided) == true)
        {
            _watch.Served(fallback);
        }

        return _breaker?.Asked(fallback is not null, _eventTime) == true;
    }
}
