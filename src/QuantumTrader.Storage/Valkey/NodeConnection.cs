namespace QuantumTrader.Storage.Valkey;

/// <summary>A connection to a node of a cluster, or to a single server. Commands for a key that is on its way to another node go there.</summary>
internal sealed class NodeConnection(ValkeyOptions options, ValkeyAddress address) : IDisposable
{
    private readonly RespConnection _connection = RespConnection.Open(options, address);
    private RespConnection? _asked;

    public ValkeyAddress Address => address;

    /// <summary>Sends one command and reads the first token of its reply. Throws <see cref="ValkeyErrorException"/> for an error.</summary>
    public RespReader Call(Action<RespWriter> command)
    {
        try
        {
            return Call(_connection, command);
        }
        catch (ValkeyErrorException e) when (e.Code == "ASK")
        {
            return Call(AskedNode(e.RedirectedBy(address)), command);
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        _asked?.Dispose();
    }

    private RespConnection AskedNode(ValkeyAddress node)
    {
        if (_asked?.Address != node)
        {
            _asked?.Dispose();
            _asked = null;
            _asked = RespConnection.Open(options, node);
            _asked.IsAsking = true;
        }

        return _asked;
    }

    private static RespReader Call(RespConnection connection, Action<RespWriter> command)
    {
        command(connection.Writer);
        return connection.Call();
    }
}
