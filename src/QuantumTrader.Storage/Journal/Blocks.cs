using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace QuantumTrader.Storage;

/// <summary>Fills one block: records, then one number for each, which is its stream or, in sealed segments, its place in the journal.</summary>
internal sealed class BlockBuilder
{
    public const int MaxRecords = 4096;
    private const int UsualBytes = 1 << 18;

    // Ending a checksum costs as much as some twenty records of it, so short runs are left for the end.
    private const int SumWhileCopied = 8192;

    private readonly uint[] _numbers = new uint[MaxRecords];
    private AlignedBytes _block = new(BlockHeader.Bytes + UsualBytes + (MaxRecords * (64 + sizeof(uint))) + 64);
    private int _bytes;

    // Records of this many bytes at the front have this checksum.
    private int _summedBytes;
    private uint _sum;

    public int Count { get; private set; }

    public long MinTime { get; private set; } = long.MaxValue;

    public long MaxTime { get; private set; } = long.MinValue;

    public ulong Streams { get; private set; }

    public ushort Type { get; set; }

    public BlockFlags Flags { get; set; }

    /// <summary>The stream of all records, when their numbers are places in the journal.</summary>
    public uint Stream { get; init; }

    /// <summary>Place in the journal of the first record, when <see cref="Stream"/> is given.</summary>
    public long FirstOrdinal { get; set; }

    public bool IsFull => Count == MaxRecords || _bytes >= UsualBytes + (MaxRecords * 16);

    /// <summary>Records of 64 bytes that still fit.</summary>
    public int Room => MaxRecords - Count;

    public ReadOnlySpan<byte> Records => _block.Slice(BlockHeader.Bytes, _bytes);

    public void Clear()
    {
        (Count, _bytes, MinTime, MaxTime, Streams, _summedBytes, _sum) = (0, 0, long.MaxValue, long.MinValue, 0, 0, Crc32C.OfNone);
    }

    /// <summary>Room for one more record; write all of it.</summary>
    public Span<byte> Add(int bytes, long time, uint number)
    {
        if (BlockHeader.Bytes + _bytes + bytes + (MaxRecords * sizeof(uint)) + 64 > _block.Span.Length)
        {
            var larger = new AlignedBytes(_block.Span.Length + bytes + UsualBytes);
            _block.Slice(0, BlockHeader.Bytes + _bytes).CopyTo(larger.Span);
            _block = larger;
        }

        _numbers[Count++] = number;
        Streams |= 1UL << (int)(number & 63);
        MinTime = Math.Min(MinTime, time);
        MaxTime = Math.Max(MaxTime, time);
        var at = BlockHeader.Bytes + _bytes;
        _bytes += bytes;
        return _block.Slice(at, bytes);
    }

    /// <summary>Adds a run of records of one size and one stream.</summary>
    public void AddRun(ReadOnlySpan<byte> records, int count, long minTime, long maxTime, uint stream)
    {
        var target = _block.Slice(BlockHeader.Bytes + _bytes, records.Length);
        if (_summedBytes == _bytes && records.Length >= SumWhileCopied)
        {
            _sum = Crc32C.Copy(_sum, records, target);
            _summedBytes += records.Length;
        }
        else
        {
            records.CopyTo(target);
        }

        _numbers.AsSpan(Count, count).Fill(stream);
        Streams |= 1UL << (int)(stream & 63);
        _bytes += records.Length;
        Count += count;
        MinTime = Math.Min(MinTime, minTime);
        MaxTime = Math.Max(MaxTime, maxTime);
    }

    /// <summary>The block as it goes to the file.</summary>
    public ReadOnlySpan<byte> Finish(long offset, long firstOrdinal, out BlockHeader header)
    {
        var raw = AppendNumbers();
        header = Describe(offset, firstOrdinal, raw, raw, BlockCodec.Plain);
        header.PayloadCrc = Crc32C.Then(_sum, _block.Slice(BlockHeader.Bytes + _summedBytes, raw - _summedBytes));
        BlockHeader.Seal(ref header, _block.Span);
        return _block.Slice(0, header.Length);
    }

    /// <summary>The block as it goes to a sealed file: compressed where that saves room.</summary>
    public ReadOnlySpan<byte> FinishCompressed(long offset, int recordBytes, out BlockHeader header)
    {
        var raw = AppendNumbers();
        if (Compression.TryCompress(_block.Slice(BlockHeader.Bytes, raw), Count, recordBytes, out var codec) is not { } stored)
        {
            return Finish(offset, FirstOrdinal, out header);
        }

        header = Describe(offset, FirstOrdinal, stored.Length, raw, codec);
        stored.CopyTo(_block.Span[BlockHeader.Bytes..]);
        header.PayloadCrc = Crc32C.Of(stored);
        BlockHeader.Seal(ref header, _block.Span);
        return _block.Slice(0, header.Length);
    }

    private int AppendNumbers()
    {
        MemoryMarshal.AsBytes(_numbers.AsSpan(0, Count)).CopyTo(_block.Span[(BlockHeader.Bytes + _bytes)..]);
        return _bytes + (Count * sizeof(uint));
    }

    private BlockHeader Describe(long offset, long firstOrdinal, int stored, int raw, BlockCodec codec) => new()
    {
        Offset = offset, FirstOrdinal = firstOrdinal, StoredBytes = stored, RawBytes = raw, Codec = codec, Count = Count, MinTime = MinTime,
        MaxTime = MaxTime, Stream = Stream, Type = Type, Flags = Flags,
    };

    /// <summary>A block without records: names, index, or a book.</summary>
    public static byte[] Meta(ushort type, ReadOnlySpan<byte> payload, long offset, long firstOrdinal, out BlockHeader header, long time = 0, uint stream = 0)
    {
        header = new BlockHeader { Type = type, PayloadCrc = Crc32C.Of(payload), StoredBytes = payload.Length, RawBytes = payload.Length, Offset = offset, FirstOrdinal = firstOrdinal, MinTime = time, MaxTime = time, Stream = stream };
        var block = new byte[header.Length];
        payload.CopyTo(block.AsSpan(BlockHeader.Bytes));
        BlockHeader.Seal(ref header, block);
        return block;
    }
}

/// <summary>Bytes that begin with a line of the cache, so that records of 64 bytes are one line each.</summary>
internal sealed class AlignedBytes
{
    private const int LineBytes = 64;

    private readonly byte[] _bytes;
    private readonly int _start;
    private readonly int _length;

    public AlignedBytes(int length)
    {
        _bytes = GC.AllocateArray<byte>(length + LineBytes, pinned: true);
        _start = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0) & (LineBytes - 1));
        _length = length;
    }

    public Span<byte> Span => _bytes.AsSpan(_start, _length);

    public Span<byte> Slice(int start, int length) => _bytes.AsSpan(_start + start, length);
}

/// <summary>Reads the blocks of an extent one by one: checked, decompressed. A damaged block is passed over and counted.</summary>
internal sealed class BlockReader
{
    private byte[] _stored = new byte[1 << 17];
    private byte[] _payload = new byte[1 << 17];
    private byte[] _scratch = [];
    private Segment _segment = null!;
    private long _start;
    private int _length;
    private int _at;
    private int _payloadAt;
    private byte[] _current = [];
    private BlockHeader _header;
    private Extent _extent;
    private long _damagedBefore;

    /// <summary>Blocks that were not what they should be.</summary>
    public long Damaged { get; private set; }

    /// <summary>What the extent lost, as far as it was read; null when it is whole.</summary>
    public StoreGap? Lost => Damaged == _damagedBefore
        ? null
        : new StoreGap(_extent.MinTime, _extent.MaxTime + 1, $"{Path.GetFileName(_segment.Path)}: a block at {_extent.Offset} is damaged.");

    public void Open(Segment segment, in Extent extent)
    {
        (_extent, _damagedBefore) = (extent, Damaged);
        if (_stored.Length < extent.Length)
        {
            _stored = new byte[extent.Length];
        }

        (_segment, _start, _at, _length) = (segment, extent.Offset, 0, 0);
        int read;
        while (_length < extent.Length && (read = RandomAccess.Read(segment.File, _stored.AsSpan(_length, extent.Length - _length), _start + _length)) > 0)
        {
            _length += read;
        }
    }

    /// <summary>Goes to the next block with records.</summary>
    public bool Next(out BlockHeader header)
    {
        while (_at < _length)
        {
            if (!BlockHeader.TryRead(_stored.AsSpan(_at, _length - _at), _start + _at, out header) || _at + header.Length > _length
                || !header.Matches(_stored.AsSpan(_at + BlockHeader.Bytes, header.StoredBytes)))
            {
                Damaged++;
                _at += 64;
                continue;
            }

            var payload = _at + BlockHeader.Bytes;
            _at += header.Length;
            if (header.Count > 0 && TryUse(in header, payload))
            {
                _header = header;
                return true;
            }
        }

        header = default;
        return false;
    }

    /// <summary>Bytes of all records of the current block.</summary>
    public ReadOnlySpan<byte> Records => _current.AsSpan(_payloadAt, _header.RawBytes - (_header.Count * sizeof(uint)));

    /// <summary>One number per record of the current block.</summary>
    public ReadOnlySpan<uint> Numbers =>
        MemoryMarshal.Cast<byte, uint>(_current.AsSpan(_payloadAt + _header.RawBytes - (_header.Count * sizeof(uint)), _header.Count * sizeof(uint)));

    private bool TryUse(in BlockHeader header, int payload)
    {
        var type = _segment.Names.Type(header.Type);
        if (type is null || (long)header.Count * (type.RecordBytes + sizeof(uint)) is var needed && (type.RecordBytes > 0 ? header.RawBytes != needed : header.RawBytes < needed))
        {
            Damaged++;
            return false;
        }

        if (header.Codec == BlockCodec.Plain)
        {
            (_current, _payloadAt) = (_stored, payload);
            return header.RawBytes == header.StoredBytes;
        }

        if (_payload.Length < header.RawBytes)
        {
            _payload = new byte[header.RawBytes];
        }

        (_current, _payloadAt) = (_payload, 0);
        if (Compression.TryDecompress(in header, _stored, payload, _payload.AsSpan(0, header.RawBytes), ref _scratch))
        {
            return true;
        }

        Damaged++;
        return false;
    }
}

/// <summary>The head of a record of fields: its length and address; the fields follow.</summary>
internal static class FieldRecord
{
    public const int HeadBytes = 20;

    public static void WriteHead(Span<byte> record, long time, long number)
    {
        BinaryPrimitives.WriteInt32LittleEndian(record, record.Length);
        BinaryPrimitives.WriteInt64LittleEndian(record[4..], time);
        BinaryPrimitives.WriteInt64LittleEndian(record[12..], number);
    }

    /// <summary>Takes the first record off; false when what stands there is none.</summary>
    public static bool TryTake(ref ReadOnlySpan<byte> records, out ReadOnlySpan<byte> record)
    {
        record = default;
        if (records.Length < HeadBytes || BinaryPrimitives.ReadInt32LittleEndian(records) is var length && (length < HeadBytes || length > records.Length))
        {
            return false;
        }

        record = records[..length];
        records = records[length..];
        return true;
    }

    public static long Time(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt64LittleEndian(record[4..]);

    public static long Number(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt64LittleEndian(record[12..]);

    public static ReadOnlySpan<byte> Fields(ReadOnlySpan<byte> record) => record[HeadBytes..];
}
