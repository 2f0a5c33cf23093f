using System.Globalization;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Views;

/// <summary>The fields of an event as they are shown: numbers as numbers, moments as ISO texts (the event's own under <c>time</c>), secrets masked.</summary>
internal sealed class EventFields(Secrets secrets) : IFieldWriter
{
    private readonly Dictionary<string, object> _fields = new(StringComparer.Ordinal);

    /// <summary>The fields of an event; of one without an outside form, its text.</summary>
    public static Dictionary<string, object> Of(object value, IEventFormat? format, Secrets secrets)
    {
        var fields = new EventFields(secrets);
        if (format is null)
        {
            fields.Text("text", value.ToString() ?? "");
        }
        else
        {
            format.Write(value, fields);
        }

        return fields._fields;
    }

    public void Time(string name, long nanoseconds) => _fields[name == "ts" ? "time" : name] = IsoTime.ToText(nanoseconds);

    public void Whole(string name, long value) => _fields[name] = value;

    public void Fixed(string name, long scaled) => _fields[name] = Documents.Number(scaled);

    public void Real(string name, double value) => _fields[name] = value;

    public void Text(string name, string value) => _fields[name] = secrets.Mask(value);

    public void Reals(string name, ReadOnlySpan<double> values) => _fields[name] = values.ToArray();

    public void Bits(string name, ReadOnlySpan<ulong> words) => _fields[name] = string.Concat(words.ToArray().Select(w => w.ToString("x16", CultureInfo.InvariantCulture)));
}
