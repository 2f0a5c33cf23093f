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

    /// <summary>Writer: adds events from the first on, all with one time stamp; returns how many fitted.</summary>
    public int Add(ReadOnlySpan<T> events, long stamp)
    {
        var written = _written.Value;
        if (written + events.Length - _written.Seen > _items.Length)
        {
            _written.Seen = Volatile.Read(ref _read.Value);
        }

        var count = (int)Math.Min(events.Length, _items.Length - (written - _written.Seen));
        var start = (int)(written & _mask);
        var untilEnd = Math.Min(count, _items.Length - start);
        Put(events[..untilEnd], start, stamp);
        Put(events[untilEnd..count], 0, stamp);
        Volatile.Write(ref _written.Value, written + count);
        Wake();
        return count;
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

    private void Put(ReadOnlySpan<T> events, int at, long stamp)
    {
        _stamps.AsSpan(at, events.Length).Fill(stamp);
        var items = _items.AsSpan(at, events.Length);
        if (!RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            events.CopyTo(items);
            return;
        }

        // An event may hold storage of its batch; what stays here must not.
        for (var i = 0; i < events.Length; i++)
        {
            items[i] = T.Keep(in events[i]);
        }
    }
}
