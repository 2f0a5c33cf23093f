using System.Reflection;
using System.Runtime.InteropServices;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ZeroMq;

/// <summary>The functions of libzmq that are used here, and where the library is found.</summary>
internal static unsafe partial class LibZmq
{
    /// <summary>Names another file to load instead of those of the system.</summary>
    public const string PathVariable = "QT_LIBZMQ";

    public const int DontWait = 1;
    public const int SendMore = 2;

    private const string Library = "libzmq";
    private static readonly string[] Names = ["libzmq.so.5", "libzmq.so", "libzmq.dylib", "libzmq.dll"];
    private static readonly Lazy<nint> Loaded = new(Load);

    static LibZmq() => NativeLibrary.SetDllImportResolver(typeof(LibZmq).Assembly, (name, _, _) => name == Library ? Loaded.Value : 0);

    /// <summary>Makes sure that the library can be loaded; a block that needs it asks in its constructor, so that nobody else has to have it.</summary>
    /// <exception cref="ConfigurationException">It cannot.</exception>
    public static void Require()
    {
        if (Loaded.Value == 0)
        {
            var tried = Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } path ? $"'{path}' ({PathVariable})" : string.Join(", ", Names);
            throw new ConfigurationException(
                "", $"The ZeroMQ library cannot be loaded; tried {tried}. Install it (Debian and Ubuntu: apt install libzmq5), or name its file in {PathVariable}.") { Outside = true };
        }
    }

    private static nint Load()
    {
        string[] names = Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } path ? [path] : Names;
        foreach (var name in names)
        {
            if (NativeLibrary.TryLoad(name, Assembly.GetExecutingAssembly(), null, out var handle))
            {
                return handle;
            }
        }

        return 0;
    }

    // The error number is taken by the generated stub right after the call: asked for later, the runtime may have changed it.
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint zmq_ctx_new();

    [LibraryImport(Library, SetLastError = true)]
    public static partial int zmq_ctx_set(nint context, int option, int value);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int zmq_ctx_shutdown(nint context);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int zmq_ctx_term(nint context);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint zmq_socket(nint context, int type);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int zmq_close(nint socket);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int zmq_bind(nint socket, string endpoint);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int zmq_connect(nint socket, string endpoint);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int zmq_setsockopt(nint socket, int option, void* value, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int zmq_getsockopt(nint socket, int option, void* value, nuint* length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int zmq_send(nint socket, byte* data, nuint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int zmq_msg_send(void* message, nint socket, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int zmq_msg_recv(void* message, nint socket, int flags);

    [LibraryImport(Library)]
    public static partial int zmq_msg_init(void* message);

    [LibraryImport(Library)]
    public static partial int zmq_msg_close(void* message);

    // These three only read a field, so the change of the thread's state around the call would be most of their cost.
    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial byte* zmq_msg_data(void* message);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial nuint zmq_msg_size(void* message);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int zmq_msg_more(void* message);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int zmq_poll(void* items, int count, nint timeoutMilliseconds);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int zmq_socket_monitor(nint socket, string? endpoint, int events);

    [LibraryImport(Library)]
    public static partial nint zmq_strerror(int error);

    [LibraryImport(Library)]
    public static partial void zmq_version(out int major, out int minor, out int patch);
}
