using System.Security.Cryptography;

namespace QuantumTrader.Dataflow;

/// <summary>Where a block's output goes: to blocks on the same island directly, to others through links.</summary>
internal abstract class Outlet
{
    /// <summary>Events sent since the start.</summary>
    public long Count { get; protected set; }

    /// <summary>SHA-256 over all events sent; null while hashing is off. Valid when the graph has ended.</summary>
    public abstract string? Hash { get; }

    public abstract bool HasConsumers { get; }

    /// <summary>Some consumers are on other islands.</summary>
    public abstract bool HasLinks { get; }

    /// <summary>Connects a block of the same island (no edge) or of another one; returns what to count of the edge.</summary>
    public abstract (Inlet Inlet, ILinkProbe? Link) Connect(Node target, int port, EdgePlan? edge);

    /// <summary>Pushes what waits into the links; false while one of them is full.</summary>
    public abstract bool Flush();

    public abstract void SetProgress(long sequence);

    public abstract void Complete();

    public abstract void Discard();

    /// <summary>Puts a tap on what is sent from now on.</summary>
    public abstract Tap Tap(int capacity, int every, Accounts accounts);
}

/// <summary>How an edge between two islands was planned.</summary>
internal sealed record EdgePlan(string Name, int Capacity, WhenFull WhenFull, bool WakeOnProgress, IWakeable Reader, IWakeable Writer)
{
    /// <summary>Which instance of its block the reader is, from 0.</summary>
    public int Instance { get; init; }

    /// <summary>How many instances share the stream out among them.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>Opens the edge's spill; null where the policy is another.</summary>
    public ISpillStore? Spills { get; init; }
}

/// <summary>Read access to a link's counters, whatever its event type.</summary>
internal interface ILinkProbe
{
    int Capacity { get; }

    LinkCounts Count();

    /// <summary>Gives back what the link holds outside memory. Nobody may use it any more.</summary>
    void Close();
}

/// <inheritdoc/>
internal sealed class Outlet<T>(BatchPool<T> pool, Func<BatchPool<T>> borrowing, bool hashes) : Outlet where T : struct, IEvent<T>
{
    private readonly IncrementalHash? _hash = hashes ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    private readonly List<Slice<T>> _taken = [];
    private Inlet<T>[] _inlets = [];
    private LinkWriter<T>[] _writers = [];
    private Splitter<T>[] _splitters = [];
    private LinkWriter<T>[] _whole = [];

    // Null while nobody watches, so that a slice that nobody watches pays for one look at it.
    private Watch<T>[]? _watches;

    /// <summary>Sequence of the last event sent; 0 before the first.</summary>
    public long LastSequence { get; private set; }

    public override string? Hash => _hash is null ? null : Convert.ToHexStringLower(_hash.GetCurrentHash());

    public override bool HasConsumers => _inlets.Length + _writers.Length > 0;

    public override bool HasLinks => _writers.Length > 0;

    public override (Inlet Inlet, ILinkProbe? Link) Connect(Node target, int port, EdgePlan? edge)
    {
        var receiver = (Action<Slice<T>>)target.Receiver(port);
        if (edge is null)
        {
            var inlet = new Inlet<T>(receiver, null, target.Block as IMergesBy<T>);
            _inlets = [.. _inlets, inlet];
            return (inlet, null);
        }

        var link = new Link<T>(edge.Capacity, edge.WhenFull, pool, edge.WakeOnProgress, edge.Spills?.Open<T>(edge.Name));
        link.Connect(edge.Reader, edge.Writer);
        var writer = new LinkWriter<T>(link);
        _writers = [.. _writers, writer];
        if (edge.Instances == 1)
        {
            _whole = [.. _whole, writer];
        }
        else
        {
            SplitterOf(edge.Instances).Add(edge.Instance, writer);
        }

        return (new Inlet<T>(receiver, link, target.Block as IMergesBy<T>), writer);
    }

    /// <summary>Somebody reads, hashes or watches what is sent.</summary>
    public bool IsSeen => HasConsumers || _hash is not null || Volatile.Read(ref _watches) is not null;

    /// <summary>Counts events that nobody sees, and that were therefore not sent.</summary>
    public void CountUnseen(int count) => Count += count;

    /// <summary>Sends what a block put into its output.</summary>
    public void Send(Output<T> output)
    {
        output.TakeInto(_taken);
        foreach (ref readonly var slice in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_taken))
        {
            Send(slice);
        }

        _taken.Clear();
    }

    /// <summary>Sends one slice; takes over the caller's reference.</summary>
    public void Send(in Slice<T> slice)
    {
        if (slice.Count == 0)
        {
            slice.Batch.Release();
            return;
        }

        Count += slice.Count;
        LastSequence = slice.Span[^1].Sequence;
        if (_hash is not null)
        {
            T.AppendTo(slice.Span, _hash);
        }

        // Before anyone behind: a filter may edit the batch in place.
        if (Volatile.Read(ref _watches) is { } watches)
        {
            Show(watches, slice.Span);
        }

        // The last consumer gets the caller's own reference: with one consumer nobody else holds the batch, and a filter may edit it in place.
        var others = _inlets.Length + _whole.Length + _splitters.Length - 1;
        if (others < 0)
        {
            slice.Batch.Release();
            return;
        }

        for (var i = 0; i < others; i++)
        {
            slice.Batch.Retain();
        }

        foreach (var writer in _whole)
        {
            writer.Put(slice);
        }

        foreach (var splitter in _splitters)
        {
            splitter.Put(slice);
        }

        foreach (var inlet in _inlets)
        {
            inlet.Put(slice);
        }
    }

    /// <summary>Shows a watcher what is sent from now on; any thread.</summary>
    public Watch Add(IWatcher<T> watcher, Accounts accounts)
    {
        var watch = new Watch<T>(this, watcher, accounts);
        Change(watches => [.. watches ?? [], watch]);
        return watch;
    }

    /// <summary>Takes a watcher off; any thread, also the one that shows it something.</summary>
    public void Remove(Watch<T> watch) => Change(watches => watches?.Where(w => w != watch).ToArray() is { Length: > 0 } others ? others : null);

    public override Tap Tap(int capacity, int every, Accounts accounts)
    {
        var tap = new Tap<T>(Math.Max(1, capacity / T.Weight), every);
        tap.Place = Add(tap, accounts);
        return tap;
    }

    // Cold, and out of the way of the loop that nobody watches.
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void Show(Watch<T>[] watches, ReadOnlySpan<T> events)
    {
        foreach (var watch in watches)
        {
            watch.Show(events);
        }
    }

    private void Change(Func<Watch<T>[]?, Watch<T>[]?> change)
    {
        Watch<T>[]? before;
        do
        {
            before = Volatile.Read(ref _watches);
        }
        while (Interlocked.CompareExchange(ref _watches, change(before), before) != before);
    }

    private Splitter<T> SplitterOf(int instances)
    {
        var splitter = Array.Find(_splitters, s => s.Instances == instances);
        if (splitter is null)
        {
            splitter = new Splitter<T>(instances, borrowing());
            _splitters = [.. _splitters, splitter];
        }

        return splitter;
    }

    public override bool Flush()
    {
        // Every link is offered its events, even behind a full one: a merge further down may need this branch to let go of the other.
        var isEmpty = true;
        foreach (var writer in _writers)
        {
            isEmpty &= writer.Flush();
        }

        return isEmpty;
    }

    public override void SetProgress(long sequence)
    {
        foreach (var inlet in _inlets)
        {
            inlet.SetProgress(sequence);
        }

        foreach (var writer in _writers)
        {
            writer.SetProgress(sequence);
        }
    }

    public override void Complete()
    {
        foreach (var inlet in _inlets)
        {
            inlet.Complete();
        }

        foreach (var writer in _writers)
        {
            writer.Complete();
        }
    }

    public override void Discard()
    {
        foreach (var writer in _writers)
        {
            writer.Discard();
        }
    }
}

/// <summary>Shares a stream out by the key of its events, in one pass for all parallel blocks of as many instances.</summary>
internal sealed class Splitter<T>(int instances, BatchPool<T> pool) where T : struct, IEvent<T>
{
    private readonly List<Slice<T>> _slices = [];
    private readonly LinkWriter<T>[][] _writers = [.. Enumerable.Repeat<LinkWriter<T>[]>([], instances)];
    private readonly Output<T>[] _shares = [.. Enumerable.Range(0, instances).Select(_ => new Output<T>(pool))];

    public int Instances => instances;

    public void Add(int instance, LinkWriter<T> writer) => _writers[instance] = [.. _writers[instance], writer];

    /// <summary>Takes over the slice's reference.</summary>
    public void Put(in Slice<T> slice)
    {
        var shares = _shares;
        foreach (var share in shares)
        {
            share.Stamp = slice.Stamp;
        }

        foreach (ref readonly var e in slice.Span)
        {
            shares[Partitioning.Of(e.PartitionKey, shares.Length)].Next() = e;
        }

        for (var i = 0; i < shares.Length; i++)
        {
            shares[i].TakeInto(_slices);
            foreach (var part in _slices)
            {
                part.Batch.Borrow(slice.Batch);
                Put(part, _writers[i]);
            }

            _slices.Clear();
        }

        slice.Batch.Release();
    }

    private static void Put(in Slice<T> part, LinkWriter<T>[] writers)
    {
        for (var i = 1; i < writers.Length; i++)
        {
            part.Batch.Retain();
        }

        foreach (var writer in writers)
        {
            writer.Put(part);
        }
    }
}

/// <summary>The writing end of a link: holds what the link had no room for, which is at most the output of one run.</summary>
internal sealed class LinkWriter<T>(Link<T> link) : ILinkProbe where T : struct, IEvent<T>
{
    private readonly SliceQueue<T> _waiting = new();
    private long _progress;
    private long _published;
    private bool _isCompleted;
    private bool _isCompletionPublished;

    public int Capacity => link.Capacity;

    public LinkCounts Count() => link.Count();

    public void Close() => link.Close();

    /// <summary>Takes over the slice's reference.</summary>
    public void Put(in Slice<T> slice) => _waiting.Enqueue(slice);

    public bool Flush()
    {
        while (_waiting.Count > 0)
        {
            ref var slice = ref _waiting.Peek();
            var taken = link.Write(slice);
            if (taken < slice.Count)
            {
                slice = slice.Skip(taken);
                return false;
            }

            _waiting.Dequeue().Batch.Release();
        }

        if (_progress > _published)
        {
            _published = _progress;
            link.SetProgress(_progress);
        }

        if (_isCompleted && !_isCompletionPublished)
        {
            _isCompletionPublished = true;
            link.Complete();
        }

        return true;
    }

    public void SetProgress(long sequence) => _progress = sequence;

    public void Complete() => _isCompleted = true;

    public void Discard()
    {
        while (_waiting.Count > 0)
        {
            _waiting.Dequeue().Batch.Release();
        }
    }
}

/// <summary>Which of several instances handles a key.</summary>
internal static class Partitioning
{
    /// <summary>
    /// Index from 0. The upper bits of a multiple of the golden ratio: keys that are numbered one after the other, as symbols are, come out
    /// nearly even for any number of instances.
    /// </summary>
    public static int Of(long key, int partitions) => (int)Math.BigMul((ulong)key * 0x9E3779B97F4A7C15UL, (ulong)partitions, out _);
}
