using QuantumTrader.Dataflow;

namespace QuantumTrader.Storage;

/// <summary>Finds a stream among the names of a segment.</summary>
internal static class StreamQuery
{
    public static (uint Number, StreamName Name)? Find<T>(RecordCodec<T> codec, SegmentNames names, string channel, string symbol) where T : struct, IEvent<T>
    {
        for (var i = 0; i < names.Streams.Count; i++)
        {
            var name = names.Streams[i];
            if (name.Channel == channel && name.Symbol == symbol && codec.Matches(names.Type(name.Type)))
            {
                return ((uint)i + 1, name);
            }
        }

        return null;
    }
}

/// <summary>
/// Answers one query: walks the blocks by their earliest time and hands on what nothing that is still to come can precede. What it holds
/// at any moment are the blocks that overlap in time, which is one unless events came late.
/// </summary>
internal sealed class JournalQuery<T>(StoreQuery query, RecordCodec<T> codec, StorePage<T> page) where T : struct, IEvent<T>
{
    private const int PageEvents = 4096;

    private readonly BlockReader _blocks = new();
    private readonly Dictionary<Segment, RecordCodec<T>.RecordReader> _readers = [];
    private readonly List<StoreGap> _gaps = [];
    private T[] _events = new T[PageEvents];
    private Key[] _keys = new Key[PageEvents];
    private int _count;
    private bool _isSorted = true;
    private long _handedOver;
    private long _first;
    private long _last;

    private readonly record struct Key(long Time, long Number, long Ordinal) : IComparable<Key>
    {
        public int CompareTo(Key other) =>
            Time != other.Time ? Time.CompareTo(other.Time) : Number != other.Number ? Number.CompareTo(other.Number) : Ordinal.CompareTo(other.Ordinal);
    }

    private readonly record struct Part(Segment Segment, Extent Extent, uint Stream, StreamName Name);

    public StoreAnswer Run(IReadOnlyList<Segment> segments)
    {
        var parts = new List<Part>();
        foreach (var segment in segments)
        {
            _gaps.AddRange(segment.Gaps.Where(g => g.From < query.To && g.To > query.From));
            if (segment.MaxTime < query.From || segment.MinTime >= query.To || StreamQuery.Find(codec, segment.Names, query.Channel, query.Symbol) is not var (number, name))
            {
                continue;
            }

            var bit = 1UL << (int)(number & 63);
            parts.AddRange(segment.Extents
                .Where(e => e.MaxTime >= query.From && e.MinTime < query.To && (e.Stream == 0 ? (e.Streams & bit) != 0 : e.Stream == number))
                .Select(e => new Part(segment, e, number, name)));
        }

        parts.Sort((a, b) => a.Extent.MinTime != b.Extent.MinTime ? a.Extent.MinTime.CompareTo(b.Extent.MinTime) : a.Extent.FirstOrdinal.CompareTo(b.Extent.FirstOrdinal));
        var goesOn = query.AtMost > 0 && query.To > query.From;
        for (var i = 0; i < parts.Count && goesOn; i++)
        {
            Load(parts[i]);
            goesOn = HandOver(i + 1 < parts.Count ? parts[i + 1].Extent.MinTime : long.MaxValue);
        }

        return new StoreAnswer(_handedOver, _first, _last, _gaps);
    }

    private void Load(in Part part)
    {
        if (!_readers.TryGetValue(part.Segment, out var reader))
        {
            _readers[part.Segment] = reader = codec.ReaderFor(part.Segment.Names, part.Name);
        }

        _blocks.Open(part.Segment, part.Extent);
        while (_blocks.Next(out var header))
        {
            if (header.Type != part.Name.Type || (header.Stream != 0 && header.Stream != part.Stream) || header.MaxTime < query.From || header.MinTime >= query.To)
            {
                continue;
            }

            var records = _blocks.Records;
            var numbers = _blocks.Numbers;
            for (var i = 0; i < header.Count && RecordCodec<T>.RecordReader.TryTake(ref records, out var record, out var time); i++)
            {
                if (time >= query.From && time < query.To && (header.Stream != 0 || numbers[i] == part.Stream))
                {
                    Add(reader.Read(record), new Key(time, reader.Number(record), header.FirstOrdinal + (header.Stream == 0 ? i : numbers[i])));
                }
            }
        }

        if (_blocks.Lost is { } lost)
        {
            _gaps.Add(lost);
        }
    }

    private void Add(T value, Key key)
    {
        if (_count == _events.Length)
        {
            Array.Resize(ref _events, _count * 2);
            Array.Resize(ref _keys, _count * 2);
        }

        _isSorted &= _count == 0 || _keys[_count - 1].CompareTo(key) <= 0;
        (_events[_count], _keys[_count]) = (value, key);
        _count++;
    }

    // Hands on everything before a time, and keeps the rest.
    private bool HandOver(long horizon)
    {
        if (!_isSorted)
        {
            Array.Sort(_keys, _events, 0, _count);
            _isSorted = true;
        }

        var due = _count;
        while (due > 0 && _keys[due - 1].Time >= horizon)
        {
            due--;
        }

        var goesOn = true;
        for (var at = 0; at < due && goesOn; at += PageEvents)
        {
            var length = (int)Math.Min(Math.Min(PageEvents, due - at), query.AtMost - _handedOver);
            _first = _handedOver == 0 ? _keys[at].Time : _first;
            _last = _keys[at + length - 1].Time;
            _handedOver += length;
            goesOn = page(_events.AsSpan(at, length)) && _handedOver < query.AtMost;
        }

        _events.AsSpan(due, _count - due).CopyTo(_events);
        _keys.AsSpan(due, _count - due).CopyTo(_keys);
        _count -= due;
        return goesOn;
    }
}
