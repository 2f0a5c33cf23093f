using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>Options of the block <c>alerts.flow</c>.</summary>
public sealed record FlowAlertsOptions
{
    /// <summary>Rule <c>ofi_extreme</c>: the size of <c>flow_ofi_5m</c> is above this.</summary>
    [Range(0, 1)]
    public double OfiAbove { get; init; } = 0.7;

    /// <summary>Rule <c>large_trade_spike</c>: <c>flow_large_trade_ratio</c> is above this.</summary>
    [Range(0, 1)]
    public double LargeTradesAbove { get; init; } = 0.3;

    /// <summary>Rule <c>volume_imbalance_extreme</c>: the size of <c>flow_volume_imbalance</c> is above this.</summary>
    [Range(0, 1)]
    public double VolumeImbalanceAbove { get; init; } = 0.8;

    /// <summary>Rule <c>tape_acceleration</c>: <c>tape_speed</c>, in trades per second, is above this.</summary>
    [Range(0, 1_000_000)]
    public double TapeSpeedAbove { get; init; } = 10;

    /// <summary>Rule <c>low_liquidity</c>: <c>liquidity_score</c> is below this share of <c>liquidity_mean_10</c>.</summary>
    [Range(0, 1)]
    public double LiquidityBelow { get; init; } = 0.7;

    /// <summary>Seconds of event time for which a rule that fired stays silent, per symbol.</summary>
    [Range(0, 86_400)]
    public double CoolDownSeconds { get; init; } = 60;

    /// <summary>Other lengths for single rules, such as <c>{ sweep_detected: 5, low_liquidity: 300 }</c>.</summary>
    public IReadOnlyDictionary<string, double> CoolDowns { get; init; } = new Dictionary<string, double>();
}

/// <summary>
/// Turns flow into alerts: rules on the features of whatever vectors come in (features.flow, features.book), and the patterns of the tape
/// (<c>sweep_detected</c>, <c>iceberg_detected</c>, <c>block_trade</c>). A rule looks only at features that are warm. It fires when it is
/// met, and then not again for its whole cool-down.
/// </summary>
[Block("alerts.flow", "Alerts on extreme flow, thin liquidity and patterns of the tape.")]
[SidePort("tape")]
[Partitioned]
[RunEvent("QT2401", "no_rule", "Vectors have no feature that a rule looks at.", "Connect features.flow or features.book.")]
public sealed class FlowAlerts : Operator<FeatureVector, TapePattern, Alert>
{
    private const string Sweep = "sweep_detected";
    private const string Iceberg = "iceberg_detected";
    private const string BlockTrade = "block_trade";

    private readonly FeatureRule[] _rules;
    private readonly FeaturePositions _positions;
    private readonly SortedDictionary<string, CoolDown> _coolDowns;

    /// <summary>A block that has seen nothing.</summary>
    /// <exception cref="ConfigurationException"><c>cool_downs</c> names a rule that does not exist, or a length out of range.</exception>
    public FlowAlerts(FlowAlertsOptions options)
    {
        _rules =
        [
            new("ofi_extreme", AlertSeverity.Warning, options.OfiAbove, "flow_ofi_5m") { IsSigned = true },
            new("large_trade_spike", AlertSeverity.Warning, options.LargeTradesAbove, "flow_large_trade_ratio"),
            new("volume_imbalance_extreme", AlertSeverity.Warning, options.VolumeImbalanceAbove, "flow_volume_imbalance") { IsSigned = true },
            new("tape_acceleration", AlertSeverity.Info, options.TapeSpeedAbove, "tape_speed"),
            new("low_liquidity", AlertSeverity.High, options.LiquidityBelow, "liquidity_score") { Below = "liquidity_mean_10" },
        ];
        _positions = new FeaturePositions([.. _rules.Select(r => r.Feature), .. _rules.Select(r => r.Below ?? r.Feature)]);
        string[] names = [.. _rules.Select(r => r.Name), Sweep, Iceberg, BlockTrade];
        foreach (var (name, seconds) in options.CoolDowns)
        {
            if (!names.Contains(name))
            {
                throw new ConfigurationException("cool_downs", $"no rule is named '{name}'. Legal are: {string.Join(", ", names)}.");
            }

            if (seconds is not (>= 0 and <= 86_400))
            {
                throw new ConfigurationException("cool_downs", FormattableString.Invariant($"the cool-down of '{name}' was {seconds} seconds; legal is 0 to 86400."));
            }
        }

        _coolDowns = new(names.ToDictionary(n => n, n => new CoolDown((long)(options.CoolDowns.GetValueOrDefault(n, options.CoolDownSeconds) * 1e9))), StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public override void Process(Run<FeatureVector> run, Output<Alert> output)
    {
        foreach (ref readonly var vector in run)
        {
            var positions = _positions.In(vector.Schema);
            if (positions.IndexOfAnyExcept(-1) < 0)
            {
                Note("no_rule", $"Vectors without any feature that a rule looks at: connect features.flow or features.book ({vector.Schema.Name}).");
                continue;
            }

            for (var i = 0; i < _rules.Length; i++)
            {
                var (value, limit) = (positions[i], positions[_rules.Length + i]);
                if (value >= 0 && limit >= 0 && vector.IsWarm(value) && vector.IsWarm(limit))
                {
                    Check(_rules[i], in vector, vector.Values[value], vector.Values[limit], output);
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void ProcessSide(Run<TapePattern> run, Output<Alert> output)
    {
        foreach (ref readonly var pattern in run)
        {
            var rule = pattern.Kind switch
            {
                TapeKind.Sweep => Sweep,
                TapeKind.Iceberg or TapeKind.BookIceberg => Iceberg,
                TapeKind.BlockTrade => BlockTrade,
                _ => null,
            };
            if (rule is not null && _coolDowns[rule].TryFire(pattern.Symbol, pattern.EventTime))
            {
                output.Add(new Alert(pattern.Sequence, pattern.EventTime, pattern.Symbol, rule, AlertSeverity.Info, pattern.Side, pattern.Confidence, 0));
            }
        }
    }

    /// <inheritdoc/>
    public override object Report() => _coolDowns.ToDictionary(c => c.Key, c => new FlowAlertsReport(c.Value.Fired, c.Value.Suppressed), StringComparer.Ordinal);

    private void Check(FeatureRule rule, in FeatureVector vector, double value, double other, Output<Alert> output)
    {
        var limit = rule.Below is null ? rule.Limit : rule.Limit * other;
        var isMet = rule.Below is not null ? value < limit : (rule.IsSigned ? Math.Abs(value) : value) > limit;
        if (isMet && _coolDowns[rule.Name].TryFire(vector.Symbol, vector.EventTime))
        {
            var side = rule.IsSigned ? (Side)Math.Sign(value) : Side.None;
            output.Add(new Alert(vector.Sequence, vector.EventTime, vector.Symbol, rule.Name, rule.Severity, side, value, limit));
        }
    }

    /// <summary>A rule on one feature: above its limit or, with <see cref="Below"/>, below that share of another feature.</summary>
    private sealed record FeatureRule(string Name, AlertSeverity Severity, double Limit, string Feature)
    {
        public string? Below { get; init; }

        public bool IsSigned { get; init; }
    }
}

/// <summary>What the report says of one rule.</summary>
/// <param name="Fired">Alerts sent.</param>
/// <param name="Suppressed">Times that the rule was met while it cooled down.</param>
public sealed record FlowAlertsReport(long Fired, long Suppressed);
