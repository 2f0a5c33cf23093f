using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

/// <summary>
/// Writes the fields of one event into a command, as anybody can read them: a moment <c>ts</c> becomes <c>ts_us</c>, whole microseconds
/// since 1970 UTC, and <c>ts_ns</c>, the nanoseconds beyond, where there are any; prices are decimal text; vectors and bits are 8 bytes
/// a value, lowest byte first.
/// </summary>
internal sealed class EntryWriter(RespWriter target) : IFieldWriter
{
    private const int NumberLength = 40;
    private const int MaxKnownText = 32;
    private const int MaxKnownTexts = 256;

    // Field names, and texts such as a symbol's name, come back as the same objects event after event.
    private readonly Dictionary<(string Name, string Suffix), byte[]> _names = [];
    private readonly Dictionary<string, byte[]> _texts = new(ReferenceEqualityComparer.Instance);
    private Slot[] _slots = new Slot[32];
    private int _next;

    private struct Slot
    {
        public string Name;
        public string Suffix;
        public byte[] EncodedName;
    }

    /// <summary>Where the fields go; a writer serves one lane after the other.</summary>
    public RespWriter Target { get; set; } = target;

    /// <summary>Names and values written since <see cref="Begin"/>.</summary>
    public int Parts { get; private set; }

    public void Begin()
    {
        _next = 0;
        Parts = 0;
    }

    public void Time(string name, long nanoseconds)
    {
        var microseconds = nanoseconds >= 0 ? nanoseconds / 1000 : (nanoseconds - 999) / 1000;
        Name(name, "_us");
        Number(microseconds);
        var rest = nanoseconds - (microseconds * 1000);
        if (rest != 0)
        {
            Name(name, "_ns");
            Number(rest);
        }
    }

    public void Whole(string name, long value)
    {
        Name(name);
        Number(value);
    }

    public void Fixed(string name, long scaled)
    {
        Name(name);
        var room = Target.Peek(NumberLength);
        Close(room, ScaledText.Write(room[4..], scaled));
    }

    public void Real(string name, double value)
    {
        Name(name);
        var room = Target.Peek(NumberLength);
        value.TryFormat(room[4..], out var length, default, CultureInfo.InvariantCulture);
        Close(room, length);
    }

    public void Text(string name, string value)
    {
        Name(name);
        if (value.Length > MaxKnownText)
        {
            Target.Bulk(value);
            return;
        }

        if (!_texts.TryGetValue(value, out var encoded))
        {
            if (_texts.Count == MaxKnownTexts)
            {
                _texts.Clear();
            }

            _texts[value] = encoded = Encode(value, "");
        }

        Target.Raw(encoded);
    }

    public void Reals(string name, ReadOnlySpan<double> values)
    {
        Name(name);
        Span<byte> bytes = new byte[values.Length * sizeof(double)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes[(i * sizeof(double))..], values[i]);
        }

        Target.Bulk(bytes);
    }

    public void Bits(string name, ReadOnlySpan<ulong> words)
    {
        Name(name);
        Span<byte> bytes = new byte[words.Length * sizeof(ulong)];
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(i * sizeof(ulong))..], words[i]);
        }

        Target.Bulk(bytes);
    }

    private void Number(long value)
    {
        var room = Target.Peek(NumberLength);
        Utf8Formatter.TryFormat(value, room[4..], out var length);
        Close(room, length);
    }

    // The value stands 4 bytes behind the begin, which is right for a length of one digit; with two it moves by one.
    private void Close(Span<byte> room, int length)
    {
        room[0] = (byte)'$';
        var head = 4;
        if (length < 10)
        {
            room[1] = (byte)('0' + length);
            room[2] = (byte)'\r';
            room[3] = (byte)'\n';
        }
        else
        {
            room.Slice(4, length).CopyTo(room[5..]);
            room[1] = (byte)('0' + (length / 10));
            room[2] = (byte)('0' + (length % 10));
            room[3] = (byte)'\r';
            room[4] = (byte)'\n';
            head = 5;
        }

        room[head + length] = (byte)'\r';
        room[head + length + 1] = (byte)'\n';
        Target.Advance(head + length + 2);
    }

    private void Name(string name, string suffix = "")
    {
        Parts += 2;
        if (_next == _slots.Length)
        {
            Array.Resize(ref _slots, _slots.Length * 2);
        }

        ref var slot = ref _slots[_next++];
        if (!ReferenceEquals(slot.Name, name) || !ReferenceEquals(slot.Suffix, suffix))
        {
            if (!_names.TryGetValue((name, suffix), out var encoded))
            {
                _names[(name, suffix)] = encoded = Encode(name, suffix);
            }

            slot = new Slot { Name = name, Suffix = suffix, EncodedName = encoded };
        }

        Target.Raw(slot.EncodedName);
    }

    private static byte[] Encode(string text, string suffix) => Encoding.UTF8.GetBytes(FormattableString.Invariant($"${Encoding.UTF8.GetByteCount(text) + suffix.Length}\r\n{text}{suffix}\r\n"));
}

/// <summary>Scaled numbers as the shortest decimal text.</summary>
internal static class ScaledText
{
    /// <summary>Writes it; returns its length, at most 21.</summary>
    public static int Write(Span<byte> target, long scaled)
    {
        var at = 0;
        var magnitude = (ulong)scaled;
        if (scaled < 0)
        {
            target[at++] = (byte)'-';
            magnitude = 0 - magnitude;
        }

        var (whole, fraction) = Math.DivRem(magnitude, (ulong)Scaled.One);
        Utf8Formatter.TryFormat(whole, target[at..], out var length);
        at += length;
        if (fraction == 0)
        {
            return at;
        }

        target[at++] = (byte)'.';
        var digits = Scaled.Digits;
        while (fraction % 10 == 0)
        {
            fraction /= 10;
            digits--;
        }

        for (var i = digits - 1; i >= 0; i--)
        {
            target[at + i] = (byte)('0' + (fraction % 10));
            fraction /= 10;
        }

        return at + digits;
    }
}
