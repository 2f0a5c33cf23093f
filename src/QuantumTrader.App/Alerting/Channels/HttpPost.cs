using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace QuantumTrader.App.Alerting.Channels;

/// <summary>Posts JSON, and says in which way it failed. Addresses may be secrets, and are in no message.</summary>
internal sealed class HttpPost : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) });

    /// <summary>Posts.</summary>
    /// <exception cref="DeliveryException">It did not get through, or was refused.</exception>
    public async Task SendAsync(Uri address, string json, string? bearer, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = bearer is null ? null : new AuthenticationHeaderValue("Bearer", bearer);
        try
        {
            using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop).ConfigureAwait(false);
            if (!answer.IsSuccessStatusCode)
            {
                throw new DeliveryException($"the other side answered {(int)answer.StatusCode} {answer.StatusCode}")
                {
                    // What the other side does not accept now it will not accept later, unless it says that it is only busy.
                    IsFinal = (int)answer.StatusCode is >= 300 and < 500 && answer.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests),
                    RetryAfter = answer.Headers.RetryAfter?.Delta,
                };
            }
        }
        catch (HttpRequestException e)
        {
            throw new DeliveryException($"no connection: {e.HttpRequestError}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
