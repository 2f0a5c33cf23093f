using System.Runtime.InteropServices;

namespace QuantumTrader.ZeroMq;

/// <summary>One frame of a message as libzmq holds it: received and read in place, and reused for the next.</summary>
public sealed unsafe class ZmqFrame : IDisposable
{
    // sizeof(zmq_msg_t), which libzmq guarantees.
    private const int Size = 64;

    private void* _message;

    /// <summary>An empty frame.</summary>
    public ZmqFrame()
    {
        _message = NativeMemory.AlignedAlloc(Size, Size);
        _ = LibZmq.zmq_msg_init(_message);
    }

    /// <summary>The bytes; valid until the frame receives the next or is sent on.</summary>
    public ReadOnlySpan<byte> Data => new(LibZmq.zmq_msg_data(Message), (int)Math.Min(LibZmq.zmq_msg_size(Message), int.MaxValue));

    /// <summary>More frames of the same message follow.</summary>
    public bool More => LibZmq.zmq_msg_more(Message) != 0;

    internal void* Message => _message is null ? throw new ObjectDisposedException(nameof(ZmqFrame)) : _message;

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the frame when nobody disposed it.</summary>
    ~ZmqFrame() => Free();

    private void Free()
    {
        if (_message is not null)
        {
            _ = LibZmq.zmq_msg_close(_message);
            NativeMemory.AlignedFree(_message);
            _message = null;
        }
    }
}
