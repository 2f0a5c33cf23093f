using System.Text;

namespace QuantumTrader.Storage.Valkey;

/// <summary>Id of an entry: ms since 1970 and a number within the ms.</summary>
internal readonly record struct EntryId(long Ms, long Number) : IComparable<EntryId>
{
    public int CompareTo(EntryId other) => Ms != other.Ms ? Ms.CompareTo(other.Ms) : Number.CompareTo(other.Number);

    /// <summary>Parses <c>1722988800000-0</c>.</summary>
    public static EntryId Parse(ReadOnlySpan<byte> text)
    {
        long ms = 0;
        var i = 0;
        for (; i < text.Length && text[i] != (byte)'-'; i++)
        {
            ms = (ms * 10) + (text[i] - '0');
        }

        long number = 0;
        for (i++; i < text.Length; i++)
        {
            number = (number * 10) + (text[i] - '0');
        }

        return new EntryId(ms, number);
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Ms}-{Number}");
}

/// <summary>
/// The entries of one reply, as places in the reader's buffer: read first, so that the next page can be asked for before this one is
/// decoded. Valid until the reader is used again.
/// </summary>
internal sealed class EntryPage
{
    /// <summary>More fields than an entry of ours has; a foreign one with more is read up to here.</summary>
    private const int MaxFields = 256;

    private Entry[] _entries = new Entry[64];
    private Field[] _fields = new Field[1024];
    private int _fieldCount;
    private RespReader _reader = null!;

    private struct Entry
    {
        public EntryId Id;
        public int FirstField;
        public int Fields;
        public int Start;
        public int End;
        public bool HasNamesOfPrevious;
    }

    private struct Field
    {
        public int Start;
        public int Name;
        public int NameLength;
        public int Value;
        public int ValueLength;
    }

    public int Count { get; private set; }

    /// <summary>Changes with every reply.</summary>
    public long Number { get; private set; }

    /// <summary>Fields of all entries.</summary>
    public int FieldCount => _fieldCount;

    /// <summary>Bytes of the whole reply.</summary>
    public int Bytes { get; private set; }

    public EntryId LastId => _entries[Count - 1].Id;

    public EntryId Id(int entry) => _entries[entry].Id;

    public int Fields(int entry) => _entries[entry].Fields;

    /// <summary>The fields have the names of the entry before, in the same order.</summary>
    public bool HasNamesOfPrevious(int entry) => _entries[entry].HasNamesOfPrevious;

    public ReadOnlySpan<byte> Name(int entry, int field)
    {
        ref var f = ref _fields[_entries[entry].FirstField + field];
        return _reader.Span(f.Name, f.NameLength);
    }

    public ReadOnlySpan<byte> Value(int entry, int field)
    {
        ref var f = ref _fields[_entries[entry].FirstField + field];
        return _reader.Span(f.Value, f.ValueLength);
    }

    /// <summary>The fields of an entry as they were sent: the same bytes that stood behind the id in the command that stored it.</summary>
    public ReadOnlySpan<byte> Raw(int entry) => _reader.Span(_entries[entry].Start, _entries[entry].End - _entries[entry].Start);

    /// <summary>Reads a list of entries, as XRANGE answers it, its first token included.</summary>
    public void Read(RespReader reader)
    {
        reader.Hold();
        reader.Next();
        Expect(reader, RespKind.Array);
        ReadEntries(reader);
        Bytes = reader.Place;
    }

    /// <summary>As <see cref="Read"/>, behind the token that says how many entries there are.</summary>
    public void ReadEntries(RespReader reader)
    {
        _reader = reader;
        Number++;
        Count = 0;
        _fieldCount = 0;
        for (var left = reader.Number; left > 0; left--)
        {
            reader.Next();
            if (reader.Kind == RespKind.Array && reader.Number == 2)
            {
                ReadEntry(reader);
            }
            else
            {
                reader.Skip(); // an entry that was deleted while it was pending
            }
        }
    }

    private void ReadEntry(RespReader reader)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, _entries.Length * 2);
        }

        ref var entry = ref _entries[Count];
        reader.Next();
        Expect(reader, RespKind.Bulk);
        entry.Id = EntryId.Parse(reader.Bytes);
        reader.Next();
        Expect(reader, RespKind.Array);
        var parts = reader.Number;
        if (parts < 0)
        {
            return;
        }

        entry.FirstField = _fieldCount;
        entry.Fields = (int)Math.Min(parts / 2, MaxFields);
        entry.Start = reader.Place;
        entry.HasNamesOfPrevious = Count > 0 && _entries[Count - 1].Fields == entry.Fields;
        if (_fields.Length - _fieldCount < entry.Fields)
        {
            Array.Resize(ref _fields, Math.Max(_fields.Length * 2, _fieldCount + entry.Fields));
        }

        Count++;
        for (var i = 0; i < entry.Fields; i++)
        {
            ref var field = ref _fields[_fieldCount++];
            field.Start = reader.Place;
            entry.HasNamesOfPrevious = entry.HasNamesOfPrevious && TakeNameOf(ref _fields[_fieldCount - 1 - entry.Fields], reader, ref field);
            if (!entry.HasNamesOfPrevious)
            {
                reader.Next();
                (field.Name, field.NameLength) = (reader.Start, reader.Length);
            }

            reader.Next();
            (field.Value, field.ValueLength) = (reader.Start, reader.Length);
        }

        for (var left = parts - (2 * entry.Fields); left > 0; left--)
        {
            reader.Next();
        }

        entry.End = reader.Place;
    }

    // Nearly all entries of a stream have the same names: comparing a name as it stands there is quicker than taking it apart.
    private static bool TakeNameOf(ref Field previous, RespReader reader, ref Field field)
    {
        field.Name = field.Start + previous.Name - previous.Start;
        field.NameLength = previous.NameLength;
        return reader.TrySkip(reader.Span(previous.Start, previous.Name + previous.NameLength + 2 - previous.Start));
    }

    private static void Expect(RespReader reader, RespKind kind)
    {
        if (reader.Kind == RespKind.Error)
        {
            throw new ValkeyErrorException(reader.Text());
        }

        if (reader.Kind != kind)
        {
            throw new IOException($"the server answered with {reader.Kind} where entries of a stream stand: '{Encoding.UTF8.GetString(reader.Bytes)}'");
        }
    }
}
