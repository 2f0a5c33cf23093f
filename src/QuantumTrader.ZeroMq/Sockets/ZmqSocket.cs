using System.Runtime.InteropServices;
using System.Text;

namespace QuantumTrader.ZeroMq;

/// <summary>Kinds of sockets; the numbers are libzmq's.</summary>
public enum SocketKind
{
    /// <summary>Both ends of exactly one connection.</summary>
    Pair = 0,

    /// <summary>Sends to all who subscribed; drops silently for those who do not keep up.</summary>
    Pub = 1,

    /// <summary>Receives what it subscribed to, by prefix.</summary>
    Sub = 2,

    /// <summary>Asks many, each answer to its asker.</summary>
    Dealer = 5,

    /// <summary>Answers many; the first frame names the peer.</summary>
    Router = 6,

    /// <summary>Receives what is shared out.</summary>
    Pull = 7,

    /// <summary>Shares out.</summary>
    Push = 8,

    /// <summary>Like <see cref="Pub"/>, but receives the subscriptions, and can refuse instead of dropping.</summary>
    XPub = 9,

    /// <summary>Like <see cref="Sub"/>, but sends subscriptions as messages.</summary>
    XSub = 10,
}

/// <summary>Whole-number options; the numbers are libzmq's.</summary>
public enum SocketOption
{
    /// <summary>1 while more frames of the message follow (read only).</summary>
    ReceiveMore = 13,

    /// <summary>What can be done without waiting: 1 receive, 2 send (read only).</summary>
    Events = 15,

    /// <summary>Milliseconds that closing waits for unsent messages.</summary>
    Linger = 17,

    /// <summary>Milliseconds before the first reconnect.</summary>
    ReconnectInterval = 18,

    /// <summary>Connections that may wait to be accepted.</summary>
    Backlog = 19,

    /// <summary>Milliseconds to which the interval of reconnects grows.</summary>
    ReconnectIntervalMax = 21,

    /// <summary>Messages that may wait to be sent, per connection; 0 is no bound.</summary>
    SendHighWater = 23,

    /// <summary>Messages that may wait to be received, per connection; 0 is no bound.</summary>
    ReceiveHighWater = 24,

    /// <summary>Milliseconds that receiving waits; -1 for ever.</summary>
    ReceiveTimeout = 27,

    /// <summary>Milliseconds that sending waits; -1 for ever.</summary>
    SendTimeout = 28,

    /// <summary>XPUB: every subscription is received, repeated ones too.</summary>
    XPubVerbose = 40,

    /// <summary>1: sending fails instead of dropping when a subscriber is full (XPUB).</summary>
    XPubNoDrop = 69,

    /// <summary>Milliseconds between pings of a connection.</summary>
    HeartbeatInterval = 75,

    /// <summary>Milliseconds without a ping's answer after which a connection is closed.</summary>
    HeartbeatTimeout = 77,
}

/// <summary>
/// A socket of libzmq. It belongs to one thread at a time: the one that uses it first after it was made or after <see cref="HandOver"/>;
/// any other gets an exception, because libzmq would corrupt memory instead. Linger is 0 from the start.
/// </summary>
public sealed unsafe class ZmqSocket : SafeHandle
{
    private const int LastEndpointOption = 32;
    private const int MaxMessageSizeOption = 22;
    private const int SubscribeOption = 6;
    private const int UnsubscribeOption = 7;
    private const int RoutingIdOption = 5;

    private readonly ZmqContext _context;
    private int _owner;

    /// <summary>A socket of this kind.</summary>
    public ZmqSocket(ZmqContext context, SocketKind kind) : base(0, ownsHandle: true)
    {
        ArgumentNullException.ThrowIfNull(context);
        var held = false;
        context.DangerousAddRef(ref held);
        _context = context;
        Kind = kind;
        SetHandle(LibZmq.zmq_socket(context.DangerousGetHandle(), (int)kind));
        if (IsInvalid)
        {
            var error = ZmqException.OfLastCall("zmq_socket", kind.ToString());
            context.DangerousRelease();
            GC.SuppressFinalize(this);
            throw error;
        }

        Set(SocketOption.Linger, 0);
    }

    /// <summary>What it is.</summary>
    public SocketKind Kind { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The address that was bound or connected last, with the port that the system chose for <c>tcp://127.0.0.1:*</c>.</summary>
    public string LastEndpoint
    {
        get
        {
            var text = stackalloc byte[256];
            nuint length = 256;
            Check(LibZmq.zmq_getsockopt(Own(), LastEndpointOption, text, &length), "zmq_getsockopt", "LastEndpoint");
            return Encoding.UTF8.GetString(text, Math.Max(0, (int)length - 1));
        }
    }

    /// <summary>Lets the thread that uses the socket next own it. The caller makes sure that it sees what this one wrote, as a thread's start or a lock does.</summary>
    public void HandOver() => Volatile.Write(ref _owner, 0);

    /// <summary>Makes the calling thread the owner, whoever was it; the caller holds the lock that every user of the socket takes.</summary>
    internal void TakeOver() => _owner = Environment.CurrentManagedThreadId;

    /// <summary>Listens.</summary>
    public void Bind(string endpoint) => Check(LibZmq.zmq_bind(Own(), endpoint), "zmq_bind", endpoint);

    /// <summary>Connects, now or as soon as somebody listens there; reconnects by itself.</summary>
    public void Connect(string endpoint) => Check(LibZmq.zmq_connect(Own(), endpoint), "zmq_connect", endpoint);

    /// <summary>Sets an option.</summary>
    public void Set(SocketOption option, int value) => Check(LibZmq.zmq_setsockopt(Own(), (int)option, &value, sizeof(int)), "zmq_setsockopt", $"{option} = {value}");

    /// <summary>Reads an option.</summary>
    public int Get(SocketOption option)
    {
        int value;
        nuint length = sizeof(int);
        Check(LibZmq.zmq_getsockopt(Own(), (int)option, &value, &length), "zmq_getsockopt", option.ToString());
        return value;
    }

    /// <summary>A peer that sends a frame of more bytes is disconnected before the frame takes memory; -1 for no bound.</summary>
    public void SetMaxFrame(long bytes) => Check(LibZmq.zmq_setsockopt(Own(), MaxMessageSizeOption, &bytes, sizeof(long)), "zmq_setsockopt", $"MaxMessageSize = {bytes}");

    /// <summary>The name under which a ROUTER knows this socket.</summary>
    public void SetRoutingId(ReadOnlySpan<byte> id) => SetBytes(RoutingIdOption, id, "RoutingId");

    /// <summary>Receives messages that begin with these bytes. Mind that <c>tick_WDO</c> is also how <c>tick_WDOU25</c> begins.</summary>
    public void Subscribe(ReadOnlySpan<byte> prefix) => SetBytes(SubscribeOption, prefix, "Subscribe");

    /// <summary>Takes one subscription back.</summary>
    public void Unsubscribe(ReadOnlySpan<byte> prefix) => SetBytes(UnsubscribeOption, prefix, "Unsubscribe");

    /// <summary>Sends a frame if that needs no waiting; false otherwise.</summary>
    public bool TrySend(ReadOnlySpan<byte> frame, bool more = false)
    {
        fixed (byte* data = frame)
        {
            return LibZmq.zmq_send(Own(), data, (nuint)frame.Length, more ? LibZmq.DontWait | LibZmq.SendMore : LibZmq.DontWait) >= 0 || WouldWait("zmq_send");
        }
    }

    /// <summary>Sends a received frame on without copying it; it is empty afterwards. False, and the frame stays, when that would need waiting.</summary>
    public bool TrySend(ZmqFrame frame, bool more = false)
    {
        ArgumentNullException.ThrowIfNull(frame);
        return LibZmq.zmq_msg_send(frame.Message, Own(), more ? LibZmq.DontWait | LibZmq.SendMore : LibZmq.DontWait) >= 0 || WouldWait("zmq_msg_send");
    }

    /// <summary>Receives the next frame, in place of what the frame held; false when there is none now.</summary>
    public bool TryReceive(ZmqFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        return LibZmq.zmq_msg_recv(frame.Message, Own(), LibZmq.DontWait) >= 0 || WouldWait("zmq_msg_recv");
    }

    /// <summary>Publishes what happens to the socket's connections at an inproc address; <see cref="ZmqMonitor"/> reads it.</summary>
    internal ZmqContext Monitor(string endpoint, int events)
    {
        Check(LibZmq.zmq_socket_monitor(Own(), endpoint, events), "zmq_socket_monitor", endpoint);
        return _context;
    }

    /// <summary>Ends what <see cref="Monitor"/> began.</summary>
    internal void EndMonitor() => Check(LibZmq.zmq_socket_monitor(Own(), null, 0), "zmq_socket_monitor", "end");

    /// <summary>The native handle, for the calling thread.</summary>
    /// <remarks>
    /// Only the owner uses or closes the socket, so the handle cannot go away under a call: counting references per call, as SafeHandle
    /// marshalling does, would cost more than the check and buy nothing.
    /// </remarks>
    internal nint Own()
    {
        var thread = Environment.CurrentManagedThreadId;
        if (_owner != thread)
        {
            Adopt(thread);
        }

        return handle;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        var result = LibZmq.zmq_close(handle);
        _context.DangerousRelease();
        return result == 0;
    }

    private void Adopt(int thread)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        if (Interlocked.CompareExchange(ref _owner, thread, 0) is var owner and not 0)
        {
            throw new InvalidOperationException($"Invariant: the {Kind} socket belongs to thread {owner}, but thread {thread} uses it. A socket is handed over first.");
        }
    }

    private void SetBytes(int option, ReadOnlySpan<byte> value, string name)
    {
        fixed (byte* data = value)
        {
            Check(LibZmq.zmq_setsockopt(Own(), option, data, (nuint)value.Length), "zmq_setsockopt", name);
        }
    }

    private static bool WouldWait(string call) => ZmqException.LastError is ZmqError.Again or ZmqError.Interrupted ? false : throw ZmqException.OfLastCall(call);

    private static void Check(int result, string call, string about)
    {
        if (result < 0)
        {
            throw ZmqException.OfLastCall(call, about);
        }
    }
}
