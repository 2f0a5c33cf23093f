using System.Runtime.InteropServices;

namespace QuantumTrader.ZeroMq;

/// <summary>
/// Owns libzmq's I/O thread. Sockets keep their context alive, so the order in which both are disposed does not matter; the one disposed
/// last waits for messages that a socket still lingers for.
/// </summary>
public sealed class ZmqContext : SafeHandle
{
    /// <summary>A context with one I/O thread. Throws <see cref="Pipelines.ConfigurationException"/> when libzmq is missing.</summary>
    public ZmqContext() : base(0, ownsHandle: true)
    {
        LibZmq.Require();
        SetHandle(LibZmq.zmq_ctx_new());
        if (IsInvalid)
        {
            throw ZmqException.OfLastCall("zmq_ctx_new");
        }
    }

    /// <summary>Version of the loaded library.</summary>
    public static Version LibraryVersion
    {
        get
        {
            LibZmq.Require();
            LibZmq.zmq_version(out var major, out var minor, out var patch);
            return new Version(major, minor, patch);
        }
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        // All sockets are closed by now (each holds a reference), so this only waits for lingering messages. A signal may break it off.
        int result;
        do
        {
            result = LibZmq.zmq_ctx_term(handle);
        }
        while (result != 0 && ZmqException.LastError == ZmqError.Interrupted);
        return result == 0;
    }
}
