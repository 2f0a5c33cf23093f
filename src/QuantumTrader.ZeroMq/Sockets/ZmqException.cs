using System.Runtime.InteropServices;

namespace QuantumTrader.ZeroMq;

/// <summary>An error of libzmq by name.</summary>
public enum ZmqError
{
    /// <summary>Any that has no name here; <see cref="ZmqException.Number"/> says which.</summary>
    Other,

    /// <summary>The call would have to wait.</summary>
    Again,

    /// <summary>A signal came in between.</summary>
    Interrupted,

    /// <summary>Somebody else listens on this address.</summary>
    AddressInUse,

    /// <summary>This machine does not have the address.</summary>
    AddressNotAvailable,

    /// <summary>An option or address is not legal.</summary>
    Invalid,

    /// <summary>The interface does not exist.</summary>
    NoDevice,

    /// <summary>The transport is not supported by this build.</summary>
    ProtocolNotSupported,

    /// <summary>The transport does not fit the kind of socket.</summary>
    ProtocolNotCompatible,

    /// <summary>Too many sockets or files are open.</summary>
    TooManyFiles,

    /// <summary>The handle is no socket any more.</summary>
    NotASocket,

    /// <summary>The socket cannot do this in its present state.</summary>
    WrongState,

    /// <summary>The context was ended.</summary>
    Terminated,

    /// <summary>Nobody has this routing id.</summary>
    HostUnreachable,
}

/// <summary>A call of libzmq that failed.</summary>
public sealed class ZmqException : Exception
{
    // libzmq's own errors, and those of systems that lack a number, begin here (ZMQ_HAUSNUMERO).
    private const int Own = 156384712;

    internal ZmqException(string call, string about, int number)
        : base($"{call}{(about.Length > 0 ? $" {about}" : "")} failed: {Text(number)} ({Name(number)}, {number}).")
    {
        Number = number;
        Error = Name(number);
    }

    /// <summary>The error by name.</summary>
    public ZmqError Error { get; }

    /// <summary>The system's number of the error.</summary>
    public int Number { get; }

    internal static ZmqException OfLastCall(string call, string about = "") => new(call, about, Marshal.GetLastPInvokeError());

    internal static ZmqError LastError => Name(Marshal.GetLastPInvokeError());

    internal static ZmqError Name(int number) => number switch
    {
        4 => ZmqError.Interrupted,
        11 when !OperatingSystem.IsMacOS() => ZmqError.Again,
        35 when OperatingSystem.IsMacOS() => ZmqError.Again,
        19 => ZmqError.NoDevice,
        22 => ZmqError.Invalid,
        24 => ZmqError.TooManyFiles,
        48 when OperatingSystem.IsMacOS() => ZmqError.AddressInUse,
        98 or 100 when !OperatingSystem.IsMacOS() => ZmqError.AddressInUse,
        Own + 5 => ZmqError.AddressInUse,
        49 when OperatingSystem.IsMacOS() => ZmqError.AddressNotAvailable,
        99 or Own + 6 => ZmqError.AddressNotAvailable,
        88 or Own + 9 => ZmqError.NotASocket,
        93 or Own + 2 => ZmqError.ProtocolNotSupported,
        113 => ZmqError.HostUnreachable,
        Own + 51 => ZmqError.WrongState,
        Own + 52 => ZmqError.ProtocolNotCompatible,
        Own + 53 => ZmqError.Terminated,
        _ => ZmqError.Other,
    };

    private static string Text(int number) => Marshal.PtrToStringUTF8(LibZmq.zmq_strerror(number)) ?? "unknown error";
}
