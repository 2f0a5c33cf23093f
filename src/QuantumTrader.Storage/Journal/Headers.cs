using System.Runtime.InteropServices;

namespace QuantumTrader.Storage;

/// <summary>How the payload of a block is stored.</summary>
internal enum BlockCodec : byte
{
    /// <summary>As it is.</summary>
    Plain,

    /// <summary>Deflate (RFC 1951).</summary>
    Deflate,

    /// <summary>Columns of differences, then Deflate: for records of one size. See <see cref="Compression"/>.</summary>
    ColumnsDeflate,
}

/// <summary>Marks on a block.</summary>
[Flags]
internal enum BlockFlags : byte
{
    None = 0,

    /// <summary>Its events came later than <see cref="JournalOptions.MaxLatenessSeconds"/>.</summary>
    Late = 1,
}

/// <summary>What precedes every block. The format is described in docs/journal.md.</summary>
[StructLayout(LayoutKind.Explicit, Size = Bytes)]
internal struct BlockHeader
{
    public const int Bytes = 64;
    public const uint ExpectedMagic = 0x31425451; // "QTB1"

    /// <summary>Type of a block that holds the names of a segment as JSON.</summary>
    public const ushort NamesType = 0;

    /// <summary>Type of a block that holds the headers of all others.</summary>
    public const ushort IndexType = ushort.MaxValue;

    /// <summary>Type of a block that holds a <see cref="BookCheckpoint"/>.</summary>
    public const ushort BookType = ushort.MaxValue - 1;

    /// <summary>Type of a block that holds what was lost before the segment was sealed: <see cref="SegmentGaps"/>.</summary>
    public const ushort GapsType = ushort.MaxValue - 2;

    /// <summary>No block is larger, so that a length that a broken disk made up is seen before it is believed.</summary>
    public const int MaxPayload = 16 << 20;

    [FieldOffset(0)] public uint Magic;

    /// <summary>Of the bytes behind it in the header.</summary>
    [FieldOffset(4)] public uint HeaderCrc;

    /// <summary>Of the payload as stored.</summary>
    [FieldOffset(8)] public uint PayloadCrc;

    /// <summary>Bytes of the payload as stored; zeros fill up to a multiple of 64 behind it.</summary>
    [FieldOffset(12)] public int StoredBytes;

    /// <summary>Bytes of the payload once decompressed.</summary>
    [FieldOffset(16)] public int RawBytes;

    /// <summary>Records.</summary>
    [FieldOffset(20)] public int Count;

    /// <summary>Number of the first record in the journal; the first of all has 1.</summary>
    [FieldOffset(24)] public long FirstOrdinal;

    /// <summary>Earliest event time, ns UTC.</summary>
    [FieldOffset(32)] public long MinTime;

    /// <summary>Latest event time, ns UTC.</summary>
    [FieldOffset(40)] public long MaxTime;

    /// <summary>The stream of all records; 0 when each says its own.</summary>
    [FieldOffset(48)] public uint Stream;

    /// <summary>Type of the records, from the segment's names.</summary>
    [FieldOffset(52)] public ushort Type;

    [FieldOffset(54)] public BlockCodec Codec;

    [FieldOffset(55)] public BlockFlags Flags;

    /// <summary>Where the block stands in its file: what merely looks like a block, inside another one, is not one.</summary>
    [FieldOffset(56)] public long Offset;

    /// <summary>Bytes of the block in the file, header and filling included.</summary>
    public readonly int Length => Bytes + Fill(StoredBytes);

    /// <summary>Up to the next multiple of 64.</summary>
    public static int Fill(int bytes) => (bytes + 63) & ~63;

    /// <summary>Reads the header that stands there; false when there is none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, long offset, out BlockHeader header)
    {
        header = default;
        if (bytes.Length < Bytes || MemoryMarshal.Read<uint>(bytes) != ExpectedMagic)
        {
            return false;
        }

        header = MemoryMarshal.Read<BlockHeader>(bytes);
        return header.HeaderCrc == Crc32C.Of(bytes[8..Bytes]) && header.Offset == offset
            && header.StoredBytes is >= 0 and <= MaxPayload && header.RawBytes is >= 0 and <= MaxPayload && header.Count >= 0;
    }

    /// <summary>Completes the header of a block whose payload stands behind it and has its checksum, and the filling.</summary>
    public static void Seal(ref BlockHeader header, Span<byte> block)
    {
        block[(Bytes + header.StoredBytes)..header.Length].Clear();
        header.Magic = ExpectedMagic;
        MemoryMarshal.Write(block, in header);
        header.HeaderCrc = Crc32C.Of(block[8..Bytes]);
        MemoryMarshal.Write(block, in header);
    }

    /// <summary>True when the payload is the one that was written.</summary>
    public readonly bool Matches(ReadOnlySpan<byte> payload) => PayloadCrc == Crc32C.Of(payload);
}

/// <summary>The first 64 bytes of a segment.</summary>
[StructLayout(LayoutKind.Explicit, Size = Bytes)]
internal struct SegmentHeader
{
    public const int Bytes = 64;
    public const ulong ExpectedMagic = 0x0A0D4C4E524A5451; // "QTJRNL\r\n"
    public const uint CurrentVersion = 1;

    [FieldOffset(0)] public ulong Magic;
    [FieldOffset(8)] public uint Version;

    /// <summary>Of the bytes behind it.</summary>
    [FieldOffset(12)] public uint Crc;

    [FieldOffset(16)] public long Number;

    /// <summary>Number in the journal of the segment's first record.</summary>
    [FieldOffset(24)] public long FirstOrdinal;

    /// <summary>Number of its last record; 0 while it is not sealed.</summary>
    [FieldOffset(32)] public long LastOrdinal;

    /// <summary>Where the block of all headers stands; 0 while it is not sealed.</summary>
    [FieldOffset(40)] public long IndexOffset;

    public static byte[] Write(SegmentHeader header)
    {
        var bytes = new byte[Bytes];
        (header.Magic, header.Version) = (ExpectedMagic, CurrentVersion);
        MemoryMarshal.Write(bytes, in header);
        header.Crc = Crc32C.Of(bytes.AsSpan(16));
        MemoryMarshal.Write(bytes, in header);
        return bytes;
    }

    /// <summary>Reads it; says what is wrong when it is none.</summary>
    public static string? TryRead(ReadOnlySpan<byte> bytes, out SegmentHeader header)
    {
        header = default;
        if (bytes.Length < Bytes)
        {
            return "it is shorter than a segment's header";
        }

        header = MemoryMarshal.Read<SegmentHeader>(bytes);
        return header.Magic != ExpectedMagic ? "it does not begin like a segment"
            : header.Crc != Crc32C.Of(bytes[16..Bytes]) ? "its header is damaged"
            : header.Version != CurrentVersion ? $"its version is {header.Version}; this program reads version {CurrentVersion}" : null;
    }
}
