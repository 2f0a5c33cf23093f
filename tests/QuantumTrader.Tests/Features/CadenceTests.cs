using QuantumTrader.Features;
using QuantumTrader.Features.Model65;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Features.Model65;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features;

public sealed class CadenceTests
{
    // A snapshot, a trade, an update, an edit of the trade, a trade and a minute's end.
    private static readonly MarketEvent[] Events = Feed.Numbered(
    [
        .. Feed.Snapshot(100, 1, (-99, 5), (101, 5)),
        Feed.Trade(200, 1),
        .. Feed.Update(300, 2, 2, -1, (101, 6)),
        Feed.Trade(400, 1, quantity: 2, flags: EventFlags.Edit),
        Feed.Trade(1_700, 2),
        Feed.Clock(60_000) with { Symbol = 1 },
    ]);

    private static double[] Times(FeatureBlock block, MarketEvent[] events) => [.. block.Drive(events).Select(v => (v.EventTime - Feed.Time(0)) / 1e6)];

    private static FeatureBlock[] Blocks(Cadence every, MarketContext market) =>
    [
        new Flow(new FlowOptions { Every = every }, market),
        new BookFeatures(new BookFeaturesOptions { Every = every }, market),
        new Model65Block(new Model65Options { Every = every }, market),
    ];

    [Theory]
    [InlineData(Cadence.Candle, new double[] { 60_000 })]
    [InlineData(Cadence.Trade, new double[] { 200, 1_700 })]
    [InlineData(Cadence.Update, new double[] { 100, 300 })]
    [InlineData(Cadence.Interval, new double[] { 1_000, 60_000 })]
    public void Every_block_of_features_has_the_same_cadences(Cadence every, double[] expected)
    {
        foreach (var block in Blocks(every, Feed.NewMarket()))
        {
            Times(block, Events).ShouldBe(expected, block.GetType().Name);
        }
    }

    [Fact]
    public void No_interval_ends_outside_the_trading_day()
    {
        const double hour = 3_600_000;
        foreach (var block in Blocks(Cadence.Interval, Examples.Exchange()))
        {
            var events = Feed.Numbered(Feed.Trade(10 * hour), Feed.Trade((10 * hour) + 1500), Feed.Clock(20 * hour) with { Symbol = 1 }, Feed.Clock(21 * hour) with { Symbol = 1 });
            Times(block, events).ShouldBe([(10 * hour) + 1000], block.GetType().Name);
        }
    }

    [Fact]
    public void A_trade_without_a_price_is_refused_by_every_block()
    {
        foreach (var block in Blocks(Cadence.Trade, Feed.NewMarket()))
        {
            Times(block, Feed.Numbered(Feed.Trade(1), Feed.Trade(2, price: 0))).ShouldBe([1], block.GetType().Name);
            block.Accounts.Dropped["price_not_positive"].ShouldBe(1);
        }
    }
}
