using System.Diagnostics;

namespace QuantumTrader.Dataflow;

/// <summary>Runs a <see cref="Filter{T}"/>: in place when nobody else holds the batch, on a copy otherwise.</summary>
internal sealed class FilterNode<T>(Filter<T> block, NodeSettings settings) : Node<T>(block, settings) where T : struct, IEvent<T>
{
    private readonly BatchPool<T> _copies = settings.Pools.Another<T>();

    public override IReadOnlyList<InputPort> Ports { get; } = [new InputPort("from", typeof(T))];

    public override Delegate Receiver(int port) => (Action<Slice<T>>)Receive;

    protected override void CompleteBlock()
    {
        block.Complete();
        Commit(0, 0, 0, 0, 0, conserves: true);
    }

    private void Receive(Slice<T> slice)
    {
        var mine = slice;
        if (!slice.Batch.IsSoleReference)
        {
            var copy = _copies.Rent();
            slice.Span.CopyTo(copy.Items);
            copy.Borrow(slice.Batch);
            mine = new Slice<T>(copy, 0, slice.Count, slice.Stamp);
            slice.Batch.Release();
        }

        var events = mine.Batch.Items.AsSpan(mine.Start, mine.Count);
        var run = new EditableRun<T>(events, Cursor);
        var (errors, attempts, failedAt) = (0, 0, -1);
        while (true)
        {
            try
            {
                block.Process(run);
                break;
            }
            catch (Exception error) when (error is not BlockFaultException)
            {
                attempts = Cursor.Position == failedAt ? attempts + 1 : 1;
                failedAt = Cursor.Position;
                if (Tolerates(error, events, Cursor.Position, attempts))
                {
                    errors++;
                    run.RemoveCurrent();
                }
                else
                {
                    Cursor.Position--;
                }

                run = run.Resume();
            }
        }

        var kept = run.Kept;
        Out.Send(mine.First(kept));
        Commit(mine.Count, kept, 0, TakeDropped(), errors, conserves: true);
        RecordLatency(slice.Stamp, slice.Count);
    }
}

/// <summary>Runs an <see cref="Observer{T}"/>: the batch itself goes on, not a copy.</summary>
internal sealed class ObserverNode<T> : Node<T> where T : struct, IEvent<T>
{
    private readonly Observer<T> _block;
    private readonly RunCall<T> _observe;

    public ObserverNode(Observer<T> block, NodeSettings settings) : base(block, settings)
    {
        _block = block;
        _observe = block.Observe;
    }

    public override IReadOnlyList<InputPort> Ports { get; } = [new InputPort("from", typeof(T))];

    public override Delegate Receiver(int port) => (Action<Slice<T>>)Receive;

    protected override void CompleteBlock()
    {
        _block.Complete();
        Commit(0, 0, 0, 0, 0, conserves: true);
    }

    private void Receive(Slice<T> slice)
    {
        CallGuarded(slice.Span, _observe);
        // What an observer drops or fails at is counted under its reason, but goes on all the same: others read the same batch.
        Cursor.Dropped = 0;
        RecordLatency(slice.Stamp, slice.Count);
        var count = slice.Count;
        Out.Send(slice);
        Commit(count, count, 0, 0, 0, conserves: true);
    }
}

/// <summary>Runs a <see cref="Source{T}"/>.</summary>
internal sealed class SourceNode<T>(Source<T> block, NodeSettings settings) : Node<T>(block, settings), ISourceNode where T : struct, IEvent<T>
{
    private readonly List<Slice<T>> _read = [];
    private readonly Lock _telling = new();
    private IReadOnlyList<Node> _last = [];
    private long _refused;
    private long _handled;

    public override IReadOnlyList<InputPort> Ports { get; } = [];

    public override bool Resequences => true;

    public double? Progress => block.Progress;

    public bool Fuses => block.Fuses;

    public HandledNews HandledNews => block.HandledNews;

    public override Delegate Receiver(int port) => throw new InvalidOperationException("Invariant: a source has no input.");

    public void Watch(IReadOnlyList<Node> last)
    {
        _last = last;
        foreach (var node in HandledNews == HandledNews.AtOnce ? last : [])
        {
            node.Watchers.Add(this);
        }
    }

    public void TellHandled()
    {
        lock (_telling)
        {
            var handled = LastOwnSequence;
            foreach (var node in _last)
            {
                handled = Math.Min(handled, node.HandledThrough);
            }

            if (handled > _handled)
            {
                _handled = handled;
                block.Handled(handled);
            }
        }
    }

    public bool Read(CancellationToken stop)
    {
        bool more;
        try
        {
            if (HandledNews == HandledNews.BetweenReads)
            {
                TellHandled();
            }

            more = block.Read(Output, Settings.Engine.Batch, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            more = false;
        }
        catch (Exception error)
        {
            block.Accounts.Error(error.GetType().Name);
            throw new BlockFaultException(block.Name, LastOwnSequence + 1, error);
        }

        // Stamped when they leave: a paced source may have waited inside Read.
        var stamp = Stopwatch.GetTimestamp();
        Output.TakeInto(_read);
        var count = 0;
        foreach (var slice in _read)
        {
            count += slice.Count;
            Out.Send(new Slice<T>(slice.Batch, slice.Start, slice.Count, stamp));
        }

        _read.Clear();
        Output.Passed = 0;
        // Input that it refused, such as a bad line, never became an event but is accounted for like one.
        var refused = block.Accounts.DroppedTotal - _refused;
        _refused += refused;
        Commit(count + refused, count, 0, refused, 0, conserves: true);
        Outlet.SetProgress(LastOwnSequence);
        return more && !stop.IsCancellationRequested;
    }

    protected override void CompleteBlock() { }
}

/// <summary>A source node, whatever its event type.</summary>
internal interface ISourceNode
{
    double? Progress { get; }

    /// <summary>What is behind it may run on its thread.</summary>
    bool Fuses { get; }

    /// <summary>When the block is told how far its events were handled.</summary>
    HandledNews HandledNews { get; }

    /// <summary>The last nodes on each path whose input is in the order of this source.</summary>
    void Watch(IReadOnlyList<Node> last);

    /// <summary>Tells the block how far its events were handled, when that has changed. Any thread.</summary>
    void TellHandled();

    /// <summary>Reads once and sends what came; false at the end.</summary>
    bool Read(CancellationToken stop);
}
