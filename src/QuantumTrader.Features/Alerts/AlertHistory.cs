using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>Options of the block <c>alerts.history</c>.</summary>
public sealed record AlertHistoryOptions
{
    /// <summary>Alerts kept.</summary>
    [Range(1, 1_000_000)]
    public int History { get; init; } = 1000;
}

/// <summary>
/// Keeps the newest alerts for anyone to read at any time, counts them by severity and rule, and puts the first of each rule among the
/// run's findings. Passes them on.
/// </summary>
[Block("alerts.history", "Keeps and counts alerts, and names them in the report.")]
public sealed class AlertHistory(AlertHistoryOptions options, MarketContext market) : Observer<Alert>
{
    private readonly Lock _gate = new();
    private readonly Queue<Alert> _alerts = [];
    private readonly SortedDictionary<string, long> _severities = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _rules = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override void Observe(Run<Alert> run)
    {
        lock (_gate)
        {
            foreach (ref readonly var alert in run)
            {
                if (_alerts.Count == options.History)
                {
                    _alerts.Dequeue();
                }

                _alerts.Enqueue(alert);
                var severity = SnakeCase.From(alert.Severity.ToString());
                _severities[severity] = _severities.GetValueOrDefault(severity) + 1;
                _rules[alert.Rule] = _rules.GetValueOrDefault(alert.Rule) + 1;
                var symbol = alert.Symbol > 0 && alert.Symbol <= market.Symbols.Count ? market.Symbols.Name(alert.Symbol) : "no symbol";
                Note(alert.Rule, FormattableString.Invariant($"{symbol} at {IsoTime.ToText(alert.EventTime)}: {alert.Value:0.####} (limit {alert.Limit:0.####}, side {alert.Side})"));
            }
        }
    }

    /// <summary>The alerts kept, oldest first. Any thread.</summary>
    public IReadOnlyList<Alert> Alerts { get { lock (_gate) { return [.. _alerts]; } } }

    /// <inheritdoc/>
    public override object Report()
    {
        lock (_gate)
        {
            return new AlertHistoryReport(new SortedDictionary<string, long>(_severities, StringComparer.Ordinal), new SortedDictionary<string, long>(_rules, StringComparer.Ordinal));
        }
    }
}

/// <summary>How many alerts there were.</summary>
/// <param name="Severities">By severity.</param>
/// <param name="Rules">By rule.</param>
public sealed record AlertHistoryReport(IReadOnlyDictionary<string, long> Severities, IReadOnlyDictionary<string, long> Rules);
