using System.Runtime.CompilerServices;

namespace QuantumTrader.Dataflow;

/// <summary>
/// A pooled run of events. Whoever holds a reference may read it; the last one to release it gives it back to the pool. Only a sole
/// holder may write.
/// </summary>
public sealed class Batch<T> where T : struct, IEvent<T>
{
    private readonly BatchPool<T> _pool;
    private readonly List<Batch<T>> _lenders = [];
    private int _references;

    internal Batch(BatchPool<T> pool)
    {
        _pool = pool;
        Items = new T[pool.BatchSize];
    }

    internal readonly T[] Items;

    internal bool IsSoleReference => Volatile.Read(ref _references) == 1;

    internal void Lease() => _references = 1;

    internal void Retain() => Interlocked.Increment(ref _references);

    internal void Release()
    {
        var left = Interlocked.Decrement(ref _references);
        if (left == 0)
        {
            GiveBackLent();
            _pool.Return(this);
        }
        else if (left < 0)
        {
            throw new InvalidOperationException("Invariant: a batch was released more often than it was retained.");
        }
    }

    /// <summary>
    /// Holds another batch for as long as this one is in use: events were copied from there as they are, so what they keep beside their
    /// batch is still of the other one.
    /// </summary>
    internal void Borrow(Batch<T> lender)
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            lender.Retain();
            _lenders.Add(lender);
        }
    }

    private void GiveBackLent()
    {
        foreach (var lender in _lenders)
        {
            lender.Release();
        }

        _lenders.Clear();
    }
}

/// <summary>A part of a batch, and one reference to it.</summary>
internal readonly struct Slice<T>(Batch<T> batch, int start, int count, long stamp) where T : struct, IEvent<T>
{
    public readonly Batch<T> Batch = batch;
    public readonly int Start = start;
    public readonly int Count = count;

    /// <summary>Stopwatch ticks at which the source emitted the events: the latency marker that travels with them.</summary>
    public readonly long Stamp = stamp;

    /// <summary>The first place of the batch behind it.</summary>
    public int End => Start + Count;

    public ReadOnlySpan<T> Span => Batch.Items.AsSpan(Start, Count);

    public long FirstSequence => Batch.Items[Start].Sequence;

    public Slice<T> First(int count) => new(Batch, Start, count, Stamp);

    public Slice<T> Skip(int count) => new(Batch, Start + count, Count - count, Stamp);
}

/// <summary>
/// Batches of one size, kept for reuse. Holds a bounded number; more than that is left to the garbage collector. The batch that was given
/// back longest ago is reused first, and only once there is a reserve of others: one that was just released still sits in the cache of
/// the core that read it, and fetching its events back from there costs the writer twice as much as writing to memory that has left it.
/// </summary>
public sealed class BatchPool<T> where T : struct, IEvent<T>
{
    // 32,768 events of 64 bytes are 2 MB, more than a core's own cache; of heavier events it takes fewer.
    private const int ReserveEvents = 32_768;

    // What a chain of many full edges gives back when it runs empty; if less were kept, filling up again would allocate.
    private const int Keep = 512;

    private readonly int _reserve;
    private readonly Batch<T>?[] _free = new Batch<T>[Keep];
    private readonly Lock _gate = new();
    private int _head;
    private int _count;
    private long _outstanding;

    /// <summary>A pool of a graph.</summary>
    /// <param name="batchSize">Events per batch.</param>
    public BatchPool(int batchSize) : this(batchSize, Math.Min(128, ReserveEvents / T.Weight / batchSize))
    {
    }

    /// <summary>A pool with a reserve of so many batches; of none where one thread writes and reads.</summary>
    internal BatchPool(int batchSize, int reserve) => (BatchSize, _reserve) = (batchSize, reserve);

    /// <summary>Events per batch.</summary>
    public int BatchSize { get; }

    /// <summary>Batches that are in use now; 0 when a graph has ended, or one was leaked.</summary>
    public long Outstanding { get { lock (_gate) { return _outstanding; } } }

    internal Batch<T> Rent()
    {
        Batch<T>? batch = null;
        lock (_gate)
        {
            _outstanding++;
            if (_count > _reserve)
            {
                batch = _free[_head];
                _free[_head] = null;
                _head = (_head + 1) % _free.Length;
                _count--;
            }
        }

        batch ??= new Batch<T>(this);
        batch.Lease();
        return batch;
    }

    internal void Return(Batch<T> batch)
    {
        lock (_gate)
        {
            _outstanding--;
            if (_count < _free.Length)
            {
                _free[(_head + _count++) % _free.Length] = batch;
            }
        }
    }
}
