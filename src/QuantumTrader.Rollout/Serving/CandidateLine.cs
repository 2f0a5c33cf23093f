using QuantumTrader.Dataflow;

namespace QuantumTrader.Rollout.Serving;

/// <summary>
/// What the tap in front of a phase and the switch behind it share: which operations came by, and the candidate that they were
/// handed to. The tap writes and the switch reads; the lives of the candidate are the tap's business.
/// </summary>
[RunEvent("QT2702", "candidate_lost", "A candidate hung, failed, died or allocated too much, and is made anew as often as `max_abandoned` allows.", "Look at the words of the note, and correct the candidate.")]
internal sealed class CandidateLine<TIn, TOut> : IDisposable
    where TIn : struct, IEvent<TIn>
    where TOut : struct, IEvent<TOut>
{
    // Runs of operations between tap and switch; more than this only when the switch is far behind, over a boundary.
    private const int MaxArrivals = 16_384;
    private static readonly CandidateLoss Hung = new(LossReason.Hang, "it hung");
    private static readonly CandidateLoss Ended = new(LossReason.Error, "it ended");
    private static readonly CandidateLoss NoEnd = new(LossReason.Hang, "it did not end");

    private readonly HandOff<Arrival<TIn, TOut>> _arrivals = new(MaxArrivals, grows: true);
    private readonly Phase _phase;
    private readonly Func<CandidateRun<TIn, TOut>> _make;
    private readonly TimeProvider _clock;
    private readonly ShadowOptions _options;
    private SpareThread? _spare;
    private CandidateRun<TIn, TOut>? _current;
    private Task<CandidateRun<TIn, TOut>>? _starting;
    private ThreadRank? _rank;
    private long _startedAt;
    private int _lost;

    public CandidateLine(Phase phase, Func<CandidateRun<TIn, TOut>> make, TimeProvider clock)
    {
        (_phase, _make, _clock, _options) = (phase, make, clock, phase.Options.Shadow);
    }

    /// <summary>The phase.</summary>
    public Phase Phase => _phase;

    /// <summary>True when the main path waits for the candidate, so that results do not depend on the machine's speed.</summary>
    public bool Waits => _options.Overload == ShadowOverload.Wait;

    /// <summary>How long a candidate may stand still.</summary>
    public TimeSpan HangAfter => _options.HangAfter;

    /// <summary>Told, on any thread, of every candidate that is given up.</summary>
    public Action<string>? Told { get; set; }

    /// <summary>Nothing runs, and nothing is on its way.</summary>
    public bool IsIdle => _current is null && _starting is null && !_arrivals.HasItem;

    /// <summary>The graph is about to start: a candidate that runs from the beginning misses nothing.</summary>
    public void Begin()
    {
        _phase.TakenOut = TakeOut;
        _spare = new SpareThread($"{_phase.Options.Name}/spare");
        if (_phase.State.Runs)
        {
            Live(waits: true);
        }
    }

    /// <summary>Tap: operations come by.</summary>
    public void Arrive(Run<TIn> run)
    {
        if (!_phase.State.Runs)
        {
            End();
            return;
        }

        var candidate = _arrivals.Count < MaxArrivals ? Live(Waits) : null;
        var now = _clock.GetTimestamp();
        candidate?.Expect(now);
        var (handed, last, hasRoom) = (long.MinValue, 0L, candidate is not null);
        var (started, shed) = (0, 0);
        foreach (ref readonly var operation in run)
        {
            last = operation.Sequence;
            // Once one was shed the rest of the run is too: so what was handed over is told by one number.
            hasRoom = hasRoom && (candidate!.TryHand(in operation) || (Waits && WaitForRoom(candidate) && candidate.TryHand(in operation)));
            if (hasRoom)
            {
                handed = last;
                started++;
            }
            else
            {
                shed++;
            }
        }

        candidate?.Publish();
        _phase.Evidence.Handed(started, shed);
        _arrivals.TryWrite(new Arrival<TIn, TOut>(last, handed, now, candidate));
    }

    /// <summary>Switch: what was decided for an operation; false when it came by while the phase was off.</summary>
    public bool TryFind(long sequence, out Arrival<TIn, TOut> arrival)
    {
        while (_arrivals.HasItem && _arrivals.Head.Through < sequence)
        {
            _arrivals.Take();
        }

        arrival = _arrivals.HasItem ? _arrivals.Head : default;
        return _arrivals.HasItem;
    }

    /// <summary>Switch: the stream has ended; the candidate finishes what it has: all of it, or as much as it can in the time of a hang.</summary>
    public void Finish()
    {
        if (_current is not { IsClosed: false } run)
        {
            return;
        }

        run.Close();
        if (!run.WaitForEnd(HangAfter, isPatient: Waits) && run.Hangs(HangAfter))
        {
            GiveUp(run, NoEnd);
        }
        else if (run.Loss is { } loss)
        {
            GiveUp(run, loss);
        }
        else
        {
            Abandon(run, "the stream has ended");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        End();
        _spare?.Dispose();
    }

    private bool WaitForRoom(CandidateRun<TIn, TOut> candidate) => candidate.WaitForRoom(HangAfter);

    // The candidate to hand operations to; null while there is none.
    private CandidateRun<TIn, TOut>? Live(bool waits)
    {
        if (_current is { IsClosed: true })
        {
            // Taken out meanwhile, and wanted again.
            End();
        }

        if (_current is { } run)
        {
            if (!run.IsDown && !run.Hangs(HangAfter))
            {
                KeepRank(run);
                return run;
            }

            GiveUp(run, !run.IsDown ? Hung : run.Loss ?? Ended);
        }

        if (_lost > _options.MaxAbandoned)
        {
            return null;
        }

        if (_starting is null)
        {
            // Made elsewhere: its constructors are the candidate's code, which may hang.
            _startedAt = _clock.GetTimestamp();
            _rank = _phase.Rank;
            _starting = _spare!.Run(() => MakeAndStart(waits || _options.Isolation == Isolation.Process ? null : _rank));
        }

        if (waits)
        {
            Task.WaitAny([_starting], _options.StartsWithin);
        }

        if (_starting.IsCompletedSuccessfully)
        {
            _current = _starting.Result;
        }
        else if (_starting.IsFaulted)
        {
            Lose(new CandidateLoss(LossReason.Start, _starting.Exception.InnerException!.Message));
        }
        else if (_clock.GetElapsedTime(_startedAt) > _options.StartsWithin)
        {
            LeaveWhenMade();
            Lose(new CandidateLoss(LossReason.Start, "it could not be made in time"));
        }
        else
        {
            return null;
        }

        _starting = null;
        return _current;
    }

    // What was made in the shadow is of another rank than what serves.
    private void KeepRank(CandidateRun<TIn, TOut> run)
    {
        if (_phase.Rank is var rank && rank != _rank)
        {
            _rank = rank;
            _spare!.Run(() => run.ChangeRank(rank));
        }
    }

    private CandidateRun<TIn, TOut> MakeAndStart(ThreadRank? rank)
    {
        ThreadRanks.Lower(rank);
        var run = _make();
        run.Start();
        return run;
    }

    private void GiveUp(CandidateRun<TIn, TOut> run, CandidateLoss loss)
    {
        Abandon(run, loss.Words);
        Lose(loss);
    }

    private void Abandon(CandidateRun<TIn, TOut> run, string reason)
    {
        _phase.Evidence.Uncompared(run.Abandon());
        // Elsewhere: it wakes whoever waits in the candidate's code, which must not run here.
        _spare!.Run(() => run.Abort(reason));
        _current = null;
    }

    private void Lose(CandidateLoss loss)
    {
        _lost++;
        _phase.Evidence.Abandoned(loss.Reason);
        Told?.Invoke($"'{_phase.Options.Name}': the candidate was given up because {loss.Words} ({_lost} of {_options.MaxAbandoned + 1}).");
        if (_lost > _options.MaxAbandoned)
        {
            _phase.Hold($"the candidate was given up {_lost} times; the last time because {loss.Words}");
        }
    }

    private void TakeOut()
    {
        var run = Volatile.Read(ref _current);
        // An answer of it is no longer waited for, however long its deadline.
        run?.LookUp();
        Leave(run);
    }

    private void End()
    {
        Leave(_current);
        LeaveWhenMade();
        _current = null;
        _lost = 0;
    }

    private void LeaveWhenMade()
    {
        _starting?.ContinueWith(made => Leave(made.Result), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        _starting = null;
    }

    // Nobody asks it any more; what does not end by itself is broken off.
    private void Leave(CandidateRun<TIn, TOut>? run)
    {
        if (run is null || run.IsClosed)
        {
            return;
        }

        run.Close();
        Task.Delay(HangAfter, _clock).ContinueWith(_ => run.BreakOff(NoEnd.Words), TaskScheduler.Default);
    }
}
