using System.Runtime.CompilerServices;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;

namespace QuantumTrader.Storage.Valkey;

/// <summary>Events that are held until nothing can come before them any more.</summary>
internal sealed class EventBuffer<T> where T : struct, IEvent<T>
{
    private T[] _events = new T[1024];
    private EventKey[] _keys = new EventKey[1024];
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

    private void MakeRoom(int more)
    {
        if (_events.Length - _end >= more)
        {
            return;
        }

        var count = _end - _start;
        if (_start >= count && _events.Length - count >= more)
        {
            Array.Copy(_events, _start, _events, 0, count);
            Array.Copy(_keys, _start, _keys, 0, count);
            (_start, _end) = (0, count);
        }
        else
        {
            var length = Math.Max(_events.Length * 2, _end + more);
            Array.Resize(ref _events, length);
            Array.Resize(ref _keys, length);
        }
    }
}
