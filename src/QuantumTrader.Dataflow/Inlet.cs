namespace QuantumTrader.Dataflow;

/// <summary>The end of an edge at the block that reads it: what has arrived there and how far the edge has progressed.</summary>
internal abstract class Inlet
{
    /// <summary>Every event of this edge up to this sequence has arrived; counts once nothing is pending.</summary>
    public long Progress { get; protected set; }

    public bool IsCompleted { get; protected set; }

    public abstract bool HasPending { get; }

    public abstract long NextSequence { get; }

    /// <summary>Takes a slice from the link of an edge between islands, if nothing is pending.</summary>
    public abstract void Refill();

    /// <summary>Hands over all pending events up to this sequence; returns how many.</summary>
    public abstract int Deliver(long throughSequence);

    /// <summary>Gives back what will not be handled any more.</summary>
    public abstract void Discard();

    /// <summary>The sequence through which the reader is complete when it has handled all that it may.</summary>
    public long CompleteThrough => HasPending ? NextSequence - 1 : Progress;
}

/// <inheritdoc/>
internal sealed class Inlet<T>(Action<Slice<T>> receiver, Link<T>? link) : Inlet where T : struct, IEvent<T>
{
    private readonly SliceQueue<T> _pending = new();
    private long _progressAfterPending;

    public override bool HasPending => _pending.Count > 0;

    public override long NextSequence => _pending.Peek().FirstSequence;

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

        if (link.Read(out var slice, out _progressAfterPending, out var isCompleted))
        {
            _pending.Enqueue(slice);
        }

        Progress = _progressAfterPending;
        IsCompleted = isCompleted;
    }

    public override int Deliver(long throughSequence)
    {
        var delivered = 0;
        while (_pending.Count > 0)
        {
            ref var slice = ref _pending.Peek();
            var count = CountThrough(slice.Span, throughSequence);
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
    private static int CountThrough(ReadOnlySpan<T> events, long throughSequence)
    {
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
}
