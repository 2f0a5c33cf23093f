using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QuantumTrader.Dataflow;

/// <summary>
/// A bounded ring from one writing to one reading thread, without locks: neither is ever held up by the other. Who wants to wait for the
/// other side brings its own bell.
/// </summary>
/// <remarks>Its memory is in pieces, so that a long ring is no large object.</remarks>
public sealed class HandOff<T>
{
    private const int MaxPiece = 256;

    private readonly T[]?[] _pieces;
    private readonly int _piece;
    private readonly int _shift;
    private readonly int _mask;
    private HandOffCounter _written;
    private HandOffCounter _read;

    /// <summary>A ring for at least so many items.</summary>
    /// <param name="capacity">So many.</param>
    /// <param name="grows">Its memory is made where it is first written to: for a ring that is rarely full, and whose writer may allocate.</param>
    public HandOff(int capacity, bool grows = false)
    {
        Capacity = (int)BitOperations.RoundUpToPowerOf2((uint)capacity);
        _piece = Math.Min(Capacity, MaxPiece);
        _shift = BitOperations.Log2((uint)_piece);
        _pieces = new T[Capacity >> _shift][];
        _mask = Capacity - 1;
        for (var i = 0; i < _pieces.Length && !grows; i++)
        {
            _pieces[i] = new T[_piece];
        }
    }

    /// <summary>Items that fit.</summary>
    public int Capacity { get; }

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

    /// <summary>Writer: free places, at most so many and up to the end of a piece; the reader sees nothing of them before <see cref="Publish"/>.</summary>
    public Span<T> Room(int most)
    {
        var written = _written.Value;
        if (written + most - _written.Seen > Capacity)
        {
            _written.Seen = Volatile.Read(ref _read.Value);
        }

        var room = (int)Math.Min(most, Capacity - (written - _written.Seen));
        // Made before it is published: the reader never sees a piece that is not there.
        _pieces[PieceOf(written)] ??= new T[_piece];
        return UpToEnd(written, room);
    }

    /// <summary>Writer: shows the reader the first places of <see cref="Room"/>.</summary>
    public void Publish(int count) => Volatile.Write(ref _written.Value, _written.Value + count);

    /// <summary>Reader: the oldest item, which stays; only while <see cref="HasItem"/>.</summary>
    public ref T Head => ref _pieces[PieceOf(_read.Value)]![PlaceOf(_read.Value)];

    /// <summary>Reader: removes the oldest item; only while <see cref="HasItem"/>.</summary>
    public T Take()
    {
        var item = Head;
        Advance(1);
        return item;
    }

    /// <summary>Reader: what waits, at most so many and up to the end of a piece; it stays in the ring until <see cref="Advance"/>.</summary>
    public ReadOnlySpan<T> Peek(int most)
    {
        var read = _read.Value;
        if (_read.Seen == read)
        {
            _read.Seen = Volatile.Read(ref _written.Value);
        }

        return UpToEnd(read, (int)Math.Min(_read.Seen - read, most));
    }

    /// <summary>Reader: gives back the places of so many of the oldest items, of which no more than one span of <see cref="Peek"/>.</summary>
    public void Advance(int count)
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            // A place that is free must hold nothing alive.
            UpToEnd(_read.Value, count).Clear();
        }

        Volatile.Write(ref _read.Value, _read.Value + count);
    }

    private int PieceOf(long at) => ((int)at & _mask) >> _shift;

    private int PlaceOf(long at) => (int)at & (_piece - 1);

    private Span<T> UpToEnd(long at, int most) => _pieces[PieceOf(at)].AsSpan(PlaceOf(at), Math.Min(most, _piece - PlaceOf(at)));
}

/// <summary>A counter alone on its cache lines, so that the two sides of a ring do not slow each other down. Outside the ring: a generic class may not nest it.</summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct HandOffCounter
{
    [FieldOffset(64)] public long Value;

    /// <summary>What this side last saw of the other.</summary>
    [FieldOffset(72)] public long Seen;
}
