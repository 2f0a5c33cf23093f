using Microsoft.Win32.SafeHandles;
using QuantumTrader.Market;

namespace QuantumTrader.Storage;

/// <summary>
/// Writes segments anew in the form in which they are kept: one stream per block, compressed, with an index at the end. What is read back
/// in the journal's order comes out of it exactly as it went in.
/// </summary>
internal sealed class Sealer
{
    private readonly SegmentNames _names = new();
    private readonly Dictionary<(uint Stream, bool Late), BlockBuilder> _builders = [];
    private readonly List<BlockHeader> _headers = [];
    private readonly Dictionary<uint, BookTrack> _books = [];
    private readonly IReadOnlyList<Segment> _before;
    private IReadOnlyList<StoreGap> _gaps = [];
    private readonly SafeFileHandle _file;
    private readonly bool _compress;
    private long _end = SegmentHeader.Bytes;

    private Sealer(SafeFileHandle file, bool compress, IReadOnlyList<Segment> before) => (_file, _compress, _before) = (file, compress, before);

    /// <summary>Puts segments that follow each other into one new file.</summary>
    /// <param name="segments">The segments.</param>
    /// <param name="before">Those before them, from whose books theirs go on.</param>
    /// <param name="target">The new file.</param>
    /// <param name="compress">False to leave the records as they are.</param>
    /// <exception cref="IOException">The file cannot be written; it is then removed again.</exception>
    public static void Write(IReadOnlyList<Segment> segments, IReadOnlyList<Segment> before, string target, bool compress = true)
    {
        try
        {
            using var file = File.OpenHandle(target, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
            var sealer = new Sealer(file, compress, before);
            sealer.Run(segments);
        }
        catch
        {
            File.Delete(target);
            throw;
        }
    }

    private void Run(IReadOnlyList<Segment> segments)
    {
        // Names first, so that a reader who walks the file needs no index.
        foreach (var segment in segments)
        {
            foreach (var stream in segment.Names.Streams)
            {
                AddStream(segment.Names, stream);
            }
        }

        Append(BlockBuilder.Meta(BlockHeader.NamesType, _names.ToJson(), _end, segments[0].Header.FirstOrdinal, out var names), in names);
        var order = new JournalOrder(segments);
        _gaps = order.Gaps;
        var last = segments[0].Header.FirstOrdinal - 1;
        while (order.Read(out var run))
        {
            last = run.FirstOrdinal + run.Count - 1;
            Add(run);
        }

        foreach (var builder in _builders.OrderBy(b => b.Key).Select(b => b.Value))
        {
            Flush(builder);
        }

        if (order.Gaps.Count > 0)
        {
            // The damage itself does not come along, so the new file has to say it.
            Append(BlockBuilder.Meta(BlockHeader.GapsType, SegmentGaps.ToJson(order.Gaps), _end, last + 1, out var gaps), in gaps);
        }

        Finish(segments[0].Header, Math.Max(last, segments[^1].NextOrdinal - 1));
    }

    private uint AddStream(SegmentNames names, StreamName stream) =>
        _names.AddStream(stream with { Type = names.Type(stream.Type) is { } type ? _names.AddType(type) : (ushort)0 });

    private void Add(in JournalRun run)
    {
        if (run.Names.Stream(run.Stream) is not { } name)
        {
            return; // a damaged number: nobody could read it
        }

        var stream = AddStream(run.Names, name);
        if (!_builders.TryGetValue((stream, run.IsLate), out var builder))
        {
            builder = new BlockBuilder { Stream = stream, Type = _names.Stream(stream)!.Type, Flags = run.IsLate ? BlockFlags.Late : BlockFlags.None };
            _builders.Add((stream, run.IsLate), builder);
        }

        var book = BookOf(stream);
        var records = run.Records;
        for (var i = 0; i < run.Count; i++)
        {
            var ordinal = run.FirstOrdinal + i;
            if (builder.IsFull || (builder.Count > 0 && ordinal - builder.FirstOrdinal > uint.MaxValue))
            {
                Flush(builder);
            }

            if (builder.Count == 0)
            {
                builder.FirstOrdinal = ordinal;
            }

            var record = run.Take(ref records, out var time);
            record.CopyTo(builder.Add(record.Length, time, (uint)(ordinal - builder.FirstOrdinal)));
            if (book is { IsInOrder: true })
            {
                Follow(book, stream, MarketRecord.Read(record, 0), ordinal);
            }
        }
    }

    private BookTrack? BookOf(uint stream)
    {
        if (_names.Stream(stream) is not { Channel: BookTrack.Channel } name || _names.Type(name.Type)?.RecordBytes != MarketRecord.Bytes)
        {
            return null;
        }

        if (!_books.TryGetValue(stream, out var book))
        {
            _books[stream] = book = BookTrack.Behind(_before, name, _gaps);
        }

        return book;
    }

    private void Follow(BookTrack book, uint stream, in MarketEvent e, long ordinal)
    {
        if (book.Process(in e) && book.Take(ordinal + 1) is { } checkpoint && checkpoint.ToPayload() is { Length: <= BlockHeader.MaxPayload } payload)
        {
            var block = BlockBuilder.Meta(BlockHeader.BookType, payload, _end, ordinal + 1, out var header, e.EventTime, stream);
            Append(block, in header);
        }
        else if (!book.IsInOrder)
        {
            // Those behind this event do not know of it.
            var time = e.EventTime;
            _headers.RemoveAll(h => h.Type == BlockHeader.BookType && h.Stream == stream && h.MaxTime >= time);
        }
    }

    private void Flush(BlockBuilder builder)
    {
        if (builder.Count > 0)
        {
            BlockHeader header;
            var block = _compress
                ? builder.FinishCompressed(_end, _names.Type(builder.Type)!.RecordBytes, out header)
                : builder.Finish(_end, builder.FirstOrdinal, out header);
            Append(block, in header);
            builder.Clear();
        }
    }

    private void Append(ReadOnlySpan<byte> block, in BlockHeader header)
    {
        RandomAccess.Write(_file, block, _end);
        _headers.Add(header);
        _end += block.Length;
    }

    private void Finish(SegmentHeader first, long lastOrdinal)
    {
        var index = _end;
        var headers = System.Runtime.InteropServices.MemoryMarshal.AsBytes(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_headers)).ToArray();
        RandomAccess.Write(_file, BlockBuilder.Meta(BlockHeader.IndexType, headers, index, lastOrdinal, out _), index);
        RandomAccess.Write(_file, SegmentHeader.Write(first with { LastOrdinal = lastOrdinal, IndexOffset = index }), 0);
        RandomAccess.FlushToDisk(_file);
    }
}
