namespace QuantumTrader.Dataflow;

/// <summary>Something that can be told that it has work: a reader whose edge got events, a writer whose edge got room.</summary>
internal interface IWakeable
{
    void Wake();
}

/// <summary>What an edge counted, taken at one instant: <c>In = Out + Dropped + Depth</c>.</summary>
internal readonly record struct LinkCounts(long In, long Out, long DroppedFull, long Conflated, int Depth, int HighWater);

/// <summary>
/// The one hand-off between islands: bounded in events, counted, single writer, single reader. A short lock per slice (not per event)
/// covers queue and counters together, which is what makes <c>in = out + dropped + depth</c> true at every instant and not only at the end.
/// </summary>
/// <remarks>
/// <para>Neither side ever waits inside: the writer is told how many events were taken, the reader whether there was one, and each is
/// woken when that changes. So nothing can be lost by a cancelled wait, which is how bounded channels lose items.</para>
/// <para>Progress: beside its events a link carries "every event up to sequence s has been written". A block with several inputs may go
/// on without an event from this edge once its progress has passed; without it, a branch that filters everything would stall the merge.</para>
/// </remarks>
internal sealed class Link<T> where T : struct, IEvent<T>
{
    private readonly Lock _gate = new();
    private readonly SliceQueue<T> _slices = new();
    private readonly ConflatingQueue<T>? _newest;
    private readonly BatchPool<T> _pool;
    private readonly WhenFull _whenFull;
    private readonly bool _wakeOnProgress;
    private IWakeable? _reader;
    private IWakeable? _writer;
    private long _in;
    private long _out;
    private long _droppedFull;
    private long _conflated;
    private int _depth;
    private int _highWater;
    private long _progress;
    private bool _isCompleted;
    private bool _readerWaits;
    private bool _writerWaits;

    public Link(int capacity, WhenFull whenFull, BatchPool<T> pool, bool wakeOnProgress = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Capacity = capacity;
        _whenFull = whenFull;
        _pool = pool;
        _wakeOnProgress = wakeOnProgress;
        _newest = whenFull == WhenFull.Conflate ? new ConflatingQueue<T>(capacity) : null;
    }

    public int Capacity { get; }

    public void Connect(IWakeable? reader, IWakeable? writer) => (_reader, _writer) = (reader, writer);

    /// <summary>
    /// Offers events; returns how many the edge took responsibility for (all, unless the policy is to block). The caller keeps its own
    /// reference to the batch. When fewer were taken the writer is woken once there is room again.
    /// </summary>
    public int Write(in Slice<T> slice)
    {
        int taken;
        bool wake;
        lock (_gate)
        {
            taken = _whenFull switch
            {
                WhenFull.Block => TakeWhatFits(slice),
                WhenFull.DropNewest => DropRestOf(slice, TakeWhatFits(slice)),
                WhenFull.DropOldest => MakeRoomFor(slice),
                _ => Conflate(slice),
            };
            _in += taken;
            _highWater = Math.Max(_highWater, _depth);
            _writerWaits = taken < slice.Count;
            wake = TakeReaderWaits(_depth > 0);
        }

        if (wake)
        {
            _reader?.Wake();
        }

        return taken;
    }

    /// <summary>Says that every event up to this sequence has been written.</summary>
    public void SetProgress(long sequence)
    {
        bool wake;
        lock (_gate)
        {
            var advanced = sequence > _progress;
            _progress = Math.Max(_progress, sequence);
            wake = TakeReaderWaits(advanced && _wakeOnProgress);
        }

        if (wake)
        {
            _reader?.Wake();
        }
    }

    /// <summary>Says that nothing more will be written.</summary>
    public void Complete()
    {
        bool wake;
        lock (_gate)
        {
            _isCompleted = true;
            _progress = long.MaxValue;
            wake = TakeReaderWaits(true);
        }

        if (wake)
        {
            _reader?.Wake();
        }
    }

    /// <summary>
    /// Takes the oldest slice. Without one, returns false and promises to wake the reader when that changes. <paramref name="progress"/>
    /// counts for the reader once it has handled the slice.
    /// </summary>
    public bool Read(out Slice<T> slice, out long progress, out bool isCompleted)
    {
        bool wake;
        lock (_gate)
        {
            if (_depth == 0)
            {
                slice = default;
                progress = _progress;
                isCompleted = _isCompleted;
                _readerWaits = !_isCompleted;
                return false;
            }

            slice = _newest is null ? _slices.Dequeue() : TakeNewest();
            _depth -= slice.Count;
            _out += slice.Count;
            // While more waits, only what precedes the next event is known to be complete.
            progress = _depth == 0 ? _progress : (_newest is null ? _slices.Peek().FirstSequence : _newest.First.Sequence) - 1;
            isCompleted = _isCompleted && _depth == 0;
            // Half empty, not one free place: otherwise a full edge would wake its writer for every event.
            wake = _writerWaits && _depth <= Capacity / 2;
            if (wake)
            {
                _writerWaits = false;
            }
        }

        if (wake)
        {
            _writer?.Wake();
        }

        return true;
    }

    /// <summary>All counters at one instant.</summary>
    public LinkCounts Count()
    {
        lock (_gate)
        {
            return new LinkCounts(_in, _out, _droppedFull, _conflated, _depth, _highWater);
        }
    }

    private bool TakeReaderWaits(bool hasNews)
    {
        var wake = _readerWaits && hasNews;
        if (wake)
        {
            _readerWaits = false;
        }

        return wake;
    }

    private int TakeWhatFits(in Slice<T> slice)
    {
        var count = Math.Min(slice.Count, Capacity - _depth);
        if (count > 0)
        {
            slice.Batch.Retain();
            _slices.Enqueue(slice.First(count));
            _depth += count;
        }

        return count;
    }

    private int DropRestOf(in Slice<T> slice, int taken)
    {
        _droppedFull += slice.Count - taken;
        return slice.Count;
    }

    private int MakeRoomFor(in Slice<T> slice)
    {
        var tooMany = Math.Max(0, slice.Count - Capacity);
        var excess = _depth + slice.Count - tooMany - Capacity;
        while (excess > 0)
        {
            ref var oldest = ref _slices.Peek();
            var count = Math.Min(excess, oldest.Count);
            if (count == oldest.Count)
            {
                _slices.Dequeue().Batch.Release();
            }
            else
            {
                oldest = oldest.Skip(count);
            }

            _depth -= count;
            _droppedFull += count;
            excess -= count;
        }

        _droppedFull += tooMany;
        TakeWhatFits(slice.Skip(tooMany));
        return slice.Count;
    }

    private int Conflate(in Slice<T> slice)
    {
        foreach (ref readonly var e in slice.Span)
        {
            var (replaced, dropped) = _newest!.Add(in e, slice.Stamp);
            _conflated += replaced;
            _droppedFull += dropped;
            _depth += 1 - replaced - dropped;
        }

        return slice.Count;
    }

    private Slice<T> TakeNewest()
    {
        var batch = _pool.Rent();
        var count = 0;
        var oldestStamp = long.MaxValue;
        while (count < batch.Items.Length && _newest!.Take(out batch.Items[count], out var stamp))
        {
            oldestStamp = Math.Min(oldestStamp, stamp);
            count++;
        }

        return new Slice<T>(batch, 0, count, oldestStamp);
    }
}
