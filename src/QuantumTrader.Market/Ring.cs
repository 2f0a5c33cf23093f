using System.Numerics;
using System.Runtime.CompilerServices;

namespace QuantumTrader.Market;

/// <summary>
/// The last items of a stream: one thread writes, any number read, and the writer never waits. Each slot carries a version that is odd
/// while the slot is written; a reader copies the item and keeps it only if the version behind the copy still is the one that belongs to
/// the item, so that a half-written item is never handed out.
/// </summary>
/// <typeparam name="T">Item; without references, because it may be copied while it is written.</typeparam>
public sealed class Ring<T> where T : unmanaged
{
    private readonly Slot[] _slots;
    private readonly long _mask;
    private long _written;

    /// <summary>An empty ring.</summary>
    /// <param name="capacity">Items that can be read back, from 1.</param>
    public Ring(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        Capacity = capacity;

        // The spare slots are a reader's head start: without them the next write would always hit the oldest item it wants.
        _slots = new Slot[(int)BitOperations.RoundUpToPowerOf2((uint)(capacity + Math.Max(16, capacity / 4)))];
        _mask = _slots.Length - 1;
    }

    /// <summary>Items that can be read back.</summary>
    public int Capacity { get; }

    /// <summary>Items written so far.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>Adds an item. Only ever called by one thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(in T item)
    {
        var number = _written;
        ref var slot = ref _slots[number & _mask];
        slot.Version = (2 * number) + 1;
        Volatile.WriteBarrier(); // no part of the item may be seen before the odd version
        slot.Item = item;
        Volatile.Write(ref slot.Version, (2 * number) + 2);
        Volatile.Write(ref _written, number + 1);
    }

    /// <summary>Copies the newest items, the newest last; returns how many. Any thread.</summary>
    /// <param name="target">Takes at most as many items as it and <see cref="Capacity"/> allow.</param>
    public int ReadLast(Span<T> target)
    {
        while (true)
        {
            var written = Volatile.Read(ref _written);
            var count = (int)Math.Min(written, Math.Min(target.Length, Capacity));
            if (TryCopy(written - count, target[..count]))
            {
                return count;
            }
        }
    }

    /// <summary>The newest items, the newest last, in a new array. Any thread.</summary>
    /// <param name="count">At most this many.</param>
    public T[] ReadLast(int count)
    {
        var items = new T[Math.Min(count, Capacity)];
        var read = ReadLast(items.AsSpan());
        return read == items.Length ? items : items[..read];
    }

    // False when the writer has come round to an item before it was copied.
    private bool TryCopy(long first, Span<T> target)
    {
        for (var i = 0; i < target.Length; i++)
        {
            ref var slot = ref _slots[(first + i) & _mask];
            var expected = (2 * (first + i)) + 2;

            // One look after the copy is enough: versions only grow, and this one was reached before the count said so.
            target[i] = slot.Item;
            Volatile.ReadBarrier();
            if (slot.Version != expected)
            {
                return false;
            }
        }

        return true;
    }

    private struct Slot
    {
        public long Version;
        public T Item;
    }
}
