using QuantumTrader.Dataflow;
using System.Net.WebSockets;

namespace QuantumTrader.Market.Sources;

/// <summary>
/// Keeps a connection to the exchange's streams: makes it again whenever it ends, with growing pauses, and in good time before the exchange
/// would end it, in which case the old one goes on until the new one is subscribed, and the new one's messages follow behind the old one's last.
/// </summary>
[RunEvent("QT2020", "disconnected", "The connection to the exchange ended by itself.", "Nothing: it is made again. Often: look at the network.")]
[RunEvent("QT2021", "connect_failed", "No connection to the exchange could be made.", "Check the network, the address and the proxy.")]
internal sealed class BinanceStreams(WebSocketOptions options, IReadOnlyList<string> streams, Arrivals arrivals, TimeProvider clock, Action<string, string> note)
{
    private readonly Backoff _backoff = new(options.BackoffMs, options.MaxBackoffMs, new StableRandom((ulong)options.Seed));
    private int _isConnected;
    private long _connected;
    private long _disconnected;
    private long _failed;

    /// <summary>True while a connection is up.</summary>
    public bool IsConnected => Volatile.Read(ref _isConnected) != 0;

    /// <summary>Connections that were subscribed.</summary>
    public long Connected => Volatile.Read(ref _connected);

    /// <summary>Connections that ended although nobody asked for it.</summary>
    public long Disconnected => Volatile.Read(ref _disconnected);

    /// <summary>Attempts that did not lead to a subscribed connection.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Runs until it is stopped, or gives up, which the arrivals are told.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        StreamConnection? current = null;
        try
        {
            while (true)
            {
                var next = await OpenAsync(isSecond: current is not null, stop).ConfigureAwait(false);
                if (current is not null)
                {
                    await current.CloseAsync().ConfigureAwait(false);
                }

                current = next;
                current.TakeOver();
                if (!await IsRenewalDueAsync(current, stop).ConfigureAwait(false))
                {
                    note("disconnected", $"The connection to {options.Url} ended: {await current.Reading.ConfigureAwait(false)}; it is made again.");
                    current.Dispose();
                    current = null;
                    await Task.Delay(_backoff.Next(), clock, stop).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            if (current is not null)
            {
                await current.CloseAsync().ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            current?.Dispose();
            arrivals.Fail(e);
        }
        finally
        {
            Volatile.Write(ref _isConnected, 0);
        }
    }

    // Waits until the connection has ended (false) or is old enough to be replaced (true).
    private async Task<bool> IsRenewalDueAsync(StreamConnection connection, CancellationToken stop)
    {
        Volatile.Write(ref _isConnected, 1);
        var start = clock.GetTimestamp();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var renewal = Task.Delay(TimeSpan.FromHours(options.RenewHours), clock, ended.Token);
        await Task.WhenAny(connection.Reading, renewal).ConfigureAwait(false);
        stop.ThrowIfCancellationRequested();
        await ended.CancelAsync().ConfigureAwait(false);

        // A connection that ends as soon as it was made has not been a success.
        if (clock.GetElapsedTime(start).TotalMilliseconds >= options.MaxBackoffMs)
        {
            _backoff.Reset();
        }

        if (renewal.IsCompletedSuccessfully)
        {
            return true;
        }

        Volatile.Write(ref _isConnected, 0);
        Interlocked.Increment(ref _disconnected);
        return false;
    }

    private async Task<StreamConnection> OpenAsync(bool isSecond, CancellationToken stop)
    {
        for (var failures = 1; ; failures++)
        {
            var connection = new StreamConnection(options, new ArrivalLane(arrivals, isSecond), clock);
            try
            {
                await connection.OpenAsync(streams, stop).ConfigureAwait(false);
                Interlocked.Increment(ref _connected);
                return connection;
            }
            catch (Exception e) when (!stop.IsCancellationRequested && e is WebSocketException or IOException or TimeoutException or OperationCanceledException or ObjectDisposedException)
            {
                connection.Dispose();
                Interlocked.Increment(ref _failed);
                var what = $"No connection to {options.Url}: {(e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message)}";
                note("connect_failed", what);
                if (failures >= options.MaxFailures)
                {
                    throw new IOException($"{what} It was tried {failures} times in a row (max_failures). Check the network, the address and the proxy (HTTPS_PROXY).", e);
                }
            }
            catch
            {
                connection.Dispose();
                throw;
            }

            await Task.Delay(_backoff.Next(), clock, stop).ConfigureAwait(false);
        }
    }
}
