using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;
using Position = QuantumTrader.Trading.Position;

namespace QuantumTrader.Tests.Trading;

public class PositionTests
{
    [Fact]
    public void Buying_twice_and_selling_all_of_it()
    {
        // WDO, 10 per point: 1 at 5000 and 1 at 5010 cost 5005 each; sold at 5020 they bring 2 * 15 * 10 = 300.
        var position = new Position(10);
        position.Apply(1, 5000, 5);
        position.Apply(1, 5010, 5);
        (position.Quantity, position.AveragePrice, position.Unrealised).ShouldBe((2, 5005, 100)); // marked at 5010: 2 * 5 * 10
        position.Apply(-2, 5020, 10);
        (position.Quantity, position.AveragePrice, position.Realised, position.Unrealised, position.Fees, position.Profit, position.Exposure)
            .ShouldBe((0, 0, 300, 0, 20, 280, 0));
    }

    [Fact]
    public void Closing_a_part_leaves_the_average_price()
    {
        // 3 at 100; 1 sold at 130 brings 30; the other 2 still cost 100 and are worth 130.
        var position = new Position(1);
        position.Apply(3, 100, 0);
        position.Apply(-1, 130, 0);
        (position.Quantity, position.AveragePrice, position.Realised, position.Unrealised, position.Exposure).ShouldBe((2, 100, 30, 60, 260));
    }

    [Fact]
    public void Flipping_from_long_to_short_closes_and_opens_at_the_same_price()
    {
        // 2 at 100, 5 sold at 90: 2 closed with -20, 3 short at 90; bought back at 85: +15.
        var position = new Position(1);
        position.Apply(2, 100, 1);
        position.Apply(-5, 90, 1);
        (position.Quantity, position.AveragePrice, position.Realised, position.Unrealised).ShouldBe((-3, 90, -20, 0));
        position.Apply(3, 85, 1);
        (position.Quantity, position.Realised, position.Profit).ShouldBe((0, -5, -8));
    }

    [Fact]
    public void Flipping_from_short_to_long()
    {
        // 1 short at 50, 2 bought at 60: -10, 1 long at 60; marked at 61: +1.
        var position = new Position(1);
        position.Apply(-1, 50, 0);
        position.Apply(2, 60, 0);
        position.Mark(61);
        (position.Quantity, position.AveragePrice, position.Realised, position.Unrealised, position.Exposure).ShouldBe((1, 60, -10, 1, 61));
    }

    [Fact]
    public void Thirds_leave_no_rest_when_flat()
    {
        // 1 at 10 and 2 at 10.01 cost 30.02; sold one by one at 10: 30.00 - 30.02 = -0.02, though a third of 30.02 has no end.
        var position = new Position(1);
        position.Apply(1, 10, 0);
        position.Apply(2, 10.01m, 0);
        for (var i = 0; i < 3; i++)
        {
            position.Apply(-1, 10, 0);
        }

        position.Realised.ShouldBe(-0.02m, 1e-20m);
        (position.Quantity, position.AveragePrice, position.Unrealised, position.Exposure).ShouldBe((0, 0, 0, 0));
    }

    [Fact]
    public void Profit_is_cash_plus_what_is_held_whatever_the_trades() => Prop.ForAll(
        ArbMap.Default.ArbFor<(sbyte Quantity, byte Price)[]>(),
        trades =>
        {
            var position = new Position(10);
            decimal cash = 0, held = 0, last = 0;
            foreach (var (quantity, price) in trades.Where(t => t.Quantity != 0))
            {
                position.Apply(quantity, price, 0.5m);
                cash -= (quantity * price * 10) + 0.5m;
                held += quantity;
                last = price;
            }

            return held == position.Quantity && Math.Abs(position.Profit - (cash + (held * last * 10))) < 1e-15m;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Closing_the_whole_position_leaves_exactly_nothing() => Prop.ForAll(
        ArbMap.Default.ArbFor<(sbyte Quantity, byte Price)[]>(),
        trades =>
        {
            var position = new Position(10);
            foreach (var (quantity, price) in trades)
            {
                position.Apply(quantity * 0.37m, price, 0);
            }

            position.Apply(-position.Quantity, 77, 0);
            return (position.Quantity, position.AveragePrice, position.Unrealised, position.Exposure) == (0, 0, 0, 0);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Drawdown_is_the_deepest_fall_from_a_height()
    {
        var market = TradingFixture.MakeMarket();
        var positions = new Positions(market);
        positions.Apply(TradingFixture.Fill(Side.Buy, 1, 100, fee: 2)); // profit -2: already 2 below the start
        positions.MaxDrawdown.ShouldBe(2);
        foreach (var (bid, profit, drawdown) in new (double, decimal, decimal)[] { (110, 98, 2), (104, 38, 60), (120, 198, 60), (113, 128, 70) })
        {
            positions.Mark(1, Scaled.FromDouble(bid), Scaled.FromDouble(bid + 1)); // long: at the bid, 10 per point
            (positions.Profit, positions.MaxDrawdown).ShouldBe((profit, drawdown));
        }

        positions.MaxExposure.ShouldBe(1200);
    }

    [Fact]
    public void Short_positions_are_valued_at_the_ask()
    {
        var positions = new Positions(TradingFixture.MakeMarket());
        positions.Apply(TradingFixture.Fill(Side.Sell, 2, 100, fee: 0));
        positions.Mark(1, Scaled.FromDouble(98), Scaled.FromDouble(99));
        positions.Profit.ShouldBe(20); // 2 * (100 - 99) * 10
    }
}
