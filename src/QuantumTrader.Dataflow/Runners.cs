namespace QuantumTrader.Dataflow;

/// <summary>Gives an island its turns until it is done.</summary>
internal interface IRunner : IWakeable
{
    Task Completion { get; }

    void Start();
}

/// <summary>Runs an island on a thread of its own: sources and blocks that wait for the outside world.</summary>
internal sealed class ThreadRunner(Island island, string name, ThreadRank? rank, Action<Exception> onFault, CancellationToken abort) : IRunner
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly object _gate = new();
    private ThreadRank? _rank = rank;
    private Thread? _thread;
    private bool _isWoken;

    public Task Completion => _completion.Task;

    public void Start()
    {
        lock (_gate)
        {
            GoOn();
        }
    }

    public void Wake()
    {
        lock (_gate)
        {
            _isWoken = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Another thread goes on, once the one before has finished its turn.</summary>
    public void ChangeRank(ThreadRank? to)
    {
        lock (_gate)
        {
            _rank = to;
            if (_thread is not null)
            {
                GoOn();
            }
        }

        Wake();
    }

    private void GoOn()
    {
        var (before, its) = (_thread, _rank);
        _thread = new Thread(() => Loop(before, its)) { IsBackground = true, Name = name };
        _thread.Start();
    }

    private void Loop(Thread? before, ThreadRank? its)
    {
        ThreadRanks.Lower(its);
        before?.Join();
        if (_completion.Task.IsCompleted)
        {
            return;
        }

        try
        {
            while (!abort.IsCancellationRequested)
            {
                if (Volatile.Read(ref _thread) != Thread.CurrentThread)
                {
                    return;
                }

                island.Clock.Enter(IslandState.Busy);
                var turn = island.TakeTurn();
                if (turn == Turn.Done)
                {
                    break;
                }

                if (turn != Turn.Worked)
                {
                    island.Clock.Enter(turn == Turn.NeedsRoom ? IslandState.Backpressured : IslandState.Idle);
                    WaitUntilWoken();
                }
            }
        }
        catch (Exception error)
        {
            onFault(error);
        }

        island.Clock.Enter(IslandState.Idle);
        _completion.SetResult();
    }

    private void WaitUntilWoken()
    {
        lock (_gate)
        {
            // Whoever breaks the run off wakes every runner, so this needs no token.
            while (!_isWoken)
            {
                Monitor.Wait(_gate);
            }

            _isWoken = false;
        }
    }
}

/// <summary>Runs an island on the shared workers, at most one of them at a time.</summary>
internal sealed class PooledRunner(Island island, WorkerPool pool, Action<Exception> onFault, CancellationToken abort) : IRunner
{
    // Turns before an island goes to the back of the queue, so that a busy one cannot starve the rest.
    private const int Quota = 16;

    private const int Parked = 0;
    private const int Queued = 1;
    private const int Running = 2;
    private const int RunningAndWoken = 3;

    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _state = Parked;

    public Task Completion => _completion.Task;

    /// <summary>The worker that ran it last; -1 before the first.</summary>
    public int LastWorker { get; set; } = -1;

    public void Start() => Wake();

    public void Wake()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            var next = state switch { Parked => Queued, Running => RunningAndWoken, _ => state };
            if (next == state)
            {
                return;
            }

            if (Interlocked.CompareExchange(ref _state, next, state) == state)
            {
                if (next == Queued)
                {
                    pool.Enqueue(this);
                }

                return;
            }
        }
    }

    /// <summary>Called by a worker.</summary>
    public void Run()
    {
        Volatile.Write(ref _state, Running);
        island.Clock.Enter(IslandState.Busy);
        try
        {
            for (var turns = 0; !abort.IsCancellationRequested; turns++)
            {
                if (turns == Quota)
                {
                    Volatile.Write(ref _state, Queued);
                    pool.Enqueue(this);
                    return;
                }

                var turn = island.TakeTurn();
                if (turn == Turn.Worked)
                {
                    continue;
                }

                if (turn == Turn.Done)
                {
                    break;
                }

                // Entered before the state is given up: afterwards another worker may already be running the island.
                island.Clock.Enter(turn == Turn.NeedsRoom ? IslandState.Backpressured : IslandState.Idle);
                if (Interlocked.CompareExchange(ref _state, Parked, Running) == Running)
                {
                    return;
                }

                // Woken while it ran: the news may be what it was about to wait for.
                Volatile.Write(ref _state, Running);
                island.Clock.Enter(IslandState.Busy);
            }
        }
        catch (Exception error)
        {
            onFault(error);
        }

        island.Clock.Enter(IslandState.Idle);
        _completion.TrySetResult();
    }
}

/// <summary>
/// A fixed number of threads that run whichever islands have work. One idle worker at a time looks out for work for a moment before it
/// sleeps: waking a sleeping thread costs the waker more than handing over a batch, and a fast reader would be put to sleep for each.
/// </summary>
internal sealed class WorkerPool(int workers, string name, ThreadRank? rank) : IDisposable
{
    // About 20 us in all, which is what a wake-up costs: looking out longer than that could not pay.
    private const int Looks = 50;
    private const int SpinsPerLook = 10;

    // Islands of its own that a worker may take ahead of one that waits longer.
    private const int Patience = 16;

    // In the order in which they became ready. Each island is in here at most once, so the list is bounded by their number.
    private readonly List<PooledRunner> _ready = [];
    private readonly object _gate = new();
    private int _passedOver;
    private volatile int _readyCount;
    private ThreadRank? _rank = rank;
    private int _shift;
    private bool _hasLookout;
    private bool _isStopped;

    public void Start()
    {
        lock (_gate)
        {
            GoOn();
        }
    }

    /// <summary>Other threads go on, once those before have finished their turns.</summary>
    public void ChangeRank(ThreadRank? to)
    {
        lock (_gate)
        {
            _rank = to;
            if (_shift > 0)
            {
                GoOn();
                Monitor.PulseAll(_gate);
            }
        }
    }

    public void Enqueue(PooledRunner runner)
    {
        lock (_gate)
        {
            _ready.Add(runner);
            _readyCount = _ready.Count;
            // The lookout takes the first one; it looks again under this lock before it goes to sleep.
            if (_ready.Count > (_hasLookout ? 1 : 0))
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isStopped = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void GoOn()
    {
        var (shift, its) = (++_shift, _rank);
        for (var i = 0; i < workers; i++)
        {
            var worker = i;
            new Thread(() => Loop(worker, shift, its)) { IsBackground = true, Name = $"{name}/worker-{i}" }.Start();
        }
    }

    private void Loop(int worker, int shift, ThreadRank? its)
    {
        ThreadRanks.Lower(its);
        while (Next(worker, shift) is { } runner)
        {
            runner.Run();
        }
    }

    private PooledRunner? Next(int worker, int shift)
    {
        lock (_gate)
        {
            if (shift == _shift && TryTake(worker, out var ready))
            {
                return ready;
            }

            if (!_hasLookout && shift == _shift)
            {
                _hasLookout = true;
                Monitor.Exit(_gate);
                LookOut();
                Monitor.Enter(_gate);
                _hasLookout = false;
            }

            while (shift != _shift || !TryTake(worker, out ready))
            {
                if (_isStopped || shift != _shift)
                {
                    // What it looked out for nobody else was woken for.
                    Monitor.Pulse(_gate);
                    return null;
                }

                Monitor.Wait(_gate);
            }

            return ready;
        }
    }

    private void LookOut()
    {
        for (var i = 0; i < Looks && _readyCount == 0; i++)
        {
            Thread.SpinWait(SpinsPerLook);
        }
    }

    // What a worker ran last it finds in the cache of its processor, and so does whoever reuses the batches that were read there: the one
    // that waits longest among those, otherwise the one that waits longest of all.
    private bool TryTake(int worker, out PooledRunner? runner)
    {
        runner = null;
        if (_ready.Count == 0)
        {
            return false;
        }

        var next = _passedOver < Patience ? FirstOf(worker) : 0;
        _passedOver = next > 0 ? _passedOver + 1 : 0;
        runner = _ready[next];
        runner.LastWorker = worker;
        _ready.RemoveAt(next);
        _readyCount = _ready.Count;
        return true;
    }

    private int FirstOf(int worker)
    {
        for (var i = 0; i < _ready.Count; i++)
        {
            if (_ready[i].LastWorker == worker)
            {
                return i;
            }
        }

        return 0;
    }
}
