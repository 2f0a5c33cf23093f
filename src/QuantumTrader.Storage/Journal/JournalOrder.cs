using System.Runtime.InteropServices;

namespace QuantumTrader.Storage;

/// <summary>Records of one stream that stand one behind the other in the journal; valid until the next one is read.</summary>
internal readonly ref struct JournalRun
{
    public required SegmentNames Names { get; init; }

    public required uint Stream { get; init; }

    public required int RecordBytes { get; init; }

    public required bool IsLate { get; init; }

    public required long FirstOrdinal { get; init; }

    public required int Count { get; init; }

    /// <summary>At least the bytes of the run's records.</summary>
    public required ReadOnlySpan<byte> Records { get; init; }

    /// <summary>The run without its first records.</summary>
    public JournalRun Skip(int count)
    {
        var records = Records;
        for (var i = 0; i < count; i++)
        {
            Take(ref records, out _);
        }

        return this with { Records = records, FirstOrdinal = FirstOrdinal + count, Count = Count - count };
    }

    /// <summary>Takes the next record off, with its event time.</summary>
    public ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> records, out long time)
    {
        if (RecordBytes > 0)
        {
            var record = records[..RecordBytes];
            records = records[RecordBytes..];
            time = MarketRecord.Time(record);
            return record;
        }

        if (!FieldRecord.TryTake(ref records, out var fields))
        {
            throw new InvalidDataException("Invariant: a block with good checksums holds whole records.");
        }

        time = FieldRecord.Time(fields);
        return fields;
    }
}

/// <summary>
/// Reads segments in the order in which their records were appended. In a segment that is still written this is the order of the file; in
/// a sealed one the streams are merged by the records' places in the journal.
/// </summary>
internal sealed class JournalOrder(IReadOnlyList<Segment> segments)
{
    private readonly List<Cursor> _cursors = [];
    private readonly List<StoreGap> _gaps = [];
    private int _segment = -1;

    /// <summary>What is known to be lost of what was read so far: each is here before any record that stands behind it in its stream.</summary>
    public IReadOnlyList<StoreGap> Gaps => _gaps;

    /// <summary>Limits what is read to some streams; all when it is null. Called once per stream and segment.</summary>
    public Func<SegmentNames, StreamName, bool>? Wants { get; init; }

    /// <summary>First event time that is wanted, ns UTC. Records before it in the same block come too.</summary>
    public long From { get; init; } = long.MinValue;

    /// <summary>First event time that is no longer wanted.</summary>
    public long To { get; init; } = long.MaxValue;

    /// <summary>Records before this place in the journal are passed over.</summary>
    public long FirstOrdinal { get; init; }

    /// <summary>Share of the segments' bytes that was read, 0 to 1.</summary>
    public double Progress => segments.Count == 0 ? 1 : Math.Clamp((_segment + (_cursors.Count > 0 ? _cursors.Min(c => c.Progress) : 1)) / segments.Count, 0, 1);

    /// <summary>The next run of records of one stream; false at the end.</summary>
    public bool Read(out JournalRun run)
    {
        while (true)
        {
            Cursor? first = null;
            var second = long.MaxValue;
            foreach (var cursor in _cursors)
            {
                if (!cursor.Settle())
                {
                    continue;
                }

                if (first is null || cursor.Ordinal < first.Ordinal)
                {
                    second = first?.Ordinal ?? long.MaxValue;
                    first = cursor;
                }
                else
                {
                    second = Math.Min(second, cursor.Ordinal);
                }
            }

            if (first is not null)
            {
                run = first.Take(second);
                var passed = FirstOrdinal - run.FirstOrdinal;
                if (passed < run.Count)
                {
                    run = passed > 0 ? run.Skip((int)passed) : run;
                    return true;
                }
            }
            else if (++_segment < segments.Count)
            {
                Open(segments[_segment]);
            }
            else
            {
                run = default;
                return false;
            }
        }
    }

    private void Open(Segment segment)
    {
        _cursors.Clear();
        _gaps.AddRange(segment.Gaps);
        var names = segment.Names;
        var extents = segment.Extents.Where(e => e.MaxTime >= From && e.MinTime < To && (e.Stream == 0 || IsWanted(names, e.Stream))).ToArray();
        foreach (var group in extents.GroupBy(e => (e.Stream, Late: e.Stream != 0 && e.IsLate)))
        {
            _cursors.Add(new Cursor(segment, names, _gaps, [.. group], Wants is null ? null : stream => IsWanted(names, stream)));
        }
    }

    private bool IsWanted(SegmentNames names, uint stream) => Wants is null || (names.Stream(stream) is { } name && Wants(names, name));

    /// <summary>Walks extents whose records stand in the journal's order among each other.</summary>
    private sealed class Cursor
    {
        private readonly Segment _segment;
        private readonly SegmentNames _names;
        private readonly List<StoreGap> _gaps;
        private readonly Extent[] _extents;
        private readonly Func<uint, bool>? _wants;
        private readonly Dictionary<uint, bool> _wanted = [];
        private readonly BlockReader _blocks = new();
        private BlockHeader _header;
        private int _extent = -1;
        private int _index;
        private int _recordBytes;
        private int _byte;

        public Cursor(Segment segment, SegmentNames names, List<StoreGap> gaps, Extent[] extents, Func<uint, bool>? wants)
        {
            (_segment, _names, _gaps, _extents, _wants) = (segment, names, gaps, extents, wants);
            NextBlock();
        }

        public bool HasRecord { get; private set; }

        public double Progress => _extents.Length == 0 ? 1 : _extent / (double)_extents.Length;

        public long Ordinal => _header.FirstOrdinal + (_header.Stream == 0 ? _index : _blocks.Numbers[_index]);

        /// <summary>The records of one stream from here on whose places follow each other and are before a limit.</summary>
        public JournalRun Take(long limit)
        {
            var (start, startByte, ordinal) = (_index, _byte, Ordinal);
            var numbers = _blocks.Numbers;
            var stream = _header.Stream == 0 ? numbers[start] : _header.Stream;
            do
            {
                Skip();
            }
            while (_index < _header.Count && (_header.Stream == 0
                ? numbers[_index] == stream
                : _header.FirstOrdinal + numbers[_index] == ordinal + (_index - start) && ordinal + (_index - start) < limit));

            var run = new JournalRun
            {
                Names = _names, Stream = stream, RecordBytes = _recordBytes, FirstOrdinal = ordinal, Count = _index - start,
                IsLate = _header.Flags.HasFlag(BlockFlags.Late), Records = _blocks.Records[startByte.._byte],
            };
            _pending = _index >= _header.Count;
            if (!_pending)
            {
                SkipUnwanted();
            }

            HasRecord = true;
            return run;
        }

        // The block just handed out stays until the caller asks again: only then may its buffer be filled anew.
        private bool _pending;

        public bool Settle()
        {
            if (_pending)
            {
                _pending = false;
                NextBlock();
            }

            return HasRecord;
        }

        private void Skip()
        {
            _byte += _recordBytes > 0 ? _recordBytes : MemoryMarshal.Read<int>(_blocks.Records[_byte..]);
            _index++;
        }

        private void SkipUnwanted()
        {
            if (_wants is null || _header.Stream != 0)
            {
                return;
            }

            var numbers = _blocks.Numbers;
            while (_index < _header.Count && !IsWanted(numbers[_index]))
            {
                Skip();
            }

            _pending = _index >= _header.Count;
        }

        private bool IsWanted(uint stream)
        {
            if (!_wanted.TryGetValue(stream, out var wanted))
            {
                _wanted[stream] = wanted = _wants!(stream);
            }

            return wanted;
        }

        private bool NextOfExtent()
        {
            var damaged = _blocks.Damaged;
            var isThere = _blocks.Next(out _header);
            if (_blocks.Damaged > damaged && _blocks.Lost is { } lost && (_gaps.Count == 0 || _gaps[^1] != lost))
            {
                _gaps.Add(lost);
            }

            return isThere;
        }

        private void NextBlock()
        {
            while (true)
            {
                while (_extent < 0 || !NextOfExtent())
                {
                    if (++_extent >= _extents.Length)
                    {
                        HasRecord = false;
                        return;
                    }

                    _blocks.Open(_segment, in _extents[_extent]);
                }

                _recordBytes = _names.Type(_header.Type)!.RecordBytes;
                (_index, _byte) = (0, 0);
                SkipUnwanted();
                if (_index < _header.Count)
                {
                    (_pending, HasRecord) = (false, true);
                    return;
                }
            }
        }
    }
}
