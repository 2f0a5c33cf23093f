using System.Buffers;
using System.Text.Json;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ZeroMq;

/// <summary>Makes messages of events, numbers them by topic and sends each on the socket of its channel, counting what happens to it. Used by the publisher's thread alone.</summary>
internal sealed class MessageWriter<T> : IDisposable where T : struct, IEvent<T>
{
    private readonly Dictionary<(string Channel, string Symbol), TopicLine<T>> _lines = [];
    private readonly List<TopicLine<T>> _allLines = [];
    private readonly List<TopicLine<T>> _unsent = [];
    private readonly ZeroMqSinkOptions _options;
    private readonly TimeProvider _clock;
    private readonly PublishedChannels _channels;
    private readonly EventFormat<T> _format;
    private readonly Accounts _accounts;
    private readonly bool _isBinary;
    private readonly bool _isOnePart;
    private readonly ArrayBufferWriter<byte> _body = new(1024);
    private readonly Utf8JsonWriter _json;
    private readonly IBodyWriter<T> _words;
    private TopicLine<T>? _lastLine;
    private long _messages;
    private long _bytes;
    private long _heartbeats;
    private long _errors;

    public MessageWriter(ZeroMqSinkOptions options, TimeProvider clock, PublishedChannels channels, EventFormat<T> format, MarketContext market, Accounts accounts)
    {
        (_options, _clock, _channels, _format, _accounts) = (options, clock, channels, format, accounts);
        (_isBinary, _isOnePart) = (options.Format == BusFormat.Binary, options.OnePart);
        _json = new Utf8JsonWriter(_body, new JsonWriterOptions { SkipValidation = true });
        _words = options.Dialect == Dialect.Canonical
            ? new CanonicalBody<T>(format, _json)
            : (IBodyWriter<T>)(object)new OldBody(options.Dialect, market);
    }

    /// <summary>Messages sent, heartbeats not counted.</summary>
    public long Messages => Volatile.Read(ref _messages);

    /// <summary>Bytes in their frames.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Heartbeats sent.</summary>
    public long Heartbeats => Volatile.Read(ref _heartbeats);

    /// <summary>Events that could not be worded.</summary>
    public long Errors => Volatile.Read(ref _errors);

    /// <summary>Events of the last <see cref="Send"/> that are sent, put into a message or dropped: all of them, unless it threw.</summary>
    public int Done { get; private set; }

    /// <summary>Sends events; of a binary message that is not full yet, with the next of its topic or at <see cref="Flush"/>.</summary>
    public void Send(ReadOnlySpan<T> events)
    {
        Done = 0;
        while (Done < events.Length)
        {
            TrySend(events[Done..]);
        }
    }

    /// <summary>Sends the binary messages that are not full.</summary>
    public void Flush()
    {
        foreach (var line in _unsent)
        {
            line.IsUnsent = false;
            if (line.Waiting > 0)
            {
                SendWaiting(line);
            }
        }

        _unsent.Clear();
    }

    /// <summary>Drops what is in messages that are not sent yet.</summary>
    public void DropUnsent(string reason)
    {
        foreach (var line in _allLines)
        {
            if (line.Waiting > 0)
            {
                Drop(line, reason, line.Waiting);
                line.Clear();
            }
        }
    }

    /// <summary>Tells the last number of every topic.</summary>
    public void Heartbeat()
    {
        var now = (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10;
        foreach (var line in _allLines)
        {
            _body.ResetWrittenCount();
            if (_isOnePart)
            {
                _body.Write(line.Heartbeat);
                _body.Write([Topics.Separator]);
            }

            _json.Reset(_body);
            _json.WriteStartObject();
            _json.WriteNumber("version"u8, BusMessage.Version);
            _json.WriteString("type"u8, "heartbeat"u8);
            _json.WriteString("topic"u8, line.Name);
            _json.WriteNumber("seq"u8, line.Number);
            _json.WriteNumber("sent_us"u8, now);
            _json.WriteEndObject();
            _json.Flush();
            _ = _isOnePart ? line.Counts.Publication.Send(_body.WrittenSpan) : line.Counts.Publication.Send(line.Heartbeat, _body.WrittenSpan);
            _heartbeats++;
        }
    }

    public void Dispose() => _json.Dispose();

    // Sends the first event, and with it those that may share its messages.
    private void TrySend(ReadOnlySpan<T> events)
    {
        ref readonly var first = ref events[0];
        try
        {
            var count = 1;
            var address = _isBinary ? default : _format.AddressOf(in first);
            if (_isBinary)
            {
                count = _format.Stretch(events, out address, out _);
            }

            if (LineOf(in address) is not { } line)
            {
                _accounts.Drop("not_published", count);
                Done += count;
            }
            else if (_isBinary)
            {
                Append(line, events[..count]);
            }
            else
            {
                Word(line, in first, in address);
                Done++;
            }
        }
        catch (Exception error) when (error is FieldException or ArgumentException or IndexOutOfRangeException)
        {
            _errors++;
            _lastLine?.Counts.Drop("bad_event");
            _accounts.Reject("bad_event", first.Sequence, $"{error.Message} {first}");
            Done++;
        }
    }

    private void Append(TopicLine<T> line, ReadOnlySpan<T> events)
    {
        while (!events.IsEmpty)
        {
            var added = line.Add(events);
            events = events[added..];
            Done += added;
            if (line.IsFull)
            {
                SendWaiting(line);
            }
        }

        if (line.Waiting > 0 && !line.IsUnsent)
        {
            // It stays in the list until the next flush, filled or not.
            line.IsUnsent = true;
            _unsent.Add(line);
        }
    }

    private void SendWaiting(TopicLine<T> line)
    {
        var events = line.Waiting;
        BinaryFrame.WriteHead(line.Frame, events, line.Number - events + 1);
        var fits = _isOnePart ? line.Counts.Publication.Send(line.OnePart) : line.Counts.Publication.Send(line.Name, line.Frame);
        Count(line, events, line.Name.Length + line.Frame.Length, fits);
        line.Clear();
    }

    private void Word(TopicLine<T> line, in T value, in EventAddress address)
    {
        var messages = _words.CountOf(in value);
        if (messages == 0)
        {
            Drop(line, "not_in_dialect", 1);
        }

        for (var i = 0; i < messages; i++)
        {
            _body.ResetWrittenCount();
            if (_isOnePart)
            {
                _body.Write(line.Name);
                _body.Write([Topics.Separator]);
            }

            _json.Reset(_body);
            _words.Write(_json, in value, i, in address, line.Number + 1);
            _json.Flush();
            line.Number++;
            var frame = _body.WrittenSpan;
            var fits = _isOnePart ? line.Counts.Publication.Send(frame) : line.Counts.Publication.Send(line.Name, frame);
            Count(line, i == messages - 1 ? 1 : 0, frame.Length + (_isOnePart ? 0 : line.Name.Length), fits);
        }
    }

    private void Count(TopicLine<T> line, int events, int bytes, bool fits)
    {
        var isSent = fits || _options.SlowSubscriber == SlowSubscriber.Skip;
        if (isSent)
        {
            line.Counts.Published += events;
            _messages++;
            _bytes += bytes;
        }

        if (!fits)
        {
            Drop(line, "slow_subscriber", Math.Max(1, events));
        }
    }

    private void Drop(TopicLine<T> line, string reason, int events)
    {
        line.Counts.Drop(reason, events);
        _accounts.Drop(reason, events);
    }

    private TopicLine<T>? LineOf(in EventAddress address)
    {
        if (_lastLine is { } last && ReferenceEquals(last.Channel, address.Channel) && ReferenceEquals(last.Symbol, address.Symbol))
        {
            return last;
        }

        if (!_lines.TryGetValue((address.Channel, address.Symbol), out var line))
        {
            if (_channels.Find(address.Channel) is not { } counts)
            {
                return null;
            }

            line = new TopicLine<T>(address.Channel, address.Symbol, counts, _options);
            _lines.Add((address.Channel, address.Symbol), line);
            _allLines.Add(line);
        }

        return _lastLine = line;
    }
}
