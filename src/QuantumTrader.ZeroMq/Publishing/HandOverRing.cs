using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QuantumTrader.Dataflow;

namespace QuantumTrader.ZeroMq;

/// <summary>A counter alone on its cache lines, so that the two sides of a ring do not slow each other down. Outside the ring: a generic class may not nest it.</summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct LonelyCounter
{
    [FieldOffset(64)] public long Value;

    /// <summary>What this side last saw of the other.</summary>
    [FieldOffset(72)] public long Seen;
}

/// <summary>
/// A bounded ring from one writing to one reading thread, without locks. The writer never waits: it is told when the ring is full. It
/// pays for a wake-up only when the reader sleeps.
/// </summary>
internal sealed class HandOverRing<T> where T : struct, IEvent<T>
{
    private readonly T[] _items;
    private readonly long[] _stamps;
    private readonly int _mask;
    private readonly object _bed = new();
    private LonelyCounter _written;
    private LonelyCounter _read;
    private long _next;
    private int _isAsleep;
    private volatile bool _isCompleted;

    /// <summary>A ring for at least so many events.</summary>
    public HandOverRing(int capacity)
    {
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity);
        _items = new T[size];
        _stamps = new long[size];
        _mask = size - 1;
    }

    /// <summary>Events that wait.</summary>
    public int Count => (int)(Volatile.Read(ref _written.Value) - Volatile.Read(ref _read.Value));

    /// <summary>Events that fit.</summary>
    public int Capacity => _items.Length;

    /// <summary>True when nothing more will be written.</summary>
    public bool IsCompleted => _isCompleted;

    /// <summary>Writer: adds an event, to be seen by the reader after <see cref="Publish"/>; false when the ring is full.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryAdd(in T value)
    {
        var next = _next;
        if (next - _written.Seen >= _items.Length && IsFull(next))
        {
            return false;
        }

        // An event may hold storage of its batch; what stays here must not. For those without references the compiler sees a plain copy.
        _items[next & _mask] = RuntimeHelpers.IsReferenceOrContainsReferences<T>() ? T.Keep(in value) : value;
        _next = next + 1;
        return true;
    }

    /// <summary>Writer: shows the reader what was added, with one time stamp for all of it.</summary>
    public void Publish(long stamp)
    {
        for (var i = _written.Value; i < _next; i++)
        {
            _stamps[i & _mask] = stamp;
        }

        Volatile.Write(ref _written.Value, _next);
        Wake();
    }

    /// <summary>Writer: there will be no more.</summary>
    public void Complete()
    {
        _isCompleted = true;
        lock (_bed)
        {
            _isAsleep = 0;
            Monitor.Pulse(_bed);
        }
    }

    /// <summary>Reader: what waits, up to a limit and the end of the array, with the stamp of the oldest; it stays in the ring until <see cref="Advance"/>.</summary>
    public ReadOnlySpan<T> Peek(int limit, out long stamp)
    {
        var read = _read.Value;
        if (_read.Seen == read)
        {
            _read.Seen = Volatile.Read(ref _written.Value);
        }

        var start = (int)(read & _mask);
        stamp = _stamps[start];
        return _items.AsSpan(start, (int)Math.Min(Math.Min(_read.Seen - read, limit), _items.Length - start));
    }

    /// <summary>Reader: gives back the room of so many events.</summary>
    public void Advance(int count) => Volatile.Write(ref _read.Value, _read.Value + count);

    /// <summary>Reader: sleeps until something is written or the time is over.</summary>
    public void Sleep(int milliseconds)
    {
        Volatile.Write(ref _isAsleep, 1);
        // The writer writes, then looks whether the reader sleeps; the reader says that it sleeps, then looks what was written. With a full
        // fence on both sides at least one of them sees the other.
        Interlocked.MemoryBarrier();
        lock (_bed)
        {
            if (_isAsleep == 1 && Count == 0 && !_isCompleted)
            {
                Monitor.Wait(_bed, milliseconds);
            }

            Volatile.Write(ref _isAsleep, 0);
        }
    }

    /// <summary>
    /// Reader: sleeps without being woken by the writer, except at the end: while events keep coming, looking after a short time costs
    /// both sides less than a wake-up for each.
    /// </summary>
    public void Nap(int milliseconds)
    {
        lock (_bed)
        {
            if (!_isCompleted)
            {
                Monitor.Wait(_bed, milliseconds);
            }
        }
    }

    private void Wake()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _isAsleep) == 1)
        {
            lock (_bed)
            {
                _isAsleep = 0;
                Monitor.Pulse(_bed);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsFull(long next)
    {
        _written.Seen = Volatile.Read(ref _read.Value);
        return next - _written.Seen >= _items.Length;
    }
}
