using QuantumTrader.Market;
using QuantumTrader.ProfitDll;
using QuantumTrader.ProfitDll.Callbacks;
using QuantumTrader.ProfitDll.Native;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;

namespace QuantumTrader.Tests.ProfitDll;

[Collection("ProfitDll")]
public sealed class CoverageTests
{
    private static readonly string[] Everything =
    [
        "trade WDOU25 5432.5 7", "tiny WDOU25 0 5432 3", "theoretical WDOU25 5431 17", "depth WDOU25 theoretical", "daily WDOU25 5400 5450 5390 5440", "status WDOU25 4", "health 1",
        "invalid WDOV25", "progress WDOU25 50", "offers WDOU25 20", "depths WDOU25 20", "offer WDOU25 full 5",
    ];

    [Fact]
    public void Every_function_that_is_bound_is_called_through_the_interface()
    {
        HashSet<string> bound = [], called = [];
        using (var run = new OrderFixture(script: ["orders hold"]).Ready())
        {
            var library = run.Sim.Login.Connection!.Library;
            var order = OrderFixture.Order(1, Side.Buy, 2) with { Price = Scaled.FromDouble(5500) };
            run.Send(order, order with { Action = OrderAction.Change }, order with { Action = OrderAction.Cancel });
            run.Send(order with { Action = OrderAction.CancelAll }, order with { Action = OrderAction.CancelAll, Symbol = 0 });
            run.Play("orders hold 0");
            run.Send(OrderFixture.Order(2, Side.Buy, 1));
            run.Send(OrderFixture.Order(3, Side.Buy, 1) with { Action = OrderAction.Zero });
            run.Play(Everything);
            library.AgentName(39, isShort: true).ShouldBe("Agora");
            library.TryGetServerClock(out var now).ShouldBeTrue();
            library.IsFrozen().ShouldBeFalse();
            library.RequestHistory("WDOU25", "F", now.Date, now).ShouldBe(0);
            library.UnsubscribeTicker("WDOU25", "F").ShouldBe(0);
            library.UnsubscribePriceDepth("WDOU25", "F").ShouldBe(0);
            run.Sim.Wait();
            run.Source.Dispose();
            Note(run.Sim, library);
        }

        using var folder = new TemporaryFolder();
        using (var sim = new ProfitFixture { Server = folder.Write("script.txt", "seed 3") })
        {
            var source = sim.Source(new ProfitDllSourceOptions { Book = BookFeed.Offers, Trades = TradeFeed.V1, Undated = UndatedTime.Feed });
            var library = sim.Login.Connection!.Library;
            sim.Play(source, Everything);
            library.UnsubscribeOfferBook("WDOU25", "F").ShouldBe(0);
            source.Dispose();
            Note(sim, library);
        }

        bound.Count.ShouldBeGreaterThan(45);
        bound.Except(called).ShouldBeEmpty();

        void Note(ProfitFixture sim, ProfitLibrary library)
        {
            bound.UnionWith(library.Exports.Where(e => e.Value).Select(e => e.Key));
            called.UnionWith(library.Exports.Keys.Where(new Simulator(sim.Library).HasCalled));
        }
    }

    [Fact]
    public void Every_callback_that_is_registered_is_read()
    {
        var read = new HashSet<string>();
        foreach (var (trades, book) in new[] { (TradeFeed.Auto, BookFeed.Depth), (TradeFeed.V1, BookFeed.Offers) })
        {
            using var sim = new ProfitFixture("past WDOU25 14/08/2025 5");
            var source = sim.Source(new ProfitDllSourceOptions { Book = book, Trades = trades, HistoryDays = 1, Undated = UndatedTime.Feed });
            sim.Play(source, Everything);
            read.UnionWith(ProfitFixture.Report(source).Received.Keys);
        }

        read.ShouldBe(Enum.GetNames<RecordKind>().Select(SnakeCase.From), ignoreOrder: true);
    }
}
