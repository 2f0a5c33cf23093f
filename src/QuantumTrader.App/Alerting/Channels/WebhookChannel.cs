using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Alerting.Channels;

/// <summary>Posts alerts as JSON.</summary>
internal sealed class WebhookChannel : IAlertChannel
{
    private readonly HttpPost _http = new();
    private readonly Uri _address;
    private readonly string? _token;

    /// <exception cref="ConfigurationException">It has no address, or a secret is missing.</exception>
    public WebhookChannel(WebhookOptions options)
    {
        var address = (options.Url, options.UrlFrom) switch
        {
            ({ } url, null) => url,
            (null, { } variable) => Secret.Of("channels.webhook.url_from", variable),
            _ => throw new ConfigurationException("channels.webhook", "needs one of 'url' and 'url_from'."),
        };
        _address = Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new ConfigurationException("channels.webhook", "the address does not begin with https:// or http://.");
        _token = options.TokenFrom is { } from ? Secret.Of("channels.webhook.token_from", from) : null;
    }

    public string Name => "webhook";

    public Task SendAsync(RaisedAlert alert, CancellationToken stop) => _http.SendAsync(_address, Json.Serialize(alert), _token, stop);

    public void Dispose() => _http.Dispose();
}
