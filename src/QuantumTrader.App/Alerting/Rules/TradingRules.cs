using QuantumTrader.Features;

namespace QuantumTrader.App.Alerting.Rules;

/// <summary>What goes wrong with money.</summary>
internal static class TradingRules
{
    public static IReadOnlyList<AlertRule> All { get; } =
    [
        AlertRules.Gauge(
            "drawdown", AlertSeverity.Critical, TimeSpan.FromMinutes(5), "Equity fell too far below its peak.",
            "qt_trading_drawdown_ratio", 0.05, value => FormattableString.Invariant($"equity is {value:P1} below its peak")),
        AlertRules.Gauge(
            "consecutive_losses", AlertSeverity.High, TimeSpan.FromMinutes(15), "Too many trades in a row lost.",
            "qt_trading_consecutive_losses", 5, value => FormattableString.Invariant($"{value:0} trades in a row lost")),
        AlertRules.Gauge(
            "win_rate", AlertSeverity.Warning, TimeSpan.FromMinutes(30), "Too few of the last trades won.",
            "qt_trading_win_rate", 0.45, value => FormattableString.Invariant($"{value:P0} of the last trades won")) with { IsBelow = true },
        AlertRules.Gauge(
            "trading_stopped", AlertSeverity.Critical, TimeSpan.FromMinutes(5), "The kill switch is on.",
            "qt_trading_stopped", 0, _ => "no order goes out until trading is resumed"),
    ];
}
