namespace QuantumTrader.Dataflow;

/// <summary>Puts the output of the instances of a parallel block back into one order.</summary>
internal sealed class Gather<T> : Block where T : struct, IEvent<T>
{
    internal override Node CreateNode(NodeSettings settings) => new GatherNode<T>(this, settings);
}

/// <summary>
/// Runs a <see cref="Gather{T}"/>. It merges as every block with several inputs does, by (sequence, order of the instances), but its
/// inputs take turns every other event: so it moves events one by one into batches of its own, instead of passing on ever shorter
/// pieces of those that came.
/// </summary>
internal sealed class GatherNode<T>(Gather<T> block, NodeSettings settings) : Node<T>(block, settings) where T : struct, IEvent<T>
{
    private const long Nothing = long.MaxValue;

    private Front[] _fronts = [];

    // Sequence of each input's next event. Apart from the fronts, because every event asks for all of them.
    private long[] _keys = [];

    // The first event that some input without a pending one could still bring, and the first of these inputs.
    private long _wall;
    private int _wallInput;

    public override IReadOnlyList<InputPort> Ports { get; } = [new InputPort("from", typeof(T))];

    public override Delegate Receiver(int port) => (Action<Slice<T>>)(_ => throw new InvalidOperationException("Invariant: a gathering node takes events from its inputs itself."));

    public override void AddInlet(Inlet inlet)
    {
        base.AddInlet(inlet);
        _fronts = [.. _fronts, new Front((Inlet<T>)inlet)];
        _keys = new long[_fronts.Length];
    }

    protected override int PumpMerged(int limit)
    {
        if (!Out.IsSeen)
        {
            return PassUnseen(limit);
        }

        Output.Stamp = long.MaxValue;
        for (var i = 0; i < _fronts.Length; i++)
        {
            Open(i);
        }

        FindWall();
        var moved = Merge(limit);
        foreach (var front in _fronts)
        {
            Close(front);
        }

        Output.Passed += moved;
        SendAndCommit(moved, 0, 0, conserves: true);
        return moved;
    }

    // Nobody sees the order, so nobody pays for it. Whoever comes to look sees from then on what follows, in order.
    private int PassUnseen(int limit)
    {
        var passed = 0;
        foreach (var front in _fronts)
        {
            for (front.Inlet.Refill(); passed < limit && front.Inlet.HasPending; front.Inlet.Refill())
            {
                var slice = front.Inlet.TakeNext();
                passed += slice.Count;
                RecordLatency(slice.Stamp, slice.Count);
                slice.Batch.Release();
            }
        }

        Out.CountUnseen(passed);
        Commit(passed, passed, 0, 0, 0, conserves: true);
        return passed;
    }

    protected override void CompleteBlock() => Commit(0, 0, 0, 0, 0, conserves: true);

    private int Merge(int limit)
    {
        var keys = _keys;
        var moved = 0;
        while (moved < limit)
        {
            var next = 0;
            for (var i = 1; i < keys.Length; i++)
            {
                next = keys[i] < keys[next] ? i : next;
            }

            var key = keys[next];
            if (key == Nothing || key > _wall || (key == _wall && next > _wallInput))
            {
                break;
            }

            var front = _fronts[next];
            Output.Next() = front.Items[front.At];
            if (front.Borrower != Output.Current)
            {
                front.Borrower = Output.Current;
                front.Borrower!.Borrow(front.Inlet.Next.Batch);
            }

            moved++;
            if (++front.At < front.End)
            {
                keys[next] = front.Items[front.At].Sequence;
            }
            else
            {
                Close(front);
                Open(next);
                FindWall();
            }
        }

        return moved;
    }

    private void Open(int input)
    {
        var front = _fronts[input];
        front.Inlet.Refill();
        if (!front.Inlet.HasPending)
        {
            (front.At, front.End, _keys[input]) = (0, 0, Nothing);
            return;
        }

        ref var slice = ref front.Inlet.Next;
        front.Borrower = null;
        (front.Items, front.At, front.End, _keys[input]) = (slice.Batch.Items, slice.Start, slice.Start + slice.Count, slice.FirstSequence);

        // One batch of events with several stamps: latency is then overstated, never hidden.
        Output.Stamp = Math.Min(Output.Stamp, slice.Stamp);
    }

    // Gives back what was moved.
    private void Close(Front front)
    {
        if (front.End == 0)
        {
            return;
        }

        ref var slice = ref front.Inlet.Next;
        RecordLatency(slice.Stamp, front.At - slice.Start);
        if (front.At == front.End)
        {
            front.Inlet.TakeNext().Batch.Release();
        }
        else
        {
            slice = slice.Skip(front.At - slice.Start);
        }

        front.End = 0;
    }

    private void FindWall()
    {
        (_wall, _wallInput) = (long.MaxValue, int.MaxValue);
        for (var i = 0; i < _fronts.Length; i++)
        {
            if (_keys[i] == Nothing && _fronts[i].Inlet.EarliestKey is var earliest && earliest < _wall)
            {
                (_wall, _wallInput) = (earliest, i);
            }
        }
    }

    private sealed class Front(Inlet<T> inlet)
    {
        public readonly Inlet<T> Inlet = inlet;
        public T[] Items = [];

        // The batch that already holds this one.
        public Batch<T>? Borrower;
        public int At;
        public int End;
    }
}
