using System.Buffers.Binary;
using System.Text;

namespace QuantumTrader.Pipelines;

/// <summary>
/// Chooses a share of all keys, always the same ones: a key that belongs to 10 % belongs to every larger share too. Nothing but salt, unit
/// and key decides: no percentage, configuration, process or time.
/// </summary>
public sealed class Route
{
    /// <summary>The whole, in basis points.</summary>
    public const int Whole = 10_000;

    private const int MaxKeyBytes = 256;
    private readonly byte[] _prefix;

    /// <summary>A route; two of different salts choose independently.</summary>
    /// <param name="salt">Text that makes this route's choice its own, such as the name of a phase.</param>
    /// <param name="unit">What the keys are: <c>operation</c>, <c>symbol</c>, ...</param>
    public Route(string salt, string unit)
    {
        // Each part with its length before it, so that ("ab", "c") and ("a", "bc") differ.
        _prefix = [.. Part(salt), .. Part(unit)];
    }

    /// <summary>Hash of a key that is a text, such as a symbol's name.</summary>
    public ulong Hash(string key) => Hash(Encoding.UTF8.GetBytes(key));

    /// <summary>Hash of a key that is a number, such as an operation's sequence: of its 8 bytes, little endian.</summary>
    public ulong Hash(long key)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, key);
        return Hash(bytes);
    }

    /// <summary>Hash of a key's bytes.</summary>
    public ulong Hash(ReadOnlySpan<byte> key)
    {
        var length = _prefix.Length + 4 + key.Length;
        Span<byte> text = length <= MaxKeyBytes ? stackalloc byte[MaxKeyBytes] : new byte[length];
        _prefix.CopyTo(text);
        BinaryPrimitives.WriteInt32LittleEndian(text[_prefix.Length..], key.Length);
        key.CopyTo(text[(_prefix.Length + 4)..]);
        return KeyHash.Of(text[..length]);
    }

    /// <summary>Whether a hash belongs to a share.</summary>
    /// <param name="hash">What <see cref="Hash(long)"/> gave.</param>
    /// <param name="basisPoints">The share, from 0 (nobody) to 10000 (everybody).</param>
    public static bool IsIn(ulong hash, int basisPoints) => basisPoints >= Whole || hash < Threshold(basisPoints);

    // floor(basisPoints * 2^64 / 10000), in integers: the same on every machine.
    private static ulong Threshold(int basisPoints) => basisPoints <= 0 ? 0 : (ulong)(((UInt128)basisPoints << 64) / Whole);

    private static byte[] Part(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var part = new byte[4 + bytes.Length];
        BinaryPrimitives.WriteInt32LittleEndian(part, bytes.Length);
        bytes.CopyTo(part, 4);
        return part;
    }
}
