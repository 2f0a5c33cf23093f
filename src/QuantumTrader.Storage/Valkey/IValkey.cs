using System.Globalization;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using StackExchange.Redis;

namespace QuantumTrader.Storage.Valkey;

/// <summary>The server for everything that is neither hot nor blocking: one command, one answer, within the deadline.</summary>
internal interface IValkey : IDisposable
{
    /// <summary>Runs a command. Throws <see cref="StoreException"/> when the server does not answer in time, <see cref="ValkeyErrorException"/> when it answers with an error.</summary>
    ValkeyReply Call(string command, params object[] arguments);
}

/// <summary>A key among the arguments of a command: a cluster finds the command's node by it.</summary>
internal readonly record struct ValkeyKey(string Name);

/// <summary>What a command answered.</summary>
internal readonly struct ValkeyReply(RedisResult? result)
{
    public bool IsNothing => result is null || result.IsNull;

    public string Text => IsNothing ? "" : (string?)result! ?? "";

    public long Number => long.Parse(Text, CultureInfo.InvariantCulture);

    public IReadOnlyList<ValkeyReply> Items => IsNothing ? [] : [.. ((RedisResult[])result!).Select(r => new ValkeyReply(r))];
}

/// <summary>
/// <see cref="IValkey"/> over StackExchange.Redis. That library multiplexes, reconnects and follows a cluster by itself, but its awaits hang
/// as long as a server hangs, so every one of them has a deadline here.
/// </summary>
internal sealed class RedisValkey(ValkeyOptions options) : IValkey
{
    private readonly Lock _gate = new();
    private readonly TimeSpan _deadline = TimeSpan.FromMilliseconds(options.TimeoutMs);
    private ConnectionMultiplexer? _multiplexer;

    public ValkeyReply Call(string command, params object[] arguments)
    {
        try
        {
            object[] given = [.. arguments.Select(a => a is ValkeyKey key ? (RedisKey)key.Name : a)];
            return new ValkeyReply(Database().ExecuteAsync(command, given).WaitAsync(_deadline).GetAwaiter().GetResult());
        }
        catch (RedisServerException e)
        {
            throw new ValkeyErrorException(e.Message);
        }
        catch (Exception e) when (e is RedisException or TimeoutException or OperationCanceledException or InvalidOperationException)
        {
            throw ValkeyErrors.Down(options.Address, e is TimeoutException ? $"no answer within {options.TimeoutMs} ms" : Without(e.Message), e);
        }
    }

    public void Dispose()
    {
        _multiplexer?.Close(allowCommandsToComplete: false);
        _multiplexer?.Dispose();
    }

    // Its messages can quote the whole configuration.
    private string Without(string message) => options.Password.Length == 0 ? message : message.Replace(options.Password, "***", StringComparison.Ordinal);

    private IDatabase Database()
    {
        lock (_gate)
        {
            _multiplexer ??= Connect();
            return _multiplexer.GetDatabase(options.Cluster ? 0 : options.Database);
        }
    }

    private ConnectionMultiplexer Connect()
    {
        var configuration = new ConfigurationOptions
        {
            AbortOnConnectFail = true,
            ConnectTimeout = options.TimeoutMs,
            SyncTimeout = options.TimeoutMs,
            Password = options.Password.Length == 0 ? null : options.Password,
            DefaultDatabase = options.Cluster ? 0 : options.Database,
            Ssl = options.Tls,
        };
        configuration.EndPoints.Add(IPAddress.TryParse(options.Host, out var address) ? new IPEndPoint(address, options.Port) : new DnsEndPoint(options.Host, options.Port));
        if (options.Tls)
        {
            configuration.SslHost = options.Host;
            configuration.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
            configuration.CertificateValidation += (_, certificate, chain, errors) => IsTrusted(certificate, errors);
        }

        return ConnectionMultiplexer.ConnectAsync(configuration).WaitAsync(_deadline).GetAwaiter().GetResult();
    }

    private bool IsTrusted(X509Certificate? certificate, System.Net.Security.SslPolicyErrors errors)
    {
        if (errors == System.Net.Security.SslPolicyErrors.None || certificate is null || options.TlsAuthority.Length == 0 || errors.HasFlag(System.Net.Security.SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return errors == System.Net.Security.SslPolicyErrors.None;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(options.TlsAuthority);
        using var shown = new X509Certificate2(certificate);
        return chain.Build(shown);
    }
}
