using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;
using static QuantumTrader.Tests.App.InProcess;

namespace QuantumTrader.Tests.App;

public sealed class FlowPipelineTests
{
    private static readonly string Pipeline = Path.Combine(Qt.Root, "pipelines", "flow.yml");

    [Fact]
    public async Task The_shipped_pipeline_shows_flow_patterns_and_alerts()
    {
        var report = await Run(Pipeline, "blocks.feed.events=60000");

        var flow = Details<FlowConsumerReport>(report, "windows");
        flow.Statistics.Errors.ShouldBe(0);
        flow.Statistics.MessagesReceived.ShouldBe(report.Blocks.Single(b => b.Name == "flow").Out);
        flow.Windows["DEMO"]["15m"].Total.ShouldBeGreaterThan(0);
        Details<TapeConsumerReport>(report, "patterns").Patterns["DEMO"].Keys.ShouldContain("sweep");
        Details<LiquidityConsumerReport>(report, "liquidity").Profiles["DEMO"].MeanScore.ShouldBeInRange(0.3, 1);
        Details<MultiConsumerReport>(report, "view").Received.Keys.ShouldBe(["book", "flow", "tape"]);
        Details<AlertHistoryReport>(report, "history").Rules.Keys.ShouldContain("sweep_detected");
        Details<FootprintConsumerReport>(report, "footprints").Newest["DEMO"].Step.ShouldBe(0.5);
    }

    [Fact]
    public async Task Hashes_are_equal_whatever_the_workers_the_batch_the_capacity_and_the_instances()
    {
        async Task<string[]> Hashes(params string[] sets) => InProcess.Hashes(await Run(Pipeline, ["blocks.feed.events=15000", "engine.hashes=true", .. sets]));

        var expected = await Hashes();
        expected.Length.ShouldBe(14);
        (await Hashes("engine.workers=1")).ShouldBe(expected);
        (await Hashes("engine.workers=4", "engine.fuse=false")).ShouldBe(expected);
        (await Hashes("engine.fuse=false", "engine.capacity=1")).ShouldBe(expected);
        (await Hashes("engine.batch=7")).ShouldBe(expected);
        (await Hashes("blocks.flow.parallelism=2", "blocks.tape.parallelism=2", "blocks.alerts.parallelism=2")).ShouldBe(expected);
        (await Hashes("blocks.feed.seed=8")).ShouldNotBe(expected);
    }

    [Fact]
    public async Task The_yaml_of_the_guide_is_a_pipeline_that_runs() => await RunGuide("flow.md", "blocks.feed.events=2000");

    [DataFact]
    public void Flow_of_a_recorded_market_is_that_of_the_plain_formula()
    {
        var market = MarketContext.Of(new TradingCalendar(), new Instrument("BTCUSDT_PERP", 0.1m, 1m, 0.001m) { SizeBounds = [0.1m, 1m, 10m] });
        var normalized = new NormalizeOperator(new NormalizeOptions { MaxLatenessMs = 150 }, market).Drive(Recordings.Binance("binance/usdm/btcusdt_20240808.gz"));
        var trades = normalized.Where(e => e.Kind == EventKind.Trade).ToArray();
        trades.Length.ShouldBe(21_313);
        var vectors = new Flow(new FlowOptions { FullWindows = false }, market).Drive(trades);
        vectors.Length.ShouldBe(trades.Length);

        var buys = trades.Where(t => t.Side == Side.Buy).Sum(t => Scaled.ToDecimal(t.Quantity));
        var sells = trades.Where(t => t.Side == Side.Sell).Sum(t => Scaled.ToDecimal(t.Quantity));
        (buys, sells).ShouldBe((1251.576m, 1177.790m), "the control totals of the recording");
        Value(vectors[^1], "flow_buy_volume_15m").ShouldBe((double)buys, 1e-9);
        Value(vectors[^1], "flow_ofi_60m").ShouldBe((double)((buys - sells) / (buys + sells)), 1e-12);
        for (var i = 0; i < trades.Length; i += 997)
        {
            var minute = trades[..(i + 1)].Where(t => t.EventTime > trades[i].EventTime - 60_000_000_000).ToList();
            var (b, s) = (minute.Where(t => t.Side == Side.Buy).Sum(t => Scaled.ToDecimal(t.Quantity)), minute.Where(t => t.Side == Side.Sell).Sum(t => Scaled.ToDecimal(t.Quantity)));
            Value(vectors[i], "flow_ofi_1m").ShouldBe((double)((b - s) / (b + s)), 1e-9);
            Value(vectors[i], "flow_trades_1m").ShouldBe(minute.Count);
            var last = trades[Math.Max(0, i - 99)..(i + 1)];
            Value(vectors[i], "flow_large_trade_ratio").ShouldBe(last.Length < 10 ? 0 : (double)last.Count(t => t.Quantity > Scaled.One) / last.Length, 1e-12);
        }
    }

    private static double Value(FeatureVector vector, string name) => vector.Values[vector.Schema.IndexOf(name)];
}
