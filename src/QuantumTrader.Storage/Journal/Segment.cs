using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QuantumTrader.Storage;

/// <summary>Blocks that stand one behind the other in a segment, as one entry of its time index.</summary>
internal struct Extent
{
    public long Offset;
    public int Length;
    public long MinTime;
    public long MaxTime;
    public long FirstOrdinal;
    public long Count;

    /// <summary>Bit n modulo 64 is set when a record of stream n is in it.</summary>
    public ulong Streams;

    /// <summary>The stream of all its records; 0 when there are several.</summary>
    public uint Stream;

    public bool IsLate;
}

/// <summary>
/// One file of a journal, as its readers see it: names, sparse time index, damage. The index has an entry per 64 KB, and for a segment
/// that is still written it grows with <see cref="Refresh"/>.
/// </summary>
internal sealed class Segment
{
    private const int ExtentBytes = 65_536;

    private readonly Lock _gate = new();
    private readonly List<Extent> _extents = [];
    private readonly List<StoreGap> _gaps = [];
    private readonly List<BlockHeader> _books = [];
    private SegmentNames _names = new();
    private FileWindow? _scan;

    private Segment(string path, SafeFileHandle file, SegmentHeader header)
    {
        Path = path;
        File = file;
        Header = header;
        NextOrdinal = header.FirstOrdinal;
        MaxTime = long.MinValue;
        MinTime = long.MaxValue;
    }

    public string Path { get; }

    public SafeFileHandle File { get; }

    public SegmentHeader Header { get; }

    public bool IsSealed => Header.IndexOffset > 0;

    /// <summary>End of what is whole.</summary>
    public long End { get; private set; } = SegmentHeader.Bytes;

    /// <summary>Number in the journal of the record that would come next.</summary>
    public long NextOrdinal { get; private set; }

    public long MinTime { get; private set; }

    public long MaxTime { get; private set; }

    public long Bytes => RandomAccess.GetLength(File);

    public SegmentNames Names { get { lock (_gate) { return _names; } } }

    /// <summary>The index now.</summary>
    public Extent[] Extents { get { lock (_gate) { return [.. _extents]; } } }

    /// <summary>What is known to be lost of it.</summary>
    public StoreGap[] Gaps { get { lock (_gate) { return [.. _gaps]; } } }

    /// <summary>The book checkpoints of a symbol before a moment, the last one first. Only the index of a sealed segment names any.</summary>
    public IEnumerable<BookCheckpoint> Books(string symbol, long time)
    {
        var window = new FileWindow(File);
        foreach (var header in Enumerable.Reverse(_books).Where(h => h.MaxTime < time && _names.Stream(h.Stream)?.Symbol == symbol))
        {
            if (TryReadBlock(window, header.Offset, out var block) && BookCheckpoint.TryRead(in block, window.Get(block.Offset + BlockHeader.Bytes, block.StoredBytes)) is { } book)
            {
                yield return book;
            }
        }
    }

    /// <summary>Book checkpoints that are not what they should be.</summary>
    public int DamagedBooks => _books.Count(h => !TryReadBlock(new FileWindow(File), h.Offset, out _));

    /// <summary>Opens a segment for reading; says why when it is none.</summary>
    public static Segment? TryOpen(string path, out string? problem)
    {
        try
        {
            var file = System.IO.File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[SegmentHeader.Bytes];
            var read = RandomAccess.Read(file, bytes, 0);
            problem = SegmentHeader.TryRead(bytes.AsSpan(0, read), out var header);
            if (problem is not null)
            {
                file.Dispose();
                return null;
            }

            var segment = new Segment(path, file, header);
            if (!segment.TryReadIndex())
            {
                segment.Refresh();
            }

            return segment;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
            return null;
        }
    }

    /// <summary>
    /// Reads on from where the last whole block ended; true when there was something new. A damaged block is skipped and becomes a gap as
    /// soon as a whole one stands behind it; until then it may be one that is just being written.
    /// </summary>
    public bool Refresh()
    {
        lock (_gate)
        {
            var before = End;
            var window = _scan ??= new FileWindow(File);
            window.Forget();
            var length = Bytes;
            var at = End;
            while (at < length)
            {
                if (!TryReadBlock(window, at, out var header))
                {
                    var next = FindBlock(window, at + 64, length, out header);
                    if (next < 0)
                    {
                        break;
                    }

                    AddGap(window, at, next, in header);
                    at = next;
                }

                Add(window, in header);
                at += header.Length;
                End = at;
            }

            return End > before;
        }
    }

    /// <summary>Takes in a block that this process has just written.</summary>
    public void Added(in BlockHeader header, ulong streams, SegmentNames? names)
    {
        lock (_gate)
        {
            _names = names ?? _names;
            Index(in header, streams);
            End = header.Offset + header.Length;
        }
    }

    private bool TryReadIndex()
    {
        if (!IsSealed)
        {
            return false;
        }

        var window = new FileWindow(File);
        if (!TryReadBlock(window, Header.IndexOffset, out var index) || index.Type != BlockHeader.IndexType || index.RawBytes % BlockHeader.Bytes != 0)
        {
            return false;
        }

        var headers = MemoryMarshal.Cast<byte, BlockHeader>(window.Get(index.Offset + BlockHeader.Bytes, index.StoredBytes)).ToArray();
        foreach (var header in headers)
        {
            if (header.Type == BlockHeader.NamesType)
            {
                if (!TryReadBlock(window, header.Offset, out var names) || SegmentNames.TryParse(window.Get(names.Offset + BlockHeader.Bytes, names.StoredBytes)) is not { } parsed)
                {
                    _extents.Clear();
                    _books.Clear();
                    _gaps.Clear();
                    return false;
                }

                _names = parsed;
            }
            else if (header.Type == BlockHeader.GapsType)
            {
                AddGaps(TryReadBlock(window, header.Offset, out _) ? window.Get(header.Offset + BlockHeader.Bytes, header.StoredBytes) : default);
            }
            else if (header.Type == BlockHeader.BookType)
            {
                _books.Add(header);
            }
            else
            {
                Index(in header, 1UL << (int)(header.Stream & 63));
            }
        }

        NextOrdinal = Header.LastOrdinal + 1;
        End = index.Offset + index.Length;
        return true;
    }

    // Whole: header and payload have their checksums.
    private static bool TryReadBlock(FileWindow window, long at, out BlockHeader header) =>
        BlockHeader.TryRead(window.Get(at, BlockHeader.Bytes), at, out header)
        && window.Get(at, header.Length) is var block && block.Length == header.Length
        && header.Matches(block.Slice(BlockHeader.Bytes, header.StoredBytes));

    private static long FindBlock(FileWindow window, long from, long length, out BlockHeader header)
    {
        for (var at = from; at + BlockHeader.Bytes <= length; at += 64)
        {
            if (TryReadBlock(window, at, out header))
            {
                return at;
            }
        }

        header = default;
        return -1;
    }

    private void AddGap(FileWindow window, long at, long next, in BlockHeader found)
    {
        // The header may have survived, and then says what is missing.
        var (from, to) = BlockHeader.TryRead(window.Get(at, BlockHeader.Bytes), at, out var lost)
            ? (lost.MinTime, lost.MaxTime + 1)
            : (_extents.Count > 0 ? MaxTime : found.MinTime, found.Count > 0 ? found.MinTime : MaxTime);
        var records = IsSealed ? "" : $"{found.FirstOrdinal - NextOrdinal} records, ";
        _gaps.Add(new StoreGap(Math.Min(from, to), Math.Max(from, to), $"{System.IO.Path.GetFileName(Path)}: {records}{next - at} bytes at {at} are damaged."));
    }

    private void AddGaps(ReadOnlySpan<byte> payload) => _gaps.AddRange(
        SegmentGaps.TryParse(payload) ?? [new StoreGap(MinTime, MaxTime + 1, $"{System.IO.Path.GetFileName(Path)}: its list of what had been lost before it was sealed is damaged.")]);

    private void Add(FileWindow window, in BlockHeader header)
    {
        var payload = window.Get(header.Offset + BlockHeader.Bytes, header.StoredBytes);
        if (header.Type == BlockHeader.NamesType)
        {
            _names = SegmentNames.TryParse(payload) ?? _names;
            return;
        }

        if (header.Type == BlockHeader.GapsType)
        {
            AddGaps(payload);
            return;
        }

        if (header.Type == BlockHeader.IndexType)
        {
            return;
        }

        var streams = 0UL;
        if (header.Stream != 0)
        {
            streams = 1UL << (int)(header.Stream & 63);
        }
        else if (header.Codec == BlockCodec.Plain && header.Count * sizeof(uint) <= payload.Length)
        {
            foreach (var stream in MemoryMarshal.Cast<byte, uint>(payload[(payload.Length - (header.Count * sizeof(uint)))..]))
            {
                streams |= 1UL << (int)(stream & 63);
            }
        }
        else
        {
            streams = ulong.MaxValue;
        }

        Index(in header, streams);
    }

    private void Index(in BlockHeader header, ulong streams)
    {
        if (header.Count == 0)
        {
            return;
        }

        MinTime = Math.Min(MinTime, header.MinTime);
        MaxTime = Math.Max(MaxTime, header.MaxTime);
        NextOrdinal = Math.Max(NextOrdinal, header.FirstOrdinal + header.Count);
        var isLate = header.Flags.HasFlag(BlockFlags.Late);
        if (_extents.Count > 0)
        {
            ref var last = ref CollectionsMarshal.AsSpan(_extents)[^1];
            if (last.Offset + last.Length == header.Offset && last.Length + header.Length <= ExtentBytes && last.IsLate == isLate && last.Stream == 0 && header.Stream == 0)
            {
                last.Length += header.Length;
                last.MinTime = Math.Min(last.MinTime, header.MinTime);
                last.MaxTime = Math.Max(last.MaxTime, header.MaxTime);
                last.Count += header.Count;
                last.Streams |= streams;
                return;
            }
        }

        _extents.Add(new Extent
        {
            Offset = header.Offset, Length = header.Length, MinTime = header.MinTime, MaxTime = header.MaxTime, FirstOrdinal = header.FirstOrdinal,
            Count = header.Count, Streams = streams, Stream = header.Stream, IsLate = isLate,
        });
    }
}
