using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features;

public sealed class FlowAlertsTests
{
    private static FeatureVector Vector(double seconds, string name, double value, int symbol = 1, bool isWarm = true) => Vector(seconds, [(name, value)], symbol, isWarm);

    private static FeatureVector Vector(double seconds, (string Name, double Value)[] features, int symbol = 1, bool isWarm = true) => new(
        (long)(seconds * 1e6), Feed.Time(seconds * 1000), symbol, new FeatureSchema(features.Select(f => f.Name)), [.. features.Select(f => f.Value)], [isWarm ? ulong.MaxValue : 0]);

    private static TapePattern Pattern(double seconds, TapeKind kind, Side side = Side.Sell) => new((long)(seconds * 1e6), Feed.Time(seconds * 1000), 1, kind, side, 0.8, 0, 0, 5, 0, 0);

    private static Alert[] Run(FlowAlertsOptions options, params FeatureVector[] vectors)
    {
        var output = new Output<Alert>();
        new FlowAlerts(options).Process(Run<FeatureVector>.Of(vectors), output);
        return output.ToArray();
    }

    private static Alert[] Run(params FeatureVector[] vectors) => Run(new FlowAlertsOptions(), vectors);

    [Theory]
    [InlineData("ofi_extreme", "flow_ofi_5m", 0.7, -0.71)]
    [InlineData("large_trade_spike", "flow_large_trade_ratio", 0.3, 0.31)]
    [InlineData("volume_imbalance_extreme", "flow_volume_imbalance", -0.8, 0.81)]
    [InlineData("tape_acceleration", "tape_speed", 10, 10.1)]
    public void A_rule_fires_above_its_limit_and_only_when_warm(string rule, string feature, double at, double above)
    {
        Run(Vector(1, feature, at)).ShouldBeEmpty();
        Run(Vector(1, feature, above, isWarm: false)).ShouldBeEmpty();
        var alert = Run(Vector(1, feature, above)).ShouldHaveSingleItem();
        (alert.Rule, alert.Value, alert.EventTime, alert.Symbol).ShouldBe((rule, above, Feed.Time(1000), 1));
        alert.Side.ShouldBe(rule is "ofi_extreme" or "volume_imbalance_extreme" ? (Side)Math.Sign(above) : Side.None);
    }

    [Fact]
    public void Low_liquidity_is_a_score_below_its_share_of_the_recent_mean()
    {
        Run(Vector(1, [("liquidity_score", 0.35), ("liquidity_mean_10", 0.5)])).ShouldBeEmpty();
        var alert = Run(Vector(1, [("liquidity_score", 0.349), ("liquidity_mean_10", 0.5)])).ShouldHaveSingleItem();
        (alert.Rule, alert.Severity, alert.Value, alert.Limit).ShouldBe(("low_liquidity", AlertSeverity.High, 0.349, 0.35));
    }

    [Fact]
    public void Patterns_become_alerts_with_their_side()
    {
        var (block, output) = (new FlowAlerts(new FlowAlertsOptions()), new Output<Alert>());
        block.ProcessSide(Run<TapePattern>.Of([Pattern(1, TapeKind.Sweep), Pattern(2, TapeKind.Iceberg, Side.Buy), Pattern(3, TapeKind.BlockTrade), Pattern(4, TapeKind.Absorption)]), output);
        output.ToArray().Select(a => (a.Rule, a.Side)).ShouldBe([("sweep_detected", Side.Sell), ("iceberg_detected", Side.Buy), ("block_trade", Side.Sell)]);
    }

    [Fact]
    public void A_rule_that_fired_cools_down_by_the_full_duration()
    {
        // 60 s of cool-down: 61 s later only the seconds part of the difference is 1, an hour later it is 0. Both must fire.
        var alerts = Run([.. new[] { 0, 0.5, 1, 59.999, 60, 61, 121, 3720, 3779.9 }.Select(s => Vector(s, "flow_ofi_5m", 0.9))]);
        alerts.Select(a => (a.EventTime - Feed.Start) / 1_000_000_000).ShouldBe([0, 60, 121, 3720]);
    }

    [Fact]
    public void Symbols_and_rules_cool_down_for_themselves()
    {
        var options = new FlowAlertsOptions { CoolDowns = new Dictionary<string, double> { ["tape_acceleration"] = 5 } };
        var alerts = Run(options,
            Vector(0, [("flow_ofi_5m", 0.9), ("tape_speed", 20)]), Vector(1, "flow_ofi_5m", 0.9, symbol: 2), Vector(5, [("flow_ofi_5m", 0.9), ("tape_speed", 20)]));
        alerts.Select(a => (a.Rule, a.Symbol)).ShouldBe([("ofi_extreme", 1), ("tape_acceleration", 1), ("ofi_extreme", 2), ("tape_acceleration", 1)]);
    }

    [Fact]
    public void Every_symbol_cools_down() =>
        Run(Vector(0, "flow_ofi_5m", 0.9, symbol: 2), Vector(1, "flow_ofi_5m", 0.9, symbol: 2), Vector(2, "flow_ofi_5m", 0.9), Vector(3, "flow_ofi_5m", 0.9)).Select(a => a.Symbol).ShouldBe([2, 1]);

    [Fact]
    public void What_was_fired_and_what_was_silenced_is_counted()
    {
        var block = new FlowAlerts(new FlowAlertsOptions());
        block.Process(Run<FeatureVector>.Of([Vector(0, "tape_speed", 11), Vector(1, "tape_speed", 12), Vector(2, "tape_speed", 9)]), new Output<Alert>());
        ((IReadOnlyDictionary<string, FlowAlertsReport>)block.Report())["tape_acceleration"].ShouldBe(new FlowAlertsReport(1, 1));
    }

    [Fact]
    public void Vectors_that_no_rule_looks_at_are_remarked()
    {
        var block = new FlowAlerts(new FlowAlertsOptions());
        block.Process(Run<FeatureVector>.Of([Vector(0, "rsi_14", 11)]), new Output<Alert>());
        block.Accounts.Notes.ShouldHaveSingleItem().Code.ShouldBe("no_rule");
    }

    [Fact]
    public void A_cool_down_of_no_rule_is_refused_with_those_that_there_are()
    {
        var refusal = Should.Throw<ConfigurationException>(() => new FlowAlerts(new FlowAlertsOptions { CoolDowns = new Dictionary<string, double> { ["ofi"] = 1 } }));
        refusal.Option.ShouldBe("cool_downs");
        refusal.Message.ShouldContain("ofi_extreme, large_trade_spike, volume_imbalance_extreme, tape_acceleration, low_liquidity, sweep_detected, iceberg_detected, block_trade");
    }

    [Fact]
    public void The_ofi_alert_fires_on_the_vectors_that_the_flow_block_really_sends()
    {
        var trades = Feed.Numbered([Feed.Clock(0) with { Symbol = 1 }, .. Enumerable.Range(0, 400).Select(i => Feed.Trade(1000 * i, side: Side.Buy))]);
        var alerts = Run([.. new Flow(new FlowOptions(), Feed.NewMarket()).Drive(trades)]);
        alerts.First(a => a.Rule == "ofi_extreme").EventTime.ShouldBe(Feed.Time(300_000), "five minutes are then watched");
    }
}
