using Microsoft.Win32.SafeHandles;

namespace QuantumTrader.Storage;

/// <summary>The file of the segment that is written: names, then blocks, each behind the one before.</summary>
internal sealed class ActiveSegment
{
    // A segment that has only names so far takes a block of any size.
    private const int NamesOnly = 4096;

    private readonly long _bytes;
    private long _position = SegmentHeader.Bytes;
    private int _writtenNames;

    private ActiveSegment(Segment segment, SafeFileHandle file, long bytes) => (Segment, File, _bytes) = (segment, file, bytes);

    /// <summary>The segment as its readers see it.</summary>
    public Segment Segment { get; }

    public SafeFileHandle File { get; }

    /// <summary>Makes the file, with its space allocated in advance.</summary>
    /// <exception cref="IOException">The disk refuses; no file is left.</exception>
    public static ActiveSegment Create(string path, SegmentHeader header, long bytes)
    {
        var file = System.IO.File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.None, bytes);
        try
        {
            RandomAccess.Write(file, SegmentHeader.Write(header), 0);
            return new ActiveSegment(Segment.TryOpen(path, out var problem) ?? throw new IOException(problem), file, bytes);
        }
        catch
        {
            file.Dispose();
            System.IO.File.Delete(path);
            throw;
        }
    }

    /// <summary>False when the block belongs into the next segment.</summary>
    public bool HasRoom(BlockBuilder block) => _position <= _bytes - block.Records.Length || _position <= SegmentHeader.Bytes + NamesOnly;

    /// <summary>Appends a block, and the names before it when it needs new ones.</summary>
    public void Write(BlockBuilder builder, SegmentNames names, long ordinal, Action? fault)
    {
        // The table only grows, so its size says whether it is new; it is written whole, so that any copy will do.
        if (names.Types.Count + names.Streams.Count is var count && count != _writtenNames)
        {
            Append(names, ordinal);
            _writtenNames = count;
        }

        var block = builder.Finish(_position, ordinal, out var header);
        fault?.Invoke();
        RandomAccess.Write(File, block, _position);
        _position += block.Length;
        Segment.Added(in header, builder.Streams, null);
    }

    /// <summary>Half a block behind the end would be found and reported as damage by whoever opens the journal next.</summary>
    public void CutOff()
    {
        try
        {
            RandomAccess.SetLength(File, _position);
        }
        catch (IOException)
        {
            // The next append writes over it.
        }
    }

    /// <summary>Finishes the file; says what kept it from that, which costs none of its events.</summary>
    public string? Close(SegmentNames names, long ordinal, bool flush)
    {
        try
        {
            // A second copy at the other end: a damaged table would cost the whole segment.
            Append(names, ordinal);
            RandomAccess.SetLength(File, _position); // gives back what was allocated in advance
            if (flush)
            {
                RandomAccess.FlushToDisk(File);
            }

            return null;
        }
        catch (IOException e)
        {
            CutOff();
            return $"{Path.GetFileName(Segment.Path)} could not be finished: {e.Message} Its events are there.";
        }
        finally
        {
            File.Dispose();
        }
    }

    private void Append(SegmentNames names, long ordinal)
    {
        var json = names.ToJson();
        var block = BlockBuilder.Meta(BlockHeader.NamesType, json, _position, ordinal, out var header);
        RandomAccess.Write(File, block, _position);
        _position += block.Length;
        Segment.Added(in header, 0, SegmentNames.TryParse(json));
    }
}
