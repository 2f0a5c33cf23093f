namespace QuantumTrader.Dataflow;

/// <summary>The end of an edge at the block that reads it: what has arrived there and how far the edge has progressed.</summary>
internal abstract class Inlet
{
    // Smaller than any key, and one may be taken from it.
    private const long Unknown = long.MinValue + 1;

    /// <summary>Every event of this edge up to this sequence has arrived; counts once nothing is pending.</summary>
    public long Progress { get; protected set; }

    public bool IsCompleted { get; protected set; }

    public abstract bool HasPending { get; }

    /// <summary>What the next pending event is merged by: its sequence, or the key of a block that merges by its own.</summary>
    public abstract long NextKey { get; }

    /// <summary>No event with a smaller key can come here any more.</summary>
    public long EarliestKey => HasPending ? NextKey : Progress == long.MaxValue ? long.MaxValue : IsInOrderOfSequence ? Progress + 1 : Unknown;

    /// <summary>Events are merged by their sequence, so that <see cref="Progress"/> says what can still come.</summary>
    protected abstract bool IsInOrderOfSequence { get; }

    /// <summary>Takes a slice from the link of an edge between islands, if nothing is pending.</summary>
    public abstract void Refill();

    /// <summary>Hands over the pending events up to the first one above this key, at most so many; returns how many.</summary>
    public abstract int Deliver(long throughKey, int atMost);

    /// <summary>Gives back what will not be handled any more.</summary>
    public abstract void Discard();

    /// <summary>The sequence through which the reader is complete when it has handled all that it may.</summary>
    public long CompleteThrough => HasPending ? NextKey - 1 : Progress;
}

/// <inheritdoc/>
internal sealed class Inlet<T>(Action<Slice<T>> receiver, Link<T>? link, IMergesBy<T>? order) : Inlet where T : struct, IEvent<T>
{
    private readonly SliceQueue<T> _pending = new();

    public override bool HasPending => _pending.Count > 0;

    public override long NextKey => order is null ? _pending.Peek().FirstSequence : order.MergeKey(in _pending.Peek().Span[0]);

    protected override bool IsInOrderOfSequence => order is null;

    /// <summary>The slice that is pending longest; only while there is one.</summary>
    public ref Slice<T> Next => ref _pending.Peek();

    /// <summary>Takes it; the caller then owns its reference.</summary>
    public Slice<T> TakeNext() => _pending.Dequeue();

    /// <summary>Puts in a slice of an upstream block on the same island; takes over its reference.</summary>
    public void Put(in Slice<T> slice) => _pending.Enqueue(slice);

    public void SetProgress(long sequence) => Progress = sequence;

    public void Complete()
    {
        IsCompleted = true;
        Progress = long.MaxValue;
    }

    public override void Refill()
    {
        if (link is null || HasPending || IsCompleted)
        {
            return;
        }

        if (link.Read(out var slice, out var progress, out var isCompleted))
        {
            _pending.Enqueue(slice);
        }

        // What an event said of the events before it holds even where the link itself has not been told yet.
        Progress = Math.Max(Progress, progress);
        IsCompleted = isCompleted;
    }

    public override int Deliver(long throughKey, int atMost)
    {
        var delivered = 0;
        while (_pending.Count > 0 && delivered < atMost)
        {
            ref var slice = ref _pending.Peek();
            var count = CountThrough(slice.First(Math.Min(slice.Count, atMost - delivered)).Span, throughKey);
            if (count == 0)
            {
                break;
            }

            delivered += count;
            if (count == slice.Count)
            {
                receiver(_pending.Dequeue());
            }
            else
            {
                slice.Batch.Retain();
                var part = slice.First(count);
                slice = slice.Skip(count);
                receiver(part);
            }
        }

        return delivered;
    }

    public override void Discard()
    {
        while (_pending.Count > 0)
        {
            _pending.Dequeue().Batch.Release();
        }
    }

    // Sequences never decrease, so the whole slice is the common case and the rest is a binary search.
    private int CountThrough(ReadOnlySpan<T> events, long throughSequence)
    {
        if (order is not null)
        {
            return CountThrough(events, throughSequence, order);
        }

        if (events[^1].Sequence <= throughSequence)
        {
            return events.Length;
        }

        var (low, high) = (0, events.Length - 1);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (events[middle].Sequence <= throughSequence)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    // One by one: a key such as the event time may decrease along an edge.
    private static int CountThrough(ReadOnlySpan<T> events, long through, IMergesBy<T> order)
    {
        var count = 0;
        while (count < events.Length && order.MergeKey(in events[count]) <= through)
        {
            count++;
        }

        return count;
    }
}
