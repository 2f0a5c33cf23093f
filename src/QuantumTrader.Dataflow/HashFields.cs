using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace QuantumTrader.Dataflow;

/// <summary>Adds single fields of an event to a running hash: little endian, the same on every machine.</summary>
public static class HashFields
{
    /// <summary>Adds an integer.</summary>
    public static IncrementalHash Append(this IncrementalHash hash, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        hash.AppendData(bytes);
        return hash;
    }

    /// <summary>Adds the bits of a number.</summary>
    public static IncrementalHash Append(this IncrementalHash hash, double value) => hash.Append(BitConverter.DoubleToInt64Bits(value));

    /// <summary>Adds a decimal number by value: 1.0 and 1.00 are the same.</summary>
    public static IncrementalHash Append(this IncrementalHash hash, decimal value)
    {
        Span<int> parts = stackalloc int[4];

        // Dividing by this 1 takes off trailing zeros.
        decimal.GetBits(value / 1.000000000000000000000000000000000m, parts);
        return hash.Append(((long)parts[0] << 32) | (uint)parts[1]).Append(((long)parts[2] << 32) | (uint)parts[3]);
    }

    /// <summary>Adds a text with its length in front, so that neighbours cannot run into each other.</summary>
    public static IncrementalHash Append(this IncrementalHash hash, string value)
    {
        hash.Append(Encoding.UTF8.GetByteCount(value));
        hash.AppendData(Encoding.UTF8.GetBytes(value));
        return hash;
    }
}
