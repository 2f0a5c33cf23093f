using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features;

public sealed class FlowTests
{
    private static readonly FlowOptions NoMinimum = new() { FullWindows = false, MinTrades = 1 };

    private static FeatureVector[] Run(FlowOptions options, params MarketEvent[] events) => new Flow(options, Feed.NewMarket()).Drive(events);

    private static double Value(FeatureVector vector, string name) => vector.Values[vector.Schema.IndexOf(name)];

    private static bool IsWarm(FeatureVector vector, string name) => vector.IsWarm(vector.Schema.IndexOf(name));

    private static MarketEvent[] ExampleF() => Feed.Numbered(
        Feed.Trade(0, price: 5470, quantity: 10, side: Side.Buy),
        Feed.Trade(50_000, price: 5470, quantity: 4, side: Side.Sell),
        Feed.Trade(100_000, price: 5470.5, quantity: 6, side: Side.Buy),
        Feed.Trade(200_000, price: 5470.5, quantity: 20, side: Side.Sell),
        Feed.Trade(290_000, price: 5470, quantity: 2, side: Side.Sell),
        Feed.Trade(295_000, price: 5470, quantity: 8, side: Side.Buy),
        Feed.Trade(299_000, price: 5470.5, quantity: 25, side: Side.Buy),
        Feed.Clock(300_001) with { Symbol = 1 });

    [Fact]
    public void Example_F_of_the_catalogue()
    {
        // The catalogue's T is 300 s itself; nothing trades there, so [T - w, T) differs only where a trade lies at T - w: the one at 0 s.
        var core = new FlowWindow(needsFullWindows: false, minTrades: 1);
        var sizes = new TradeSizes(Feed.A);
        foreach (var e in ExampleF()[..^1])
        {
            core.Add(e.EventTime, 0, e.Quantity, e.Side, sizes.IsLarge(e.Quantity));
        }

        var values = new double[Flow.Schema.Names.Count];
        var vector = new FeatureWriter(values, new ulong[1], Flow.Schema.Neutrals, 0);
        core.Evaluate(Feed.Time(300_000), ref vector);
        var expected = new Dictionary<string, double>
        {
            ["flow_ofi_1m"] = 0.8857142857,
            ["flow_ofi_5m"] = 0.2,
            ["flow_ofi_15m"] = 0.3066666667,
            ["flow_ofi_velocity_1m"] = 1.885714286,
            ["tape_speed"] = 0.2,
            ["flow_aggression_ratio"] = 0.5714285714,
            ["flow_large_trade_ratio"] = 0.1428571429,
            ["flow_buy_volume_1m"] = 33,
            ["flow_sell_volume_1m"] = 2,
            ["flow_trades_1m"] = 3,
        };
        foreach (var (name, value) in expected)
        {
            values[Flow.Schema.IndexOf(name)].ShouldBe(value, value * 1e-9, name);
        }

        DepthWindow.ScoreOf(850, 1000, 2).ShouldBe(0.865, 1e-12);
    }

    [Fact]
    public void At_the_end_of_a_candle_the_windows_hold_the_same_trades_as_the_candles()
    {
        var events = FeatureStreams.Walk(5000);
        var vectors = Run(new FlowOptions { Every = Cadence.Candle, FullWindows = false }, events);
        var candles = new CandlesOperator(new CandlesOptions(), Feed.NewMarket()).Drive(events).ToLookup(c => (c.Symbol, c.EndTime));
        foreach (var vector in vectors)
        {
            var candle = candles[(vector.Symbol, vector.EventTime)].ShouldHaveSingleItem();
            Value(vector, "flow_buy_volume_1m").ShouldBe(Scaled.ToDouble(candle.BuyVolume));
            Value(vector, "flow_sell_volume_1m").ShouldBe(Scaled.ToDouble(candle.SellVolume));
            Value(vector, "flow_trades_1m").ShouldBe(candle.Trades);
        }
    }

    [Fact]
    public void A_window_is_warm_once_it_was_watched_in_full()
    {
        var vectors = Run(new FlowOptions(), Feed.Numbered(
            Feed.Clock(0) with { Symbol = 1 }, Feed.Trade(59_999, side: Side.Buy), Feed.Trade(60_000, side: Side.Buy), Feed.Trade(119_999, side: Side.Buy), Feed.Trade(180_000, side: Side.Buy)));

        vectors.Select(v => IsWarm(v, "flow_ofi_1m")).ShouldBe([false, true, true, true]);
        vectors.Select(v => Value(v, "flow_ofi_1m")).ShouldBe([0, 1, 1, 1]);
        vectors.Select(v => IsWarm(v, "flow_ofi_velocity_1m")).ShouldBe([false, false, false, true]);
        vectors.Select(v => IsWarm(v, "flow_ofi_acceleration_1m")).ShouldBe([false, false, false, true]);
        vectors.Select(v => IsWarm(v, "flow_volume_imbalance")).ShouldBe([false, false, false, false]);
    }

    [Fact]
    public void The_delta_of_the_day_starts_again_at_the_open_and_needs_the_whole_day()
    {
        var vectors = Run(new FlowOptions(), Feed.Numbered(
            Feed.Clock(0) with { Symbol = 1 }, Feed.Trade(1000, quantity: 5, side: Side.Buy), Feed.Trade(2000, quantity: 2, side: Side.Sell), Feed.Trade(86_400_000, quantity: 9, side: Side.Sell)));
        vectors.Select(v => Value(v, "flow_cumulative_delta")).ShouldBe([5, 3, -9]);

        var late = Run(new FlowOptions(), Feed.Numbered(Feed.Trade(1000, quantity: 5, side: Side.Buy), Feed.Trade(86_400_000, quantity: 9, side: Side.Sell)));
        late.Select(v => IsWarm(v, "flow_cumulative_delta")).ShouldBe([false, true]);
    }

    [Fact]
    public void A_silent_day_gives_one_vector_and_not_a_million()
    {
        var vectors = Run(new FlowOptions { Every = Cadence.Interval, IntervalMs = 1 }, Feed.Numbered(Feed.Trade(0.5), Feed.Trade(86_400_000.5)));
        vectors.ShouldHaveSingleItem().EventTime.ShouldBe(Feed.Time(86_400_000));
    }

    [Fact]
    public void What_does_not_fit_is_forgotten_and_the_windows_that_wanted_it_are_no_longer_warm()
    {
        var events = Feed.Numbered(Enumerable.Range(0, 4000).Select(i => Feed.Trade(1000 * i, side: i % 3 == 0 ? Side.Sell : Side.Buy)));
        var all = Run(new FlowOptions(), events)[^1];
        var few = Run(new FlowOptions { MaxTrades = 1024 }, events)[^1];

        foreach (var name in new[] { "flow_ofi_1m", "flow_ofi_velocity_1m", "flow_ofi_5m", "flow_volume_imbalance", "tape_speed" })
        {
            IsWarm(few, name).ShouldBeTrue(name);
            Value(few, name).ShouldBe(Value(all, name), name);
        }

        IsWarm(all, "flow_ofi_15m").ShouldBeTrue();
        IsWarm(few, "flow_ofi_15m").ShouldBeFalse("900 trades of 15 minutes do not fit into what is left of 1024");
        IsWarm(few, "flow_ofi_60m").ShouldBeFalse();
    }

    [Fact]
    public void After_a_million_trades_the_sums_are_those_of_a_fresh_window()
    {
        var random = new Random(3);
        var trades = Enumerable.Range(0, 1_000_000).Select(i => (Time: i * 20_000_000L, Quantity: random.NextInt64(1, 1_000_000_000_000_000), Side: (Side)random.Next(-1, 2))).ToArray();
        double[] Values(int from)
        {
            var core = new FlowWindow(needsFullWindows: false);
            foreach (var (time, quantity, side) in trades[from..])
            {
                core.Add(time, 0, quantity, side, isLarge: false);
            }

            var values = new double[Flow.Schema.Names.Count];
            var vector = new FeatureWriter(values, new ulong[1], Flow.Schema.Neutrals, 0);
            core.Evaluate(trades[^1].Time, ref vector);
            return values;
        }

        // Three hours of 50 trades a second: 540,000.
        Values(0)[..^3].ShouldBe(Values(trades.Length - 541_000)[..^3]);
    }

    [Theory]
    [InlineData(5, TradeSize.Small, false)]
    [InlineData(6, TradeSize.Medium, false)]
    [InlineData(20, TradeSize.Medium, false)]
    [InlineData(21, TradeSize.Large, false)]
    [InlineData(50, TradeSize.Large, false)]
    [InlineData(51, TradeSize.Whale, false)]
    [InlineData(100, TradeSize.Whale, false)]
    [InlineData(101, TradeSize.Whale, true)]
    public void Sizes_at_their_bounds(long quantity, TradeSize size, bool isBlock)
    {
        var sizes = new TradeSizes(Feed.A);
        sizes.Of(quantity * Scaled.One).ShouldBe(size);
        sizes.IsLarge(quantity * Scaled.One).ShouldBe(size >= TradeSize.Large);
        sizes.IsBlockTrade(quantity * Scaled.One).ShouldBe(isBlock);
    }
}
