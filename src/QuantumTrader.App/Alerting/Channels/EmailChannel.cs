using System.Net;
using System.Net.Mail;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Alerting.Channels;

/// <summary>Sends alerts by e-mail.</summary>
internal sealed class EmailChannel : IAlertChannel
{
    private readonly EmailOptions _options;
    private readonly NetworkCredential? _credential;

    /// <exception cref="ConfigurationException">An address is none, or the password is missing.</exception>
    public EmailChannel(EmailOptions options)
    {
        _options = options;
        foreach (var (option, address) in options.To.Select(to => ("channels.email.to", to)).Prepend(("channels.email.from", options.From)))
        {
            if (!MailAddress.TryCreate(address, out _))
            {
                throw new ConfigurationException(option, $"'{address}' is not an e-mail address.");
            }
        }

        if (options.To.Count == 0)
        {
            throw new ConfigurationException("channels.email.to", "names nobody.");
        }

        _credential = options.User is { } user ? new NetworkCredential(user, Secret.Of("channels.email.password_from", options.PasswordFrom)) : null;
    }

    public string Name => "email";

    public async Task SendAsync(RaisedAlert alert, CancellationToken stop)
    {
        // A connection of its own for each: alerts are rare, and a server closes those that idle.
        using var client = new SmtpClient(_options.Host, _options.Port) { EnableSsl = _options.Tls, Credentials = _credential };
        using var message = new MailMessage { From = new MailAddress(_options.From), Subject = OneLine($"[{alert.Severity}] {alert.Rule} {alert.Subject}"), Body = $"{alert}\n\n{Json.Serialize(alert)}\n" };
        foreach (var to in _options.To)
        {
            message.To.Add(to);
        }

        try
        {
            await client.SendMailAsync(message, stop).ConfigureAwait(false);
        }
        catch (SmtpException e)
        {
            throw new DeliveryException($"the mail server said {(int)e.StatusCode} {e.StatusCode}{(e.InnerException is { } inner ? $" ({inner.Message})" : "")}")
            {
                // 5xx are for good, as RFC 5321 has them; a server that is not there may come back.
                IsFinal = (int)e.StatusCode is >= 500 and < 600,
            };
        }
    }

    public void Dispose()
    {
        // Nothing outlives an alert.
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
