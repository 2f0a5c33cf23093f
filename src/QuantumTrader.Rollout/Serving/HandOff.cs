using System.Numerics;
using System.Runtime.CompilerServices;

namespace QuantumTrader.Rollout.Serving;

/// <summary>A bounded queue from one writing to one reading thread, without locks: neither can ever be held up by the other.</summary>
internal sealed class HandOff<T>
{
    private readonly T[] _items;
    private readonly int _mask;
    private long _written;
    private long _read;

    /// <summary>A queue for at least so many items.</summary>
    public HandOff(int capacity)
    {
        _items = new T[BitOperations.RoundUpToPowerOf2((uint)capacity)];
        _mask = _items.Length - 1;
    }

    /// <summary>Items that fit.</summary>
    public int Capacity => _items.Length;

    /// <summary>Items that wait.</summary>
    public int Count => (int)(Volatile.Read(ref _written) - Volatile.Read(ref _read));

    /// <summary>Writer: adds an item; false when the queue is full.</summary>
    public bool TryWrite(in T item)
    {
        if (_written - Volatile.Read(ref _read) == _items.Length)
        {
            return false;
        }

        _items[_written & _mask] = item;
        Volatile.Write(ref _written, _written + 1);
        return true;
    }

    /// <summary>Reader: true when an item waits; <see cref="Head"/> is the oldest.</summary>
    public bool HasItem => _read < Volatile.Read(ref _written);

    /// <summary>Reader: the oldest item, which stays.</summary>
    public ref T Head => ref _items[_read & _mask];

    /// <summary>Reader: removes the oldest item.</summary>
    public T Take()
    {
        ref var slot = ref _items[_read & _mask];
        var item = slot;
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            slot = default!;
        }

        Volatile.Write(ref _read, _read + 1);
        return item;
    }
}
