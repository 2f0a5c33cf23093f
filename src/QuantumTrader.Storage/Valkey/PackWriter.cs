using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

/// <summary>What a field of a pack holds.</summary>
internal enum PackKind : byte
{
    /// <summary>Not written in this pack.</summary>
    None,

    /// <summary>A whole number, a moment in ns, or a scaled number: 8 bytes.</summary>
    Whole,

    /// <summary>A floating-point number: 8 bytes.</summary>
    Real,

    /// <summary>A text: 2 bytes, its place among the texts of the pack.</summary>
    Text,

    /// <summary>A vector or bits: their number in 4 bytes, then 8 bytes each.</summary>
    Words,
}

/// <summary>
/// Puts up to 128 events of a stream into one binary value. Records come first: 8 bytes with one bit per field that is there, then the
/// values in the order of the format's fields, lowest byte first. Behind them stand the names and kinds of the fields, then the texts,
/// then in 4 bytes each where these two begin, then <see cref="Magic"/>. It needs no other table, so any program can read it (docs/store.md).
/// </summary>
internal sealed class PackWriter : IFieldWriter
{
    /// <summary>The last four bytes of every pack: its version.</summary>
    public const uint Magic = 0x31504B51; // "QKP1"

    private const int MaxTexts = ushort.MaxValue;

    private readonly string[] _names;
    private readonly PackKind[] _kinds;
    private readonly List<string> _texts = [];
    private readonly string?[] _lastText;
    private readonly ushort[] _lastIndex;
    private byte[] _buffer = new byte[16 * 1024];
    private int _length;
    private int _record;
    private int _next;
    private ulong _present;
    private bool _isRaw;

    /// <summary>A writer for a format of these fields.</summary>
    public PackWriter(IReadOnlyList<string> fields)
    {
        if (fields.Count > 64)
        {
            throw new InvalidOperationException($"Invariant: a pack holds events of at most 64 fields, this format has {fields.Count}.");
        }

        _names = [.. fields];
        _kinds = new PackKind[_names.Length];
        _lastText = new string?[_names.Length];
        _lastIndex = new ushort[_names.Length];
    }

    /// <summary>Events in it.</summary>
    public int Count { get; private set; }

    public void Clear()
    {
        Count = 0;
        _length = 0;
        _texts.Clear();
        Array.Clear(_lastText);
    }

    /// <summary>Adds an event; all events of a pack are of one type.</summary>
    public void Add<T>(in T value, EventFormat<T> format) where T : struct, IEvent<T>
    {
        if (RawPack.Holds<T>())
        {
            var size = Unsafe.SizeOf<T>();
            Room(size);
            Unsafe.WriteUnaligned(ref _buffer[_length], value);
            _length += size;
            _isRaw = true;
            Count++;
            return;
        }

        BeginEvent();
        format.Write(in value, this);
        EndEvent();
    }

    public void BeginEvent()
    {
        _record = _length;
        _present = 0;
        _next = 0;
        Room(sizeof(ulong));
        _length += sizeof(ulong);
    }

    public void EndEvent()
    {
        MemoryMarshal.Write(_buffer.AsSpan(_record), _present);
        Count++;
    }

    /// <summary>The value as it is stored; valid until the writer is used again.</summary>
    public ReadOnlySpan<byte> Finish()
    {
        if (_isRaw)
        {
            Room(sizeof(uint));
            MemoryMarshal.Write(_buffer.AsSpan(_length), RawPack.Magic);
            return _buffer.AsSpan(0, _length + sizeof(uint));
        }

        var names = _length;
        foreach (var (name, kind) in _names.Zip(_kinds))
        {
            Add((byte)kind);
            Add(name);
        }

        var texts = _length;
        foreach (var text in _texts)
        {
            Add(text);
        }

        Room(12);
        MemoryMarshal.Write(_buffer.AsSpan(_length), names);
        MemoryMarshal.Write(_buffer.AsSpan(_length + 4), texts);
        MemoryMarshal.Write(_buffer.AsSpan(_length + 8), Magic);
        _length += 12;
        return _buffer.AsSpan(0, _length);
    }

    public void Time(string name, long nanoseconds) => Value(name, PackKind.Whole, nanoseconds);

    public void Whole(string name, long value) => Value(name, PackKind.Whole, value);

    public void Fixed(string name, long scaled) => Value(name, PackKind.Whole, scaled);

    public void Real(string name, double value) => Value(name, PackKind.Real, BitConverter.DoubleToInt64Bits(value));

    public void Text(string name, string value)
    {
        var field = Field(name, PackKind.Text);
        if (!ReferenceEquals(_lastText[field], value))
        {
            _lastText[field] = value;
            _lastIndex[field] = IndexOf(value);
        }

        Room(sizeof(ushort));
        MemoryMarshal.Write(_buffer.AsSpan(_length), _lastIndex[field]);
        _length += sizeof(ushort);
    }

    public void Reals(string name, ReadOnlySpan<double> values) => Words(name, MemoryMarshal.AsBytes(values));

    public void Bits(string name, ReadOnlySpan<ulong> words) => Words(name, MemoryMarshal.AsBytes(words));

    private void Value(string name, PackKind kind, long value)
    {
        Field(name, kind);
        Room(sizeof(long));
        MemoryMarshal.Write(_buffer.AsSpan(_length), value);
        _length += sizeof(long);
    }

    private void Words(string name, ReadOnlySpan<byte> bytes)
    {
        Field(name, PackKind.Words);
        Room(4 + bytes.Length);
        MemoryMarshal.Write(_buffer.AsSpan(_length), bytes.Length / 8);
        bytes.CopyTo(_buffer.AsSpan(_length + 4));
        _length += 4 + bytes.Length;
    }

    private int Field(string name, PackKind kind)
    {
        var names = _names;
        for (var i = _next; i < names.Length; i++)
        {
            if (names[i] == name)
            {
                _next = i + 1;
                _present |= 1UL << i;
                _kinds[i] = kind;
                return i;
            }
        }

        throw new InvalidOperationException($"Invariant: the format writes '{name}' in another order than that of its fields.");
    }

    private ushort IndexOf(string text)
    {
        var at = _texts.IndexOf(text);
        if (at < 0)
        {
            at = _texts.Count < MaxTexts ? _texts.Count : throw new InvalidOperationException("Invariant: a pack has more texts than it can number.");
            _texts.Add(text);
        }

        return (ushort)at;
    }

    private void Add(byte value)
    {
        Room(1);
        _buffer[_length++] = value;
    }

    private void Add(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        Room(sizeof(ushort) + length);
        MemoryMarshal.Write(_buffer.AsSpan(_length), (ushort)length);
        Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_length + sizeof(ushort)));
        _length += sizeof(ushort) + length;
    }

    private void Room(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        }
    }
}
