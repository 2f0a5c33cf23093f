using System.Buffers;
using System.Runtime.CompilerServices;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;

namespace QuantumTrader.Storage.Valkey;

/// <summary>Events that are held until nothing can come before them any more, in arrays that are lent.</summary>
internal sealed class EventBuffer<T> : IDisposable where T : struct, IEvent<T>
{
    private T[] _events = ArrayPool<T>.Shared.Rent(1024);
    private EventKey[] _keys = ArrayPool<EventKey>.Shared.Rent(1024);
    private int _start;
    private int _end;
    private bool _isUnsorted;

    public void Add(in T value, EventKey key)
    {
        MakeRoom(1);
        _isUnsorted |= _end > _start && key < _keys[_end - 1];
        _events[_end] = value;
        _keys[_end++] = key;
    }

    /// <summary>Adds the events of a raw pack whose time is in [from, to), as events of this symbol.</summary>
    public void Add(ReadOnlySpan<MarketEvent> pack, int symbol, long from, long to)
    {
        MakeRoom(pack.Length);
        var last = _end > _start ? _keys[_end - 1] : new EventKey(long.MinValue, long.MinValue);
        foreach (ref readonly var e in pack)
        {
            if (e.EventTime >= from && e.EventTime < to)
            {
                ref var target = ref Unsafe.As<T, MarketEvent>(ref _events[_end]);
                target = e;
                target.Symbol = symbol;
                var key = new EventKey(e.EventTime, MarketFormat.NumberOf(in e));
                _isUnsorted |= key < last;
                _keys[_end++] = last = key;
            }
        }
    }

    /// <summary>How many are older than this (ns UTC).</summary>
    public int Below(long time)
    {
        if (_isUnsorted)
        {
            Array.Sort(_keys, _events, _start, _end - _start);
            _isUnsorted = false;
        }

        if (_end == _start || _keys[_end - 1].Time < time)
        {
            return _end - _start;
        }

        var at = _keys.AsSpan(_start, _end - _start).BinarySearch(new EventKey(time, long.MinValue));
        return at < 0 ? ~at : at;
    }

    /// <summary>The oldest events, which must be sorted (<see cref="Below"/>).</summary>
    public ReadOnlySpan<T> First(int count, out long firstTime, out long lastTime)
    {
        (firstTime, lastTime) = (_keys[_start].Time, _keys[_start + count - 1].Time);
        return _events.AsSpan(_start, count);
    }

    public void Remove(int count)
    {
        _start += count;
        if (_start == _end)
        {
            (_start, _end) = (0, 0);
        }
    }

    public void Dispose() => (_events, _keys, _start, _end) = (GiveBack(_events, []), GiveBack(_keys, []), 0, 0);

    private TItem[] Grown<TItem>(TItem[] items, int length)
    {
        var grown = ArrayPool<TItem>.Shared.Rent(length);
        Array.Copy(items, grown, _end);
        return GiveBack(items, grown);
    }

    private static TItem[] GiveBack<TItem>(TItem[] items, TItem[] instead)
    {
        ArrayPool<TItem>.Shared.Return(items, RuntimeHelpers.IsReferenceOrContainsReferences<TItem>());
        return instead;
    }

    private void MakeRoom(int more)
    {
        if (Math.Min(_events.Length, _keys.Length) - _end >= more)
        {
            return;
        }

        var count = _end - _start;
        if (_start >= count && Math.Min(_events.Length, _keys.Length) - count >= more)
        {
            Array.Copy(_events, _start, _events, 0, count);
            Array.Copy(_keys, _start, _keys, 0, count);
            (_start, _end) = (0, count);
        }
        else
        {
            var length = Math.Max(_events.Length * 2, _end + more);
            _events = Grown(_events, length);
            _keys = Grown(_keys, length);
        }
    }
}
