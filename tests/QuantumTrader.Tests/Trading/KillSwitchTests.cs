using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Dataflow;
using QuantumTrader.Tests.Storage.Valkey;
using QuantumTrader.Trading;
using static QuantumTrader.Tests.Trading.TradingFixture;

namespace QuantumTrader.Tests.Trading;

public sealed class KillSwitchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private KillSwitch Switch(TradingOptions? options = null) => new(options ?? new TradingOptions(), MakeMarket(), new SectionContext(_folder.Path, _folder.Path), TimeProvider.System);

    private static Risk RiskOf(KillSwitch kill, decimal maxPosition = 1)
    {
        var risk = new Risk(new RiskOptions { MaxPosition = maxPosition, MaxTradesPerDay = 1_000_000, AllowSameDirection = true }, MakeMarket(), kill) { Name = "risk" };
        risk.Start();
        return risk;
    }

    private static ExecutionPaper OrdersOf(KillSwitch kill)
    {
        var orders = new ExecutionPaper(new ExecutionPaperOptions { SlippageTicks = 0 }, MakeMarket(), kill) { Name = "orders" };
        orders.Start();
        return orders;
    }

    private static OrderRequest[] Decide(Risk risk, params Signal[] signals)
    {
        var output = new Output<OrderRequest>();
        risk.Process(Run<Signal>.Of(signals, risk.Accounts), output);
        return output.ToArray();
    }

    private static Fill[] Execute(ExecutionPaper orders, OrderRequest[] requests, params MarketEvent[] prices)
    {
        var output = new Output<Fill>();
        orders.Process(Run<OrderRequest>.Of(requests, orders.Accounts), output);
        orders.ProcessSide(Run<MarketEvent>.Of(prices, orders.Accounts), output);
        return output.ToArray();
    }

    private static OrderCounts CountsOf(ExecutionPaper orders) => ((ExecutionReport)orders.Report()).Orders;

    [Fact]
    public void Risk_approves_nothing_from_the_next_event_on_and_goes_on_after_resume()
    {
        using var kill = Switch();
        var risk = RiskOf(kill, 100);
        Decide(risk, Signal(Side.Buy, 1)).Length.ShouldBe(1);

        kill.Kill("drill", "operator");
        Decide(risk, Signal(Side.Buy, 2), Signal(Side.Sell, 3)).ShouldBeEmpty();
        risk.Accounts.Dropped["killed"].ShouldBe(2);

        kill.Resume("over", "operator");
        Decide(risk, Signal(Side.Buy, 4)).Length.ShouldBe(1);
        var halt = kill.Halts.ShouldHaveSingleItem();
        (halt.Block, halt.From, halt.Until).ShouldBe(("risk", 3L, 5L));
        risk.Accounts.Notes.Select(n => n.Message).ShouldBe(
        [
            "Trading was halted at sequence 3 (1970-01-01T00:00:02Z): drill, by operator.",
            "Trading was resumed at sequence 5 (1970-01-01T00:00:04Z): over, by operator.",
        ]);
    }

    [Fact]
    public void Once_stopped_a_second_reason_changes_nothing()
    {
        using var kill = Switch();
        kill.Kill("the market is odd", "operator");
        var first = kill.State;
        kill.Kill("me too", "file");
        kill.State.ShouldBe(first);
        kill.Resume("over", "operator");
        (kill.State.Engaged, kill.State.Reason).ShouldBe((false, "over"));
    }

    [Fact]
    public void A_change_takes_effect_where_the_sequence_changes_so_that_it_has_one_place_in_the_input()
    {
        using var kill = Switch();
        var risk = RiskOf(kill, 100);
        Decide(risk, Signal(Side.Buy, 1)).Length.ShouldBe(1);
        kill.Kill("", "operator");
        // A second model's signal for the same event.
        Decide(risk, Signal(Side.Buy, 1)).Length.ShouldBe(1);
        Decide(risk, Signal(Side.Buy, 2)).ShouldBeEmpty();
    }

    [Fact]
    public void What_is_open_is_cancelled_at_the_next_price_and_what_still_comes_is_too()
    {
        using var kill = Switch();
        var orders = OrdersOf(kill);
        Execute(orders, [Order(1, Side.Buy, 3, order: 1), Order(1, Side.Sell, 1, symbol: 2, order: 2)], Top(2, 99, 9, 100, 1)).Length.ShouldBe(1);
        kill.Kill("drill", "operator");

        Execute(orders, [], Top(3, 99, 9, 100, 9), Top(3, 99, 9, 100, 9, symbol: 2)).ShouldBeEmpty();
        Execute(orders, [Order(3, Side.Buy, 1, order: 3)], Top(4, 99, 9, 100, 9)).ShouldBeEmpty();

        CountsOf(orders).ShouldBe(new OrderCounts(3, 0, 0, 0) { Cancelled = 3 });
        orders.Held.ShouldBe(0);
        orders.Accounts.NoteCounts["order_cancelled"].ShouldBe(3);

        kill.Resume("over", "operator");
        Execute(orders, [], Top(5, 99, 9, 100, 9));
        Execute(orders, [Order(5, Side.Buy, 1, order: 4)], Top(6, 99, 9, 100, 9)).Length.ShouldBe(1);
    }

    [Fact]
    public void What_was_cancelled_no_longer_counts_as_exposure_so_that_the_limit_holds_for_what_is_really_held()
    {
        using var kill = Switch();
        var (risk, orders) = (RiskOf(kill, 1), OrdersOf(kill));
        Execute(orders, Decide(risk, Signal(Side.Buy, 1)));
        kill.Kill("drill", "operator");
        Execute(orders, [], Top(10, 99, 9, 100, 9));
        kill.Resume("over", "operator");

        // Nothing is held. Had the cancelled purchase still counted, two sales would have been let through, and -2 is beyond the limit.
        Decide(risk, Signal(Side.Sell, 20), Signal(Side.Sell, 21)).Length.ShouldBe(1);
        risk.Accounts.Dropped["position_limit"].ShouldBe(1);
        var halt = kill.Halts.Single(h => h.Block == "risk");
        halt.Cancelled.ShouldHaveSingleItem().ShouldBe(new CancelledQuantity { Symbol = "WDOX", Quantity = 1 });
    }

    // Signals that change sides every 40 prices; a few units are displayed at a time, so that orders wait.
    private sealed class Feed(int count, Action<int>? at = null) : Source<MarketEvent>
    {
        private int _sent;

        public override bool Read(Output<MarketEvent> output, int limit, CancellationToken stop)
        {
            // Small pieces, so that the switch finds the run under way.
            for (var i = 0; i < 20 && _sent < count; i++)
            {
                _sent++;
                at?.Invoke(_sent);
                var price = 5000 + (_sent % 17);
                output.Add(Top(_sent, price, 2, price + 0.5, 2));
            }

            return _sent < count;
        }
    }

    private sealed class Decider : Operator<MarketEvent, Signal>
    {
        public override void Process(Run<MarketEvent> run, Output<Signal> output)
        {
            foreach (ref readonly var e in run)
            {
                if (e.Sequence % 40 == 0)
                {
                    output.Add(new Signal(e.Sequence, e.EventTime, 1, e.Sequence % 80 == 0 ? Side.Buy : Side.Sell, 1, 1, 5000, "m"));
                }
            }
        }
    }

    private static GraphReport RunWith(KillSwitch kill, Feed feed)
    {
        var market = MakeMarket();
        var report = new GraphBuilder(new EngineSettings { Hashes = true, Fuse = false, Capacity = 32 })
            .Add("feed", feed)
            .Add("signal", new Decider(), ["feed"])
            .Add("risk", new Risk(new RiskOptions { OrderQuantity = 5, MaxPosition = 5, MaxTradesPerDay = 1_000_000 }, market, kill), ["signal"])
            .Add("orders", _ => new ExecutionPaper(new ExecutionPaperOptions(), market, kill), [("from", ["risk"]), ("market", ["feed"])], new BlockSettings())
            .Build();
        using (report)
        {
            var run = report.RunAsync();
            run.Wait(TimeSpan.FromSeconds(60)).ShouldBeTrue();
            run.Result.Fault.ShouldBeNull();
            run.Result.Balanced.ShouldBeTrue(string.Join('\n', run.Result.Imbalances));
            return run.Result;
        }
    }

    [Fact]
    public void A_run_with_an_operators_actions_is_repeated_by_its_halts_to_the_same_hashes()
    {
        using var kill = Switch();
        // By hand, from another thread than those of the blocks: they see it whenever they come to it.
        var first = RunWith(kill, new Feed(8_000, n =>
        {
            if (n is 2_010 or 5_005)
            {
                Task.Run(() => kill.Kill("drill", "operator")).Wait();
            }
            else if (n is 3_500 or 6_111)
            {
                Task.Run(() => kill.Resume("over", "operator")).Wait();
            }
        }));
        kill.Halts.Count(h => h.Block == "orders").ShouldBe(2);
        kill.Halts.Count(h => h.Block == "risk").ShouldBeGreaterThanOrEqualTo(2);
        ((ExecutionReport)first.Block("orders").Details!).Orders.Cancelled.ShouldBeGreaterThan(0);

        using var planned = Switch(new TradingOptions { Halts = kill.Halts });
        var second = RunWith(planned, new Feed(8_000));

        second.Blocks.Select(b => (b.Name, b.Hash)).ShouldBe(first.Blocks.Select(b => (b.Name, b.Hash)));
        Haltings(planned).ShouldBe(Haltings(kill));

        using var never = Switch();
        RunWith(never, new Feed(8_000)).Block("orders").Hash.ShouldNotBe(first.Block("orders").Hash);

        static IEnumerable<string> Haltings(KillSwitch of) => of.Halts.OrderBy(h => (h.Block, h.From)).Select(h => $"{h.Block} {h.From} {h.Until} {string.Join(',', h.Cancelled)}");
    }

    [Fact]
    public void The_kill_file_stops_a_run_that_begins_anew_and_goes_with_the_switch()
    {
        var file = Path.Combine(_folder.Path, "stop");
        var options = new TradingOptions { KillFile = "stop" };
        using (var kill = Switch(options))
        {
            var risk = RiskOf(kill);
            Decide(risk, Signal(Side.Buy, 1)).Length.ShouldBe(1);
            kill.Kill("drill", "operator");
            File.ReadAllText(file).ShouldBe("drill");
        }

        using var again = Switch(options);
        var stopped = RiskOf(again);
        again.State.ShouldBe(new KillState(true, "the kill file exists", "file", again.State.Since));
        Decide(stopped, Signal(Side.Buy, 1)).ShouldBeEmpty();
        again.Resume("over", "operator");
        File.Exists(file).ShouldBeFalse();
        Decide(stopped, Signal(Side.Buy, 2)).Length.ShouldBe(1);
    }

    [Fact]
    public void A_kill_file_that_appears_stops_a_running_pipeline_and_one_that_goes_lets_it_go_on()
    {
        using var kill = Switch(new TradingOptions { KillFile = "stop" });
        RiskOf(kill);
        kill.State.Engaged.ShouldBeFalse();
        File.WriteAllText(Path.Combine(_folder.Path, "stop"), "");
        Eventually.Holds(() => kill.State.Engaged, "the file must stop it");
        File.Delete(Path.Combine(_folder.Path, "stop"));
        Eventually.Holds(() => !kill.State.Engaged, "it must go on");
    }

    [Fact]
    public void A_halt_that_ends_before_it_begins_is_refused() =>
        Should.Throw<ConfigurationException>(() => Switch(new TradingOptions { Halts = [new Halt { Block = "risk", From = 5, Until = 4 }] }))
            .Message.ShouldBe("Block 'risk' is halted from 5 until 4, which is before it. Take the halts as the report of the run gives them.");
}
