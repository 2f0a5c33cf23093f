using System.Numerics;
using System.Runtime.CompilerServices;

namespace QuantumTrader.Market;

/// <summary>
/// A queue sorted by time, equal times in order of arrival, for input that is mostly in order: entries go in from the back. It holds
/// small entries, so that an insertion in the middle moves 16 bytes per entry it passes; what they stand for lies in the caller's slots.
/// </summary>
internal sealed class SortBuffer
{
    private Entry[] _entries = new Entry[1024];
    private int _head;
    private int _mask = 1023;

    public readonly record struct Entry(long Time, int Slot);

    public int Count { get; private set; }

    /// <summary>The oldest entry; there must be one.</summary>
    public ref readonly Entry Head => ref _entries[_head];

    /// <summary>The entry at a position counted from the oldest.</summary>
    public ref Entry this[int position] => ref _entries[(_head + position) & _mask];

    /// <summary>Adds an entry behind all that are not newer; returns its position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Add(long time, int slot)
    {
        if (Count == _entries.Length)
        {
            Grow();
        }

        var count = Count++;
        if (count == 0 || this[count - 1].Time <= time)
        {
            this[count] = new Entry(time, slot);
            return count;
        }

        return AddBefore(count, time, slot);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void RemoveHead()
    {
        _head = (_head + 1) & _mask;
        Count--;
    }

    public void RemoveTail() => Count--;

    private int AddBefore(int position, long time, int slot)
    {
        var entries = _entries;
        var mask = _mask;
        var head = _head;
        var to = (head + position) & mask;
        for (; position > 0; position--)
        {
            var from = (to - 1) & mask;
            if (entries[from].Time <= time)
            {
                break;
            }

            entries[to] = entries[from];
            to = from;
        }

        entries[to] = new Entry(time, slot);
        return position;
    }

    private void Grow()
    {
        var larger = new Entry[BitOperations.RoundUpToPowerOf2((uint)_entries.Length + 1)];
        for (var i = 0; i < Count; i++)
        {
            larger[i] = this[i];
        }

        _entries = larger;
        _head = 0;
        _mask = larger.Length - 1;
    }
}
