using QuantumTrader.Features;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Alerting;

/// <summary>Options of the section <c>alerts</c>.</summary>
public sealed record AlertsOptions
{
    /// <summary>File that keeps what fired and what waits to be delivered, over restarts, such as <c>state/alerts.json</c>; without it every run begins anew.</summary>
    public string? State { get; init; }

    /// <summary>Time between two looks at the rules.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Changes to the rules that are built in, by their names, such as <c>{ latency: { limit: 0.05 }, spilling: { enabled: false } }</c>.</summary>
    public IReadOnlyDictionary<string, RuleOptions> Rules { get; init; } = new Dictionary<string, RuleOptions>();

    /// <summary>Further rules, on figures that blocks show.</summary>
    public IReadOnlyList<GaugeRuleOptions> Gauges { get; init; } = [];

    /// <summary>Where alerts go besides the log.</summary>
    public ChannelOptions Channels { get; init; } = new();
}

/// <summary>What differs from a rule that is built in.</summary>
public sealed record RuleOptions
{
    /// <summary>False takes the rule out.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The rule fires beyond this, in the rule's own unit.</summary>
    public double? Limit { get; init; }

    /// <summary>How long it must be so before it fires.</summary>
    public TimeSpan? For { get; init; }

    /// <summary>How long the rule then stays silent about the same subject.</summary>
    public TimeSpan? CoolDown { get; init; }

    /// <summary>How much it matters.</summary>
    public AlertSeverity? Severity { get; init; }
}

/// <summary>A rule on a figure that blocks show (<c>qt_...</c>, as at <c>/metrics</c>).</summary>
public sealed record GaugeRuleOptions
{
    /// <summary>Name of the rule.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the figure, such as <c>qt_source_waiting_bytes</c>.</summary>
    public required string Gauge { get; init; }

    /// <summary>Only this block's; every block's without it.</summary>
    public string? Block { get; init; }

    /// <summary>Fires above this.</summary>
    public double? Above { get; init; }

    /// <summary>Fires below this.</summary>
    public double? Below { get; init; }

    /// <summary>How long it must be so before it fires.</summary>
    public TimeSpan For { get; init; }

    /// <summary>How long the rule then stays silent about the same subject.</summary>
    public TimeSpan CoolDown { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How much it matters.</summary>
    public AlertSeverity Severity { get; init; } = AlertSeverity.Warning;
}

/// <summary>Where alerts go besides the log.</summary>
public sealed record ChannelOptions
{
    /// <summary>Least severity that is sent out; the log gets every alert.</summary>
    public AlertSeverity From { get; init; } = AlertSeverity.Info;

    /// <summary>Posts every alert as JSON.</summary>
    public WebhookOptions? Webhook { get; init; }

    /// <summary>Writes into a Telegram chat.</summary>
    public TelegramOptions? Telegram { get; init; }

    /// <summary>Sends e-mail.</summary>
    public EmailOptions? Email { get; init; }

    /// <summary>Attempts per alert and channel, the first included; then the alert counts as undelivered there.</summary>
    [Range(1, 100)]
    public int Attempts { get; init; } = 8;

    /// <summary>Pause behind the first failure; doubled behind each further one, up to five minutes.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time that one attempt may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>Options of the channel <c>webhook</c>.</summary>
public sealed record WebhookOptions
{
    /// <summary>Where to post. An address that is itself a secret belongs into the environment: see <c>url_from</c>.</summary>
    public string? Url { get; init; }

    /// <summary>Name of the environment variable that holds the address.</summary>
    public string? UrlFrom { get; init; }

    /// <summary>Name of the environment variable whose value is sent as <c>Authorization: Bearer</c>.</summary>
    public string? TokenFrom { get; init; }
}

/// <summary>Options of the channel <c>telegram</c>.</summary>
public sealed record TelegramOptions
{
    /// <summary>The chat: its number, or <c>@name</c> of a channel.</summary>
    public required string Chat { get; init; }

    /// <summary>Name of the environment variable that holds the bot's token.</summary>
    public string TokenFrom { get; init; } = "QT_TELEGRAM_TOKEN";

    /// <summary>The service; only tests and proxies need another.</summary>
    public string Url { get; init; } = "https://api.telegram.org";
}

/// <summary>Options of the channel <c>email</c>.</summary>
public sealed record EmailOptions
{
    /// <summary>The SMTP server.</summary>
    public required string Host { get; init; }

    /// <summary>Its port.</summary>
    [Range(1, 65_535)]
    public int Port { get; init; } = 587;

    /// <summary>Encrypts (STARTTLS). Without it, nothing but a server on this machine should be used.</summary>
    public bool Tls { get; init; } = true;

    /// <summary>The sender's address.</summary>
    public required string From { get; init; }

    /// <summary>The receivers' addresses.</summary>
    public required IReadOnlyList<string> To { get; init; }

    /// <summary>User at the server; none without it.</summary>
    public string? User { get; init; }

    /// <summary>Name of the environment variable that holds the user's password.</summary>
    public string PasswordFrom { get; init; } = "QT_SMTP_PASSWORD";
}
