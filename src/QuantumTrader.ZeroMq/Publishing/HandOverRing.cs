using System.Runtime.CompilerServices;
using QuantumTrader.Dataflow;

namespace QuantumTrader.ZeroMq;

/// <summary>
/// Events on their way from the pipeline's thread to the publisher's, each with the time at which it was handed over. The writer never
/// waits: it is told when there is no room. It pays for a wake-up only when the reader sleeps.
/// </summary>
internal sealed class HandOverRing<T>(int capacity) where T : struct, IEvent<T>
{
    private readonly HandOff<T> _events = new(capacity);

    // As long as the other one; each side moves this one first, so its places are there whenever those of the events are.
    private readonly HandOff<long> _stamps = new(capacity);
    private readonly object _bed = new();
    private int _isAsleep;
    private volatile bool _isCompleted;

    /// <summary>Events that wait.</summary>
    public int Count => _events.Count;

    /// <summary>True when nothing more will be written.</summary>
    public bool IsCompleted => _isCompleted;

    /// <summary>Writer: adds events from the first on, all with one time stamp; returns how many fitted.</summary>
    public int Add(ReadOnlySpan<T> events, long stamp)
    {
        var added = 0;
        while (_events.Room(events.Length - added) is { IsEmpty: false } room)
        {
            Keep(events.Slice(added, room.Length), room);
            _stamps.Room(room.Length).Fill(stamp);
            _stamps.Publish(room.Length);
            _events.Publish(room.Length);
            added += room.Length;
        }

        Wake();
        return added;
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

    /// <summary>Reader: what waits, up to a limit, with the stamp of the oldest; it stays in the ring until <see cref="Advance"/>.</summary>
    public ReadOnlySpan<T> Peek(int limit, out long stamp)
    {
        var events = _events.Peek(limit);
        stamp = events.IsEmpty ? 0 : _stamps.Head;
        return events;
    }

    /// <summary>Reader: gives back the room of so many events.</summary>
    public void Advance(int count)
    {
        _stamps.Advance(count);
        _events.Advance(count);
    }

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

    // An event may hold storage of its batch; what stays here must not.
    private static void Keep(ReadOnlySpan<T> events, Span<T> room)
    {
        if (!RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            events.CopyTo(room);
            return;
        }

        for (var i = 0; i < events.Length; i++)
        {
            room[i] = T.Keep(in events[i]);
        }
    }
}
