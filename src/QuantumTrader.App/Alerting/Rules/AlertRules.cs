using QuantumTrader.Features;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Alerting.Rules;

/// <summary>The rules that are built in, and those of a pipeline.</summary>
internal static class AlertRules
{
    /// <summary>Built in, in the order of the reference.</summary>
    public static IReadOnlyList<AlertRule> All { get; } = [.. EngineRules.All, .. SourceRules.All, .. StoreRules.All, .. RolloutRules.All, .. MarketRules.All, .. ModelRules.All, .. TradingRules.All];

    /// <summary>The rules of a pipeline.</summary>
    /// <exception cref="ConfigurationException">A rule does not exist, or has no limit.</exception>
    public static IReadOnlyList<AlertRule> Of(AlertsOptions options)
    {
        foreach (var name in options.Rules.Keys)
        {
            if (All.All(r => r.Name != name))
            {
                throw new ConfigurationException("rules", $"no rule is named '{name}'. Legal are: {string.Join(", ", All.Select(r => r.Name))}.");
            }
        }

        var unchanged = new RuleOptions();
        return
        [
            .. from rule in All
               let changes = options.Rules.GetValueOrDefault(rule.Name, unchanged)
               where changes.Enabled
               select rule.With(changes),
            .. options.Gauges.Select(OnGauge),
        ];
    }

    /// <summary>A rule on a figure that blocks show.</summary>
    public static AlertRule Gauge(string name, AlertSeverity severity, TimeSpan coolDown, string meaning, string gauge, double limit, Func<double, string> words) =>
        new(name, severity, coolDown, meaning, look => Readings(look, gauge, null, words)) { Limit = limit };

    private static AlertRule OnGauge(GaugeRuleOptions options)
    {
        if (options.Above is null == options.Below is null)
        {
            throw new ConfigurationException("gauges", $"the rule '{options.Name}' needs one of 'above' and 'below'.");
        }

        if (All.Any(r => r.Name == options.Name))
        {
            throw new ConfigurationException("gauges", $"'{options.Name}' is a rule that is built in; choose another name, or change that one under 'rules'.");
        }

        var (limit, side) = options.Above is { } above ? (above, "above") : (options.Below!.Value, "below");
        return new AlertRule(
            options.Name, options.Severity, options.CoolDown, $"{options.Gauge} is {side} the limit.",
            look => Readings(look, options.Gauge, options.Block, value => FormattableString.Invariant($"{options.Gauge} is {value:0.######}, {side} {limit:0.######}")))
        {
            Limit = limit,
            IsBelow = options.Below is not null,
            For = options.For,
        };
    }

    private static IEnumerable<Reading> Readings(Look look, string gauge, string? block, Func<double, string> words) =>
        from found in look.Gauges(gauge)
        where block is null || found.Block.Name == block
        select new Reading(found.Gauge.Of.Length == 0 ? found.Block.Name : $"{found.Block.Name}.{found.Gauge.Of}", found.Gauge.Value, words(found.Gauge.Value));
}
