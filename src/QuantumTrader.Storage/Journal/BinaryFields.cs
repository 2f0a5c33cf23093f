using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage;

/// <summary>What follows the number of a field in a record.</summary>
internal enum FieldTag : byte
{
    /// <summary>8 bytes.</summary>
    Time = 1,

    /// <summary>A zigzag number of 1 to 10 bytes.</summary>
    Whole,

    /// <summary>The same, in units of 1e-8.</summary>
    Fixed,

    /// <summary>8 bytes, IEEE 754.</summary>
    Real,

    /// <summary>A count and that many bytes of UTF-8.</summary>
    Text,

    /// <summary>A count and 8 bytes each, IEEE 754.</summary>
    Reals,

    /// <summary>A count and 8 bytes each.</summary>
    Bits,
}

/// <summary>The compact medium: each field is its number among the format's fields, its tag, its value.</summary>
internal sealed class BinaryFieldWriter(IReadOnlyList<string> names) : IFieldWriter
{
    private byte[] _bytes = new byte[256];
    private int _length;
    private int _next;

    /// <summary>What was written since <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public void Clear() => (_length, _next) = (0, 0);

    public void Time(string name, long nanoseconds) => BinaryPrimitives.WriteInt64LittleEndian(Start(name, FieldTag.Time, 8), nanoseconds);

    public void Whole(string name, long value) => Varint(name, FieldTag.Whole, value);

    public void Fixed(string name, long scaled) => Varint(name, FieldTag.Fixed, scaled);

    public void Real(string name, double value) => BinaryPrimitives.WriteDoubleLittleEndian(Start(name, FieldTag.Real, 8), value);

    public void Text(string name, string value)
    {
        Start(name, FieldTag.Text, 0);
        var bytes = Encoding.UTF8.GetByteCount(value);
        Count(bytes);
        Encoding.UTF8.GetBytes(value, Room(bytes));
    }

    public void Reals(string name, ReadOnlySpan<double> values) => Words(name, FieldTag.Reals, MemoryMarshal.AsBytes(values));

    public void Bits(string name, ReadOnlySpan<ulong> words) => Words(name, FieldTag.Bits, MemoryMarshal.AsBytes(words));

    private void Words(string name, FieldTag tag, ReadOnlySpan<byte> bytes)
    {
        Start(name, tag, 0);
        Count(bytes.Length / 8);
        bytes.CopyTo(Room(bytes.Length));
    }

    private void Varint(string name, FieldTag tag, long value)
    {
        Start(name, tag, 0);
        Unsigned((ulong)((value << 1) ^ (value >> 63)));
    }

    private void Count(int count) => Unsigned((ulong)count);

    private void Unsigned(ulong value)
    {
        while (value >= 0x80)
        {
            Room(1)[0] = (byte)(value | 0x80);
            value >>= 7;
        }

        Room(1)[0] = (byte)value;
    }

    private Span<byte> Start(string name, FieldTag tag, int bytes)
    {
        var number = Find(name);
        var room = Room(2 + bytes);
        room[0] = (byte)number;
        room[1] = (byte)tag;
        return room[2..];
    }

    // Formats write their fields in order, so the next one is nearly always the right one.
    private int Find(string name)
    {
        for (var i = 0; i < names.Count; i++)
        {
            var at = (_next + i) % names.Count;
            if (names[at] == name)
            {
                _next = at + 1;
                return at;
            }
        }

        throw new FieldException(name, "the format writes a field that it does not name.");
    }

    private Span<byte> Room(int bytes)
    {
        if (_length + bytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_length + bytes, _bytes.Length * 2));
        }

        _length += bytes;
        return _bytes.AsSpan(_length - bytes, bytes);
    }
}

/// <summary>Reads what <see cref="BinaryFieldWriter"/> wrote, with the field names that were recorded beside it.</summary>
internal sealed class BinaryFieldReader(IReadOnlyList<string> names) : IFieldReader
{
    private readonly (FieldTag Tag, int Offset)[] _fields = new (FieldTag, int)[names.Count];
    private byte[] _bytes = [];

    /// <summary>Takes a record's fields; false when they are not well formed.</summary>
    public bool TryLoad(ReadOnlySpan<byte> fields)
    {
        Array.Clear(_fields);
        if (_bytes.Length < fields.Length)
        {
            _bytes = new byte[fields.Length * 2];
        }

        fields.CopyTo(_bytes);
        var at = 0;
        while (at < fields.Length)
        {
            if (at + 2 > fields.Length || fields[at] >= _fields.Length)
            {
                return false;
            }

            var tag = (FieldTag)fields[at + 1];
            _fields[fields[at]] = (tag, at + 2);
            at += 2;
            if (!TrySkip(fields, tag, ref at))
            {
                return false;
            }
        }

        return at == fields.Length;
    }

    public bool Has(string name) => Find(name, default, out _);

    public long Time(string name) => Find(name, FieldTag.Time, out var at) ? BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan(at)) : 0;

    public long Whole(string name) => Find(name, FieldTag.Whole, out var at) ? Signed(at) : 0;

    public long Fixed(string name) => Find(name, FieldTag.Fixed, out var at) ? Signed(at) : 0;

    public double Real(string name) => Find(name, FieldTag.Real, out var at) ? BinaryPrimitives.ReadDoubleLittleEndian(_bytes.AsSpan(at)) : 0;

    public string Text(string name)
    {
        if (!Find(name, FieldTag.Text, out var at))
        {
            return "";
        }

        TryUnsigned(_bytes, ref at, out var count);
        return Encoding.UTF8.GetString(_bytes, at, (int)count);
    }

    public double[] Reals(string name) => Words<double>(name, FieldTag.Reals);

    public ulong[] Bits(string name) => Words<ulong>(name, FieldTag.Bits);

    private T[] Words<T>(string name, FieldTag tag) where T : struct
    {
        if (!Find(name, tag, out var at))
        {
            return [];
        }

        TryUnsigned(_bytes, ref at, out var count);
        return MemoryMarshal.Cast<byte, T>(_bytes.AsSpan(at, (int)count * 8)).ToArray();
    }

    private bool Find(string name, FieldTag tag, out int offset)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
            {
                (var found, offset) = _fields[i];
                return found == default ? false : tag == default || found == tag ? true
                    : throw new FieldException(name, $"it was recorded as {found}, and is now read as {tag}: the format has changed.");
            }
        }

        offset = 0;
        return false;
    }

    private long Signed(int at)
    {
        TryUnsigned(_bytes, ref at, out var value);
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private static bool TrySkip(ReadOnlySpan<byte> bytes, FieldTag tag, ref int at)
    {
        ulong count = 0;
        switch (tag)
        {
            case FieldTag.Time or FieldTag.Real:
                at += 8;
                return at <= bytes.Length;
            case FieldTag.Whole or FieldTag.Fixed:
                return TryUnsigned(bytes, ref at, out count);
            case FieldTag.Text or FieldTag.Reals or FieldTag.Bits:
                if (!TryUnsigned(bytes, ref at, out count) || count > (ulong)bytes.Length)
                {
                    return false;
                }

                at += (int)count * (tag == FieldTag.Text ? 1 : 8);
                return at <= bytes.Length;
            default:
                return false;
        }
    }

    private static bool TryUnsigned(ReadOnlySpan<byte> bytes, ref int at, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 70 && at < bytes.Length; shift += 7)
        {
            var b = bytes[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
