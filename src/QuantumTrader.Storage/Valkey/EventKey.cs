namespace QuantumTrader.Storage.Valkey;

/// <summary>What names an event within its stream, and orders it there.</summary>
/// <param name="Time">ns UTC.</param>
/// <param name="Number">Its number.</param>
internal readonly record struct EventKey(long Time, long Number) : IComparable<EventKey>
{
    public int CompareTo(EventKey other) => Time != other.Time ? Time.CompareTo(other.Time) : Number.CompareTo(other.Number);

    public static bool operator <(EventKey a, EventKey b) => a.Time < b.Time || (a.Time == b.Time && a.Number < b.Number);

    public static bool operator >(EventKey a, EventKey b) => b < a;

    public static bool operator <=(EventKey a, EventKey b) => !(b < a);

    public static bool operator >=(EventKey a, EventKey b) => !(a < b);
}

/// <summary>
/// The newest keys of a stream, complete from <see cref="Floor"/> on: tells a repeat from a new event without asking the server. Events
/// come nearly in order, so it is an array that grows at its end.
/// </summary>
internal sealed class RecentKeys
{
    /// <summary>Keys that are at least remembered once there were so many.</summary>
    public const int Capacity = 16_384;

    private EventKey[] _keys = new EventKey[256];
    private int _start;
    private int _end;

    /// <summary>From this key on every stored one is in here.</summary>
    public EventKey Floor { get; private set; } = new(long.MinValue, long.MinValue);

    /// <summary>Newest key; the lowest possible when there is none.</summary>
    public EventKey Newest { get; private set; } = new(long.MinValue, long.MinValue);

    /// <summary>Says that keys before this one are stored too, but not in here.</summary>
    public void StartAt(EventKey floor) => Floor = floor;

    /// <summary>True when the key is in here; keys below <see cref="Floor"/> cannot be asked for.</summary>
    public bool Contains(EventKey key) => _keys.AsSpan(_start, _end - _start).BinarySearch(key) >= 0;

    /// <summary>Adds a key that is not in here.</summary>
    public void Add(EventKey key)
    {
        MakeRoom();
        if (key > Newest)
        {
            Newest = key;
            _keys[_end++] = key;
            return;
        }

        if (key < Floor)
        {
            return;
        }

        var at = _start + ~_keys.AsSpan(_start, _end - _start).BinarySearch(key);
        Array.Copy(_keys, at, _keys, at + 1, _end - at);
        _keys[at] = key;
        _end++;
    }

    private void MakeRoom()
    {
        if (_end < _keys.Length)
        {
            return;
        }

        if (_keys.Length < 2 * Capacity)
        {
            Array.Resize(ref _keys, _keys.Length * 2);
            return;
        }

        _start = _end - Capacity;
        Array.Copy(_keys, _start, _keys, 0, Capacity);
        (_start, _end) = (0, Capacity);
        Floor = _keys[0];
    }
}
