using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ZeroMq;

/// <summary>
/// What the thread of a <see cref="ZeroMqSink{T}"/> does: takes all that waits in the ring, words it, sends it, and sleeps when there is
/// nothing. It never waits for a subscriber.
/// </summary>
internal sealed class Publisher<T>(
    ZeroMqSinkOptions options, BlockContext context, Bus bus, MarketContext market, EventFormat<T> format, HandOverRing<T> ring, IReadOnlyDictionary<string, string> endpoints)
    : IDisposable
    where T : struct, IEvent<T>
{
    private const int ChunkLength = 256;

    // How soon a sleeping publisher takes in new subscriptions.
    private const int IdleMilliseconds = 50;

    // Under load the ring is never empty; a topic's partly filled message, heartbeats and subscribers wait no longer than this.
    private static readonly long ServeTicks = Stopwatch.Frequency / 1000;

    private readonly Dictionary<string, ChannelCounts> _channels = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Channel, string Symbol), TopicLine> _lines = [];
    private readonly List<TopicLine> _allLines = [];
    private readonly List<TopicLine> _unsent = [];
    private readonly bool _isBinary = options.Format == BusFormat.Binary;
    private readonly bool _isOnePart = options.OnePart;
    private readonly int _frameEvents = options.FrameEvents;
    private Publication[] _publications = [];
    private readonly LatencyHistogram _latency = new();
    private readonly ArrayBufferWriter<byte> _body = new(1024);
    private Utf8JsonWriter? _json;
    private IBodyWriter<T>? _words;
    private Accounts? _accounts;
    private TopicLine? _lastLine;
    private long _heartbeatAt;
    private long _messages;
    private long _bytes;
    private long _heartbeats;
    private long _errors;
    private volatile bool _hasFailed;

    public bool HasFailed => _hasFailed;

    public IReadOnlyDictionary<string, string> Endpoints => _channels.ToDictionary(c => c.Key, c => c.Value.Publication.Endpoint, StringComparer.Ordinal);

    public bool Serves(string channel) => CountsOf(channel) is not null;

    public bool HasSubscribersEverywhere => _publications.All(p => p.HasSubscribers);

    public string WithoutSubscribers => string.Join(", ", _publications.Where(p => !p.HasSubscribers).Select(p => p.Endpoint));

    public bool HasSubscriber(string topic) => _publications.Any(p => p.HasSubscriber(topic));

    /// <summary>Counts an event that the block could not hand over.</summary>
    public void CountRefused(string channel, string reason) => CountsOf(channel)?.Drop(reason);

    /// <summary>Opens the sockets, so that an address that is in use ends the start and not the thread.</summary>
    public void Open(Accounts accounts)
    {
        _accounts = accounts;
        var settings = new PublicationOptions(options.HighWater ?? bus.HighWater, options.SlowSubscriber == SlowSubscriber.DropForAll, options.LingerMs, options.Connect);
        Publication? only = null;
        foreach (var (channel, endpoint) in endpoints)
        {
            var publication = options.Endpoint is not null && only is not null ? only : bus.Open(endpoint, settings);
            only ??= publication;
            _channels[channel] = new ChannelCounts(publication);
        }

        _publications = [.. _channels.Values.Select(c => c.Publication).Distinct().OrderBy(p => p.Endpoint, StringComparer.Ordinal)];

        _json = new Utf8JsonWriter(_body, new JsonWriterOptions { SkipValidation = true });
        _words = options.Dialect == Dialect.Canonical
            ? new CanonicalBody<T>(format, _json)
            : (IBodyWriter<T>)(object)new OldBody(options.Dialect, market);
    }

    public void Dispose()
    {
        foreach (var publication in _publications)
        {
            bus.Close(publication);
        }

        _json?.Dispose();
        _publications = [];
        _channels.Clear();
    }

    /// <summary>The thread.</summary>
    public void Run()
    {
        try
        {
            _heartbeatAt = context.Clock.GetTimestamp();
            Loop();
        }
        catch (Exception error) when (error is ZmqException or InvalidOperationException)
        {
            // The pipeline goes on: from here everything is refused and counted.
            _hasFailed = true;
            _errors++;
            _accounts!.Error(error.GetType().Name);
            _accounts.Note("publisher_failed", $"Publishing ended: {error.Message} Everything from here on is dropped as `stopped`.");
        }
    }

    public ZeroMqSinkReport Report()
    {
        var (_, latency) = _latency.Quantiles(0.5, 0.99, 0.999);
        var connections = _publications.Select(p => p.Connections).ToList();
        return new ZeroMqSinkReport(
            Volatile.Read(ref _messages), Volatile.Read(ref _bytes), Volatile.Read(ref _heartbeats), ring.Count, Volatile.Read(ref _errors),
            connections.Sum(c => c.Accepted), connections.Sum(c => c.Disconnected), latency[0], latency[1], latency[2],
            _channels.OrderBy(c => c.Key, StringComparer.Ordinal).ToDictionary(c => c.Key, c => c.Value.Report(), StringComparer.Ordinal));
    }

    private void Loop()
    {
        var servedAt = Stopwatch.GetTimestamp();
        var isBusy = false;
        while (true)
        {
            var chunk = ring.Peek(ChunkLength, out var stamp);
            if (!chunk.IsEmpty)
            {
                var now = SendChunk(chunk, isServing: false);
                // The oldest event's wait stands for all of the chunk.
                _latency.Record(now - stamp, chunk.Length);
                ring.Advance(chunk.Length);
                isBusy = true;
                if (now - servedAt <= ServeTicks)
                {
                    continue;
                }
            }

            // Read before the last look into the ring: what was written before the end is then seen.
            var isCompleted = ring.IsCompleted && ring.Count == 0;
            servedAt = SendChunk(default, isServing: true, isLast: isCompleted);
            if (isCompleted)
            {
                return;
            }

            if (ring.Count > 0)
            {
                continue;
            }

            if (isBusy && options.CoalesceMs > 0)
            {
                ring.Nap(options.CoalesceMs);
            }
            else
            {
                ring.Sleep(IdleMilliseconds);
            }

            isBusy = false;
        }
    }

    // With the sockets in hand: sends what there is, and from time to time what is left over, heartbeats, and news of subscribers.
    private long SendChunk(ReadOnlySpan<T> chunk, bool isServing, bool isLast = false)
    {
        foreach (var publication in _publications)
        {
            publication.Enter();
        }

        try
        {
            foreach (ref readonly var e in chunk)
            {
                TrySend(in e);
            }

            if (isServing)
            {
                Flush();
                HeartbeatWhenDue(isLast);
                foreach (var publication in _publications)
                {
                    publication.Serve();
                }
            }
        }
        finally
        {
            foreach (var publication in _publications)
            {
                publication.Leave();
            }
        }

        return Stopwatch.GetTimestamp();
    }

    private void TrySend(in T value)
    {
        try
        {
            Send(in value);
        }
        catch (Exception error) when (error is FieldException or ArgumentException or IndexOutOfRangeException)
        {
            _errors++;
            _lastLine?.Counts.Drop("bad_event");
            _accounts!.Reject("bad_event", value.Sequence, $"{error.Message} {value}");
        }
    }

    private void Send(in T value)
    {
        var address = format.AddressOf(in value);
        var line = _lastLine;
        if (line is null || !ReferenceEquals(line.Channel, address.Channel) || !ReferenceEquals(line.Symbol, address.Symbol))
        {
            line = LineOf(in address);
            if (line is null)
            {
                _accounts!.Drop("not_published");
                return;
            }

            _lastLine = line;
        }

        if (_isBinary)
        {
            Append(line, in value);
        }
        else
        {
            Word(line, in value, in address);
        }
    }

    private void Append(TopicLine line, in T value)
    {
        line.Add(in value);
        if (line.Waiting == _frameEvents)
        {
            SendWaiting(line);
        }
        else if (!line.IsUnsent)
        {
            // It stays in the list until the next flush, filled or not.
            line.IsUnsent = true;
            _unsent.Add(line);
        }
    }

    private void SendWaiting(TopicLine line)
    {
        var events = line.Waiting;
        BinaryFrame.WriteHead(line.Frame, events, line.Number - events + 1);
        var fits = _isOnePart ? line.Counts.Publication.Send(line.OnePart) : line.Counts.Publication.Send(line.Name, line.Frame);
        Count(line, events, line.Name.Length + line.Frame.Length, fits);
        line.Clear();
    }

    private void Word(TopicLine line, in T value, in EventAddress address)
    {
        var messages = _words!.CountOf(in value);
        if (messages == 0)
        {
            Drop(line, "not_in_dialect", 1);
        }

        for (var i = 0; i < messages; i++)
        {
            _body.ResetWrittenCount();
            if (options.OnePart)
            {
                _body.Write(line.Name);
                _body.Write([Topics.Separator]);
            }

            _json!.Reset(_body);
            _words.Write(_json, in value, i, in address, line.Number + 1);
            _json.Flush();
            line.Number++;
            var frame = _body.WrittenSpan;
            var fits = options.OnePart ? line.Counts.Publication.Send(frame) : line.Counts.Publication.Send(line.Name, frame);
            Count(line, i == messages - 1 ? 1 : 0, frame.Length + (options.OnePart ? 0 : line.Name.Length), fits);
        }
    }

    private void Count(TopicLine line, int events, int bytes, bool fits)
    {
        var isSent = fits || options.SlowSubscriber == SlowSubscriber.Skip;
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

    private void Drop(TopicLine line, string reason, int events)
    {
        line.Counts.Drop(reason, events);
        _accounts!.Drop(reason, events);
    }

    private TopicLine? LineOf(in EventAddress address)
    {
        if (!_lines.TryGetValue((address.Channel, address.Symbol), out var line) && CountsOf(address.Channel) is { } counts)
        {
            line = new TopicLine(address.Channel, address.Symbol, counts, options);
            _lines.Add((address.Channel, address.Symbol), line);
            _allLines.Add(line);
        }

        return line;
    }

    // bar:1m is published where bar:1m or, failing that, bar: is.
    private ChannelCounts? CountsOf(string channel) =>
        _channels.TryGetValue(channel, out var counts) || _channels.TryGetValue(channel[..(channel.IndexOf(':') + 1)], out counts) ? counts : null;

    private void Flush()
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

    private void HeartbeatWhenDue(bool isLast)
    {
        if (options.HeartbeatSeconds > 0 && (isLast || context.Clock.GetElapsedTime(_heartbeatAt).TotalSeconds >= options.HeartbeatSeconds))
        {
            _heartbeatAt = context.Clock.GetTimestamp();
            Heartbeat();
        }
    }

    private void Heartbeat()
    {
        var now = (context.Clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10;
        foreach (var line in _allLines)
        {
            _body.ResetWrittenCount();
            if (options.OnePart)
            {
                _body.Write(line.Heartbeat);
                _body.Write([Topics.Separator]);
            }

            _json!.Reset(_body);
            _json.WriteStartObject();
            _json.WriteNumber("version"u8, BusMessage.Version);
            _json.WriteString("type"u8, "heartbeat"u8);
            _json.WriteString("topic"u8, line.Name);
            _json.WriteNumber("seq"u8, line.Number);
            _json.WriteNumber("sent_us"u8, now);
            _json.WriteEndObject();
            _json.Flush();
            _ = options.OnePart ? line.Counts.Publication.Send(_body.WrittenSpan) : line.Counts.Publication.Send(line.Heartbeat, _body.WrittenSpan);
            _heartbeats++;
        }
    }

    /// <summary>One topic: its name, its last number, and the binary message that is being filled.</summary>
    private sealed class TopicLine
    {
        private readonly byte[] _buffer;
        private readonly int _head;

        public TopicLine(string channel, string symbol, ChannelCounts counts, ZeroMqSinkOptions options)
        {
            (Channel, Symbol, Counts) = (channel, symbol, counts);
            Name = Topics.Name(channel, symbol);
            Heartbeat = Topics.Heartbeat(channel, symbol);
            _head = Name.Length + 1;
            _buffer = options.Format == BusFormat.Binary ? new byte[_head + BinaryFrame.HeadSize + (options.FrameEvents * BinaryFrame.EventSize)] : [];
            if (_buffer.Length > 0)
            {
                Name.CopyTo(_buffer, 0);
                _buffer[_head - 1] = Topics.Separator;
            }
        }

        public string Channel { get; }

        public string Symbol { get; }

        public ChannelCounts Counts { get; }

        public byte[] Name { get; }

        public byte[] Heartbeat { get; }

        /// <summary>Number of the newest event or message; the first is 1.</summary>
        public long Number { get; set; }

        public int Waiting { get; private set; }

        /// <summary>True while it is in the list of those to flush.</summary>
        public bool IsUnsent { get; set; }

        public Span<byte> Frame => _buffer.AsSpan(_head, BinaryFrame.HeadSize + (Waiting * BinaryFrame.EventSize));

        public ReadOnlySpan<byte> OnePart => _buffer.AsSpan(0, _head + BinaryFrame.HeadSize + (Waiting * BinaryFrame.EventSize));

        public void Add(in T value)
        {
            ref var place = ref _buffer[_head + BinaryFrame.HeadSize + (Waiting * BinaryFrame.EventSize)];
            Unsafe.WriteUnaligned(ref place, value);
            Waiting++;
            Number++;
        }

        public void Clear() => Waiting = 0;
    }

    /// <summary>What one channel counts. Published by the publisher's thread alone; drops by either.</summary>
    private sealed class ChannelCounts(Publication publication)
    {
        private readonly Lock _gate = new();
        private readonly SortedDictionary<string, long> _dropped = new(StringComparer.Ordinal);

        public long Published;

        public Publication Publication { get; } = publication;

        public void Drop(string reason, long count = 1)
        {
            lock (_gate)
            {
                _dropped[reason] = _dropped.GetValueOrDefault(reason) + count;
            }
        }

        public ChannelReport Report()
        {
            lock (_gate)
            {
                return new ChannelReport(Publication.Endpoint, Volatile.Read(ref Published), new SortedDictionary<string, long>(_dropped, StringComparer.Ordinal));
            }
        }
    }
}
