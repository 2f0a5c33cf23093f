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
[Block("source.zeromq", "Brings in events from the ZeroMQ bus.", FromBus = true)]
[RunEvent("QT2201", "bus_disconnected", "The connection to a publisher was lost.", "Nothing: it is made again. What was published meanwhile is counted by its numbers.")]
public sealed class ZeroMqSource<T> : Source<T> where T : struct, IEvent<T>
{
    // How soon the source sees that it shall stop.
    private const int WaitMilliseconds = 50;

    private readonly ZeroMqSourceOptions _options;
    private readonly BlockContext _context;
    private readonly Bus _bus;
    private readonly MarketContext _market;
    private readonly EventFormat<T> _format;
    private readonly IReadOnlyList<string> _channels;
    private readonly IReadOnlyList<string> _symbols;
    private readonly IReadOnlyList<string> _endpoints;
    private readonly ZmqFrame _frame = new();
    private MessageReader<T>? _messages;
    private ZmqSocket? _socket;
    private ZmqMonitor? _monitor;
    private ZmqPoller? _poller;
    private long _idleSince;
    private long _connected;
    private long _disconnected;
    private double _lagSeconds;

    /// <summary>Checks options; opens nothing.</summary>
    /// <exception cref="ConfigurationException">libzmq is missing, a channel has no port, or a symbol is not in the section <c>market</c>.</exception>
    public ZeroMqSource(ZeroMqSourceOptions options, BlockContext context, Bus bus, MarketContext market, EventFormat<T> format)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(format);
        LibZmq.Require();
        (_options, _context, _bus, _market, _format) = (options, context, bus, market, format);
        _channels = bus.Choose(options.Channels, format.Channels, options.Endpoint is not null);
        if (_channels.FirstOrDefault(c => c.EndsWith(':')) is { } open)
        {
            throw new ConfigurationException("channels", $"{typeof(T).Name} has a channel for each length; name those to receive, such as {open}1m.");
        }

        _symbols = options.Symbols.Count > 0 ? options.Symbols : [.. market.Instruments.Select(i => i.Symbol)];
        if (_symbols.FirstOrDefault(symbol => market.Symbols.Find(symbol) == 0) is { } unknown)
        {
            throw new ConfigurationException("symbols", $"'{unknown}' is not in the section market. Legal: {string.Join(", ", market.Instruments.Select(i => i.Symbol))}.");
        }

        // Asked for now, so that a channel without a port is found before anything starts.
        _endpoints = [.. _channels.Select(c => options.Endpoint ?? bus.ConnectTo(c)).Distinct(StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public override void Start()
    {
        _messages = new MessageReader<T>(_format, _market, Accounts, _options.MaxFrameBytes, _channels, _symbols);
        _socket = new ZmqSocket(_bus.Context, SocketKind.Sub);
        _socket.Set(SocketOption.ReceiveHighWater, _options.HighWater ?? _bus.HighWater);
        _socket.Set(SocketOption.ReconnectInterval, 100);
        _socket.Set(SocketOption.ReconnectIntervalMax, 2000);
        _socket.SetMaxFrame(16L * _options.MaxFrameBytes);
        _monitor = new ZmqMonitor(_socket, ZmqEvents.Connected | ZmqEvents.Disconnected);
        foreach (var topic in _messages.Names)
        {
            _socket.Subscribe(topic);
        }

        foreach (var endpoint in _endpoints)
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
        var (socket, messages) = (_socket!, _messages!);
        var begin = messages.Events;
        // Refused messages count too: a flood of them must not keep the thread from seeing that it shall stop.
        for (var taken = 0; taken < limit && messages.Events - begin < limit && !HasAll; taken++)
        {
            if (socket.TryReceive(_frame))
            {
                messages.Take(output, _frame, socket);
            }
            else if (messages.Events > begin || !WaitForMore(stop))
            {
                break;
            }
        }

        if (messages.Events > begin)
        {
            _lagSeconds = ((_context.Clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 1e-7) - (messages.LastTime * 1e-9);
            _idleSince = _context.Clock.GetTimestamp();
            return !HasAll;
        }

        return !HasAll && !stop.IsCancellationRequested && !IsIdle;
    }

    /// <inheritdoc/>
    public override object? Report()
    {
        if (_messages is not { } m)
        {
            return null;
        }

        var topics = m.Report();
        return new ZeroMqSourceReport(
            m.Received, m.Processed, m.Events, m.Heartbeats, m.Errors, topics.Values.Sum(t => t.Gaps), topics.Values.Sum(t => t.Missing), Accounts.Dropped,
            Volatile.Read(ref _lagSeconds), Volatile.Read(ref _connected), Volatile.Read(ref _disconnected), topics);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        // The thread that read has ended.
        _socket?.TakeOver();
        _monitor?.Socket.TakeOver();
        _monitor?.Dispose();
        _socket?.Dispose();
        _frame.Dispose();
        _messages?.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    private bool HasAll => _options.Count > 0 && _messages!.Events >= _options.Count;

    private bool IsIdle => _options.IdleEndMs > 0 && _context.Clock.GetElapsedTime(_idleSince).TotalMilliseconds >= _options.IdleEndMs;

    // Sleeps in the kernel until a message comes; false when it is time to look at the token or the end.
    private bool WaitForMore(CancellationToken stop)
    {
        var milliseconds = _options.IdleEndMs > 0 ? Math.Min(WaitMilliseconds, _options.IdleEndMs) : WaitMilliseconds;
        using var idle = Idle();
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
}
