using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace QuantumTrader.ZeroMq;

/// <summary>Waits until one of several sockets has something to receive, without using the processor.</summary>
public sealed unsafe class ZmqPoller
{
    private const short PollIn = 1;

    // zmq_pollitem_t: socket, file descriptor (as wide as a pointer on Windows), events, revents.
    private static readonly int EventsAt = sizeof(nint) + (OperatingSystem.IsWindows() ? sizeof(nint) : sizeof(int));
    private static readonly int ItemSize = OperatingSystem.IsWindows() ? 24 : 16;

    private readonly ZmqSocket[] _sockets;
    private readonly byte[] _items;

    /// <summary>A poller over these sockets, all of the thread that waits.</summary>
    public ZmqPoller(params ZmqSocket[] sockets)
    {
        _sockets = sockets;
        _items = GC.AllocateArray<byte>(ItemSize * sockets.Length, pinned: true);
        for (var i = 0; i < sockets.Length; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(_items.AsSpan((i * ItemSize) + EventsAt), PollIn);
        }
    }

    /// <summary>Waits at most so long; false when nothing came.</summary>
    public bool Wait(int milliseconds)
    {
        for (var i = 0; i < _sockets.Length; i++)
        {
            var socket = _sockets[i].Own();
            MemoryMarshal.Write(_items.AsSpan(i * ItemSize), in socket);
        }

        fixed (byte* items = _items)
        {
            var ready = LibZmq.zmq_poll(items, _sockets.Length, milliseconds);
            if (ready < 0 && ZmqException.LastError != ZmqError.Interrupted)
            {
                throw ZmqException.OfLastCall("zmq_poll");
            }

            return ready > 0;
        }
    }

    /// <summary>True when the socket at this place had something at the last wait.</summary>
    public bool IsReadable(int index) => (BinaryPrimitives.ReadInt16LittleEndian(_items.AsSpan((index * ItemSize) + EventsAt + sizeof(short))) & PollIn) != 0;
}
