using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace QuantumTrader.Storage.Valkey;

/// <summary>
/// One connection that speaks the server's protocol in plain bytes: for the hot append path, bulk reads and blocking reads. It is used by
/// one thread at a time and never repaired: after any <see cref="IOException"/> it is thrown away and opened anew.
/// </summary>
internal sealed class RespConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly Stream _stream;

    private RespConnection(Socket socket, Stream stream, ValkeyAddress address)
    {
        _socket = socket;
        _stream = stream;
        Address = address;
        Reader = new RespReader(stream);
    }

    public ValkeyAddress Address { get; }

    public RespReader Reader { get; }

    /// <summary>
    /// Every command asks for a key whose slot is moving to this node: without that word the node would send it back to the one that has
    /// the slot still.
    /// </summary>
    public bool IsAsking { get; set; }

    /// <summary>For entries of a reply; used again and again.</summary>
    public EntryPage Page { get; } = new();

    /// <summary>One command for <see cref="Send()"/>.</summary>
    public RespWriter Writer { get; } = new();

    /// <summary>Connects, and proves the password and the database before it returns. Throws <see cref="StoreException"/>, which says what to do.</summary>
    public static RespConnection Open(ValkeyOptions options, ValkeyAddress address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendTimeout = options.TimeoutMs, ReceiveTimeout = options.TimeoutMs };
        using var deadline = new CancellationTokenSource(options.TimeoutMs);
        try
        {
            // One asynchronous call, and from then on every read and write of this socket would take a detour over another thread.
            Stream stream;
            using (deadline.Token.Register(socket.Dispose))
            {
                socket.Connect(address.Host, address.Port);
                stream = new NetworkStream(socket, ownsSocket: true);
                if (options.Tls)
                {
                    stream = Encrypt(stream, options, address);
                }
            }

            var connection = new RespConnection(socket, stream, address);
            connection.SignIn(options);
            return connection;
        }
        catch (Exception e) when (deadline.IsCancellationRequested && e is SocketException or IOException or ObjectDisposedException or AuthenticationException)
        {
            socket.Dispose();
            throw ValkeyErrors.Down(address, $"no answer within {options.TimeoutMs} ms", e);
        }
        catch (AuthenticationException e)
        {
            socket.Dispose();
            throw new StoreException($"Valkey at {address} does not show a certificate that is trusted for that host ({e.Message}). Name its authority with 'tls_authority', or correct the host.", e);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            socket.Dispose();
            throw ValkeyErrors.Down(address, e.Message, e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends what stands in <see cref="Writer"/>, and empties it.</summary>
    public void Send()
    {
        if (IsAsking)
        {
            Send(Asking);
        }

        Send(Writer.Written);
        Writer.Clear();
        if (IsAsking)
        {
            Reader.Next();
        }
    }

    /// <summary>The word of <see cref="IsAsking"/>, a command with an answer of its own.</summary>
    public static ReadOnlySpan<byte> Asking => "*1\r\n$6\r\nASKING\r\n"u8;

    /// <summary>Sends bytes of whole commands. Throws <see cref="IOException"/> at the deadline.</summary>
    public void Send(ReadOnlySpan<byte> commands) => _stream.Write(commands);

    /// <summary>How long the next reads may wait: more than usual for a blocking command.</summary>
    public void AllowSilence(int milliseconds) => _socket.ReceiveTimeout = milliseconds;

    /// <summary>Sends what stands in <see cref="Writer"/> and reads the first token of its reply. Throws <see cref="ValkeyErrorException"/> for an error.</summary>
    public RespReader Call()
    {
        Send();
        Reader.Next();
        return Reader.Kind == RespKind.Error ? throw new ValkeyErrorException(Reader.Text()) : Reader;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private static SslStream Encrypt(Stream stream, ValkeyOptions options, ValkeyAddress address)
    {
        var trust = options.TlsAuthority.Length == 0 ? null : Authorities(options.TlsAuthority);
        var encrypted = new SslStream(stream, leaveInnerStreamOpen: false);
        var policy = new SslClientAuthenticationOptions { TargetHost = address.Host };
        if (trust is not null)
        {
            policy.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CertificateChainPolicy.CustomTrustStore.AddRange(trust);
        }

        encrypted.AuthenticateAsClient(policy);
        return encrypted;
    }

    private static X509Certificate2Collection Authorities(string file)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(file);
        return certificates;
    }

    private void SignIn(ValkeyOptions options)
    {
        try
        {
            if (options.Password.Length > 0)
            {
                Writer.Begin(2).Bulk("AUTH"u8).Bulk(options.Password);
                Call();
            }

            Writer.Begin(2).Bulk("SELECT"u8).Bulk(options.Cluster ? 0 : options.Database);
            Call();
        }
        catch (ValkeyErrorException e)
        {
            throw ValkeyErrors.Refused(Address, e);
        }
    }
}

/// <summary>Host and port of a server.</summary>
internal readonly record struct ValkeyAddress(string Host, int Port)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Host}:{Port}");
}
