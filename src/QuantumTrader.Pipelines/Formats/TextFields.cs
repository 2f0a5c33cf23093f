using System.Globalization;
using System.Text;

namespace QuantumTrader.Pipelines;

/// <summary>
/// Writes the fields of an event as texts, for people: times as ISO-8601 in UTC, decimals in full, vectors as <c>[1, 2.5]</c>, bits as
/// <c>[0x7ff]</c>. The same on every machine; <see cref="TextFieldReader"/> reads it back without loss.
/// </summary>
public sealed class TextFieldWriter : IFieldWriter
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;
    private readonly OrderedDictionary<string, string> _fields = new(StringComparer.Ordinal);

    /// <summary>What was written, in order.</summary>
    public IReadOnlyDictionary<string, string> Fields => _fields;

    /// <summary>The fields of one event.</summary>
    public static IReadOnlyDictionary<string, string> Print(IEventFormat format, object value)
    {
        var writer = new TextFieldWriter();
        format.Write(value, writer);
        return writer.Fields;
    }

    /// <inheritdoc/>
    public void Time(string name, long nanoseconds) => _fields[name] = IsoTime.ToText(nanoseconds);

    /// <inheritdoc/>
    public void Whole(string name, long value) => _fields[name] = value.ToString(Culture);

    /// <inheritdoc/>
    public void Fixed(string name, long scaled) => _fields[name] = Scaled.ToText(scaled);

    /// <inheritdoc/>
    public void Real(string name, double value) => _fields[name] = value.ToString("R", Culture);

    /// <inheritdoc/>
    public void Text(string name, string value) => _fields[name] = value;

    /// <inheritdoc/>
    public void Reals(string name, ReadOnlySpan<double> values) => _fields[name] = List(values, v => v.ToString("R", Culture));

    /// <inheritdoc/>
    public void Bits(string name, ReadOnlySpan<ulong> words) => _fields[name] = List(words, w => "0x" + w.ToString("x", Culture));

    private static string List<T>(ReadOnlySpan<T> values, Func<T, string> print)
    {
        var text = new StringBuilder("[");
        foreach (var value in values)
        {
            text.Append(text.Length > 1 ? ", " : "").Append(print(value));
        }

        return text.Append(']').ToString();
    }
}

/// <summary>Reads fields that were given as texts.</summary>
public sealed class TextFieldReader(IReadOnlyDictionary<string, string> fields) : IFieldReader
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <inheritdoc/>
    public bool Has(string name) => fields.ContainsKey(name);

    /// <inheritdoc/>
    public long Time(string name) => Read(name, "a time in UTC, such as 2024-08-08T12:00:00.25Z", IsoTime.TryParse, 0L);

    /// <inheritdoc/>
    public long Whole(string name) => Read(name, "a whole number", (string t, out long v) => long.TryParse(t, NumberStyles.AllowLeadingSign, Culture, out v), 0L);

    /// <inheritdoc/>
    public long Fixed(string name) => Read(name, "a decimal number, such as 61680.5", (string t, out long v) => Scaled.TryParse(Encoding.UTF8.GetBytes(t), out v), 0L);

    /// <inheritdoc/>
    public double Real(string name) => Read(name, "a number", TryReal, 0.0);

    /// <inheritdoc/>
    public string Text(string name) => fields.GetValueOrDefault(name, "");

    /// <inheritdoc/>
    public double[] Reals(string name) => List<double>(name, "a list of numbers, such as [1, 2.5]", TryReal);

    /// <inheritdoc/>
    public ulong[] Bits(string name) => List(
        name, "a list of words, such as [0x7ff]", (string t, out ulong v) => ulong.TryParse(t.StartsWith("0x", StringComparison.Ordinal) ? t[2..] : "", NumberStyles.AllowHexSpecifier, Culture, out v));

    private delegate bool TryParse<T>(string text, out T value);

    private static bool TryReal(string text, out double value) => double.TryParse(text, NumberStyles.Float, Culture, out value);

    private T Read<T>(string name, string legal, TryParse<T> parse, T otherwise)
    {
        if (!fields.TryGetValue(name, out var text))
        {
            return otherwise;
        }

        return parse(text.Trim(), out var value) ? value : throw Refuse(name, text, legal);
    }

    private T[] List<T>(string name, string legal, TryParse<T> parse)
    {
        if (!fields.TryGetValue(name, out var text))
        {
            return [];
        }

        var items = TextList.Split(text) ?? throw Refuse(name, text, legal);
        return [.. items.Select(item => parse(item, out var value) ? value : throw Refuse(name, text, legal))];
    }

    private static FieldException Refuse(string name, string text, string legal) => new(name, $"'{text}' is not {legal}.");
}

/// <summary>A text such as <c>[1, 2.5]</c>.</summary>
internal static class TextList
{
    /// <summary>Its items; null when it is no list.</summary>
    public static string[]? Split(string text)
    {
        var trimmed = text.Trim();
        if (trimmed is not ['[', .. var inner, ']'])
        {
            return null;
        }

        return string.IsNullOrWhiteSpace(inner) ? [] : inner.Split(',', StringSplitOptions.TrimEntries);
    }
}
