using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace QuantumTrader.Pipelines;

/// <summary>
/// Writes the fields of an event as members of a JSON object: moments as µs since 1970 UTC (with decimals where there are ns) under the
/// field's name and <c>_us</c>, decimals in full, vectors as arrays, bits as hexadecimal text with 16 digits a word. A number that is not
/// finite is a text. <see cref="JsonFieldReader"/> reads it back without loss. Allocates nothing per field.
/// </summary>
/// <param name="json">Where the members go; between its start and its end of an object.</param>
public sealed class JsonFieldWriter(Utf8JsonWriter json) : IFieldWriter
{
    internal const string TimeUnit = "_us";

    /// <summary>A single event as one line of JSON.</summary>
    public static string Print(IEventFormat format, object value)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            format.Write(value, new JsonFieldWriter(json));
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>Written for the field <c>seq</c> instead of the event's own, where a medium numbers its messages itself.</summary>
    public long? Number { get; set; }

    /// <inheritdoc/>
    public void Time(string name, long nanoseconds)
    {
        Span<char> member = stackalloc char[name.Length + TimeUnit.Length];
        name.CopyTo(member);
        TimeUnit.CopyTo(member[name.Length..]);
        if (nanoseconds % 1000 == 0)
        {
            json.WriteNumber(member, nanoseconds / 1000);
        }
        else
        {
            json.WriteNumber(member, nanoseconds / 1000m);
        }
    }

    /// <inheritdoc/>
    public void Whole(string name, long value) => json.WriteNumber(name, name == "seq" ? Number ?? value : value);

    /// <inheritdoc/>
    public void Fixed(string name, long scaled)
    {
        Span<byte> text = stackalloc byte[Scaled.MaxTextLength];
        json.WritePropertyName(name);
        json.WriteRawValue(text[..Scaled.Format(scaled, text)], skipInputValidation: true);
    }

    /// <inheritdoc/>
    public void Real(string name, double value)
    {
        json.WritePropertyName(name);
        Write(value);
    }

    /// <inheritdoc/>
    public void Text(string name, string value) => json.WriteString(name, value);

    /// <inheritdoc/>
    public void Reals(string name, ReadOnlySpan<double> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            Write(value);
        }

        json.WriteEndArray();
    }

    /// <inheritdoc/>
    public void Bits(string name, ReadOnlySpan<ulong> words)
    {
        var digits = ArrayPool<byte>.Shared.Rent(words.Length * 16);
        for (var i = 0; i < words.Length; i++)
        {
            Utf8Formatter.TryFormat(words[i], digits.AsSpan(i * 16), out _, new StandardFormat('x', 16));
        }

        json.WriteString(name, digits.AsSpan(0, words.Length * 16));
        ArrayPool<byte>.Shared.Return(digits);
    }

    private void Write(double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumberValue(value);
        }
        else
        {
            json.WriteStringValue(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "Infinity"u8 : "-Infinity"u8);
        }
    }
}

/// <summary>
/// Reads the members of a JSON object as fields. One reader serves many objects, one after the other, and allocates only for texts and
/// vectors. Members that nobody asks for cost nothing but their scan.
/// </summary>
public sealed class JsonFieldReader : IFieldReader
{
    /// <summary>Members of an object that can be read; one with more is refused.</summary>
    public const int MaxMembers = 1024;

    private readonly List<Member> _members = [];
    private readonly string[] _texts = new string[64];
    private byte[] _json = [];
    private int _next;

    /// <summary>Read for the field <c>seq</c> instead of the object's own, where the reader numbers events itself.</summary>
    public long? Number { get; set; }

    /// <summary>Takes an object; false, with the reason, when the text is not one.</summary>
    public bool TryLoad(ReadOnlySpan<byte> json, out string reason)
    {
        _members.Clear();
        _next = 0;
        if (_json.Length < json.Length)
        {
            _json = new byte[Math.Max(json.Length, 2 * _json.Length)];
        }

        json.CopyTo(_json);
        reason = "";
        try
        {
            Scan(new Utf8JsonReader(_json.AsSpan(0, json.Length)));
            return true;
        }
        catch (JsonException e)
        {
            _members.Clear();
            reason = e.Message;
            return false;
        }
    }

    /// <inheritdoc/>
    public bool Has(string name) => Find(name, out _) || Find(name, out _, JsonFieldWriter.TimeUnit);

    /// <summary>True when the field is there and is a text.</summary>
    public bool IsText(string name) => Find(name, out var member) && member.Kind == JsonTokenType.String;

    /// <summary>A field that is true or 1; false when it is not there.</summary>
    public bool Flag(string name) => Find(name, out var member) && (member.Kind == JsonTokenType.True || Span(member).SequenceEqual("1"u8));

    /// <inheritdoc/>
    public long Time(string name)
    {
        if (!Find(name, out var member, JsonFieldWriter.TimeUnit))
        {
            return 0;
        }

        var text = Span(member);
        if (member.Kind == JsonTokenType.Number && Utf8Parser.TryParse(text, out long micros, out var used) && used == text.Length && Math.Abs(micros) <= long.MaxValue / 1000)
        {
            return micros * 1000;
        }

        return member.Kind == JsonTokenType.Number && Utf8Parser.TryParse(text, out decimal exact, out used) && used == text.Length && Math.Abs(exact) <= long.MaxValue / 1000m
            ? (long)(exact * 1000)
            : throw Refuse(name, text, "a moment in µs since 1970 UTC");
    }

    /// <inheritdoc/>
    public long Whole(string name) => Number is { } number && name == "seq" ? number
        : !Find(name, out var member) ? 0
        : member.Kind == JsonTokenType.Number && Utf8Parser.TryParse(Span(member), out long value, out var used) && used == member.Length ? value
        : throw Refuse(name, Span(member), "a whole number");

    /// <inheritdoc/>
    public long Fixed(string name) => !Find(name, out var member) ? 0
        : member.Kind is JsonTokenType.Number or JsonTokenType.String && Scaled.TryParse(Span(member), out var scaled) ? scaled
        : throw Refuse(name, Span(member), "a decimal number below 92 233 720 368");

    /// <inheritdoc/>
    public double Real(string name) => !Find(name, out var member) ? 0
        : TryReal(member.Kind, Span(member), out var value) ? value
        : throw Refuse(name, Span(member), "a number");

    /// <inheritdoc/>
    public string Text(string name) => !Find(name, out var member) ? ""
        : member.Kind == JsonTokenType.String ? Intern(Span(member))
        : throw Refuse(name, Span(member), "a text");

    /// <inheritdoc/>
    public double[] Reals(string name)
    {
        if (!Find(name, out var member))
        {
            return [];
        }

        var values = new List<double>();
        var reader = new Utf8JsonReader(Span(member));
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.CurrentDepth > 0 && TryReal(reader.TokenType, reader.ValueSpan, out var value))
            {
                values.Add(value);
            }
            else if (reader.TokenType != JsonTokenType.StartArray || reader.CurrentDepth > 0)
            {
                throw Refuse(name, Span(member), "an array of numbers");
            }
        }

        return [.. values];
    }

    /// <inheritdoc/>
    public ulong[] Bits(string name)
    {
        if (!Find(name, out var member))
        {
            return [];
        }

        var text = Span(member);
        var words = new ulong[text.Length / 16];
        for (var i = 0; i < words.Length; i++)
        {
            if (!Utf8Parser.TryParse(text.Slice(i * 16, 16), out words[i], out var used, 'x') || used != 16)
            {
                throw Refuse(name, text, "hexadecimal digits, 16 a word");
            }
        }

        return text.Length % 16 == 0 && member.Kind == JsonTokenType.String ? words : throw Refuse(name, text, "hexadecimal digits, 16 a word");
    }

    private void Scan(Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("it is no object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_members.Count == MaxMembers)
            {
                throw new JsonException($"it has more than {MaxMembers} members.");
            }

            // Behind the opening quote.
            var (name, nameLength) = ((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length);
            reader.Read();
            var (kind, start, length) = (reader.TokenType, (int)reader.TokenStartIndex, reader.ValueSpan.Length);
            if (kind is JsonTokenType.StartArray or JsonTokenType.StartObject)
            {
                reader.Skip();
                length = (int)reader.BytesConsumed - start;
            }
            else if (kind == JsonTokenType.String)
            {
                start++;
            }

            if (kind != JsonTokenType.Null)
            {
                _members.Add(new Member(name, nameLength, start, length, kind));
            }
        }

        // Whatever stands behind the object is refused by the reader here.
        reader.Read();
    }

    // Fields are asked for in about the order in which they stand, so the search begins behind the last hit.
    private bool Find(string name, out Member found, string ending = "")
    {
        for (var i = 0; i < _members.Count; i++)
        {
            var at = _next + i < _members.Count ? _next + i : _next + i - _members.Count;
            var member = _members[at];
            var text = _json.AsSpan(member.Name, member.NameLength);
            if (text.Length == name.Length + ending.Length && Ascii.Equals(text[..name.Length], name) && Ascii.Equals(text[name.Length..], ending))
            {
                _next = at + 1 == _members.Count ? 0 : at + 1;
                found = member;
                return true;
            }
        }

        found = default;
        return false;
    }

    // Symbols and words come again and again: a small table saves making them anew.
    private string Intern(ReadOnlySpan<byte> text)
    {
        if (text.Contains((byte)'\\'))
        {
            return JsonSerializer.Deserialize<string>(string.Create(CultureInfo.InvariantCulture, $"\"{Encoding.UTF8.GetString(text)}\""))!;
        }

        if (text.Length is 0 or > 32)
        {
            return Encoding.UTF8.GetString(text);
        }

        ref var known = ref _texts[(text[0] + (text[^1] * 7) + (text.Length * 31)) & 63];
        if (known is null || !Ascii.Equals(text, known))
        {
            known = Encoding.UTF8.GetString(text);
        }

        return known;
    }

    private ReadOnlySpan<byte> Span(in Member member) => _json.AsSpan(member.Start, member.Length);

    private static bool TryReal(JsonTokenType kind, ReadOnlySpan<byte> text, out double value)
    {
        value = kind != JsonTokenType.String ? 0 : text.SequenceEqual("NaN"u8) ? double.NaN : text.SequenceEqual("Infinity"u8) ? double.PositiveInfinity : text.SequenceEqual("-Infinity"u8) ? double.NegativeInfinity : 0;
        return kind == JsonTokenType.Number ? Utf8Parser.TryParse(text, out value, out var used) && used == text.Length : value != 0;
    }

    private static FieldException Refuse(string name, ReadOnlySpan<byte> text, string legal)
    {
        var found = Encoding.UTF8.GetString(text[..Math.Min(text.Length, 60)]);
        return new FieldException(name, $"'{found}' is not {legal}.");
    }

    private readonly record struct Member(int Name, int NameLength, int Start, int Length, JsonTokenType Kind);
}
