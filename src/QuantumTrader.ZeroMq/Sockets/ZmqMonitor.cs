using System.Buffers.Binary;
using System.Text;

namespace QuantumTrader.ZeroMq;

/// <summary>What can happen to a socket's connections; the numbers are libzmq's.</summary>
[Flags]
public enum ZmqEvents
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A connection to a listener stands.</summary>
    Connected = 0x1,

    /// <summary>A connection could not be made at once.</summary>
    ConnectDelayed = 0x2,

    /// <summary>It is tried again.</summary>
    ConnectRetried = 0x4,

    /// <summary>The socket listens.</summary>
    Listening = 0x8,

    /// <summary>It could not listen.</summary>
    BindFailed = 0x10,

    /// <summary>A peer's connection was accepted.</summary>
    Accepted = 0x20,

    /// <summary>It was not.</summary>
    AcceptFailed = 0x40,

    /// <summary>A connection was closed from this side.</summary>
    Closed = 0x80,

    /// <summary>A connection was lost.</summary>
    Disconnected = 0x200,

    /// <summary>The socket is gone.</summary>
    Stopped = 0x400,

    /// <summary>A peer does not speak the protocol.</summary>
    HandshakeFailed = 0x800 | 0x2000,

    /// <summary>Both sides are ready.</summary>
    HandshakeSucceeded = 0x1000,

    /// <summary>All of them.</summary>
    All = 0xFFFF,
}

/// <summary>Tells what happens to the connections of one socket. Belongs to the thread that reads it.</summary>
public sealed class ZmqMonitor : IDisposable
{
    private static int s_count;
    private readonly ZmqFrame _frame = new();
    private readonly ZmqSocket _watched;

    /// <summary>Watches a socket, on the thread that owns it now; call it before binding or connecting to miss nothing.</summary>
    public ZmqMonitor(ZmqSocket socket, ZmqEvents events = ZmqEvents.All)
    {
        ArgumentNullException.ThrowIfNull(socket);
        _watched = socket;
        var endpoint = $"inproc://monitor.{Interlocked.Increment(ref s_count)}";
        Socket = new ZmqSocket(socket.Monitor(endpoint, (int)events), SocketKind.Pair);
        Socket.Connect(endpoint);
    }

    /// <summary>The socket on which the events come, to wait for them with a <see cref="ZmqPoller"/>.</summary>
    public ZmqSocket Socket { get; }

    /// <summary>The next event with the address it is about, if there is one now.</summary>
    public bool TryRead(out ZmqEvents happened, out string endpoint)
    {
        (happened, endpoint) = (ZmqEvents.None, "");
        if (!Socket.TryReceive(_frame))
        {
            return false;
        }

        if (_frame.Data.Length >= sizeof(ushort))
        {
            happened = (ZmqEvents)BinaryPrimitives.ReadUInt16LittleEndian(_frame.Data);
        }

        while (_frame.More && Socket.TryReceive(_frame))
        {
            endpoint = Encoding.UTF8.GetString(_frame.Data);
        }

        return true;
    }

    /// <summary>Ends watching, on the thread that owns the watched socket, which is disposed behind the monitor.</summary>
    public void Dispose()
    {
        // libzmq waits when nobody takes an event, and it tells of a closing listener on the thread that does all input and output: without
        // this that thread would stand still for ever.
        if (!_watched.IsClosed)
        {
            _watched.EndMonitor();
        }

        Socket.Dispose();
        _frame.Dispose();
    }
}
