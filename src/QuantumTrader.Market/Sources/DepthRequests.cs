using System.Text;

namespace QuantumTrader.Market.Sources;

/// <summary>Asks the exchange for full books over HTTP: one request per symbol at a time. Answers and failures come as arrivals.</summary>
internal sealed class DepthRequests : IDisposable
{
    private const int RequestsAtOnce = 4;

    // An exchange that is asked too often names a time to wait, and bans those who do not keep it.
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromMinutes(10);

    private readonly HttpClient _client;
    private readonly Arrivals _arrivals;
    private readonly TimeProvider _clock;
    private readonly string _address;
    private readonly CancellationToken _stop;
    private readonly Task[] _requests;

    /// <param name="options">Address, levels, limits.</param>
    /// <param name="symbols">Numbers of symbols, 0 included.</param>
    /// <param name="arrivals">Where the answers go.</param>
    /// <param name="clock">What the waiting is measured on.</param>
    /// <param name="stop">Ends all requests.</param>
    public DepthRequests(WebSocketOptions options, int symbols, Arrivals arrivals, TimeProvider clock, CancellationToken stop)
    {
        (_arrivals, _clock, _stop) = (arrivals, clock, stop);
        _address = FormattableString.Invariant($"{options.DepthUrl}?limit={options.DepthLevels}&symbol=");
        _requests = new Task[symbols];
        Array.Fill(_requests, Task.CompletedTask);
        _client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = RequestsAtOnce, PooledConnectionLifetime = TimeSpan.FromMinutes(10) })
        {
            Timeout = TimeSpan.FromMilliseconds(options.TimeoutMs),
            MaxResponseContentBufferSize = options.MaxMessageBytes,
        };
    }

    /// <summary>Ends when no request is under way.</summary>
    public Task Idle => Task.WhenAll(_requests);

    /// <summary>Asks for the book of a symbol behind a pause. The request before it must have arrived.</summary>
    /// <param name="symbol">Its number.</param>
    /// <param name="name">The exchange's name for it.</param>
    /// <param name="pause">How long to wait before.</param>
    public void Ask(int symbol, string name, TimeSpan pause) => _requests[symbol] = AskAsync(symbol, name, pause);

    private async Task AskAsync(int symbol, string name, TimeSpan pause)
    {
        string failure;
        try
        {
            await Task.Delay(pause, _clock, _stop).ConfigureAwait(false);
            using var response = await _client.GetAsync(new Uri(_address + name), _stop).ConfigureAwait(false);
            var body = await response.Content.ReadAsByteArrayAsync(_stop).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
            {
                _arrivals.Put(ArrivalKind.Snapshot, body, symbol);
                return;
            }

            failure = $"{(int)response.StatusCode} {response.ReasonPhrase}: {Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 200)))}";
            if (response.Headers.RetryAfter?.Delta is { } wait)
            {
                await Task.Delay(wait < LongestRetryAfter ? wait : LongestRetryAfter, _clock, _stop).ConfigureAwait(false);
            }
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            failure = e.Message;
        }

        _arrivals.Put(ArrivalKind.NoSnapshot, Encoding.UTF8.GetBytes(failure), symbol);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
