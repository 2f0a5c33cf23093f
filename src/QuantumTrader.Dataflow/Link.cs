namespace QuantumTrader.Dataflow;

/// <summary>Something that can be told that it has work: a reader whose edge got events, a writer whose edge got room.</summary>
internal interface IWakeable
{
    void Wake();
}

/// <summary>What an edge counted, taken at one instant: <c>In = Out + DroppedFull + Conflated + Depth + Spilled</c>.</summary>
/// <param name="In">Events written.</param>
/// <param name="Out">Events read.</param>
/// <param name="DroppedFull">Events dropped because there was no room.</param>
/// <param name="Conflated">Events replaced by newer ones.</param>
/// <param name="Depth">Events waiting in memory.</param>
/// <param name="Spilled">Events waiting outside memory.</param>
/// <param name="SpilledTotal">Events that ever went there.</param>
/// <param name="HighWater">Most events that ever waited in memory.</param>
internal readonly record struct LinkCounts(long In, long Out, long DroppedFull, long Conflated, int Depth, long Spilled, long SpilledTotal, int HighWater);

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
    // So many slices may wait as they came: a reader that is a moment late costs no copy, and its events keep their own stamps.
    private const int AsTheyCame = 8;

    private readonly Lock _gate = new();
    private readonly SliceQueue<T> _slices = new();
    private readonly ConflatingQueue<T>? _newest;
    private readonly BatchPool<T> _pool;
    private readonly WhenFull _whenFull;
    private readonly bool _wakeOnProgress;
    private readonly ISpill<T>? _spill;
    private Batch<T>? _collecting;
    private IWakeable? _reader;
    private IWakeable? _writer;
    private long _in;
    private long _out;
    private long _droppedFull;
    private long _conflated;
    private long _spilled;
    private long _spillStamp;
    private int _depth;
    private int _highWater;
    private long _progress;
    private long _lastSequence = -1;
    private bool _isCompleted;
    private bool _readerWaits;
    private bool _writerWaits;

    public Link(int capacity, WhenFull whenFull, BatchPool<T> pool, bool wakeOnProgress = false, ISpill<T>? spill = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Capacity = capacity;
        _whenFull = whenFull;
        _pool = pool;
        _wakeOnProgress = wakeOnProgress;
        _spill = spill;
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
                WhenFull.Conflate => Conflate(slice),
                _ => Spill(slice),
            };
            _in += taken;
            _highWater = Math.Max(_highWater, _depth);
            _writerWaits = taken < slice.Count;
            wake = TakeReaderWaits(HasEvents);
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
            if (!HasEvents)
            {
                slice = default;
                progress = _progress;
                isCompleted = _isCompleted;
                _readerWaits = !_isCompleted;
                return false;
            }

            slice = TakeOldest();
            _out += slice.Count;
            progress = ProgressBehind(slice);
            isCompleted = _isCompleted && !HasEvents;
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
            return new LinkCounts(_in, _out, _droppedFull, _conflated, _depth, _spill?.Count ?? 0, _spilled, _highWater);
        }
    }

    /// <summary>Gives back what the link holds outside memory.</summary>
    public void Close() => _spill?.Dispose();

    private bool HasEvents => _depth > 0 || _spill is { Count: > 0 };

    // Memory first: what is spilled is younger than all of it, because nothing new enters memory before the spill is empty again.
    private Slice<T> TakeOldest()
    {
        if (_depth == 0)
        {
            return TakeSpilled();
        }

        var slice = _newest is null ? _slices.Dequeue() : TakeNewest();
        _depth -= slice.Count;
        return slice;
    }

    // While more waits, only what precedes the next event is known to be complete.
    private long ProgressBehind(in Slice<T> slice) => (_depth, HasEvents) switch
    {
        (> 0, _) => (_newest is null ? _slices.Peek().FirstSequence : _newest.First.Sequence) - 1,
        (_, true) => slice.Span[^1].Sequence - 1,
        _ => Math.Max(_progress, slice.Span[^1].Sequence - 1),
    };

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
        var events = slice.Span;
        var count = Math.Clamp(Capacity - _depth, 0, events.Length);
        // What one event caused is taken whole, even over the capacity. Otherwise a merge could wait for the progress of a branch whose
        // block waits for room for the rest of that same group: a deadlock as soon as an event causes more than fits.
        while (_whenFull == WhenFull.Block && count < events.Length && events[count].Sequence == (count > 0 ? events[count - 1].Sequence : _lastSequence))
        {
            count++;
        }

        if (count > 0)
        {
            _lastSequence = events[count - 1].Sequence;
            Enqueue(slice.First(count));
            _depth += count;
        }

        return count;
    }

    // A live source sends one event at a time. Each would hold a batch of its own for as long as it waits: gigabytes behind a slow reader,
    // for an edge that is bounded in events. So once the reader is behind, small slices are collected; it then catches up in larger runs.
    private void Enqueue(in Slice<T> slice)
    {
        if (_slices.Count < AsTheyCame || slice.Count > _pool.BatchSize / 8)
        {
            slice.Batch.Retain();
            _slices.Enqueue(slice);
            _collecting = null;
            return;
        }

        if (_collecting is null || _slices.Last.End + slice.Count > _collecting.Items.Length)
        {
            _collecting = _pool.Rent();
            // Its stamp stays that of the oldest: latency is then overstated, never hidden.
            _slices.Enqueue(new Slice<T>(_collecting, 0, 0, slice.Stamp));
        }

        ref var last = ref _slices.Last;
        Kept.Copy(slice.Span, _collecting.Items.AsSpan(last.End));
        last = new Slice<T>(_collecting, last.Start, last.Count + slice.Count, last.Stamp);
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

    private int Spill(in Slice<T> slice)
    {
        var kept = _spill!.Count == 0 ? TakeWhatFits(slice) : 0;
        if (kept < slice.Count)
        {
            // One stamp for all that wait there: latency is then overstated, never hidden.
            _spillStamp = _spill.Count == 0 ? slice.Stamp : _spillStamp;
            var spilled = _spill.Write(slice.Span[kept..]);
            _spilled += spilled;
            _droppedFull += slice.Count - kept - spilled;
        }

        return slice.Count;
    }

    private Slice<T> TakeSpilled()
    {
        var batch = _pool.Rent();
        return new Slice<T>(batch, 0, _spill!.Read(batch.Items), _spillStamp);
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
