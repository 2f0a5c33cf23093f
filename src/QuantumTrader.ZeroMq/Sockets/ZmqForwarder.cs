namespace QuantumTrader.ZeroMq;

/// <summary>
/// A proxy from XSUB to XPUB, one step at a time: whoever calls <see cref="Forward"/> decides when it runs, pauses and ends. libzmq's own
/// steerable proxy needs a socket of commands for that, does not count what subscribers miss, and is deprecated.
/// </summary>
internal sealed class ZmqForwarder : IDisposable
{
    // Messages in one direction before the other has its turn.
    private const int Quota = 1000;

    private readonly ZmqSocket _in;
    private readonly ZmqSocket _out;
    private readonly ZmqPoller _poller;
    private readonly ZmqFrame _frame = new();
    private long _messages;
    private long _bytes;
    private long _refused;
    private long _subscriptions;

    /// <summary>Listens at both addresses.</summary>
    public ZmqForwarder(ZmqContext context, string inAddress, string outAddress, int highWater, long maxFrameBytes)
    {
        _in = new ZmqSocket(context, SocketKind.XSub);
        _out = new ZmqSocket(context, SocketKind.XPub);
        try
        {
            _in.Set(SocketOption.ReceiveHighWater, highWater);
            _in.SetMaxFrame(maxFrameBytes);
            _out.Set(SocketOption.SendHighWater, highWater);
            _out.Set(SocketOption.XPubNoDrop, 1);
            _in.Bind(inAddress);
            _out.Bind(outAddress);
            (In, Out) = (_in.LastEndpoint, _out.LastEndpoint);
            _poller = new ZmqPoller(_in, _out);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where publishers connect to.</summary>
    public string In { get; }

    /// <summary>Where subscribers connect to.</summary>
    public string Out { get; }

    /// <summary>Messages passed on.</summary>
    public long Messages => Volatile.Read(ref _messages);

    /// <summary>Bytes in their frames.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Times that the queue of a subscriber was found full; the others still got the message.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Subscriptions passed on, ended ones included.</summary>
    public long Subscriptions => Volatile.Read(ref _subscriptions);

    /// <summary>Lets the thread that forwards own the sockets.</summary>
    public void HandOver()
    {
        _in.HandOver();
        _out.HandOver();
    }

    /// <summary>Waits at most so long for something to forward, and forwards it.</summary>
    public void Forward(int milliseconds)
    {
        if (!_poller.Wait(milliseconds))
        {
            return;
        }

        for (var i = 0; i < Quota && _poller.IsReadable(0) && _in.TryReceive(_frame); i++)
        {
            Pass();
            _messages++;
        }

        for (var i = 0; i < Quota && _poller.IsReadable(1) && _out.TryReceive(_frame); i++)
        {
            _in.TrySend(_frame);
            _subscriptions++;
        }
    }

    public void Dispose()
    {
        _in.Dispose();
        _out.Dispose();
        _frame.Dispose();
    }

    // The first frame of the message was received.
    private void Pass()
    {
        var more = true;
        for (var first = true; more; first = false)
        {
            if (!first)
            {
                _in.TryReceive(_frame);
            }

            more = _frame.More;
            _bytes += _frame.Data.Length;
            if (!_out.TrySend(_frame, more))
            {
                _refused++;
                _out.Set(SocketOption.XPubNoDrop, 0);
                _out.TrySend(_frame, more);
                _out.Set(SocketOption.XPubNoDrop, 1);
            }
        }
    }
}
