using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QuantumTrader.Dataflow;

/// <summary>
/// A bounded ring from one writing to one reading thread, without locks: neither is ever held up by the other. Who wants to wait for the
/// other side brings its own bell.
/// </summary>
public sealed class HandOff<T>
{
    private readonly T[] _items;
    private readonly int _mask;
    private HandOffCounter _written;
    private HandOffCounter _read;

    /// <summary>A ring for at least so many items.</summary>
    public HandOff(int capacity)
    {
        _items = new T[BitOperations.RoundUpToPowerOf2((uint)capacity)];
        _mask = _items.Length - 1;
    }

    /// <summary>Items that fit.</summary>
    public int Capacity => _items.Length;

    /// <summary>Items that wait; any thread may ask.</summary>
    public int Count => (int)(Volatile.Read(ref _written.Value) - Volatile.Read(ref _read.Value));

    /// <summary>True when an item waits; any thread may ask.</summary>
    public bool HasItem => Count > 0;

    /// <summary>Writer: adds an item; false when the ring is full.</summary>
    public bool TryWrite(in T item)
    {
        var room = Room(1);
        if (room.IsEmpty)
        {
            return false;
        }

        room[0] = item;
        Publish(1);
        return true;
    }

    /// <summary>Writer: free places, at most so many and up to the end of the array; the reader sees nothing of them before <see cref="Publish"/>.</summary>
    public Span<T> Room(int most)
    {
        var written = _written.Value;
        if (written + most - _written.Seen > _items.Length)
        {
            _written.Seen = Volatile.Read(ref _read.Value);
        }

        var start = (int)written & _mask;
        return _items.AsSpan(start, (int)Math.Min(Math.Min(most, _items.Length - (written - _written.Seen)), _items.Length - start));
    }

    /// <summary>Writer: shows the reader the first places of <see cref="Room"/>.</summary>
    public void Publish(int count) => Volatile.Write(ref _written.Value, _written.Value + count);

    /// <summary>Reader: the oldest item, which stays; only while <see cref="HasItem"/>.</summary>
    public ref T Head => ref _items[(int)_read.Value & _mask];

    /// <summary>Reader: removes the oldest item; only while <see cref="HasItem"/>.</summary>
    public T Take()
    {
        var item = Head;
        Advance(1);
        return item;
    }

    /// <summary>Reader: what waits, at most so many and up to the end of the array; it stays in the ring until <see cref="Advance"/>.</summary>
    public ReadOnlySpan<T> Peek(int most)
    {
        var read = _read.Value;
        if (_read.Seen == read)
        {
            _read.Seen = Volatile.Read(ref _written.Value);
        }

        var start = (int)read & _mask;
        return _items.AsSpan(start, (int)Math.Min(Math.Min(_read.Seen - read, most), _items.Length - start));
    }

    /// <summary>Reader: gives back the places of so many of the oldest items, of which no more than one piece of <see cref="Peek"/>.</summary>
    public void Advance(int count)
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            // A place that is free must hold nothing alive.
            _items.AsSpan((int)_read.Value & _mask, count).Clear();
        }

        Volatile.Write(ref _read.Value, _read.Value + count);
    }
}

/// <summary>A counter alone on its cache lines, so that the two sides of a ring do not slow each other down. Outside the ring: a generic class may not nest it.</summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct HandOffCounter
{
    [FieldOffset(64)] public long Value;

    /// <summary>What this side last saw of the other.</summary>
    [FieldOffset(72)] public long Seen;
}
