using System.Text;

namespace QuantumTrader.Tests.Models;

/// <summary>A protobuf message made by hand, so that tests can write files that the product would not.</summary>
public sealed class ProtoBytes
{
    private readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    public ProtoBytes Number(int field, long value)
    {
        Varint(((ulong)field << 3) | 0);
        Varint((ulong)value);
        return this;
    }

    public ProtoBytes Text(int field, string value) => Raw(field, Encoding.UTF8.GetBytes(value));

    public ProtoBytes Message(int field, ProtoBytes value) => Raw(field, value.ToArray());

    public ProtoBytes Packed(int field, params ReadOnlySpan<long> values)
    {
        var inner = new ProtoBytes();
        foreach (var value in values)
        {
            inner.Varint((ulong)value);
        }

        return Message(field, inner);
    }

    private ProtoBytes Raw(int field, byte[] value)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)value.Length);
        _bytes.AddRange(value);
        return this;
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _bytes.Add((byte)(value | 0x80));
        }

        _bytes.Add((byte)value);
    }
}
