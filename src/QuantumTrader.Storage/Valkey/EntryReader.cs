using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

/// <summary>
/// Reads the fields of one entry; the counterpart of <see cref="EntryWriter"/>. Of entries that older programs wrote it understands what
/// can be understood: a moment that has no field is the moment of the entry's id, <c>volume</c> and <c>quantity</c> are <c>qty</c>.
/// </summary>
internal sealed class EntryReader(IReadOnlyList<string> fields, string symbol) : IFieldReader
{
    private const int MaxLayouts = 16;
    private const int TextsOfField = 4;

    private readonly List<Layout> _layouts = [];
    private readonly List<Moment> _moments = [];
    private EntryPage _page = null!;
    private Layout _layout = new([], [], false);
    private TextSlot[] _texts = new TextSlot[16 * TextsOfField];
    private long _pageNumber;
    private int _entry;
    private int _next;
    private int _nextLayout;

    /// <summary>The names of an entry's fields: nearly all entries of a stream have the same ones.</summary>
    /// <param name="Encoded">As they come.</param>
    /// <param name="Names">As text.</param>
    /// <param name="IsOurs">At least one of them belongs to the format.</param>
    private sealed record Layout(byte[][] Encoded, string[] Names, bool IsOurs)
    {
        /// <summary>What was asked for, question by question, and where it stands: formats ask the same of every event.</summary>
        public (string Name, int At)[] Asked { get; } = new (string, int)[64];
    }

    /// <summary>Names of the two fields that a moment is kept in.</summary>
    private sealed record Moment(string Name, string Microseconds, string Nanoseconds);

    private struct TextSlot
    {
        public byte[] Bytes;
        public string Text;
    }

    /// <summary>Turns to an entry of a page; false when it has none of the fields of the format.</summary>
    public bool Turn(EntryPage page, int entry)
    {
        var isNextOfKind = page.Number == _pageNumber && entry == _entry + 1 && page.HasNamesOfPrevious(entry);
        (_page, _pageNumber, _entry, _next) = (page, page.Number, entry, 0);
        if (!isNextOfKind && !Matches(_layout))
        {
            _layout = FindLayout();
        }

        return _layout.IsOurs;
    }

    public bool Has(string name) => Find(name) >= 0 || name is "ts" or "symbol";

    public long Time(string name)
    {
        var moment = MomentOf(name);
        var at = Find(moment.Microseconds);
        if (at < 0)
        {
            return name == "ts" ? _page.Id(_entry).Ms * 1_000_000 : 0;
        }

        return (Number(name, at) * 1000) + (Find(moment.Nanoseconds) is >= 0 and var rest ? Number(name, rest) : 0);
    }

    // An event has one or two.
    private Moment MomentOf(string name)
    {
        foreach (var known in _moments)
        {
            if (known.Name == name)
            {
                return known;
            }
        }

        var moment = new Moment(name, name + "_us", name + "_ns");
        _moments.Add(moment);
        return moment;
    }

    /// <summary>Takes the place of the field <c>seq</c> where a source numbers its events itself.</summary>
    public long? Sequence { get; set; }

    public long Whole(string name) => name == "seq" && Sequence is { } own ? own : Find(name) is >= 0 and var at ? Number(name, at) : 0;

    public long Fixed(string name)
    {
        var at = Find(name);
        if (at < 0 && name == "qty")
        {
            at = Find("volume") is >= 0 and var volume ? volume : Find("quantity");
        }

        if (at < 0)
        {
            return 0;
        }

        return Scaled.TryParse(_page.Value(_entry, at), out var scaled) ? scaled : throw Bad(name, at, "a decimal number");
    }

    public double Real(string name)
    {
        var at = Find(name);
        return at < 0 ? 0 : Utf8Parser.TryParse(_page.Value(_entry, at), out double value, out var used) && used == _page.Value(_entry, at).Length ? value : throw Bad(name, at, "a number");
    }

    public string Text(string name)
    {
        var at = Find(name);
        if (at < 0)
        {
            return name == "symbol" ? symbol : "";
        }

        // The same field nearly always says one of a few things: the symbol, the kind, the side.
        var bytes = _page.Value(_entry, at);
        var first = at * TextsOfField;
        if (first >= _texts.Length)
        {
            Array.Resize(ref _texts, Math.Max(_texts.Length * 2, first + TextsOfField));
        }

        var known = _texts.AsSpan(first, TextsOfField);
        foreach (ref readonly var slot in known)
        {
            if (slot.Bytes is not null && bytes.SequenceEqual(slot.Bytes))
            {
                return slot.Text;
            }
        }

        known[..^1].CopyTo(known[1..]);
        known[0] = new TextSlot { Bytes = bytes.ToArray(), Text = Encoding.UTF8.GetString(bytes) };
        return known[0].Text;
    }

    public double[] Reals(string name)
    {
        var at = Find(name);
        if (at < 0)
        {
            return [];
        }

        var bytes = Words(name, at);
        var values = new double[bytes.Length / sizeof(double)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes[(i * sizeof(double))..]);
        }

        return values;
    }

    public ulong[] Bits(string name)
    {
        var at = Find(name);
        if (at < 0)
        {
            return [];
        }

        var bytes = Words(name, at);
        var words = new ulong[bytes.Length / sizeof(ulong)];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * sizeof(ulong))..]);
        }

        return words;
    }

    private ReadOnlySpan<byte> Words(string name, int at)
    {
        var bytes = _page.Value(_entry, at);
        return bytes.Length % 8 == 0 ? bytes : throw Bad(name, at, "8 bytes for each value");
    }

    private long Number(string name, int at)
    {
        var bytes = _page.Value(_entry, at);
        long value = 0;
        if (bytes.Length is > 0 and < 18)
        {
            var isNegative = bytes[0] == (byte)'-';
            var i = isNegative ? 1 : 0;
            for (; i < bytes.Length; i++)
            {
                var digit = (uint)(bytes[i] - '0');
                if (digit > 9)
                {
                    throw Bad(name, at, "a whole number");
                }

                value = (value * 10) + digit;
            }

            return isNegative ? -value : value;
        }

        return Utf8Parser.TryParse(bytes, out value, out var used) && used == bytes.Length ? value : throw Bad(name, at, "a whole number");
    }

    private FieldException Bad(string name, int at, string legal)
    {
        var found = Encoding.UTF8.GetString(_page.Value(_entry, at));
        return new FieldException(name, $"entry {_page.Id(_entry)} has '{(found.Length <= 40 ? found : found[..40])}'. Legal: {legal}.");
    }

    private int Find(string name)
    {
        var question = _next++;
        var asked = _layout.Asked;
        if (question < asked.Length && ReferenceEquals(asked[question].Name, name))
        {
            return asked[question].At;
        }

        var at = Array.IndexOf(_layout.Names, name);
        if (question < asked.Length)
        {
            asked[question] = (name, at);
        }

        return at;
    }

    private bool Matches(Layout layout)
    {
        if (layout.Encoded.Length != _page.Fields(_entry))
        {
            return false;
        }

        for (var i = 0; i < layout.Encoded.Length; i++)
        {
            if (!_page.Name(_entry, i).SequenceEqual(layout.Encoded[i]))
            {
                return false;
            }
        }

        return true;
    }

    private Layout FindLayout()
    {
        foreach (var known in _layouts)
        {
            if (Matches(known))
            {
                return known;
            }
        }

        var encoded = new byte[_page.Fields(_entry)][];
        for (var i = 0; i < encoded.Length; i++)
        {
            encoded[i] = _page.Name(_entry, i).ToArray();
        }

        // As the same objects that formats ask with, where they have them: that makes them quick to compare.
        string[] names = [.. encoded.Select(Encoding.UTF8.GetString).Select(n => string.IsInterned(n) ?? n)];
        var layout = new Layout(encoded, names, names.Any(name => name == "ts_us" || (name is not "symbol" && fields.Contains(name))));
        if (_layouts.Count < MaxLayouts)
        {
            _layouts.Add(layout);
        }
        else
        {
            _layouts[_nextLayout++ % MaxLayouts] = layout;
        }

        return layout;
    }
}

/// <summary>Finds fields that are asked for nearly in the order in which they stand.</summary>
internal static class FieldOrder
{
    /// <summary>Index of a name, looked for from <paramref name="next"/> on, which then is the place behind it; -1 when it is not there.</summary>
    public static int Find(string[] names, string name, ref int next)
    {
        for (var i = next; i < names.Length; i++)
        {
            if (names[i] == name)
            {
                next = i;
                return i;
            }
        }

        for (var i = 0; i < next && i < names.Length; i++)
        {
            if (names[i] == name)
            {
                next = i;
                return i;
            }
        }

        return -1;
    }
}
