using System.Globalization;
using Microsoft.Win32.SafeHandles;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Storage;

/// <summary>One edge's events on the disk: written to the newest file, read from the oldest, which is deleted when it is through.</summary>
internal sealed class DiskSpill<T>(SpillStore store, string path, long fileBytes, EventCodec<T> codec) : ISpill<T> where T : struct, IEvent<T>
{
    // Small enough that the limit is used to its end, large enough that a header costs nothing.
    private const int MostInBlock = 512;

    private readonly Queue<SpillFile> _files = [];
    private readonly BlockBuilder _block = new();
    private byte[] _read = new byte[1 << 17];
    private SpillFile? _newest;
    private int _number;
    private int _records;
    private int _recordsEnd;
    private int _left;

    /// <inheritdoc/>
    public long Count { get; private set; }

    private sealed class SpillFile(string path, SafeFileHandle handle)
    {
        public string Path { get; } = path;
        public SafeFileHandle Handle { get; } = handle;
        public long Written { get; set; }
        public long Read { get; set; }
    }

    /// <inheritdoc/>
    public int Write(ReadOnlySpan<T> events)
    {
        var taken = 0;
        while (taken < events.Length)
        {
            var count = 0;
            _block.Clear();
            while (taken + count < events.Length && count < MostInBlock)
            {
                codec.Write(in events[taken + count++], _block);
            }

            if (!TryWrite())
            {
                break;
            }

            taken += count;
            Count += count;
        }

        return taken;
    }

    /// <inheritdoc/>
    public int Read(Span<T> into)
    {
        var count = 0;
        while (count < into.Length && Count > 0)
        {
            if (_left == 0)
            {
                ReadBlock();
            }

            ReadOnlySpan<byte> records = _read.AsSpan(_records, _recordsEnd - _records);
            for (; count < into.Length && _left > 0; _left--, Count--)
            {
                into[count++] = codec.Take(ref records);
            }

            _records = _recordsEnd - records.Length;
        }

        return count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_files.TryDequeue(out var file))
        {
            Remove(file);
        }
    }

    private bool TryWrite()
    {
        long asked = 0;
        try
        {
            if (_newest is null || _newest.Written >= fileBytes)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"{path}-{++_number}.spill");
                _newest = new SpillFile(name, File.OpenHandle(name, FileMode.Create, FileAccess.ReadWrite, FileShare.Read));
                _files.Enqueue(_newest);
            }

            var block = _block.Finish(_newest.Written, 0, out _);
            if (!store.TryTake(block.Length))
            {
                return false;
            }

            asked = block.Length;
            RandomAccess.Write(_newest.Handle, block, _newest.Written);
            _newest.Written += block.Length;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The caller counts what was not taken; half a block is written over by the next one.
            store.GiveBack(asked);
            return false;
        }
    }

    private void ReadBlock()
    {
        var file = _files.Peek();
        while (file.Read == file.Written)
        {
            Remove(_files.Dequeue());
            file = _files.Peek();
        }

        var window = ReadBytes(file, BlockHeader.Bytes);
        if (!BlockHeader.TryRead(window, file.Read, out var header) || !header.Matches(ReadBytes(file, header.Length).Slice(BlockHeader.Bytes, header.StoredBytes)))
        {
            throw new InvalidDataException($"{file.Path} is damaged at {file.Read}: {Count} spilled events are lost.");
        }

        file.Read += header.Length;
        (_records, _recordsEnd, _left) = (BlockHeader.Bytes, BlockHeader.Bytes + header.RawBytes - (header.Count * sizeof(uint)), header.Count);
        if (file.Read == file.Written && file != _newest)
        {
            Remove(_files.Dequeue());
        }
        else if (file.Read == file.Written)
        {
            // All is read: begin the file anew rather than let it grow.
            RandomAccess.SetLength(file.Handle, 0);
            store.GiveBack(file.Written);
            (file.Read, file.Written) = (0, 0);
        }
    }

    private ReadOnlySpan<byte> ReadBytes(SpillFile file, int length)
    {
        if (_read.Length < length)
        {
            _read = new byte[length];
        }

        var read = RandomAccess.Read(file.Handle, _read.AsSpan(0, length), file.Read);
        return _read.AsSpan(0, read);
    }

    private void Remove(SpillFile file)
    {
        file.Handle.Dispose();
        File.Delete(file.Path);
        store.GiveBack(file.Written);
        _newest = file == _newest ? null : _newest;
    }
}
