using System.Text.Json;

namespace QuantumTrader.Storage;

/// <summary>A kind of record.</summary>
/// <param name="Name">Name of the event type, such as <c>market</c>.</param>
/// <param name="RecordBytes">Size of a record that is stored as its bytes; 0 for records of fields.</param>
/// <param name="Fields">Names of the fields, by their numbers; none for records of one size.</param>
internal sealed record RecordType(string Name, int RecordBytes, IReadOnlyList<string> Fields);

/// <summary>The events of one type, channel and symbol.</summary>
internal sealed record StreamName(ushort Type, string Channel, string Symbol);

/// <summary>
/// What the numbers of one segment stand for. Segments do not share them: numbers of symbols and streams belong to the run that wrote it.
/// </summary>
internal sealed class SegmentNames
{
    private readonly List<RecordType> _types = [];
    private readonly List<StreamName> _streams = [];

    /// <summary>The types; type n is at n - 1.</summary>
    public IReadOnlyList<RecordType> Types => _types;

    /// <summary>The streams; stream n is at n - 1.</summary>
    public IReadOnlyList<StreamName> Streams => _streams;

    public ushort AddType(RecordType type)
    {
        var at = _types.FindIndex(t => t.Name == type.Name && t.RecordBytes == type.RecordBytes && t.Fields.SequenceEqual(type.Fields));
        if (at < 0)
        {
            at = _types.Count;
            _types.Add(type);
        }

        return (ushort)(at + 1);
    }

    public uint AddStream(StreamName stream)
    {
        var at = _streams.IndexOf(stream);
        if (at < 0)
        {
            at = _streams.Count;
            _streams.Add(stream);
        }

        return (uint)(at + 1);
    }

    /// <summary>The type of a number; null when a damaged file names none.</summary>
    public RecordType? Type(int number) => (uint)(number - 1) < (uint)_types.Count ? _types[number - 1] : null;

    /// <summary>The stream of a number; null when a damaged file names none.</summary>
    public StreamName? Stream(uint number) => number - 1 < (uint)_streams.Count ? _streams[(int)number - 1] : null;

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(new
    {
        types = _types.Select((t, i) => new { number = i + 1, name = t.Name, record_bytes = t.RecordBytes, fields = t.Fields }),
        streams = _streams.Select((s, i) => new { number = i + 1, type = s.Type, channel = s.Channel, symbol = s.Symbol }),
    });

    /// <summary>Reads what <see cref="ToJson"/> wrote; null when it is something else.</summary>
    public static SegmentNames? TryParse(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            var names = new SegmentNames();
            foreach (var type in document.RootElement.GetProperty("types").EnumerateArray())
            {
                names._types.Add(new RecordType(
                    type.GetProperty("name").GetString()!, type.GetProperty("record_bytes").GetInt32(),
                    [.. type.GetProperty("fields").EnumerateArray().Select(f => f.GetString()!)]));
            }

            foreach (var stream in document.RootElement.GetProperty("streams").EnumerateArray())
            {
                names._streams.Add(new StreamName(
                    stream.GetProperty("type").GetUInt16(), stream.GetProperty("channel").GetString()!, stream.GetProperty("symbol").GetString()!));
            }

            return names;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
