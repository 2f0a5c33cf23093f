namespace QuantumTrader.Dataflow;

/// <summary>
/// Keeps the newest event per <see cref="IEvent{TSelf}.ConflationKey"/>. A newer event goes to the back and leaves a hole where the old
/// one stood, so that what is read stays in the order of its sequence.
/// </summary>
internal sealed class ConflatingQueue<T>(int capacity) where T : struct, IEvent<T>
{
    private readonly record struct Entry(T Value, long Stamp, bool IsLive);

    private readonly Dictionary<long, int> _places = new(capacity);
    // Holes may take as much room as live events before they are squeezed out: amortised one move per event.
    private readonly Entry[] _entries = new Entry[capacity * 2];
    private int _end;
    private int _start;

    /// <summary>Live events.</summary>
    public int Count => _places.Count;

    public T First
    {
        get
        {
            SkipHoles();
            return _entries[_start].Value;
        }
    }

    /// <summary>Adds an event; returns how many it pushed out: replaced (same key) or dropped (oldest, when full).</summary>
    public (int Replaced, int Dropped) Add(in T value, long stamp)
    {
        var key = value.ConflationKey;
        var replaced = 0;
        var dropped = 0;
        if (_places.Remove(key, out var place))
        {
            _entries[place] = default;
            replaced = 1;
        }
        else if (_places.Count == capacity)
        {
            Take(out _, out _);
            dropped = 1;
        }

        if (_end == _entries.Length)
        {
            Squeeze();
        }

        _places[key] = _end;
        _entries[_end++] = new Entry(Kept.Of(in value), stamp, true);
        return (replaced, dropped);
    }

    public bool Take(out T value, out long stamp)
    {
        if (_places.Count == 0)
        {
            (value, stamp) = (default, 0);
            return false;
        }

        SkipHoles();
        (value, stamp, _) = _entries[_start];
        _entries[_start++] = default;
        _places.Remove(value.ConflationKey);
        if (_places.Count == 0)
        {
            _start = _end = 0;
        }

        return true;
    }

    private void SkipHoles()
    {
        while (!_entries[_start].IsLive)
        {
            _start++;
        }
    }

    private void Squeeze()
    {
        var to = 0;
        for (var from = _start; from < _end; from++)
        {
            if (_entries[from].IsLive)
            {
                _entries[to] = _entries[from];
                _places[_entries[to].Value.ConflationKey] = to;
                to++;
            }
        }

        Array.Clear(_entries, to, _end - to);
        (_start, _end) = (0, to);
    }
}
