using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll;
using QuantumTrader.Trading;
using static QuantumTrader.Tests.ProfitDll.OrderFixture;

namespace QuantumTrader.Tests.ProfitDll;

/// <summary>The kill switch before a broker: what risk has approved, what the broker has of it, and what counts as exposure afterwards.</summary>
[Collection("ProfitDll")]
public sealed class KillSwitchTests
{
    private static readonly ExecutionProfitDllOptions Impatient = new() { SendOrders = true, MaxPosition = 10, TimeoutSeconds = 0.03, Inquiries = 1000, EndSeconds = 0.2 };

    private static Risk RiskOf(OrderFixture run, decimal quantity, decimal maxPosition)
    {
        var risk = new Risk(new RiskOptions { OrderQuantity = quantity, MaxPosition = maxPosition, MaxTradesPerDay = 1000, AllowSameDirection = true }, run.Sim.Market, run.Kill) { Name = "risk" };
        risk.Start();
        return risk;
    }

    private static OrderRequest[] Decide(Risk risk, long sequence, Side side)
    {
        var output = new Output<OrderRequest>();
        risk.Process(Run<Signal>.Of([new Signal(sequence, sequence, 1, side, 1, 1, 5500, "m")], risk.Accounts), output);
        return output.ToArray();
    }

    // What cannot be asked for now is refused with the reason.
    private static bool IsNotReady(OrderFixture run)
    {
        run.Send(Order(99, Side.Buy, 1) with { Action = OrderAction.Cancel });
        return run.Dropped("not_ready") > 0;
    }

    [Fact]
    public void Trading_that_is_stopped_takes_back_what_is_open_sends_nothing_new_and_gives_back_what_was_not_filled()
    {
        using var run = new OrderFixture(script: ["orders hold"]).Ready();
        using var risk = RiskOf(run, 2, 5);
        run.Send(Decide(risk, 1, Side.Buy));
        run.Play("orders trade 1 1 5500");
        var onItsWay = Decide(risk, 2, Side.Buy);
        Decide(risk, 3, Side.Buy).ShouldBeEmpty("4 units are approved, and 5 are the limit");

        run.Kill.Kill("drill", "operator");
        run.Tick();
        run.Await(() => run.Report.Orders.Cancelled == 1, "the broker must confirm that the rest is taken back");
        run.Send(onItsWay);
        Decide(risk, 4, Side.Buy).ShouldBeEmpty();

        run.Dropped("killed").ShouldBe(1);
        risk.Accounts.Dropped["killed"].ShouldBe(1);
        run.Sim.Count(Counter.Orders).ShouldBe(1, "nothing new may reach the broker");
        run.Report.Orders.ShouldBe(new OrderCounts(2, 0, 0, 1) { Cancelled = 1 });
        run.Report.Positions[0].Quantity.ShouldBe(1);

        run.Kill.Resume("over", "operator");
        run.Tick();
        run.Send([.. Decide(risk, 5, Side.Buy), .. Decide(risk, 6, Side.Buy), .. Decide(risk, 7, Side.Buy)]);

        // One is held: two orders of 2 make the 5 that are allowed, a third would not.
        run.Sim.Count(Counter.Orders).ShouldBe(3);
        risk.Accounts.Dropped["position_limit"].ShouldBe(2);
        run.Kill.Halts.Single(h => h.Block == "risk").Cancelled.ShouldHaveSingleItem().ShouldBe(new CancelledQuantity { Symbol = ProfitFixture.Ticker, Quantity = 3 });
        run.Kill.Halts.Single(h => h.Block == "orders").Until.ShouldNotBeNull();
    }

    [Fact]
    public void While_trading_is_stopped_orders_that_are_not_this_runs_stay_and_cancellations_still_go_out()
    {
        using var run = new OrderFixture(script: ["orders hold", "orders left WDOU25 1 1 5480"]).Ready();
        run.Send(Order(1, Side.Buy, 1));
        run.Kill.Kill("drill", "operator");
        run.Tick();
        run.Await(() => run.Report.Orders.Cancelled == 1, "this run's must be taken back");
        run.Sim.Wait();
        run.Tick();
        Open(run).ShouldBe(1);

        run.Send(Order(9, Side.None, 0, symbol: 0) with { Action = OrderAction.CancelAll });
        run.Await(() => Open(run) == 0, "now all must be");
        run.Dropped("killed").ShouldBe(0);

        static double Open(OrderFixture run) => run.Block.Gauges.Single(g => g.Name == "qt_profitdll_orders_open").Value;
    }

    [Fact]
    public void What_trades_before_its_cancellation_arrives_is_held_and_not_given_back()
    {
        using var run = new OrderFixture(script: ["orders hold"]).Ready();
        using var risk = RiskOf(run, 2, 3);
        run.Send(Decide(risk, 1, Side.Sell));
        run.Kill.Kill("drill", "operator");
        run.Sim.Run("orders trade 1 2 5500");
        run.Tick();
        run.Await(() => run.Report.Orders.Filled == 1, "it has traded");

        run.Kill.Resume("over", "operator");
        run.Tick();
        Decide(risk, 2, Side.Sell).ShouldBeEmpty("2 are sold, and 3 are the limit");
        Decide(risk, 3, Side.Buy).ShouldHaveSingleItem();
    }

    [Fact]
    public void What_the_broker_confirms_after_trading_went_on_is_given_back_then()
    {
        using var run = new OrderFixture(Impatient, script: ["orders hold"]).Ready();
        using var risk = RiskOf(run, 2, 2);
        run.Send(Decide(risk, 1, Side.Buy));
        run.Play("orders mute", "orders hide 1000000");
        run.Kill.Kill("drill", "operator");
        run.Tick();
        run.Kill.Resume("over", "operator");
        run.Tick();
        Decide(risk, 2, Side.Buy).ShouldBeEmpty("the order may still trade");

        run.Sim.Run("orders hide 0");
        run.Await(() => run.Report.Orders.Cancelled == 1, "it must be asked after");
        Decide(risk, 3, Side.Buy).ShouldHaveSingleItem();
    }

    [Fact]
    public void Orders_are_taken_back_as_soon_as_the_broker_can_be_reached_again()
    {
        using var run = new OrderFixture(script: ["orders hold"]).Ready();
        using var risk = RiskOf(run, 2, 2);
        run.Send(Decide(risk, 1, Side.Buy));
        run.Play("state 1 0");
        run.Await(() => IsNotReady(run), "the way to the broker must be down");
        run.Kill.Kill("drill", "operator");
        run.Tick();
        run.Report.Orders.ShouldBe(new OrderCounts(1, 0, 1, 0));

        run.Play("state 1 4", "state 1 5");
        run.Await(() => run.Report.Orders.Cancelled == 1, "it must be taken back now");
        run.Kill.Resume("over", "operator");
        Decide(risk, 2, Side.Sell).ShouldHaveSingleItem();
        run.Notes.ShouldNotContain("refused");
    }
}
