using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary>Writes the fields of an event as a JSON object: times as integers of ns since 1970 UTC, decimals in full, vectors as arrays.</summary>
internal sealed class JsonFieldWriter : IFieldWriter
{
    private readonly Utf8JsonWriter _json;

    private JsonFieldWriter(Utf8JsonWriter json) => _json = json;

    /// <summary>The event as one line.</summary>
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

    public void Time(string name, long nanoseconds) => _json.WriteNumber(name, nanoseconds);

    public void Whole(string name, long value) => _json.WriteNumber(name, value);

    public void Fixed(string name, long scaled) => _json.WriteNumber(name, Scaled.ToDecimal(scaled));

    public void Real(string name, double value)
    {
        _json.WritePropertyName(name);
        Number(value);
    }

    public void Text(string name, string value) => _json.WriteString(name, value);

    public void Reals(string name, ReadOnlySpan<double> values)
    {
        _json.WriteStartArray(name);
        foreach (var value in values)
        {
            Number(value);
        }

        _json.WriteEndArray();
    }

    public void Bits(string name, ReadOnlySpan<ulong> words)
    {
        _json.WriteStartArray(name);
        foreach (var word in words)
        {
            _json.WriteNumberValue(word);
        }

        _json.WriteEndArray();
    }

    // JSON has no number for these.
    private void Number(double value)
    {
        if (double.IsFinite(value))
        {
            _json.WriteNumberValue(value);
        }
        else
        {
            _json.WriteNullValue();
        }
    }
}
