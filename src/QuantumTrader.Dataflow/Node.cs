using System.Diagnostics;

namespace QuantumTrader.Dataflow;

/// <summary>What a node needs to be made.</summary>
internal sealed record NodeSettings(BlockSettings Block, EngineSettings Engine, PoolSet Pools)
{
    /// <summary>The node's batches are used by nobody else, so that what their events keep beside them stays with its thread.</summary>
    public bool OwnsPool { get; init; }

    /// <summary>Where the node takes the batches of its output from.</summary>
    public BatchPool<T> PoolOf<T>() where T : struct, IEvent<T> => OwnsPool ? Pools.Another<T>() : Pools.Shared<T>();
}

/// <summary>The pools of batches of a graph: one that is shared per event type, and those of single users.</summary>
internal sealed class PoolSet(int batchSize)
{
    private readonly Dictionary<Type, object> _shared = [];
    private readonly List<Func<long>> _outstanding = [];

    public long Outstanding => _outstanding.Sum(of => of());

    public BatchPool<T> Shared<T>() where T : struct, IEvent<T>
    {
        if (!_shared.TryGetValue(typeof(T), out var pool))
        {
            _shared[typeof(T)] = pool = Another<T>();
        }

        return (BatchPool<T>)pool;
    }

    public BatchPool<T> Another<T>() where T : struct, IEvent<T>
    {
        var pool = new BatchPool<T>(Math.Max(1, batchSize / T.Weight));
        _outstanding.Add(() => pool.Outstanding);
        return pool;
    }
}

/// <summary>A named input of a block and the event type that it takes.</summary>
internal readonly record struct InputPort(string Name, Type Type);

/// <summary>What a block counted, taken at one instant: <c>In = Passed + Consumed + Dropped + Errors + Held</c> and <c>Out = Passed + Created</c>.</summary>
internal record struct NodeCounts(long In, long Passed, long Created, long Consumed, long Dropped, long Errors, long Held, long Out)
{
    /// <summary>Runs in which the block took events in.</summary>
    public long Batches { get; set; }
}

/// <summary>Runs one block inside its island: merges its inputs, calls it, applies its fault policy, counts, and passes its output on.</summary>
internal abstract class Node
{
    private const long Never = long.MaxValue;
    private NodeCounts _counts;
    private int _countsVersion;
    private long _handledThrough;
    private Inlet[] _inlets = [];

    protected Node(Block block, NodeSettings settings)
    {
        Block = block;
        Settings = settings;
        Cursor = new RunCursor(block.Accounts);
    }

    public Block Block { get; }

    public NodeSettings Settings { get; }

    public LatencyHistogram Latency { get; } = new();

    /// <summary>The same of the last minute; null before the first event of a last block.</summary>
    public RecentLatency? RecentLatency { get; private set; }

    /// <summary>Sampled cost: stopwatch ticks over events.</summary>
    public long SampledTicks { get; private set; }

    /// <summary>Events in the sampled runs.</summary>
    public long SampledEvents { get; private set; }

    public abstract IReadOnlyList<InputPort> Ports { get; }

    public abstract Outlet Outlet { get; }

    public abstract Type OutputType { get; }

    /// <summary>Weight of the events that the block sends.</summary>
    public abstract int OutputWeight { get; }

    /// <summary>The block numbers its output anew.</summary>
    public virtual bool Resequences => false;

    /// <summary>The block merges inputs of different roots by a key of its own.</summary>
    public bool MergesRoots => Block.GetType().GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IMergesBy<>));

    /// <summary>The block's state is kept per key.</summary>
    public bool IsPartitioned => Block.GetType().IsDefined(typeof(PartitionedAttribute), true);

    public bool IsFinished { get; private set; }

    /// <summary>Wakes the island of this node; set by the graph.</summary>
    public IWakeable? Waker { get; set; }

    /// <summary>The block has work beside its input (see <see cref="Poll"/>), so it must be the head of an island.</summary>
    public virtual bool IsSelfPaced => false;

    /// <summary>The block can be handed more now.</summary>
    public virtual bool TakesInput => true;

    protected RunCursor Cursor { get; }

    /// <summary>The delegate, <c>Action&lt;Slice&lt;T&gt;&gt;</c>, that takes what arrives at a port.</summary>
    public abstract Delegate Receiver(int port);

    public virtual void AddInlet(Inlet inlet) => _inlets = [.. _inlets, inlet];

    public NodeCounts Count()
    {
        // A sequence lock: the writer, who comes by once per run and block, never waits; an odd version means that it is writing.
        while (true)
        {
            var version = Volatile.Read(ref _countsVersion);
            var counts = _counts;
            Volatile.ReadBarrier();
            if ((version & 1) == 0 && Volatile.Read(ref _countsVersion) == version)
            {
                return counts;
            }

            Thread.Yield();
        }
    }

    /// <summary>
    /// Handles what has arrived, at most <paramref name="limit"/> events; returns how many. Several inputs are merged by
    /// (sequence or the block's own key, order of the inputs); an event goes ahead only when no other input can still bring an earlier one.
    /// </summary>
    public int Pump(int limit)
    {
        var handled = _inlets.Length == 1 ? PumpOne(_inlets[0], limit) : PumpMerged(limit);
        PublishProgress();
        return handled;
    }

    private static int PumpOne(Inlet inlet, int limit)
    {
        var handled = 0;
        int delivered;
        do
        {
            inlet.Refill();
            delivered = inlet.Deliver(Never, limit - handled);
            handled += delivered;
        }
        while (delivered > 0 && handled < limit);
        return handled;
    }

    protected virtual int PumpMerged(int limit)
    {
        var handled = 0;
        while (handled < limit)
        {
            var next = -1;
            for (var i = 0; i < _inlets.Length; i++)
            {
                var inlet = _inlets[i];
                inlet.Refill();
                if (inlet.HasPending && (next < 0 || inlet.NextKey < _inlets[next].NextKey))
                {
                    next = i;
                }
            }

            if (next < 0)
            {
                break;
            }

            var through = ThroughFor(next);
            if (_inlets[next].NextKey > through)
            {
                break;
            }

            handled += _inlets[next].Deliver(through, limit - handled);
        }

        return handled;
    }

    /// <summary>As <see cref="Pump"/>, and measures what it costs.</summary>
    public int PumpSampled(int limit)
    {
        var start = Stopwatch.GetTimestamp();
        var handled = Pump(limit);
        SampledTicks += Stopwatch.GetTimestamp() - start;
        SampledEvents += handled;
        return handled;
    }

    /// <summary>All inputs have ended and are handled.</summary>
    public bool IsInputDone
    {
        get
        {
            foreach (var inlet in _inlets)
            {
                if (!inlet.IsCompleted || inlet.HasPending)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Once all inputs have ended: lets the block send what it still holds and tells the blocks behind it that this input has ended.</summary>
    public void TryFinish()
    {
        if (IsFinished || !IsInputDone || !IsDrained())
        {
            return;
        }

        CompleteBlock();
        IsFinished = true;
        Outlet.Complete();
    }

    /// <summary>Work that does not come from an input, such as results of a hosted block; true when there was some.</summary>
    public virtual bool Poll() => false;

    /// <summary>Gives back every batch that is still held here; used when a run is broken off.</summary>
    public virtual void Discard()
    {
        foreach (var inlet in _inlets)
        {
            inlet.Discard();
        }

        Outlet.Discard();
    }

    /// <summary>A node that puts the output of several instances of this one back into one order.</summary>
    public abstract Node MakeGather(string name, NodeSettings settings);

    /// <summary>A node that takes in one share of this one's output for all instances on its island.</summary>
    public abstract Node MakeShare(string name, NodeSettings settings);

    /// <summary>Asked when all inputs have ended: nothing more can come by itself.</summary>
    protected virtual bool IsDrained() => true;

    protected abstract void CompleteBlock();

    /// <summary>Publishes all counters of one run at once, so that a snapshot always adds up.</summary>
    protected void Commit(long @in, long passed, long created, long dropped, long errors, bool conserves)
    {
        var version = _countsVersion;
        Volatile.Write(ref _countsVersion, version + 1);
        Volatile.WriteBarrier();
        ref var c = ref _counts;
        c.In += @in;
        c.Batches += @in > 0 ? 1 : 0;
        c.Passed += passed;
        c.Created += created;
        c.Dropped += dropped;
        c.Errors += errors;
        c.Held = Block.Held;
        c.Out = Outlet.Count;
        // A conserving block consumes nothing: whatever is missing then shows up as an imbalance instead of hiding here.
        c.Consumed = conserves ? 0 : c.In - c.Passed - c.Dropped - c.Errors - c.Held;
        Volatile.Write(ref _countsVersion, version + 2);
    }

    /// <summary>A call of a block with a run.</summary>
    protected delegate void RunCall<T>(Run<T> run) where T : struct, IEvent<T>;

    /// <summary>Hands a run to the block and, where its fault policy allows, goes on behind an event at which it threw; returns how many such there were.</summary>
    protected int CallGuarded<T>(ReadOnlySpan<T> events, RunCall<T> call) where T : struct, IEvent<T>
    {
        var (done, errors, attempts, failedAt) = (0, 0, 0, -1);
        while (done < events.Length)
        {
            var rest = events[done..];
            try
            {
                call(new Run<T>(rest, Cursor));
                break;
            }
            catch (Exception error) when (error is not BlockFaultException)
            {
                attempts = done + Cursor.Position == failedAt ? attempts + 1 : 1;
                failedAt = done + Cursor.Position;
                done = failedAt;
                if (Tolerates(error, rest, Cursor.Position, attempts))
                {
                    done++;
                    errors++;
                }
            }
        }

        return errors;
    }

    /// <summary>Applies the block's fault policy; true when the run goes on behind the event at <paramref name="position"/>.</summary>
    /// <exception cref="BlockFaultException">The policy is to fail, or no single event can be blamed.</exception>
    protected bool Tolerates<T>(Exception error, ReadOnlySpan<T> events, int position, int attempts) where T : struct, IEvent<T>
    {
        var policy = Settings.Block.OnError;
        var isBlamed = (uint)position < (uint)events.Length;
        var sequence = isBlamed ? events[position].Sequence : -1;
        Block.Accounts.Error(error.GetType().Name);
        if (!isBlamed || policy == OnError.Fail || (policy == OnError.Retry && attempts > Settings.Block.Retries))
        {
            throw new BlockFaultException(Block.Name, sequence, error);
        }

        if (policy == OnError.DeadLetter)
        {
            Block.Accounts.KeepDeadLetter(error.GetType().Name, sequence, $"{error.Message} at {events[position]}");
        }

        return policy != OnError.Retry;
    }

    protected void RecordLatency(long stamp, int count)
    {
        if (!Outlet.HasConsumers)
        {
            var now = Stopwatch.GetTimestamp();
            Latency.Record(now - stamp, count);
            (RecentLatency ??= new RecentLatency()).Record(now, now - stamp, count);
        }
    }

    private long ThroughFor(int next)
    {
        var through = Never;
        for (var j = 0; j < _inlets.Length; j++)
        {
            if (j == next)
            {
                continue;
            }

            var other = _inlets[j];
            var earliest = other.EarliestKey;
            through = Math.Min(through, next < j || earliest == Never ? earliest : earliest - 1);
        }

        return through;
    }

    /// <summary>Everything up to this sequence, in the order of its inputs, has been handled. Any thread may ask.</summary>
    public long HandledThrough => Volatile.Read(ref _handledThrough);

    /// <summary>Sources that are told at once when this node has handled more.</summary>
    public List<ISourceNode> Watchers { get; } = [];

    private void PublishProgress()
    {
        var progress = Never;
        foreach (var inlet in _inlets)
        {
            progress = Math.Min(progress, inlet.CompleteThrough);
        }

        var isNews = progress != _handledThrough;
        Volatile.Write(ref _handledThrough, progress);
        if (isNews)
        {
            foreach (var source in Watchers)
            {
                source.TellHandled();
            }
        }

        if (Resequences)
        {
            Outlet.SetProgress(LastOwnSequence);
            return;
        }

        // Only the end of the block itself, not of its inputs, says that nothing can follow.
        Outlet.SetProgress(progress == Never ? LastOwnSequence : progress);
    }

    /// <summary>Sequence of the last event sent.</summary>
    protected abstract long LastOwnSequence { get; }
}

/// <summary>A node that sends events of one type.</summary>
internal abstract class Node<TOut> : Node where TOut : struct, IEvent<TOut>
{
    protected Node(Block block, NodeSettings settings) : base(block, settings)
    {
        var pool = settings.PoolOf<TOut>();
        Out = new Outlet<TOut>(pool, settings.Pools.Another<TOut>, settings.Engine.Hashes);
        Output = new Output<TOut>(pool);
    }

    protected Outlet<TOut> Out { get; }

    protected Output<TOut> Output { get; }

    public override Outlet Outlet => Out;

    public override Type OutputType => typeof(TOut);

    public override int OutputWeight => TOut.Weight;

    public override Node MakeGather(string name, NodeSettings settings) => new Gather<TOut> { Name = name, Accounts = new Accounts(name) }.CreateNode(settings);

    public override Node MakeShare(string name, NodeSettings settings) => new Share<TOut> { Name = name }.CreateNode(settings);

    protected override long LastOwnSequence => Out.LastSequence;

    /// <summary>Sends what the block put into its output and commits the counters of the run.</summary>
    protected void SendAndCommit(int @in, long dropped, long errors, bool conserves)
    {
        var passed = Output.Passed;
        Output.Passed = 0;
        var before = Out.Count;
        Out.Send(Output);
        Commit(@in, passed, Out.Count - before - passed, dropped, errors, conserves);
    }

    protected long TakeDropped()
    {
        var dropped = Cursor.Dropped;
        Cursor.Dropped = 0;
        return dropped;
    }
}
