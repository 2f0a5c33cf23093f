using System.IO.Compression;
using System.Runtime.InteropServices;

namespace QuantumTrader.Storage;

/// <summary>
/// Compresses the payload of a block: records first, one 32-bit number for each behind them. Records of one size are turned into columns
/// of 8 bytes, each value less the one before, which is what makes Deflate find anything in them; then the bytes of equal rank of a column
/// stand together.
/// </summary>
internal static class Compression
{
    private const int Word = sizeof(long);

    /// <summary>Compresses; null when that saves nothing.</summary>
    public static byte[]? TryCompress(ReadOnlySpan<byte> payload, int count, int recordBytes, out BlockCodec codec)
    {
        codec = recordBytes > 0 && recordBytes % Word == 0 ? BlockCodec.ColumnsDeflate : BlockCodec.Deflate;
        var input = codec == BlockCodec.ColumnsDeflate ? ToColumns(payload, count, recordBytes) : payload.ToArray();
        using var memory = new MemoryStream(payload.Length / 2);
        using (var deflate = new DeflateStream(memory, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(input);
        }

        return memory.Length < payload.Length - (payload.Length / 16) ? memory.ToArray() : null;
    }

    /// <summary>Decompresses into a payload of the size that the header names; false when the bytes are not what it says.</summary>
    public static bool TryDecompress(in BlockHeader header, byte[] stored, int storedOffset, Span<byte> payload, ref byte[] scratch)
    {
        if (scratch.Length < header.RawBytes)
        {
            scratch = new byte[header.RawBytes];
        }

        try
        {
            using var deflate = new DeflateStream(new MemoryStream(stored, storedOffset, header.StoredBytes, writable: false), CompressionMode.Decompress);
            var target = header.Codec == BlockCodec.ColumnsDeflate ? scratch.AsSpan(0, header.RawBytes) : payload;
            if (deflate.ReadAtLeast(target, target.Length, throwOnEndOfStream: false) != target.Length)
            {
                return false;
            }

            return header.Codec != BlockCodec.ColumnsDeflate || TryFromColumns(target, header.Count, payload);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static byte[] ToColumns(ReadOnlySpan<byte> payload, int count, int recordBytes)
    {
        var columns = new byte[payload.Length];
        var words = recordBytes / Word;
        var records = MemoryMarshal.Cast<byte, ulong>(payload[..(count * recordBytes)]);
        for (var w = 0; w < words; w++)
        {
            var column = columns.AsSpan(w * count * Word, count * Word);
            var before = 0UL;
            for (var i = 0; i < count; i++)
            {
                var value = records[(i * words) + w];
                var difference = value - before;
                before = value;
                for (var rank = 0; rank < Word; rank++)
                {
                    column[(rank * count) + i] = (byte)(difference >> (8 * rank));
                }
            }
        }

        var numbers = MemoryMarshal.Cast<byte, uint>(payload[(count * recordBytes)..]);
        var tail = columns.AsSpan(count * recordBytes);
        for (var i = 0; i < count; i++)
        {
            var difference = numbers[i] - (i > 0 ? numbers[i - 1] : 0);
            for (var rank = 0; rank < sizeof(uint); rank++)
            {
                tail[(rank * count) + i] = (byte)(difference >> (8 * rank));
            }
        }

        return columns;
    }

    private static bool TryFromColumns(ReadOnlySpan<byte> columns, int count, Span<byte> payload)
    {
        var recordBytes = count == 0 ? 0 : (columns.Length / count) - sizeof(uint);
        if (recordBytes <= 0 || recordBytes % Word != 0 || count * (recordBytes + sizeof(uint)) != columns.Length)
        {
            return false;
        }

        var words = recordBytes / Word;
        var records = MemoryMarshal.Cast<byte, ulong>(payload[..(count * recordBytes)]);
        for (var w = 0; w < words; w++)
        {
            var column = columns.Slice(w * count * Word, count * Word);
            // Slices of one length: the bounds are then checked once and not per byte.
            var b0 = column[..count];
            var b1 = column.Slice(count, count);
            var b2 = column.Slice(2 * count, count);
            var b3 = column.Slice(3 * count, count);
            var b4 = column.Slice(4 * count, count);
            var b5 = column.Slice(5 * count, count);
            var b6 = column.Slice(6 * count, count);
            var b7 = column.Slice(7 * count, count);
            var value = 0UL;
            for (int i = 0, at = w; i < b0.Length; i++, at += words)
            {
                value += b0[i] | ((ulong)b1[i] << 8) | ((ulong)b2[i] << 16) | ((ulong)b3[i] << 24)
                    | ((ulong)b4[i] << 32) | ((ulong)b5[i] << 40) | ((ulong)b6[i] << 48) | ((ulong)b7[i] << 56);
                records[at] = value;
            }
        }

        var tail = columns[(count * recordBytes)..];
        var numbers = MemoryMarshal.Cast<byte, uint>(payload[(count * recordBytes)..]);
        var number = 0u;
        for (var i = 0; i < count; i++)
        {
            number += tail[i] | ((uint)tail[count + i] << 8) | ((uint)tail[(2 * count) + i] << 16) | ((uint)tail[(3 * count) + i] << 24);
            numbers[i] = number;
        }

        return true;
    }
}
