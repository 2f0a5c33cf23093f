using System.Buffers;
using System.Text;
using System.Text.Json;

namespace QuantumTrader.App.Hosting;

/// <summary>
/// One topic and the clients that follow it: a newcomer gets the document as it stands, everybody the changes, computed and written once.
/// Nothing is computed while nobody follows. The caller lets in one thread at a time.
/// </summary>
internal sealed class TopicFeed(ITopic topic)
{
    private readonly List<StreamClient> _clients = [];
    private JsonDocument? _document;
    private IDisposable? _watch;
    private byte[]? _snapshot;
    private long _version;
    private long? _read;
    private byte[]? _changes;

    public void Join(StreamClient client)
    {
        if (_clients.Count == 0)
        {
            _watch = topic.Watch();
            _read = topic.Version;
            (_document, _snapshot) = (Read(), null);
            _version++;
        }

        _snapshot ??= Frame("snapshot", _version, "data", w => MergePatch.Write(w, _document!.RootElement));
        client.Offer(_snapshot);
        _clients.Add(client);
    }

    public void Leave(StreamClient client)
    {
        if (_clients.Remove(client) && _clients.Count == 0)
        {
            _watch?.Dispose();
            _document?.Dispose();
            (_watch, _document, _snapshot, _changes) = (null, null, null, null);
        }
    }

    /// <summary>Works out what changed since the last time; <see cref="Send"/> sends it.</summary>
    public void Update()
    {
        var version = topic.Version;
        if (_clients.Count == 0 || (version is not null && version == _read))
        {
            return;
        }

        var now = Read();
        _read = version;
        var isChanged = false;
        var frame = Frame("delta", _version + 1, "patch", w => isChanged = MergePatch.TryWrite(w, _document!.RootElement, now.RootElement));
        if (!isChanged)
        {
            now.Dispose();
            return;
        }

        _document!.Dispose();
        (_document, _snapshot) = (now, null);
        _version++;
        _changes = frame;
    }

    /// <summary>Sends what the last update found.</summary>
    public void Send()
    {
        if (_changes is { } frame)
        {
            _changes = null;
            _clients.ForEach(c => c.Offer(frame));
        }
    }

    private JsonDocument Read() => JsonDocument.Parse(JsonSerializer.SerializeToUtf8Bytes(topic.Read(), Json.Sent));

    private byte[] Frame(string name, long version, string member, Action<Utf8JsonWriter> writeBody)
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write(Encoding.UTF8.GetBytes($"event: {name}\ndata: "));
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = Json.Sent.Encoder, SkipValidation = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("topic", topic.Name);
            writer.WriteNumber("version", version);
            writer.WritePropertyName(member);
            writeBody(writer);
            writer.WriteEndObject();
        }

        buffer.Write("\n\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
