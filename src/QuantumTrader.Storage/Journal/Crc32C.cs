using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QuantumTrader.Storage;

/// <summary>
/// CRC-32C (Castagnoli) with initial value and final XOR of all ones, as in iSCSI (RFC 3720): zeros never have a checksum of zero.
/// </summary>
internal static class Crc32C
{
    // The processor's own step takes 8 bytes in three cycles. Folding takes 256 at once, so it is used where the processor can do it.
    private const int FoldBytes = 256;

    // What a polynomial of 64 bits is multiplied by to move it over the bytes folded at once: its far and its near half.
    private static readonly ulong s_far = PowerOfX((8 * FoldBytes) + 32);
    private static readonly ulong s_near = PowerOfX((8 * FoldBytes) - 32);

    /// <summary>The checksum of no bytes.</summary>
    public const uint OfNone = 0;

    /// <summary>The checksum of the bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => Then(OfNone, bytes);

    /// <summary>The checksum of the bytes behind others that have a checksum.</summary>
    public static uint Then(uint before, ReadOnlySpan<byte> bytes)
    {
        var crc = ~before;
        if (Pclmulqdq.V512.IsSupported && bytes.Length >= 2 * FoldBytes)
        {
            var whole = bytes.Length / FoldBytes * FoldBytes;
            crc = Fold(crc, MemoryMarshal.Cast<byte, Vector512<ulong>>(bytes[..whole]), default);
            bytes = bytes[whole..];
        }

        return ~Step(crc, bytes);
    }

    /// <summary>The same, and copies the bytes on the way: they are fetched once for both.</summary>
    public static uint Copy(uint before, ReadOnlySpan<byte> bytes, Span<byte> target)
    {
        if (Pclmulqdq.V512.IsSupported && bytes.Length >= 2 * FoldBytes)
        {
            var whole = bytes.Length / FoldBytes * FoldBytes;
            before = ~Fold(~before, MemoryMarshal.Cast<byte, Vector512<ulong>>(bytes[..whole]), MemoryMarshal.Cast<byte, Vector512<ulong>>(target[..whole]));
            bytes = bytes[whole..];
            target = target[whole..];
        }

        bytes.CopyTo(target);
        return Then(before, bytes);
    }

    private static uint Step(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, MemoryMarshal.Read<ulong>(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return crc;
    }

    // V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009: the first bytes are
    // replaced by what they contribute 256 bytes further on, until only 256 bytes are left, which have the checksum of all.
    private static uint Fold(uint crc, ReadOnlySpan<Vector512<ulong>> rest, Span<Vector512<ulong>> copy)
    {
        var lane = Vector256.Create(s_far, s_near, s_far, s_near);
        var factors = Vector512.Create(lane, lane);
        var a = rest[0] ^ Vector512.CreateScalar((ulong)crc);
        var b = rest[1];
        var c = rest[2];
        var d = rest[3];
        Put(rest, ref copy);
        for (rest = rest[4..]; rest.Length >= 4; rest = rest[4..])
        {
            a = Moved(a, factors) ^ rest[0];
            b = Moved(b, factors) ^ rest[1];
            c = Moved(c, factors) ^ rest[2];
            d = Moved(d, factors) ^ rest[3];
            Put(rest, ref copy);
        }

        ReadOnlySpan<Vector512<ulong>> left = [a, b, c, d];
        return Step(0, MemoryMarshal.AsBytes(left));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(ReadOnlySpan<Vector512<ulong>> values, ref Span<Vector512<ulong>> copy)
    {
        if (copy.Length >= 4)
        {
            copy[0] = values[0];
            copy[1] = values[1];
            copy[2] = values[2];
            copy[3] = values[3];
            copy = copy[4..];
        }
    }

    private static Vector512<ulong> Moved(Vector512<ulong> value, Vector512<ulong> factors) =>
        Pclmulqdq.V512.CarrylessMultiply(value, factors, 0x00) ^ Pclmulqdq.V512.CarrylessMultiply(value, factors, 0x11);

    // x to the power of the bits, modulo the checksum's polynomial, lowest power in the highest bit; one bit up, as the product wants it.
    private static ulong PowerOfX(int bits)
    {
        var power = 0x8000_0000u;
        for (var i = 0; i < bits; i += 8)
        {
            power = BitOperations.Crc32C(power, (byte)0);
        }

        return (ulong)power << 1;
    }
}
