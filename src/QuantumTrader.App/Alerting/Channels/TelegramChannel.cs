using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Alerting.Channels;

/// <summary>Writes alerts into a Telegram chat (method <c>sendMessage</c> of the bot API).</summary>
internal sealed class TelegramChannel : IAlertChannel
{
    private readonly HttpPost _http = new();
    private readonly Uri _address;
    private readonly string _chat;

    /// <exception cref="ConfigurationException">The token is missing.</exception>
    public TelegramChannel(TelegramOptions options)
    {
        _chat = options.Chat;
        _address = Uri.TryCreate($"{options.Url.TrimEnd('/')}/bot{Secret.Of("channels.telegram.token_from", options.TokenFrom)}/sendMessage", UriKind.Absolute, out var uri)
            ? uri
            : throw new ConfigurationException("channels.telegram.url", $"'{options.Url}' is not an address.");
    }

    public string Name => "telegram";

    public Task SendAsync(RaisedAlert alert, CancellationToken stop) =>
        _http.SendAsync(_address, Json.Serialize(new { ChatId = _chat, Text = alert.ToString(), DisableWebPagePreview = true }), bearer: null, stop);

    public void Dispose() => _http.Dispose();
}
