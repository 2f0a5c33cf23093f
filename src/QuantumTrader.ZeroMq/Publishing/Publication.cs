using System.Runtime.CompilerServices;
using System.Text;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ZeroMq;

/// <summary>How an address is published on.</summary>
/// <param name="HighWater">Messages that may wait per subscriber.</param>
/// <param name="DropForAll">A message that does not fit into one subscriber's queue goes to nobody, instead of to all others.</param>
/// <param name="LingerMilliseconds">How long closing waits for unsent messages.</param>
/// <param name="Connects">Connects to the address instead of listening there, as publishers behind a proxy do.</param>
internal sealed record PublicationOptions(int HighWater, bool DropForAll, int LingerMilliseconds, bool Connects = false);

/// <summary>
/// One address and all that is published on it. Its sinks' threads take turns at the socket: each enters, sends what it has at hand, and leaves.
/// </summary>
/// <remarks>
/// libzmq would drop silently for a subscriber whose queue is full. With XPUB_NODROP it refuses the message instead, which is how a drop
/// is seen; the message is then sent again in the dropping mode, so that the others get it. libzmq leaves that subscriber out until it has
/// read, so one refusal stands for one time that it fell behind: how many messages it missed is what the sequence numbers tell it.
/// <para>
/// Sending is not inlined: its callers catch what an event may throw, and from within a try block the runtime calls a library through a
/// stub, which costs a tenth of the message.
/// </para>
/// </remarks>
internal sealed class Publication : IDisposable
{
    private const int MaxPrefixes = 4096;

    private readonly Lock _gate = new();
    private readonly PublicationOptions _options;
    private readonly ZmqSocket _socket;
    private readonly ZmqMonitor _monitor;
    private readonly ZmqFrame _incoming = new();
    private readonly HashSet<string> _prefixes = new(StringComparer.Ordinal);
    private long _accepted;
    private long _disconnected;

    public Publication(ZmqContext context, string endpoint, PublicationOptions options)
    {
        _options = options;
        _socket = new ZmqSocket(context, SocketKind.XPub);
        try
        {
            _socket.Set(SocketOption.SendHighWater, options.HighWater);
            _socket.Set(SocketOption.XPubNoDrop, 1);
            _monitor = new ZmqMonitor(_socket, ZmqEvents.Accepted | ZmqEvents.Connected | ZmqEvents.Disconnected | ZmqEvents.Closed | ZmqEvents.HandshakeFailed);
            if (options.Connects)
            {
                _socket.Connect(endpoint);
            }
            else
            {
                _socket.Bind(endpoint);
            }

            Endpoint = _socket.LastEndpoint;
        }
        catch (ZmqException e)
        {
            _monitor?.Dispose();
            _socket.Dispose();
            var remedy = e.Error switch
            {
                ZmqError.AddressInUse => "Another process listens there: end it, or choose another port in the section bus.",
                ZmqError.AddressNotAvailable or ZmqError.NoDevice => "This machine does not have the address: correct bus.host.",
                _ => "Write an address such as tcp://127.0.0.1:5555.",
            };
            throw new ConfigurationException("", $"Cannot publish on {endpoint}: {e.Message} {remedy}") { Outside = e.Error == ZmqError.AddressInUse };
        }
    }

    /// <summary>The address, with the port that the system chose.</summary>
    public string Endpoint { get; }

    /// <summary>Connections that were made, and those that were lost.</summary>
    public (long Accepted, long Disconnected) Connections => (Volatile.Read(ref _accepted), Volatile.Read(ref _disconnected));

    /// <summary>True when somebody subscribed to anything.</summary>
    public bool HasSubscribers
    {
        get
        {
            lock (_gate)
            {
                return _prefixes.Count > 0;
            }
        }
    }

    /// <summary>True when somebody subscribed to something that this topic begins with.</summary>
    public bool HasSubscriber(string topic)
    {
        lock (_gate)
        {
            return _prefixes.Any(p => topic.StartsWith(p, StringComparison.Ordinal));
        }
    }

    /// <summary>Takes the socket for the calling thread, until <see cref="Leave"/>. Who enters several does so in the order of their addresses.</summary>
    public void Enter()
    {
        _gate.Enter();
        _socket.TakeOver();
    }

    /// <summary>Lets others use the socket.</summary>
    public void Leave() => _gate.Exit();

    /// <summary>Sends a message of two frames. False when it did not fit into the queue of a subscriber. Only between entering and leaving.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool Send(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> body)
    {
        var fits = _socket.TrySend(topic, more: true);
        if (fits)
        {
            Rest(_socket.TrySend(body));
        }
        else if (!_options.DropForAll)
        {
            _socket.Set(SocketOption.XPubNoDrop, 0);
            Rest(_socket.TrySend(topic, more: true));
            Rest(_socket.TrySend(body));
            _socket.Set(SocketOption.XPubNoDrop, 1);
        }

        return fits;
    }

    /// <summary>Sends a message of one frame. False when it did not fit into the queue of a subscriber. Only between entering and leaving.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool Send(ReadOnlySpan<byte> frame)
    {
        var fits = _socket.TrySend(frame);
        if (!fits && !_options.DropForAll)
        {
            _socket.Set(SocketOption.XPubNoDrop, 0);
            Rest(_socket.TrySend(frame));
            _socket.Set(SocketOption.XPubNoDrop, 1);
        }

        return fits;
    }

    /// <summary>Takes in what subscribers and connections did; somebody calls it from time to time, between entering and leaving.</summary>
    public void Serve()
    {
        _monitor.Socket.TakeOver();
        // A subscription is a frame of 1 or 0 and the prefix; anything else is a stranger's message and means nothing here.
        while (_socket.TryReceive(_incoming))
        {
            var frame = _incoming.Data;
            if (frame.Length > 0 && frame[0] == 1 && _prefixes.Count < MaxPrefixes)
            {
                _prefixes.Add(Encoding.UTF8.GetString(frame[1..]));
            }
            else if (frame.Length > 0 && frame[0] == 0)
            {
                _prefixes.Remove(Encoding.UTF8.GetString(frame[1..]));
            }
        }

        while (_monitor.TryRead(out var happened, out _))
        {
            _accepted += (happened & (ZmqEvents.Accepted | ZmqEvents.Connected)) != 0 ? 1 : 0;
            _disconnected += happened == ZmqEvents.Disconnected ? 1 : 0;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _socket.TakeOver();
            _socket.Set(SocketOption.Linger, _options.LingerMilliseconds);
            _monitor.Dispose();
            _socket.Dispose();
            _incoming.Dispose();
        }
    }

    // Once the first frame was taken libzmq takes the others; the dropping mode takes everything.
    private static void Rest(bool taken)
    {
        if (!taken)
        {
            throw new InvalidOperationException("Invariant: libzmq refused the rest of a message whose first frame it had taken.");
        }
    }
}
