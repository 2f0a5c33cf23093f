namespace QuantumTrader.Storage.Valkey;

/// <summary>Connections for reading, kept for the next call: a page that is being read holds its own, so that nobody waits for it.</summary>
internal sealed class ReadConnections(ValkeyOptions options, ValkeyRoutes routes) : IDisposable
{
    private const int Kept = 4;

    private readonly Lock _gate = new();
    private readonly List<RespConnection> _idle = [];

    /// <summary>
    /// Runs something on a connection to the node that has the key: all its commands are for this one key. A connection that broke since its
    /// last use is replaced once, and redirections are followed, so it may run again from its beginning. Throws <see cref="StoreException"/>
    /// and <see cref="ValkeyErrorException"/>.
    /// </summary>
    public TResult Use<TResult>(string key, Func<RespConnection, TResult> use) => Use(routes.Of(key), use, () => routes.Of(key));

    /// <summary>As the other one, on a connection to a node.</summary>
    public TResult Use<TResult>(ValkeyAddress address, Func<RespConnection, TResult> use, Func<ValkeyAddress>? reroute = null)
    {
        var isAsking = false;
        for (var attempt = 0; ; attempt++)
        {
            var connection = Take(address) ?? RespConnection.Open(options, address);
            connection.IsAsking = isAsking;
            try
            {
                var result = use(connection);
                Keep(connection);
                return result;
            }
            catch (ValkeyErrorException e) when (e.Code == "MOVED" && reroute is not null && attempt < 3)
            {
                Keep(connection);
                routes.Forget();
                (address, isAsking) = (reroute(), false);
            }
            catch (ValkeyErrorException e) when (e.Code == "ASK" && reroute is not null && attempt < 3)
            {
                Keep(connection);
                (address, isAsking) = (e.RedirectedBy(address), true);
            }
            catch (ValkeyErrorException)
            {
                Keep(connection);
                throw;
            }
            catch (IOException) when (attempt == 0)
            {
                connection.Dispose();
                Drop(address);
            }
            catch (IOException e)
            {
                connection.Dispose();
                routes.Forget();
                throw ValkeyErrors.Down(address, e.Message, e);
            }
            catch
            {
                connection.Dispose(); // its reply was not read to the end
                throw;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _idle.ForEach(c => c.Dispose());
            _idle.Clear();
        }
    }

    private RespConnection? Take(ValkeyAddress address)
    {
        lock (_gate)
        {
            var at = _idle.FindIndex(c => c.Address == address);
            if (at < 0)
            {
                return null;
            }

            var connection = _idle[at];
            _idle.RemoveAt(at);
            return connection;
        }
    }

    private void Keep(RespConnection connection)
    {
        connection.Reader.Release();
        connection.IsAsking = false;
        lock (_gate)
        {
            if (_idle.Count < Kept)
            {
                _idle.Add(connection);
                return;
            }
        }

        connection.Dispose();
    }

    private void Drop(ValkeyAddress address)
    {
        while (Take(address) is { } connection)
        {
            connection.Dispose();
        }
    }
}
