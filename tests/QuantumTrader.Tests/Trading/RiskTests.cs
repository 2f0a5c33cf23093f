using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;
using static QuantumTrader.Tests.Trading.TradingFixture;

namespace QuantumTrader.Tests.Trading;

public class RiskTests
{
    private const long Day = 86_400;

    private static OrderRequest[] Run(Risk block, params Signal[] signals)
    {
        var output = new Output<OrderRequest>();
        block.Process(Run<Signal>.Of(signals, block.Accounts), output);
        return output.ToArray();
    }

    [Fact]
    public void A_signal_becomes_an_order_with_the_next_number()
    {
        var orders = Run(new Risk(new RiskOptions { OrderQuantity = 2, MaxPosition = 2 }, MakeMarket()), Signal(Side.Buy, 1), Signal(Side.Sell, 2));
        orders.ShouldBe([Order(2, Side.Buy, 2) with { EventTime = Second }, Order(3, Side.Sell, 2, order: 2) with { EventTime = 2 * Second }]);
    }

    [Fact]
    public void Switched_off_it_refuses_everything()
    {
        var block = new Risk(new RiskOptions { Enabled = false }, MakeMarket());
        Run(block, Signal(Side.Buy), Signal(Side.Sell)).ShouldBeEmpty();
        block.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["disabled"] = 2 });
    }

    [Fact]
    public void The_same_direction_twice_is_refused_per_symbol()
    {
        var block = new Risk(new RiskOptions { MaxPosition = 5 }, MakeMarket());
        Run(block, Signal(Side.Buy), Signal(Side.Buy), Signal(Side.Buy, symbol: 2), Signal(Side.Sell)).Select(o => (o.Symbol, o.Side)).ShouldBe([(1, Side.Buy), (2, Side.Buy), (1, Side.Sell)]);
        block.Accounts.Dropped["same_direction"].ShouldBe(1);
    }

    [Fact]
    public void Approved_orders_count_as_positions()
    {
        // Limit 3, orders of 2: +2 passes, +4 does not, 0, -2 pass, -4 does not.
        var block = new Risk(new RiskOptions { OrderQuantity = 2, MaxPosition = 3, AllowSameDirection = true }, MakeMarket());
        Run(block, Signal(Side.Buy), Signal(Side.Buy), Signal(Side.Sell), Signal(Side.Sell), Signal(Side.Sell)).Select(o => o.Side).ShouldBe([Side.Buy, Side.Sell, Side.Sell]);
        block.Accounts.Dropped["position_limit"].ShouldBe(2);
    }

    [Fact]
    public void A_day_has_so_many_trades_over_all_symbols()
    {
        var block = new Risk(new RiskOptions { MaxTradesPerDay = 2 }, MakeMarket());
        var orders = Run(block, Signal(Side.Buy, 1), Signal(Side.Buy, 2, symbol: 2), Signal(Side.Sell, 3), Signal(Side.Sell, Day + 1));
        orders.Select(o => o.Sequence).ShouldBe([2, 3, Day + 2]);
        block.Accounts.Dropped["trades_per_day"].ShouldBe(1);
    }

    [Fact]
    public void A_signal_without_a_side_is_refused()
    {
        var block = new Risk(new RiskOptions { MaxPosition = 5, AllowSameDirection = true }, MakeMarket());
        Run(block, Signal(Side.None)).ShouldBeEmpty();
        block.Accounts.Dropped["no_side"].ShouldBe(1);
    }

    [Theory]
    [InlineData(0, 10, "above 0")]
    [InlineData(11, 10, "max_order_quantity, 10")]
    [InlineData(1.5, 10, "multiples of its quantity step, 1")]
    [InlineData(0.000000001, 10, "at most 8 decimals")]
    public void A_quantity_that_cannot_be_ordered_is_a_mistake_in_the_pipeline(double quantity, double max, string said)
    {
        var e = Should.Throw<ConfigurationException>(() => new Risk(new RiskOptions { OrderQuantity = (decimal)quantity, MaxOrderQuantity = (decimal)max }, MakeMarket()));
        e.Option.ShouldBe("order_quantity");
        e.Message.ShouldContain(said);
    }

    [Fact]
    public void Exposure_never_passes_the_limit_and_every_signal_is_accounted_for() => Prop.ForAll(
        ArbMap.Default.ArbFor<(bool Buy, bool Other)[]>(),
        ArbMap.Default.ArbFor<PositiveInt>(),
        (signals, limit) =>
        {
            var block = new Risk(new RiskOptions { MaxPosition = limit.Get % 5, AllowSameDirection = true, MaxTradesPerDay = 20 }, MakeMarket());
            var orders = Run(block, [.. signals.Select((s, i) => Signal(s.Buy ? Side.Buy : Side.Sell, i, s.Other ? 2 : 1))]);
            var exposure = new long[3];
            return orders.All(o => Math.Abs(exposure[o.Symbol] += (int)o.Side * o.Quantity) <= limit.Get % 5 * Scaled.One)
                && orders.Length + block.Accounts.DroppedTotal == signals.Length;
        }).QuickCheckThrowOnFailure();
}
