using System.Numerics;
using System.Runtime.InteropServices;

namespace QuantumTrader.Storage;

/// <summary>
/// CRC-32C (Castagnoli) with initial value and final XOR of all ones, as in iSCSI (RFC 3720): zeros never have a checksum of zero.
/// </summary>
internal static class Crc32C
{
    // The processor starts a new step every cycle but needs three to finish one, so three lanes run side by side and are then joined.
    private const int LaneBytes = 512;
    private const int LaneWords = LaneBytes / sizeof(ulong);

    private static readonly uint[] s_pastOneLane = PastOneLane();

    /// <summary>The checksum of the bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        while (bytes.Length >= 3 * LaneBytes)
        {
            var words = MemoryMarshal.Cast<byte, ulong>(bytes[..(3 * LaneBytes)]);
            var a = words[..LaneWords];
            var b = words.Slice(LaneWords, LaneWords);
            var c = words.Slice(2 * LaneWords, LaneWords);
            var (x, y, z) = (crc, 0u, 0u);
            for (var i = 0; i < a.Length && i < b.Length && i < c.Length; i++)
            {
                x = BitOperations.Crc32C(x, a[i]);
                y = BitOperations.Crc32C(y, b[i]);
                z = BitOperations.Crc32C(z, c[i]);
            }

            crc = Shift(Shift(x) ^ y) ^ z;
            bytes = bytes[(3 * LaneBytes)..];
        }

        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, MemoryMarshal.Read<ulong>(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }

    // What a register becomes when a lane of zeros passes: linear in its bits, so a table for each of its bytes is enough.
    private static uint Shift(uint crc)
    {
        var table = s_pastOneLane;
        return table[crc & 0xFF] ^ table[256 + ((crc >> 8) & 0xFF)] ^ table[512 + ((crc >> 16) & 0xFF)] ^ table[768 + (crc >> 24)];
    }

    private static uint[] PastOneLane()
    {
        var table = new uint[4 * 256];
        for (var i = 0; i < table.Length; i++)
        {
            var crc = (uint)(i & 0xFF) << (8 * (i >> 8));
            for (var word = 0; word < LaneWords; word++)
            {
                crc = BitOperations.Crc32C(crc, 0UL);
            }

            table[i] = crc;
        }

        return table;
    }
}
