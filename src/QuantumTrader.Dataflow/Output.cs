using System.Runtime.CompilerServices;

namespace QuantumTrader.Dataflow;

/// <summary>Where a block puts what it sends on. Events must be added in the order of their sequence.</summary>
public sealed class Output<T> where T : struct, IEvent<T>
{
    private readonly BatchPool<T> _pool;
    private readonly List<Slice<T>> _full = [];
    private Batch<T>? _open;
    private T[] _items = [];
    private int _count;
    private long _sealedCount;

    internal Output(BatchPool<T> pool) => _pool = pool;

    /// <summary>An output outside a graph, for tests and tools; read it with <see cref="ToArray"/>.</summary>
    public Output() : this(new BatchPool<T>(256, reserve: 0)) { }

    /// <summary>Stamp that sealed batches get.</summary>
    internal long Stamp { get; set; }

    internal long Passed;

    /// <summary>The batch that <see cref="Next"/> gave a place in.</summary>
    internal Batch<T>? Current => _open;

    internal long Total => _sealedCount + _count;

    /// <summary>Sends an event that the block made.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in T value)
    {
        var items = _items;
        var count = _count;
        if ((uint)count < (uint)items.Length)
        {
            items[count] = Kept.Of(in value);
            _count = count + 1;
        }
        else
        {
            AddToNewBatch(in value);
        }
    }

    /// <summary>
    /// Sends an event that the caller writes in place: every field, because what stands there is an old event. Faster than
    /// <see cref="Add"/> for events that are built field by field.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T Next()
    {
        if ((uint)_count >= (uint)_items.Length)
        {
            Open();
        }

        return ref _items[_count++];
    }

    /// <summary>Sends on an event that came in: it is accounted for as passed, not as made here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Pass(in T value)
    {
        Passed++;
        Add(in value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddToNewBatch(in T value)
    {
        Open();
        _items[0] = Kept.Of(in value);
        _count = 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Open()
    {
        Seal();
        _open = _pool.Rent();
        _items = _open.Items;
    }

    private void Seal()
    {
        if (_open is null)
        {
            return;
        }

        if (_count > 0)
        {
            _full.Add(new Slice<T>(_open, 0, _count, Stamp));
            _sealedCount += _count;
        }
        else
        {
            _open.Release();
        }

        _open = null;
        _items = [];
        _count = 0;
    }

    /// <summary>Moves what was added since the last call to a list; the caller then owns the references.</summary>
    internal void TakeInto(List<Slice<T>> target)
    {
        Seal();
        target.AddRange(_full);
        _full.Clear();
    }

    /// <summary>Gives back what was added since the last call, for tests and tools.</summary>
    public void Clear()
    {
        Seal();
        foreach (var slice in _full)
        {
            slice.Batch.Release();
        }

        _full.Clear();
    }

    /// <summary>What was added since the last call, for tests and tools.</summary>
    public T[] ToArray()
    {
        var slices = new List<Slice<T>>();
        TakeInto(slices);
        var all = new T[slices.Sum(s => s.Count)];
        var at = 0;
        foreach (var slice in slices)
        {
            Kept.Copy(slice.Span, all.AsSpan(at));
            at += slice.Count;
            slice.Batch.Release();
        }

        return all;
    }
}
