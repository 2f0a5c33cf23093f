using QuantumTrader.Dataflow;

namespace QuantumTrader.Rollout.Serving;

/// <summary>
/// One life of a candidate: a graph of its own, on threads of its own. The main path hands operations over and takes answers back, both
/// without ever waiting for a lock; a life that hangs is left behind with everything that it holds, and the next one has queues of its own.
/// </summary>
internal sealed class CandidateRun<TIn, TOut> : ICandidateHost, IDisposable
    where TIn : struct, IEvent<TIn>
    where TOut : struct, IEvent<TOut>
{
    private readonly HandOff<TIn> _operations;
    private readonly HandOff<TOut> _answers;
    private readonly HandOff<Offer<TOut>> _baselines;
    private readonly Bell _candidateBell = new();
    private readonly Bell _mainBell = new();
    private readonly Bell _roomBell = new();
    // The tap's own: over a boundary it waits on another thread than the switch.
    private readonly Bell _tapBell = new();
    private readonly CandidateEnds<TIn, TOut> _ends;
    private readonly Comparison<TOut> _comparison;
    private readonly Comparison<TOut> _repetition;
    private readonly TimeProvider _clock;
    private readonly Func<bool> _isAwaited;
    private readonly Lock _comparing = new();
    // Operations that were answered without the candidate because it was late; each leaves again with the next answer.
    private readonly Queue<long> _missed = new();
    private readonly Graph _graph;
    private GraphReport? _report;
    private long _handedThrough;
    private long _handledThrough;
    private long _comparedThrough;
    private long _releasedThrough;
    private long _offeredThrough;
    private long _progress;
    private volatile bool _isDown;
    private volatile bool _isAsked;

    /// <summary>A life that has not yet begun.</summary>
    /// <param name="build">Puts the candidate's blocks, or what stands for them, between its ends, and the baseline's where it is asked again.</param>
    /// <param name="capacity">Operations that may wait.</param>
    /// <param name="run">Most operations that come by at once: as many answers must fit, since nobody takes them before all came by.</param>
    /// <param name="comparison">Compares answers with the candidate's; told on the candidate's threads.</param>
    /// <param name="repetition">Compares answers with what the baseline says when asked again.</param>
    /// <param name="isReleased">It begins with an operation as soon as it has it; otherwise when <see cref="Release"/> says so.</param>
    /// <param name="isAwaited">Somebody may wait for its answers; otherwise it keeps to its limits.</param>
    /// <param name="usage">What it uses, and may; null for whatever it likes.</param>
    /// <param name="clock">Measures deadlines and hangs.</param>
    public CandidateRun(Func<CandidateEnds<TIn, TOut>, Graph> build, int capacity, int run, Comparison<TOut> comparison, Comparison<TOut> repetition, bool isReleased, Func<bool> isAwaited, CandidateUsage? usage, TimeProvider clock)
    {
        _releasedThrough = isReleased ? long.MaxValue : 0;
        _operations = new HandOff<TIn>(capacity, grows: true);
        // As many as there may be answers that nobody has taken: a candidate that is faster than the baseline waits for it here.
        _baselines = new HandOff<Offer<TOut>>(capacity + (2 * run), grows: true);
        _answers = new HandOff<TOut>(capacity + (2 * run), grows: true);
        (_comparison, _repetition) = (comparison, repetition);
        (_clock, _isAwaited) = (clock, isAwaited);
        var feed = new CandidateFeed<TIn>(_operations, _candidateBell, this, usage);
        _ends = new CandidateEnds<TIn, TOut>(feed, new CandidateAnswers<TOut>(OnAnswer), new CandidateAnswers<TOut>(OnRepetition));
        _graph = build(_ends);
        _progress = clock.GetTimestamp();
    }

    /// <summary>It has ended, by a fault or because it was closed.</summary>
    public bool IsDown => _isDown;

    /// <summary>Why it has ended before its time; null when it has not, or nobody knows.</summary>
    public CandidateLoss? Loss => _ends.Loss ?? (_report?.Fault is { } fault ? new CandidateLoss(LossReason.Error, fault) : null);

    /// <summary>Gives its threads another rank.</summary>
    public void ChangeRank(ThreadRank? rank) => _graph.ChangeRank(rank);

    /// <summary>Begins to work. Calls the blocks' own code to start them, which may hang, and throws what it throws.</summary>
    public void Start()
    {
        var run = _graph.RunAsync();
        if (run.IsFaulted)
        {
            _graph.Dispose();
            run.GetAwaiter().GetResult();
        }

        _ = EndAsync(run);
    }

    /// <summary>Main path: hands over an operation; false when there is no room.</summary>
    public bool TryHand(in TIn operation)
    {
        if (_isDown || !_operations.TryWrite(TIn.Keep(in operation)))
        {
            return false;
        }

        Volatile.Write(ref _handedThrough, operation.Sequence);
        return true;
    }

    /// <summary>Main path: operations come that it may be handed. A time in which it had nothing to do is no hang.</summary>
    public void Expect(long now)
    {
        if (!IsWorking)
        {
            Volatile.Write(ref _progress, now);
        }
    }

    /// <summary>Main path: everything of a run was handed over.</summary>
    public void Publish() => _candidateBell.TryRing();

    /// <summary>Main path: it may begin with the operations up to this one.</summary>
    public void Release(long through)
    {
        Expect(_clock.GetTimestamp());
        Volatile.Write(ref _releasedThrough, through);
        _candidateBell.TryRing();
    }

    /// <summary>Main path: the baseline's answer to an operation, to be compared; false when there is no room.</summary>
    /// <param name="baseline">The answer.</param>
    /// <param name="isCompared">It is held against the candidate's.</param>
    /// <param name="isRepeated">It is held against what the baseline says when it is asked again.</param>
    public bool TryOffer(in TOut baseline, bool isCompared, bool isRepeated)
    {
        if (_isDown || !_baselines.TryWrite(new Offer<TOut>(TOut.Keep(in baseline)) { AwaitsCandidate = isCompared, AwaitsRepetition = isRepeated }))
        {
            return false;
        }

        _offeredThrough = baseline.Sequence;
        return true;
    }

    /// <summary>Main path: the candidate works on something and has not moved for so long.</summary>
    public bool Hangs(TimeSpan after) =>
        !_isDown && IsWorking && _clock.GetElapsedTime(Volatile.Read(ref _progress)) > after;

    private bool IsWorking => Volatile.Read(ref _handledThrough) < Math.Min(Volatile.Read(ref _handedThrough), Volatile.Read(ref _releasedThrough));

    /// <summary>Main path: waits for room for another operation; false when the candidate has ended or hangs.</summary>
    public bool WaitForRoom(TimeSpan hangAfter)
    {
        _candidateBell.Ring();
        WaitFor(_tapBell, () => _isDown || _operations.Count < _operations.Capacity, null, hangAfter);
        return !_isDown && _operations.Count < _operations.Capacity;
    }

    /// <summary>Main path: waits until all that was offered is compared.</summary>
    public void WaitUntilCompared(TimeSpan hangAfter)
    {
        _isAsked = true;
        _candidateBell.Ring();
        _roomBell.Ring();
        WaitFor(_mainBell, () => _isDown || Volatile.Read(ref _comparedThrough) >= _offeredThrough, null, hangAfter);
    }

    /// <summary>Main path: takes the answer to an operation, waiting for it until the deadline.</summary>
    /// <param name="sequence">The operation.</param>
    /// <param name="deadline">Timestamp of the clock; null to wait as long as the candidate moves.</param>
    /// <param name="hangAfter">How long a candidate may stand still.</param>
    /// <param name="isTakenBack">Nobody waits any longer; who makes it true says so by <see cref="LookUp"/>.</param>
    /// <param name="answer">The answer.</param>
    /// <returns>Null when there is an answer; else why there is none.</returns>
    public FallbackReason? Take(long sequence, long? deadline, TimeSpan hangAfter, Func<bool> isTakenBack, out TOut answer)
    {
        while (true)
        {
            // Read before the answers: what was handled by then has its answer among them.
            var isDown = _isDown;
            var handledThrough = Volatile.Read(ref _handledThrough);
            Forget(sequence - 1);
            // Looked at once, because it may be an earlier one that came just now, or the one waited for a moment later.
            var next = _answers.HasItem ? _answers.Head.Sequence : long.MinValue;
            if (next == sequence)
            {
                answer = _answers.Take();
                return null;
            }

            answer = default;
            if (isDown || handledThrough >= sequence || next > sequence)
            {
                return FallbackReason.Error;
            }

            if (!WaitForAnswer(sequence, deadline, hangAfter, isTakenBack) || isTakenBack())
            {
                _missed.Enqueue(sequence);
                return FallbackReason.Deadline;
            }
        }
    }

    // Apart from its caller, which would else pay for the closure even when the answer is there.
    private bool WaitForAnswer(long sequence, long? deadline, TimeSpan hangAfter, Func<bool> isTakenBack)
    {
        // Now that it waits anyway, it makes sure that the candidate does not.
        _candidateBell.Ring();
        return WaitFor(_mainBell, () => _isDown || _answers.HasItem || Volatile.Read(ref _handledThrough) >= sequence || isTakenBack(), deadline, hangAfter);
    }

    /// <summary>Any thread: whoever waits for an answer looks whether anybody still wants it.</summary>
    public void LookUp() => _mainBell.Ring();

    /// <summary>Main path: drops the answers to all operations up to this one.</summary>
    public void Forget(long through)
    {
        for (; _answers.HasItem && _answers.Head.Sequence <= through; _answers.Take())
        {
            while (_missed.TryPeek(out var missed) && missed <= _answers.Head.Sequence)
            {
                Late += missed == _answers.Head.Sequence ? 1 : 0;
                _missed.Dequeue();
            }
        }

        _roomBell.TryRing();
    }

    /// <summary>Main path: answers that came behind their deadline since <see cref="TakeLate"/>.</summary>
    public int Late { get; private set; }

    /// <summary>Main path: the same, and counts from 0 again.</summary>
    public int TakeLate()
    {
        var late = Late;
        Late = 0;
        return late;
    }

    /// <summary>It was asked to finish.</summary>
    public bool IsClosed => _ends.Feed.IsClosed;

    /// <summary>Asks it to finish what it has. Does not wait.</summary>
    public void Close()
    {
        Volatile.Write(ref _releasedThrough, long.MaxValue);
        _ends.Feed.Close();
    }

    /// <summary>Waits for its end; false when it hangs, or, without patience, is not done in the time of a hang.</summary>
    public bool WaitForEnd(TimeSpan hangAfter, bool isPatient)
    {
        WaitFor(_mainBell, () => _isDown, isPatient ? null : _clock.GetTimestamp() + (long)(hangAfter.TotalSeconds * _clock.TimestampFrequency), hangAfter);
        return _isDown;
    }

    /// <summary>Leaves it behind: nothing that it still does reaches anybody.</summary>
    /// <returns>Operations that were to be compared and now never are.</returns>
    public int Abandon()
    {
        _isDown = true;
        lock (_comparing)
        {
            var left = 0;
            while (_baselines.HasItem)
            {
                left += _baselines.Take().AwaitsCandidate ? 1 : 0;
            }

            return left;
        }
    }

    /// <summary>Ends whatever of it can be ended; it may take as long as the candidate's code does.</summary>
    public void Abort(string reason) => _graph.Abort(reason);

    /// <summary>Leaves it behind and ends it, unless it has ended.</summary>
    public void BreakOff(string reason)
    {
        if (!_isDown)
        {
            Abandon();
            Abort(reason);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    long ICandidateHost.ReleasedThrough => Volatile.Read(ref _releasedThrough);

    bool ICandidateHost.IsAwaited => _isAwaited();

    bool ICandidateHost.IsAsked => _isAsked;

    TimeSpan ICandidateHost.CpuTime => _ends.Process?.CpuTime ?? CpuTime.OfThread();

    void ICandidateHost.Compare() => Compare();

    void ICandidateHost.Taken() => _tapBell.Ring();

    void ICandidateHost.Handled(long sequence) => OnHandled(sequence);

    void ICandidateHost.Rested() => OnHandled(long.MinValue);

    void ICandidateHost.Lose(CandidateLoss loss) => _ends.Loss = loss;

    private async Task EndAsync(Task<GraphReport> run)
    {
        _report = await run.ConfigureAwait(false);
        OnHandled(_handledThrough);
        _isDown = true;
        _mainBell.Ring();
        _tapBell.Ring();
    }

    private void OnAnswer(TOut answer)
    {
        Volatile.Write(ref _progress, _clock.GetTimestamp());
        // Full only when the switch is far behind the tap, over a boundary: then the candidate waits for it.
        while (!_answers.TryWrite(in answer) && !_isDown)
        {
            // Before it takes anything the switch may itself wait for what was offered.
            Compare();
            _roomBell.Wait(() => _isDown || _isAsked || _answers.Count < _answers.Capacity, Bell.LookAgain);
        }

        lock (_comparing)
        {
            _comparison.Answer(in answer);
        }

        Compare();
    }

    private void OnRepetition(TOut answer)
    {
        lock (_comparing)
        {
            _repetition.Answer(in answer);
        }
    }

    private void OnHandled(long sequence)
    {
        Volatile.Write(ref _progress, _clock.GetTimestamp());
        lock (_comparing)
        {
            // The source tells, and so does a process that knows it earlier.
            Volatile.Write(ref _handledThrough, Math.Max(_handledThrough, sequence));
        }

        Compare();
    }

    // On any of the candidate's threads: its own, and those of its parallel blocks.
    private void Compare()
    {
        lock (_comparing)
        {
            _isAsked = false;
            while (_baselines.HasItem && IsOver(ref _baselines.Head))
            {
                Volatile.Write(ref _comparedThrough, _baselines.Take().Answer.Sequence);
            }
        }

        _mainBell.Ring();
    }

    private bool IsOver(ref Offer<TOut> offer)
    {
        var handledThrough = Volatile.Read(ref _handledThrough);
        offer.AwaitsCandidate = offer.AwaitsCandidate && !_comparison.TryCompare(in offer.Answer, handledThrough);
        offer.AwaitsRepetition = offer.AwaitsRepetition && !_repetition.TryCompare(in offer.Answer, handledThrough);
        return !offer.AwaitsCandidate && !offer.AwaitsRepetition;
    }

    // Looks for a moment before it sleeps: an answer is mostly there within microseconds, and sleeping costs more.
    private bool WaitFor(Bell bell, Func<bool> isDone, long? deadline, TimeSpan hangAfter)
    {
        var spinner = new SpinWait();
        var began = _clock.GetTimestamp();
        while (!isDone())
        {
            var now = _clock.GetTimestamp();
            if (deadline is { } end && now >= end)
            {
                return false;
            }

            var stoodStill = _clock.GetElapsedTime(Math.Max(began, Volatile.Read(ref _progress)), now);
            if (stoodStill > hangAfter)
            {
                return false;
            }

            // Sleeps whole milliseconds, and only yields for the last: a timer is late by as much as that again.
            var left = deadline is { } at && _clock.GetElapsedTime(now, at) is var due && due < hangAfter - stoodStill ? due : hangAfter - stoodStill;
            if (!spinner.NextSpinWillYield || left < TimeSpan.FromMilliseconds(1))
            {
                spinner.SpinOnce(-1);
                continue;
            }

            bell.Wait(isDone, left);
        }

        return true;
    }
}
