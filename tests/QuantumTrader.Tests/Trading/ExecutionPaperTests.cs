using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;
using static QuantumTrader.Tests.Trading.TradingFixture;

namespace QuantumTrader.Tests.Trading;

public class ExecutionPaperTests
{
    private readonly Output<Fill> _output = new();

    private static ExecutionPaper Block(PaperPrices prices = PaperPrices.Book, int slippage = 0, decimal cost = 0, decimal bps = 0) =>
        new(new ExecutionPaperOptions { Prices = prices, SlippageTicks = slippage, CostPerUnit = cost, FeeBps = bps }, MakeMarket());

    private void Send(ExecutionPaper block, params OrderRequest[] orders) => block.Process(Run<OrderRequest>.Of(orders, block.Accounts), _output);

    private (double Price, double Quantity, double Remaining)[] See(ExecutionPaper block, params MarketEvent[] events)
    {
        block.ProcessSide(Run<MarketEvent>.Of(events, block.Accounts), _output);
        return [.. _output.ToArray().Select(f => (Scaled.ToDouble(f.Price), Scaled.ToDouble(f.Quantity), Scaled.ToDouble(f.Remaining)))];
    }

    private static ExecutionReport ReportOf(ExecutionPaper block) => (ExecutionReport)block.Report();

    [Fact]
    public void A_buy_pays_the_ask_of_the_next_price()
    {
        var block = Block();
        See(block, Top(1, 99, 9, 100, 9)).ShouldBeEmpty();
        Send(block, Order(1, Side.Buy, 2));
        See(block, Top(2, 101, 9, 102, 9)).ShouldBe([(102, 2, 0)]);
    }

    [Fact]
    public void A_sale_gets_the_bid_of_the_next_price()
    {
        var block = Block();
        Send(block, Order(1, Side.Sell, 2));
        See(block, Top(2, 101, 9, 102, 9)).ShouldBe([(101, 2, 0)]);
    }

    [Fact]
    public void Nobody_trades_at_the_price_that_made_him_send_the_order()
    {
        var block = Block();
        Send(block, Order(5, Side.Buy, 1));
        See(block, Top(5, 99, 9, 100, 9)).ShouldBeEmpty();
        See(block, Top(6, 99, 9, 101, 9)).ShouldBe([(101, 1, 0)]);
    }

    [Fact]
    public void What_is_displayed_limits_the_fill_and_the_rest_waits()
    {
        var block = Block();
        Send(block, Order(1, Side.Buy, 5));
        See(block, Top(2, 99, 9, 100, 2), Top(3, 99, 9, 101, 2), Top(4, 99, 9, 102, 2)).ShouldBe([(100, 2, 3), (101, 2, 1), (102, 1, 0)]);
        ReportOf(block).Orders.ShouldBe(new OrderCounts(1, 1, 0, 0));
    }

    [Fact]
    public void Orders_share_what_is_displayed_in_the_order_in_which_they_came()
    {
        var block = Block();
        Send(block, Order(1, Side.Buy, 2), Order(1, Side.Buy, 2, order: 2), Order(1, Side.Sell, 1, order: 3));
        block.ProcessSide(Run<MarketEvent>.Of([Top(2, 99, 9, 100, 3)]), _output);
        _output.ToArray().Select(f => (f.Order, f.Side, f.Quantity / Scaled.One)).ShouldBe([(1, Side.Buy, 2), (2, Side.Buy, 1), (3, Side.Sell, 1)]);
        block.Held.ShouldBe(1);
    }

    [Fact]
    public void Slippage_and_costs_are_paid()
    {
        // 2 at 100 + 2 ticks of 0.5 = 101; 2 * 5 = 10 for the contracts; 2 * 101 * 10 = 2020 of money, 10 bps of it are 2.02.
        var block = Block(slippage: 2, cost: 5, bps: 10);
        Send(block, Order(1, Side.Buy, 2));
        block.ProcessSide(Run<MarketEvent>.Of([Top(2, 99, 9, 100, 9)]), _output);
        var fill = _output.ToArray().ShouldHaveSingleItem();
        (fill.Price, fill.Fee, fill.EventTime, fill.Sequence).ShouldBe((Scaled.FromDouble(101), 12.02m, 2 * Second, 2));

        // Sold at the bid of 104 less 1 is 103: 2 * 2 * 10 = 40; fees 10 + 2.06.
        Send(block, Order(2, Side.Sell, 2, order: 2));
        See(block, Top(3, 104, 9, 105, 9)).ShouldBe([(103, 2, 0)]);
        var report = ReportOf(block);
        report.Profit.ShouldBe(40 - 12.02m - 12.06m);
        report.Fills.ShouldBe(2);
        report.Positions[0].ShouldBe(new PositionReport("WDOX", 0, 0, 40, 0, 24.08m, 15.92m, 0));
        report.Positions[1].Symbol.ShouldBe("WDOZ");
    }

    public static TheoryData<MarketEvent> NoPrices =>
    [
        Top(2, 100, 9, 99, 9), // crossed, though not marked
        Top(2, 100, 9, 100, 9), // locked
        Top(2, 99, 9, 100, 9, flags: EventFlags.Crossed),
        Top(2, 99, 9, 100, 9, flags: EventFlags.Locked),
        Top(2, 99, 0, 100, 9),
        Top(2, 99, 9, 100, 0),
        Top(2, 0, 9, 100, 9),
        Top(2, 99, 9, 0, 9),
    ];

    [Theory]
    [MemberData(nameof(NoPrices))]
    public void A_price_that_is_none_is_passed_over(MarketEvent top)
    {
        var block = Block();
        Send(block, Order(1, Side.Buy, 1), Order(1, Side.Sell, 1, order: 2));
        See(block, top).ShouldBeEmpty();
        ReportOf(block).PricesPassedOver.ShouldBe(1);
        See(block, Top(3, 99, 9, 100, 9)).Length.ShouldBe(2);
    }

    [Fact]
    public void Only_the_chosen_kind_of_price_and_the_own_symbol_count()
    {
        var book = Block();
        Send(book, Order(1, Side.Buy, 1));
        See(book, Top(2, 99, 9, 100, 9, EventKind.Quote), Trade(3, 100, 1), Top(4, 99, 9, 100, 9, symbol: 2), Top(5, 99, 9, 100, 9, symbol: 7)).ShouldBeEmpty();
        var quotes = Block(PaperPrices.Quotes);
        Send(quotes, Order(1, Side.Buy, 1));
        See(quotes, Top(2, 98, 9, 99, 9), Top(3, 99, 9, 100, 9, EventKind.Quote)).ShouldBe([(100, 1, 0)]);
    }

    [Fact]
    public void Against_trades_both_sides_share_the_quantity_and_corrections_do_not_count()
    {
        var block = Block(PaperPrices.Trades);
        Send(block, Order(1, Side.Buy, 2), Order(1, Side.Sell, 2, order: 2));
        See(block, Trade(2, 100, 9, EventFlags.OffMarket), Trade(3, 100, 9, EventFlags.Edit), Trade(4, 100, 3)).ShouldBe([(100, 2, 0), (100, 1, 1)]);
        Send(block, Order(4, Side.Buy, 2, order: 3));
        See(block, Trade(5, 101, 2)).ShouldBe([(101, 1, 0), (101, 1, 1)]);
    }

    [Fact]
    public void Bad_orders_are_refused_and_counted()
    {
        var block = Block();
        Send(block, Order(1, Side.Buy, 0), Order(1, Side.Buy, -1), Order(1, Side.None, 1), Order(1, Side.Buy, 1, symbol: 3), Order(1, Side.Buy, 1, symbol: 0));
        block.Accounts.Dropped["bad_order"].ShouldBe(5);
        ReportOf(block).Orders.ShouldBe(new OrderCounts(5, 0, 0, 5));
    }

    [Fact]
    public void Orders_that_are_open_at_the_end_are_reported()
    {
        var block = Block();
        Send(block, Order(1, Side.Buy, 5), Order(1, Side.Sell, 1, symbol: 2, order: 2));
        See(block, Top(2, 99, 9, 100, 2));
        block.Held.ShouldBe(2);
        block.Complete(_output);
        block.Held.ShouldBe(0);
        ReportOf(block).Orders.ShouldBe(new OrderCounts(2, 0, 2, 0));
        block.Accounts.Notes.Select(n => n.Code).ShouldBe(["open_at_end", "open_at_end"]);
        block.Accounts.Notes[0].Message.ShouldContain("Order 1 (Buy 5 WDOX) had 3 unfilled");
    }

    [Fact]
    public void No_order_is_lost_and_no_more_is_filled_than_was_asked_or_displayed() => Prop.ForAll(
        ArbMap.Default.ArbFor<(bool IsOrder, sbyte Quantity, byte Displayed)[]>(),
        ArbMap.Default.ArbFor<PositiveInt>(),
        (steps, cut) =>
        {
            var whole = Play(steps, int.MaxValue);
            var received = steps.Count(s => s.IsOrder);
            var asked = steps.Where(s => s.IsOrder && s.Quantity != 0).Sum(s => Math.Abs((long)s.Quantity));
            var displayed = steps.Where(s => !s.IsOrder).Sum(s => 2L * s.Displayed);
            var filled = whole.Fills.Sum(f => f.Quantity) / Scaled.One;
            var (counts, ended) = (whole.Report.Orders, whole.Fills.Count(f => f.Remaining == 0));
            return counts.Received == received
                && counts.Received == counts.Filled + counts.Open + counts.Rejected
                && counts.Filled == ended
                && filled <= asked && filled <= displayed
                && whole.Fills.SequenceEqual(Play(steps, cut.Get).Fills);
        }).QuickCheckThrowOnFailure();

    // Orders and prices in one order of sequences; runs of at most so many prices.
    private static (Fill[] Fills, ExecutionReport Report) Play((bool IsOrder, sbyte Quantity, byte Displayed)[] steps, int longest)
    {
        var block = Block();
        var output = new Output<Fill>();
        var prices = new List<MarketEvent>();
        void Flush()
        {
            block.ProcessSide(Run<MarketEvent>.Of(prices.ToArray()), output);
            prices.Clear();
        }

        for (var i = 0; i < steps.Length; i++)
        {
            var (isOrder, quantity, displayed) = steps[i];
            if (isOrder)
            {
                Flush();
                block.Process(Run<OrderRequest>.Of([Order(i + 1, (Side)Math.Sign(quantity), Math.Abs((double)quantity), order: i)]), output);
            }
            else
            {
                prices.Add(Top(i + 1, 99, displayed, 100, displayed));
                if (prices.Count >= longest)
                {
                    Flush();
                }
            }
        }

        Flush();
        block.Complete(output);
        return (output.ToArray(), (ExecutionReport)block.Report());
    }
}
