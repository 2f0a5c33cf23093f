using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

/// <summary>Reads what <see cref="PackWriter"/> wrote, event by event.</summary>
internal sealed class PackReader : IFieldReader
{
    private readonly int[] _offsets = new int[64];
    private byte[] _pack = new byte[16 * 1024];
    private byte[] _namesRead = [];
    private byte[] _textsRead = [];
    private string[] _names = [];
    private PackKind[] _kinds = [];
    private string[] _texts = [];
    private int _at;
    private int _end;
    private int _record;
    private int _size;
    private int _next;
    private ulong _present;

    /// <summary>Turns to a pack. Throws <see cref="FieldException"/> when it is none.</summary>
    public void Turn(ReadOnlySpan<byte> pack)
    {
        if (pack.Length < 12 || MemoryMarshal.Read<uint>(pack[^4..]) != PackWriter.Magic)
        {
            throw new FieldException("pack", "this is not a pack of this program, or of a newer version.");
        }

        var names = MemoryMarshal.Read<int>(pack[^12..]);
        var texts = MemoryMarshal.Read<int>(pack[^8..]);
        if (names < 0 || texts < names || texts > pack.Length - 12)
        {
            throw new FieldException("pack", "its tables are not where it says.");
        }

        if (_pack.Length < names)
        {
            _pack = new byte[names];
        }

        pack[..names].CopyTo(_pack);
        (_at, _end) = (0, names);
        _size = 0;
        _present = 0;
        var nameBytes = pack[names..texts];
        var textBytes = pack[texts..^12];
        if (!nameBytes.SequenceEqual(_namesRead))
        {
            _namesRead = nameBytes.ToArray();
            ReadNames(nameBytes);
        }

        if (!textBytes.SequenceEqual(_textsRead))
        {
            _textsRead = textBytes.ToArray();
            ReadTexts(textBytes);
        }
    }

    /// <summary>Goes to the next event; false at the end.</summary>
    public bool MoveNext()
    {
        if (_at >= _end)
        {
            return false;
        }

        _next = 0;
        _record = _at;
        var present = _end - _at < sizeof(ulong) ? throw CutOff() : MemoryMarshal.Read<ulong>(_pack.AsSpan(_at));
        // Events of a pack nearly always have the same fields, and so the same offsets.
        if (present != _present || _size == 0)
        {
            Measure(present);
        }

        _at += Math.Abs(_size);
        if (_at > _end)
        {
            throw CutOff();
        }

        if (_size < 0)
        {
            _size = 0; // vectors have lengths of their own: the next record is measured anew
        }

        return true;
    }

    public bool Has(string name) => Find(name) >= 0;

    public long Time(string name) => Whole(name);

    /// <summary>Takes the place of the field <c>seq</c> where a source numbers its events itself.</summary>
    public long? Sequence { get; set; }

    public long Whole(string name) => name == "seq" && Sequence is { } own ? own : Find(name) is >= 0 and var field && Is(name, field, PackKind.Whole) ? MemoryMarshal.Read<long>(_pack.AsSpan(_record + _offsets[field])) : 0;

    public long Fixed(string name) => Whole(name);

    public double Real(string name) => Find(name) is >= 0 and var field && Is(name, field, PackKind.Real) ? MemoryMarshal.Read<double>(_pack.AsSpan(_record + _offsets[field])) : 0;

    public string Text(string name)
    {
        if (Find(name) is not (>= 0 and var field) || !Is(name, field, PackKind.Text))
        {
            return "";
        }

        var text = MemoryMarshal.Read<ushort>(_pack.AsSpan(_record + _offsets[field]));
        return text < _texts.Length ? _texts[text] : throw new FieldException(name, $"the pack has {_texts.Length} texts, but names number {text}.");
    }

    public double[] Reals(string name) => MemoryMarshal.Cast<byte, double>(Words(name)).ToArray();

    public ulong[] Bits(string name) => MemoryMarshal.Cast<byte, ulong>(Words(name)).ToArray();

    private ReadOnlySpan<byte> Words(string name)
    {
        if (Find(name) is not (>= 0 and var field) || !Is(name, field, PackKind.Words))
        {
            return [];
        }

        var at = _record + _offsets[field];
        return _pack.AsSpan(at + 4, 8 * MemoryMarshal.Read<int>(_pack.AsSpan(at)));
    }

    private int Find(string name)
    {
        var field = FieldOrder.Find(_names, name, ref _next);
        return field >= 0 && (_present & (1UL << field)) != 0 ? field : -1;
    }

    private bool Is(string name, int field, PackKind kind) =>
        _kinds[field] == kind ? true : throw new FieldException(name, $"the pack has {_kinds[field]} where {kind} is needed.");

    private void Measure(ulong present)
    {
        var at = sizeof(ulong);
        var isFixed = true;
        for (var left = present; left != 0; left &= left - 1)
        {
            var field = BitOperations.TrailingZeroCount(left);
            if (field >= _kinds.Length || _record + at > _end)
            {
                throw CutOff();
            }

            _offsets[field] = at;
            switch (_kinds[field])
            {
                case PackKind.Text:
                    at += sizeof(ushort);
                    break;
                case PackKind.Words:
                    var count = _end - _record - at < 4 ? -1 : MemoryMarshal.Read<int>(_pack.AsSpan(_record + at));
                    if (count < 0 || count > (_end - _record - at) / 8)
                    {
                        throw CutOff();
                    }

                    at += 4 + (8 * count);
                    isFixed = false;
                    break;
                default:
                    at += sizeof(long);
                    break;
            }
        }

        _present = present;
        _size = isFixed ? at : -at;
    }

    private static FieldException CutOff() => new("pack", "it ends in the middle of an event.");

    private void ReadNames(ReadOnlySpan<byte> bytes)
    {
        var (names, kinds) = (new List<string>(), new List<PackKind>());
        while (bytes.Length > 0)
        {
            kinds.Add((PackKind)bytes[0]);
            names.Add(ReadText(bytes[1..], out var length));
            bytes = bytes[(1 + length)..];
        }

        (_names, _kinds) = ([.. names], [.. kinds]);
    }

    private void ReadTexts(ReadOnlySpan<byte> bytes)
    {
        var texts = new List<string>();
        while (bytes.Length > 0)
        {
            texts.Add(ReadText(bytes, out var length));
            bytes = bytes[length..];
        }

        _texts = [.. texts];
    }

    private static string ReadText(ReadOnlySpan<byte> bytes, out int length)
    {
        if (bytes.Length < 2 || bytes.Length < 2 + MemoryMarshal.Read<ushort>(bytes))
        {
            throw new FieldException("pack", "its tables are cut off.");
        }

        length = 2 + MemoryMarshal.Read<ushort>(bytes);
        return Encoding.UTF8.GetString(bytes[2..length]);
    }
}
