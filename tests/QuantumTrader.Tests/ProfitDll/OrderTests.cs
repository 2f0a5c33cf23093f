using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll;
using QuantumTrader.ProfitDll.Native;
using QuantumTrader.ProfitDll.Orders;
using QuantumTrader.Tests.App;
using QuantumTrader.Trading;
using static QuantumTrader.Tests.ProfitDll.OrderFixture;

namespace QuantumTrader.Tests.ProfitDll;

[Collection("ProfitDll")]
public sealed class OrderTests
{
    private static readonly ExecutionProfitDllOptions Impatient = new() { SendOrders = true, MaxPosition = 10, TimeoutSeconds = 0.03, Inquiries = 2, EndSeconds = 0.2 };

    [Fact]
    public void An_order_at_the_market_is_sent_and_its_fill_comes_with_the_next_event()
    {
        using var run = new OrderFixture(new ExecutionProfitDllOptions { SendOrders = true, CostPerUnit = 5, MaxPosition = 3 }).Ready();
        run.Send(Order(1, Side.Buy, 3));

        var fill = run.Fills.ShouldHaveSingleItem();
        (fill.Order, fill.Symbol, fill.Side, fill.Quantity, fill.Price, fill.Fee, fill.Remaining).ShouldBe((1, 1, Side.Buy, Scaled.FromDouble(3), Scaled.FromDouble(5500), 15m, 0));
        run.Report.Orders.ShouldBe(new OrderCounts(1, 1, 0, 0));
        run.Report.Positions[0].Quantity.ShouldBe(3);
        run.Block.Accounts.Notes.Single(n => n.Code == "account").Message.ShouldBe("Orders go to the account 32006:SIM-1 (Simulator, A. Trader).");
        run.End();
        run.Notes.ShouldNotContain("open_at_end");
    }

    [Theory]
    [InlineData(false, true, "send_orders is false")]
    [InlineData(true, false, "ENABLE_TRADING is not true")]
    public void Nothing_is_sent_unless_both_the_pipeline_and_the_environment_say_so(bool pipeline, bool environment, string reason)
    {
        using var run = new OrderFixture(new ExecutionProfitDllOptions { SendOrders = pipeline }, environment).Ready();
        run.Send(Order(1, Side.Buy, 1), Order(2, Side.Sell, 1) with { Action = OrderAction.Zero }, Order(1, Side.Buy, 1) with { Action = OrderAction.Cancel });

        run.Dropped("trading_off").ShouldBe(3);
        run.Sim.Count(Counter.Orders).ShouldBe(0);
        run.Block.Accounts.Notes.Single(n => n.Code == "trading_off").Message.ShouldStartWith($"No order is sent: {reason}.");
    }

    [Fact]
    public void A_login_for_the_market_only_is_refused_before_and_by_the_server()
    {
        Should.Throw<ConfigurationException>(() => new OrderFixture(isRouting: false)).Message.ShouldStartWith("The login of ProfitDLL is for the market only");
        using var run = new OrderFixture().Ready();
        run.Sim.Run("orders refuse 10");
        run.Sim.Wait();
        Should.Throw<InvalidOperationException>(() => run.Send(Order(1, Side.Buy, 1))).Message.ShouldContain("NL_MARKET_ONLY");
    }

    [Fact]
    public void Nothing_is_sent_before_orders_and_positions_are_known()
    {
        using var run = new OrderFixture(script: ["orders loading 1000000"]);
        run.Send(Order(1, Side.Buy, 1));
        run.Dropped("not_ready").ShouldBe(1);
        run.Play("orders loading 0", "state 1 0");
        run.Await(() => !run.Sim.Login.Connection!.Target.IsRoutingUp, "the way to the broker must be down");
        run.Send(Order(2, Side.Buy, 1));
        run.Dropped("not_ready").ShouldBe(2);
        run.Play("state 1 4", "state 1 5");
        run.Ready().Send(Order(3, Side.Buy, 1));
        run.Fills.Select(f => f.Order).ShouldBe([3]);
    }

    [Fact]
    public void A_limit_rests_until_its_price_comes_and_a_stop_until_it_is_reached()
    {
        using var run = new OrderFixture().Ready();
        run.Send(
            Order(1, Side.Buy, 2) with { Price = Scaled.FromDouble(5499) },
            Order(2, Side.Buy, 1) with { Price = Scaled.FromDouble(5503), StopPrice = Scaled.FromDouble(5502) });
        run.Fills.ShouldBeEmpty();
        run.Play("trade WDOU25 5501 1");
        run.Fills.ShouldBeEmpty();
        run.Play("trade WDOU25 5502 1", "trade WDOU25 5498.5 1");
        run.Fills.Select(f => (f.Order, Scaled.ToDouble(f.Quantity), Scaled.ToDouble(f.Price))).ShouldBe([(2, 1, 5502), (1, 2, 5498.5)]);
    }

    [Fact]
    public void Parts_are_passed_on_one_by_one_at_their_own_prices()
    {
        using var run = new OrderFixture(script: ["orders hold"]).Ready();
        run.Send(Order(1, Side.Sell, 5));
        run.Play("orders trade 1 2 5500");
        run.Play("orders trade 1 1 5499");
        run.Play("orders trade 1 2 5498.5");
        run.Fills.Select(f => (Scaled.ToDouble(f.Quantity), Scaled.ToDouble(f.Price), Scaled.ToDouble(f.Remaining))).ShouldBe([(2, 5500, 3), (1, 5499, 2), (2, 5498.5, 0)]);
        run.Report.Positions[0].Quantity.ShouldBe(-5);
    }

    [Fact]
    public void Updates_that_come_twice_late_or_all_again_change_nothing()
    {
        using var run = new OrderFixture(script: ["orders twice"]).Ready();
        run.Send(Order(1, Side.Buy, 2), Order(2, Side.Sell, 1));
        run.Play("orders tell", "orders tell");
        run.Fills.Select(f => f.Order).ShouldBe([1, 2]);
        run.Report.Orders.ShouldBe(new OrderCounts(2, 2, 0, 0));
        run.Send(Order(1, Side.Buy, 2));
        run.Dropped("duplicate_order").ShouldBe(1);
        run.Sim.Count(Counter.Orders).ShouldBe(2);
    }

    [Fact]
    public void An_order_that_cannot_be_read_yet_is_read_later()
    {
        using var run = new OrderFixture().Ready();
        run.Sim.Run("orders hide 8");
        run.Sim.Wait();
        run.Send(Order(1, Side.Buy, 1));
        run.Await(() => run.Fills.Count == 1, "it must be read");
    }

    [Fact]
    public void A_fill_that_nobody_told_of_is_found_by_asking()
    {
        using var run = new OrderFixture(Impatient, script: ["orders mute"]).Ready();
        run.Send(Order(1, Side.Buy, 1));
        run.Await(() => run.Fills.Count == 1, "it must be asked after");
        run.Notes.ShouldNotContain("order_lost");
    }

    [Fact]
    public void An_order_that_is_lost_is_not_sent_again_and_holds_back_others_of_its_symbol()
    {
        using var run = new OrderFixture(Impatient, script: ["orders lose"]).Ready();
        run.Send(Order(1, Side.Buy, 1));
        run.Await(() => run.Notes.Contains("order_lost"), "it must be given up");
        run.Play("orders lose 0");
        run.Send(Order(2, Side.Buy, 1), Order(3, Side.Buy, 1, symbol: 2));
        run.Dropped("order_lost").ShouldBe(1);
        run.Fills.Select(f => f.Order).ShouldBe([3]);
        run.Sim.Count(Counter.Orders).ShouldBe(2);
        run.End();
        run.Block.Accounts.Notes.Single(n => n.Code == "open_at_end").Message.ShouldBe("Order 1 (ProfitDLL 1) (Buy 1 WDOU25) is Error with 1 open. Look at the broker.");
    }

    [Fact]
    public void A_rejected_order_says_why_and_the_next_one_goes_on()
    {
        using var run = new OrderFixture(script: ["orders reject"]).Ready();
        run.Send(Order(1, Side.Buy, 1));
        run.Play("orders reject 0", "orders refuse 9");
        run.Send(Order(2, Side.Buy, 1), Order(3, Side.Buy, 1));
        run.Block.Accounts.Notes.Where(n => n.Code is "order_rejected" or "refused").Select(n => n.Message).ShouldBe(
            ["Order 1 (ProfitDLL 1) was rejected: Insufficient margin.", "ProfitDLL refused an order: NL_OUT_OF_RANGE."]);
        run.Dropped("refused").ShouldBe(1);
        run.Fills.Select(f => f.Order).ShouldBe([3]);
        run.Report.Orders.ShouldBe(new OrderCounts(3, 1, 0, 2));
    }

    [Fact]
    public void An_open_order_is_changed_and_cancelled()
    {
        using var run = new OrderFixture(script: ["orders hold"]).Ready();
        var order = Order(1, Side.Buy, 2) with { Price = Scaled.FromDouble(5490) };
        run.Send(order);
        run.Send(order with { Action = OrderAction.Change, Quantity = Scaled.FromDouble(4), Price = Scaled.FromDouble(5510) });
        run.Play("orders trade 1 1 5500");
        run.Send(order with { Action = OrderAction.Cancel });
        run.Fills.Select(f => Scaled.ToDouble(f.Remaining)).ShouldBe([3], "the change made it four");
        run.Report.Orders.ShouldBe(new OrderCounts(1, 0, 0, 0) { Cancelled = 1 });
        run.Send(order with { Action = OrderAction.Cancel }, order with { Action = OrderAction.Change }, Order(9, Side.Buy, 1) with { Action = OrderAction.Cancel });
        run.Dropped("unknown_order").ShouldBe(3);
    }

    [Fact]
    public void What_trades_before_a_cancellation_arrives_still_counts()
    {
        using var run = new OrderFixture(script: ["orders hold"]).Ready();
        run.Send(Order(1, Side.Buy, 2));
        run.Sim.Run("orders trade 1 2 5500");
        run.Send(Order(1, Side.Buy, 2) with { Action = OrderAction.Cancel });
        run.Report.Orders.ShouldBe(new OrderCounts(1, 1, 0, 0));
        run.Report.Positions[0].Quantity.ShouldBe(2);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(0, 2, 0)]
    public void All_open_orders_of_a_symbol_or_of_the_account_are_cancelled(int symbol, long cancelled, long open)
    {
        using var run = new OrderFixture(script: ["orders hold"]).Ready();
        run.Send(Order(1, Side.Buy, 1), Order(2, Side.Buy, 1, symbol: 2));
        run.Send(Order(3, Side.None, 0, symbol) with { Action = OrderAction.CancelAll });
        run.Report.Orders.ShouldBe(new OrderCounts(2, 0, open, 0) { Cancelled = cancelled });
    }

    [Fact]
    public void A_position_is_closed_whoever_opened_it()
    {
        using var run = new OrderFixture(script: ["orders position WDOU25 -3 5510"]).Ready();
        run.Send(Order(1, Side.None, 0) with { Action = OrderAction.Zero });
        run.Fills.Select(f => (f.Order, f.Side, Scaled.ToDouble(f.Quantity))).ShouldBe([(1, Side.Buy, 3)]);
        run.Report.Profit.ShouldBe(3 * 10 * 10, "sold at 5510 before, bought at 5500 now");
        run.Send(Order(2, Side.None, 0) with { Action = OrderAction.Zero });
        run.Dropped("flat").ShouldBe(1);
    }

    [Fact]
    public void The_positions_and_open_orders_of_before_count_for_the_limit_and_their_fills_are_passed_on()
    {
        using var run = new OrderFixture(
            Impatient with { MaxPosition = 4 }, script: ["orders hold", "orders position WDOU25 2 5490", "orders left WDOU25 1 1 5480", "orders position WINV25 7 130000"]).Ready();
        run.Block.Accounts.Notes.Select(n => n.Message).ShouldBe(
        [
            "The order 1 of before works: Buy 1 WDOU25 at 5480. It counts for max_position.",
            "The account holds 2 WDOU25 at 5490; this run knew of 0. Limits count from the account's.",
            "Orders go to the account 32006:SIM-1 (Simulator, A. Trader).",
            "The account has, or had today, positions that this pipeline does not see: WINV25.",
        ]);
        run.Send(Order(1, Side.Buy, 2), Order(2, Side.Buy, 1), Order(3, Side.Buy, 1), Order(4, Side.Sell, 6), Order(5, Side.Sell, 7));
        run.Dropped("position_limit").ShouldBe(3, "2 held, 1 left and 1 new are 4; a sale of 6 leads to -4");
        run.Play("orders trade 1 1 5480");
        run.Fills.ShouldHaveSingleItem().Order.ShouldBeLessThan(0);
        run.Report.Positions[0].Quantity.ShouldBe(3);
    }

    [Fact]
    public void When_the_way_to_the_broker_comes_back_missed_fills_are_found_and_foreign_trades_noted()
    {
        using var run = new OrderFixture(script: ["orders hold"]).Ready();
        run.Send(Order(1, Side.Buy, 2));
        run.Play("state 1 0", "orders mute", "orders trade 1 2 5500", "orders position WDOV25 1 5600");
        run.Await(() => !run.Sim.Login.Connection!.Target.IsRoutingUp, "the way to the broker must be down");
        run.Fills.ShouldBeEmpty();
        run.Play("state 1 5");
        run.Await(() => run.Notes.Contains("position_differs"), "the position must be compared");
        run.Fills.Select(f => Scaled.ToDouble(f.Quantity)).ShouldBe([2]);
        run.Block.Accounts.Notes.Where(n => n.Code == "position_differs").Select(n => n.Message).ShouldBe(
            ["The account holds 1 WDOV25 at 5600; this run knew of 0. Limits count from the account's."]);
    }

    [Fact]
    public void The_end_of_a_run_takes_its_open_orders_back()
    {
        using var run = new OrderFixture(script: ["orders hold", "orders left WDOU25 1 1 5480"]).Ready();
        run.Send(Order(1, Side.Buy, 1));
        run.End();
        run.Report.Orders.ShouldBe(new OrderCounts(1, 0, 0, 0) { Cancelled = 1 });
        run.Notes.ShouldNotContain("open_at_end", "the one of before is not this run's");
    }

    [Fact]
    public void Of_several_accounts_one_must_be_chosen()
    {
        using (var run = new OrderFixture(script: ["orders accounts 2"]))
        {
            Should.Throw<ConfigurationException>(() => run.Ready()).Message.ShouldBe("The login has 2 accounts, and none was chosen. Write account: with one of 32006:SIM-1, 1003:REAL-7.");
        }

        using (var run = new OrderFixture(Impatient with { Account = "1003:REAL-8" }, script: ["orders accounts 2"]))
        {
            Should.Throw<ConfigurationException>(() => run.Ready()).Message.ShouldContain("no account '1003:REAL-8'");
        }

        using (var run = new OrderFixture(Impatient with { Account = "1003:REAL-7" }, script: ["orders accounts 2"]))
        {
            run.Ready().Block.Accounts.Notes[0].Message.ShouldContain("1003:REAL-7 (XP, A. Trader)");
        }
    }

    [Fact]
    public void One_block_sends_the_orders_of_a_session()
    {
        using var run = new OrderFixture();
        Should.Throw<ConfigurationException>(() => new ExecutionProfitDll(
            new ExecutionProfitDllOptions(), new BlockContext("more", new SectionContext(".", "."), TimeProvider.System), run.Sim.Market, run.Sim.Login)).Message.ShouldStartWith("Another execution.profitdll");
    }

    [Fact]
    public void Bad_orders_are_refused_and_reach_nobody()
    {
        using var run = new OrderFixture().Ready();
        run.Send(
            Order(1, Side.Buy, 0), Order(2, Side.Buy, 0.5), Order(3, Side.None, 1), Order(4, Side.Buy, 1, symbol: 3), Order(5, Side.Buy, 1, symbol: 0),
            Order(6, Side.Buy, 1) with { StopPrice = 1 }, Order(7, Side.Buy, 1) with { Price = -1 });
        run.Dropped("bad_order").ShouldBe(7);
        run.Sim.Count(Counter.Orders).ShouldBe(0);
    }

    [Theory]
    [InlineData("orders_of_shadow", "kind: effect", "must only read, as sinks do; execution.profitdll sends events on")]
    [InlineData("orders_of_shadow", "baseline: { block: paper }", "'real' sends orders outside, so it can be no candidate, nor feed one: a shadow must not trade.")]
    public void No_phase_can_have_real_orders_as_its_candidate(string phase, string kind, string refusal)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("shadow.yml", $$"""
            version: 1
            pipeline: shadow
            market: { calendar: b3, symbols: [WDOU25] }
            profitdll: { routing: true }
            blocks:
              feed:   { type: source.profitdll, edge: { capacity: 1024, when_full: drop_newest } }
              book:   { type: book, from: feed }
              basic:  { type: features.basic, from: book }
              model:  { type: model.onnx, from: basic, model: {{Path.Combine(Qt.Root, "pipelines", "models", "demo.onnx")}} }
              signal: { type: signal, from: model }
              risk:   { type: risk, from: signal }
              paper:  { type: execution.paper, from: risk, market: book }
              real:   { type: execution.profitdll, from: risk, market: book, send_orders: true }
            rollout: { phases: [{ name: {{phase}}, {{kind}}, candidate: { block: real }, steps: [{ shadow: {} }] }] }
            """);
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "config"), Path.Combine(Qt.Root, "config"));
        var (code, output, error) = Qt.Run("validate", file);
        code.ShouldBe(3, output + error);
        (output + error).ShouldContain(refusal);
    }

    [Theory]
    [InlineData(0, OrderNews.Working)]
    [InlineData(2, OrderNews.Working)]
    [InlineData(5, OrderNews.Working)]
    [InlineData(4, OrderNews.Cancelled)]
    [InlineData(15, OrderNews.Cancelled)]
    [InlineData(8, OrderNews.Rejected)]
    [InlineData(204, OrderNews.Rejected)]
    [InlineData(203, OrderNews.Received)]
    [InlineData(200, OrderNews.Received)]
    public void A_status_says_what_became_of_an_order(byte status, OrderNews news) => OrderStatuses.Read(status).ShouldBe(news);
}
