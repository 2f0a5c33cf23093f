using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ZeroMq;

/// <summary>Options of <c>source.zeromq</c>.</summary>
public sealed record ZeroMqSourceOptions
{
    /// <summary>Channels to subscribe to; without it, every channel of these events that has a port. Example: <c>channels: [tick]</c>.</summary>
    public IReadOnlyList<string> Channels { get; init; } = [];

    /// <summary>Symbols to subscribe to; without it, those of the section <c>market</c>.</summary>
    public IReadOnlyList<string> Symbols { get; init; } = [];

    /// <summary>One address for all channels instead of the ports of the section <c>bus</c>, such as <c>tcp://10.0.0.7:5555</c>.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Messages that may wait in this process; without it, that of the section <c>bus</c>. Behind it the publisher's queue fills, and what does not fit there is lost and shows as a gap.</summary>
    [Range(1, 10_000_000)]
    public int? HighWater { get; init; }

    /// <summary>Bytes of the largest frame that is read; larger ones are refused. A peer that sends one of more than 16 times as much is disconnected.</summary>
    [Range(256, 134_217_728)]
    public int MaxFrameBytes { get; init; } = 1_048_576;

    /// <summary>Ends the source after so many events; 0 never.</summary>
    [Range(0, long.MaxValue)]
    public long Count { get; init; }

    /// <summary>Ends the source when nothing was received for so many milliseconds; 0 never.</summary>
    [Range(0, 86_400_000)]
    public int IdleEndMs { get; init; }
}

/// <summary>What one topic received.</summary>
/// <param name="FirstNumber">Number of its first event or message; what was published before that was missed, by joining late. 0 before it came.</param>
/// <param name="LastNumber">Number of its newest event or message, by the publisher's count.</param>
/// <param name="Gaps">Times that numbers were missing.</param>
/// <param name="Missing">Numbers that were missing.</param>
/// <param name="Restarts">Times that the publisher began to count anew.</param>
public sealed record TopicReport(long FirstNumber, long LastNumber, long Gaps, long Missing, long Restarts);

/// <summary>What <c>source.zeromq</c> leaves in the run's report.</summary>
/// <param name="MessagesReceived">Messages, bad ones and heartbeats included.</param>
/// <param name="MessagesProcessed">Messages that became events.</param>
/// <param name="Events">Events sent on.</param>
/// <param name="Heartbeats">Heartbeats received.</param>
/// <param name="Errors">Messages refused.</param>
/// <param name="Gaps">Times that numbers were missing.</param>
/// <param name="Missing">Events or messages that were lost on the way, by their numbers.</param>
/// <param name="Dropped">Messages refused, by reason.</param>
/// <param name="LagSeconds">Wall clock less event time of the newest event when it was read.</param>
/// <param name="Connected">Connections made.</param>
/// <param name="Disconnected">Connections lost.</param>
/// <param name="Topics">By topic.</param>
public sealed record ZeroMqSourceReport(
    long MessagesReceived, long MessagesProcessed, long Events, long Heartbeats, long Errors, long Gaps, long Missing, IReadOnlyDictionary<string, long> Dropped,
    double LagSeconds, long Connected, long Disconnected, IReadOnlyDictionary<string, TopicReport> Topics);

/// <summary>
/// Subscribes to events on the ZeroMQ bus: both formats, and ticks and book levels of the old system, told apart message by message. It waits
/// without using the processor, reconnects by itself, and counts what was lost on the way by the numbers of each topic. It ends with the
/// run, or by <c>count</c> or <c>idle_end_ms</c>.
/// </summary>
/// <example>
/// feed: { type: source.zeromq, events: market, channels: [tick] }
/// </example>
[Block("source.zeromq", "Brings in events from the ZeroMQ bus.")]
public sealed class ZeroMqSource<T> : Source<T> where T : struct, IEvent<T>
{
    // How soon the source sees that it shall stop.
    private const int WaitMilliseconds = 50;
    private const int SampleBytes = 60;

    private readonly ZeroMqSourceOptions _options;
    private readonly BlockContext _context;
    private readonly Bus _bus;
    private readonly MarketContext _market;
    private readonly EventFormat<T> _format;
    private readonly IReadOnlyList<string> _channels;
    private readonly Dictionary<byte[], Subscription> _byName = new(new TopicComparer());
    private readonly Dictionary<byte[], Subscription>.AlternateLookup<ReadOnlySpan<byte>> _byTopic;
    private readonly JsonFieldReader _fields = new();
    private readonly ZmqFrame _topicFrame = new();
    private readonly ZmqFrame _bodyFrame = new();
    private ZmqSocket? _socket;
    private ZmqMonitor? _monitor;
    private ZmqPoller? _poller;
    private long _idleSince;
    private long _sequence;
    private long _received;
    private long _processed;
    private long _heartbeats;
    private long _errors;
    private long _connected;
    private long _disconnected;
    private long _lastTime;
    private double _lagSeconds;

    /// <summary>Checks options; opens nothing.</summary>
    /// <exception cref="ConfigurationException">libzmq is missing, or a channel has no port.</exception>
    public ZeroMqSource(ZeroMqSourceOptions options, BlockContext context, Bus bus, MarketContext market, EventFormat<T> format)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(format);
        LibZmq.Require();
        (_options, _context, _bus, _market, _format) = (options, context, bus, market, format);
        _byTopic = _byName.GetAlternateLookup<ReadOnlySpan<byte>>();
        _channels = bus.Choose(options.Channels, format.Channels, options.Endpoint is not null);
        if (_channels.FirstOrDefault(c => c.EndsWith(':')) is { } open)
        {
            throw new ConfigurationException("channels", $"{typeof(T).Name} has a channel for each length; name those to receive, such as {open}1m.");
        }

        foreach (var channel in _channels)
        {
            _ = options.Endpoint ?? bus.ConnectTo(channel);
            foreach (var symbol in options.Symbols.Count > 0 ? options.Symbols : market.Instruments.Select(i => i.Symbol))
            {
                var subscription = new Subscription($"{channel}_{symbol}", market.Symbols.Find(symbol));
                _byName[Topics.Name(channel, symbol)] = subscription;
                _byName[Topics.Heartbeat(channel, symbol)] = new Subscription(subscription);
            }
        }
    }

    /// <inheritdoc/>
    public override void Start()
    {
        _socket = new ZmqSocket(_bus.Context, SocketKind.Sub);
        _socket.Set(SocketOption.ReceiveHighWater, _options.HighWater ?? _bus.HighWater);
        _socket.Set(SocketOption.ReconnectInterval, 100);
        _socket.Set(SocketOption.ReconnectIntervalMax, 2000);
        _socket.SetMaxFrame(16L * _options.MaxFrameBytes);
        _monitor = new ZmqMonitor(_socket, ZmqEvents.Connected | ZmqEvents.Disconnected);
        foreach (var topic in _byName.Keys)
        {
            _socket.Subscribe(topic);
        }

        foreach (var endpoint in _channels.Select(c => _options.Endpoint ?? _bus.ConnectTo(c)).Distinct(StringComparer.Ordinal))
        {
            try
            {
                _socket.Connect(endpoint);
            }
            catch (ZmqException e)
            {
                throw new ConfigurationException("endpoint", $"cannot connect to '{endpoint}': {e.Message} Write an address such as tcp://127.0.0.1:5555.");
            }
        }

        _poller = new ZmqPoller(_socket, _monitor.Socket);
        // From here the thread that reads owns both.
        _socket.HandOver();
        _monitor.Socket.HandOver();
        _idleSince = _context.Clock.GetTimestamp();
    }

    /// <inheritdoc/>
    public override bool Read(Output<T> output, int limit, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(output);
        var begin = _sequence;
        while (_sequence - begin < limit && !HasAll)
        {
            if (_socket!.TryReceive(_topicFrame))
            {
                Take(output);
            }
            else if (_sequence > begin || !WaitForMore(stop))
            {
                break;
            }
        }

        if (_sequence > begin)
        {
            _lagSeconds = ((_context.Clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 1e-7) - (_lastTime * 1e-9);
            _idleSince = _context.Clock.GetTimestamp();
            return !HasAll;
        }

        return !HasAll && !stop.IsCancellationRequested && !IsIdle;
    }

    /// <inheritdoc/>
    public override object Report()
    {
        var topics = _byName.Values.Where(s => !s.IsHeartbeat).ToList();
        return new ZeroMqSourceReport(
            Volatile.Read(ref _received), Volatile.Read(ref _processed), Volatile.Read(ref _sequence), Volatile.Read(ref _heartbeats), Volatile.Read(ref _errors),
            topics.Sum(t => t.Gaps), topics.Sum(t => t.Missing), Accounts.Dropped, Volatile.Read(ref _lagSeconds), Volatile.Read(ref _connected), Volatile.Read(ref _disconnected),
            topics.OrderBy(t => t.Topic, StringComparer.Ordinal).ToDictionary(t => t.Topic, t => new TopicReport(t.First, t.Last, t.Gaps, t.Missing, t.Restarts), StringComparer.Ordinal));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        // The thread that read has ended.
        _socket?.TakeOver();
        _monitor?.Socket.TakeOver();
        _monitor?.Dispose();
        _socket?.Dispose();
        _topicFrame.Dispose();
        _bodyFrame.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    private bool HasAll => _options.Count > 0 && _sequence >= _options.Count;

    private bool IsIdle => _options.IdleEndMs > 0 && _context.Clock.GetElapsedTime(_idleSince).TotalMilliseconds >= _options.IdleEndMs;

    // Sleeps in the kernel until a message comes; false when it is time to look at the token or the end.
    private bool WaitForMore(CancellationToken stop)
    {
        var milliseconds = _options.IdleEndMs > 0 ? Math.Min(WaitMilliseconds, _options.IdleEndMs) : WaitMilliseconds;
        while (!stop.IsCancellationRequested && !IsIdle)
        {
            if (_poller!.Wait(milliseconds))
            {
                while (_poller.IsReadable(1) && _monitor!.TryRead(out var happened, out var endpoint))
                {
                    Note(happened, endpoint);
                }

                if (_poller.IsReadable(0))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void Note(ZmqEvents happened, string endpoint)
    {
        if (happened == ZmqEvents.Connected)
        {
            _connected++;
        }
        else if (happened == ZmqEvents.Disconnected)
        {
            _disconnected++;
            Note("bus_disconnected", $"The connection to {endpoint} was lost; it is made again as soon as somebody listens there.");
        }
    }

    // The first frame was received; takes the rest of its message.
    private void Take(Output<T> output)
    {
        _received++;
        if (!_topicFrame.More)
        {
            var frame = _topicFrame.Data;
            var end = frame[..Math.Min(frame.Length, Topics.MaxLength + 1)].IndexOf(Topics.Separator);
            if (end < 0)
            {
                Refuse("short_frame", frame);
            }
            else
            {
                Take(output, frame[..end], frame[(end + 1)..]);
            }

            return;
        }

        // The frames of a message arrive together, so these never fail to be there.
        _socket!.TryReceive(_bodyFrame);
        if (!_bodyFrame.More)
        {
            Take(output, _topicFrame.Data, _bodyFrame.Data);
            return;
        }

        Refuse("too_many_frames", _topicFrame.Data);
        while (_bodyFrame.More && _socket.TryReceive(_bodyFrame))
        {
        }
    }

    private void Take(Output<T> output, ReadOnlySpan<byte> topic, ReadOnlySpan<byte> body)
    {
        if (!_byTopic.TryGetValue(topic, out var subscription))
        {
            // A subscription is a prefix: the one to tick_WDO brings tick_WDOU25 too.
            if (Accounts.Dropped.GetValueOrDefault("foreign_topic") == 0)
            {
                Note("foreign_topic", $"The topic '{Sample(topic)}' only begins like one that was subscribed to; its messages are left out.");
            }

            Accounts.Drop("foreign_topic");
        }
        else if (body.Length > _options.MaxFrameBytes)
        {
            Refuse("huge_frame", body);
        }
        else if (subscription.IsHeartbeat)
        {
            TakeHeartbeat(subscription.Of, body);
        }
        else if (BinaryFrame.IsOne(body) && typeof(T) == typeof(MarketEvent))
        {
            TakeBinary(output, subscription, body);
        }
        else if (body.Length > 0 && body[0] == (byte)'{')
        {
            TakeJson(output, subscription, body);
        }
        else
        {
            Refuse(body.Length < BinaryFrame.HeadSize ? "short_frame" : "not_ours", body);
        }
    }

    private void TakeBinary(Output<T> output, Subscription subscription, ReadOnlySpan<byte> body)
    {
        if (!BinaryFrame.TryRead(body, out var events, out var count, out var number))
        {
            Refuse("bad_frame", body);
            return;
        }

        Arrived(subscription, number, number + count - 1);
        for (var i = 0; i < count; i++)
        {
            var e = BinaryFrame.Event(events, i);
            if (e.Kind is > EventKind.None and <= EventKind.Clock)
            {
                e.Symbol = subscription.Symbol;
                Send(output, ref e);
            }
            else
            {
                Accounts.Reject("bad_event", -1, $"{subscription.Topic} number {number + i}: kind {(byte)e.Kind}");
            }
        }

        _processed++;
    }

    private void TakeJson(Output<T> output, Subscription subscription, ReadOnlySpan<byte> body)
    {
        if (!_fields.TryLoad(body, out _))
        {
            Refuse("bad_json", body);
            return;
        }

        try
        {
            _fields.Number = null;
            var isCanonical = _fields.Has("version");
            if (isCanonical && _fields.Whole("version") != BusMessage.Version)
            {
                Refuse("unknown_version", body);
                return;
            }

            if (_fields.Has("seq") && _fields.Whole("seq") is > 0 and var number)
            {
                Arrived(subscription, number, number);
            }

            _fields.Number = _sequence + 1;
            if (!isCanonical && typeof(T) == typeof(MarketEvent))
            {
                SendOld(output, OldBody.Read(_fields, _market, subscription.Symbol));
            }
            else
            {
                var value = _format.Read(_fields);
                _sequence++;
                _lastTime = _format.AddressOf(in value).EventTime;
                output.Add(in value);
            }

            _processed++;
        }
        catch (FieldException error)
        {
            _errors++;
            Accounts.Reject("bad_field", -1, $"{subscription.Topic}: {error.Field}: {error.Message}");
        }
    }

    // The old system sends one level a message; here levels come behind the header of their update.
    private void SendOld(Output<T> output, MarketEvent e)
    {
        if (e.Kind == EventKind.BookLevel)
        {
            var header = new MarketEvent { Kind = EventKind.BookUpdate, EventTime = e.EventTime, Symbol = e.Symbol, PreviousUpdateId = -1, LevelCount = 1 };
            Send(output, ref header);
        }

        Send(output, ref e);
    }

    private void Send(Output<T> output, ref MarketEvent e)
    {
        e.Sequence = ++_sequence;
        _lastTime = e.EventTime;
        // T is MarketEvent here; the compiler removes the detour.
        output.Add((T)(object)e);
    }

    private void TakeHeartbeat(Subscription subscription, ReadOnlySpan<byte> body)
    {
        _fields.Number = null;
        if (!_fields.TryLoad(body, out _) || _fields.Whole("seq") is not (>= 0 and var number))
        {
            Refuse("bad_heartbeat", body);
            return;
        }

        _heartbeats++;
        if (number > subscription.Last && subscription.IsKnown)
        {
            Lost(subscription, "lost_tail", subscription.Last + 1, number);
        }
        else if (number < subscription.Last)
        {
            Restarted(subscription, number);
        }

        subscription.Set(number);
    }

    private void Arrived(Subscription subscription, long first, long last)
    {
        if (subscription.First == 0)
        {
            subscription.First = first;
            if (first > 1)
            {
                Note("joined_late", $"{subscription.Topic}: begins with number {first}; {first - 1} were published before this source was there.");
            }
        }

        if (subscription.IsKnown && first != subscription.Last + 1)
        {
            if (first <= subscription.Last)
            {
                Restarted(subscription, first - 1);
            }
            else
            {
                Lost(subscription, "sequence_gap", subscription.Last + 1, first - 1);
            }
        }

        subscription.Set(last);
    }

    private void Lost(Subscription subscription, string code, long from, long to)
    {
        subscription.Gaps++;
        subscription.Missing += to - from + 1;
        Note(code, $"{subscription.Topic}: {to - from + 1} lost on the way, numbers {from} to {to}. The publisher's queue for this subscriber was full, or the connection was lost.");
    }

    private void Restarted(Subscription subscription, long missed)
    {
        subscription.Restarts++;
        Note("publisher_restart", $"{subscription.Topic}: the publisher counts from 1 again; {missed} of the new ones were missed.");
        if (missed > 0)
        {
            subscription.Gaps++;
            subscription.Missing += missed;
        }
    }

    private void Refuse(string reason, ReadOnlySpan<byte> sample)
    {
        _errors++;
        Accounts.Reject(reason, -1, $"{sample.Length} bytes: {Sample(sample)}");
    }

    private static string Sample(ReadOnlySpan<byte> bytes)
    {
        var head = bytes[..Math.Min(bytes.Length, SampleBytes)];
        return head.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0 ? Encoding.ASCII.GetString(head) : Convert.ToHexString(head);
    }

    /// <summary>A topic, or the heartbeat of one.</summary>
    private sealed class Subscription
    {
        public Subscription(string topic, int symbol) => (Topic, Symbol, Of) = (topic, symbol, this);

        public Subscription(Subscription heartbeatOf) => (Topic, Symbol, Of) = (heartbeatOf.Topic, heartbeatOf.Symbol, heartbeatOf);

        public string Topic { get; }

        public int Symbol { get; }

        public Subscription Of { get; }

        public bool IsHeartbeat => Of != this;

        /// <summary>False until a number was seen: who joins late has missed nothing.</summary>
        public bool IsKnown { get; private set; }

        public long First { get; set; }

        public long Last { get; private set; }

        public long Gaps { get; set; }

        public long Missing { get; set; }

        public long Restarts { get; set; }

        public void Set(long number) => (Last, IsKnown) = (number, true);
    }
}
