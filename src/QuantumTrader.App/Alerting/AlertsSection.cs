using QuantumTrader.App.Alerting.Channels;
using QuantumTrader.App.Alerting.Rules;
using QuantumTrader.App.Logging;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Alerting;

/// <summary>The alerts of a pipeline: which rules, and where they go.</summary>
[Section("alerts", "Rules that tell people when something is wrong, and where they tell it.")]
internal sealed class AlertsSection
{
    private readonly AlertsOptions _options;
    private readonly string? _state;
    private readonly TimeProvider _clock;

    /// <summary>Checks the rules; opens nothing, and needs no secret yet.</summary>
    /// <exception cref="ConfigurationException">A rule does not exist, or has no limit.</exception>
    public AlertsSection(AlertsOptions options, SectionContext files, TimeProvider clock)
    {
        (_options, _clock) = (options, clock);
        _state = options.State is { } state ? files.Resolve(state) : null;
        Rules = AlertRules.Of(options);
    }

    /// <summary>The rules in force.</summary>
    public IReadOnlyList<AlertRule> Rules { get; }

    /// <summary>The channels, each with what an earlier run did not bring out.</summary>
    /// <exception cref="ConfigurationException">An address is none, or a secret is missing.</exception>
    public IReadOnlyList<Outbox> OpenChannels(AlertState state, RunLog log)
    {
        var options = _options.Channels;
        var channels = new List<IAlertChannel>();
        try
        {
            Add(options.Webhook, o => new WebhookChannel(o));
            Add(options.Telegram, o => new TelegramChannel(o));
            Add(options.Email, o => new EmailChannel(o));
        }
        catch
        {
            channels.ForEach(c => c.Dispose());
            throw;
        }

        return [.. channels.Select(c => new Outbox(c, options, state.Waiting.GetValueOrDefault(c.Name) ?? [], _clock,
            (alert, why) => log.Tell("alert_undelivered", c.Name, $"{alert.Rule} {alert.Subject}: {why}")))];

        void Add<T>(T? its, Func<T, IAlertChannel> make) where T : class
        {
            if (its is not null)
            {
                channels.Add(make(its));
            }
        }
    }

    /// <summary>Begins to watch a run.</summary>
    /// <exception cref="ConfigurationException">A secret is missing.</exception>
    public AlertService Start(BlockFactory factory, Graph graph, RunLog log)
    {
        var plan = factory.Plan;
        var symbols = factory.Section<MarketContext>();
        var market = symbols is not null && MarketRules.AreIn(Rules) ? new MarketWatch(plan, graph, symbols) : null;
        var (state, damage) = _state is null ? (new AlertState(), null) : AlertState.Read(_state);
        if (damage is not null)
        {
            log.Tell("alert_state", "alerts", damage);
        }

        return new AlertService(
            plan.Name, _options, Rules, state, _state, OpenChannels(state, log),
            new Lookout(factory, graph, market, _clock), new BlockAlerts(plan, graph, symbols), _clock, log);
    }
}
