using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Models.Training;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;

namespace QuantumTrader.Tests.Trading;

/// <summary>Trades and book tops through features, a trained model, signal, risk and paper execution, run by the engine.</summary>
public sealed class PaperTradingTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("qt-paper-");

    public void Dispose() => _folder.Delete(recursive: true);

    private sealed class Feed(MarketEvent[] events) : Source<MarketEvent>
    {
        private int _next;

        public override bool Read(Output<MarketEvent> output, int limit, CancellationToken stop)
        {
            for (var end = Math.Min(_next + limit, events.Length); _next < end; _next++)
            {
                output.Add(in events[_next]);
            }

            return _next < events.Length;
        }
    }

    // Every ten minutes the price turns and then moves one tick each 20 s: momentum tells where to.
    private static MarketEvent[] Prices(int minutes)
    {
        var random = new Random(11);
        var events = new List<MarketEvent>();
        var (price, step) = (5000.0, 0.5);
        for (var i = 0; i < minutes * 3; i++)
        {
            step = i % 30 == 0 && random.Next(2) == 0 ? -step : step;
            price += random.NextDouble() < 0.85 ? step : -step;
            var at = events.Count + 1L;
            events.Add(TradingFixture.Trade(at, price, 1 + random.Next(5)) with { EventTime = i * 20 * TradingFixture.Second });
            events.Add(TradingFixture.Top(at + 1, price - 0.5, 1 + random.Next(3), price + 0.5, 1 + random.Next(3)) with { EventTime = (i * 20 * TradingFixture.Second) + 1 });
        }

        return [.. events];
    }

    private string Train(MarketEvent[] events)
    {
        var output = new Output<FeatureVector>();
        new Basic(new BasicOptions(), TradingFixture.MakeMarket()).Process(Run<MarketEvent>.Of(events), output);
        var trained = TrainingRun.Fit(output.ToArray(), new TrainingOptions { Name = "momentum", Labels = new FixedHorizonOptions { HorizonCandles = 3 } });
        trained.Learned.ShouldBeTrue(trained.Report);
        var path = Path.Combine(_folder.FullName, "momentum.onnx");
        trained.Save(path);
        return path;
    }

    private async Task<GraphReport> Run(string model, MarketEvent[] events, EngineSettings settings)
    {
        var market = TradingFixture.MakeMarket();
        using var graph = new GraphBuilder(settings with { Hashes = true })
            .Add("feed", new Feed(events))
            .Add("basic", new Basic(new BasicOptions(), market), ["feed"])
            .Add("model", new Onnx(new OnnxOptions { Model = model }, new BlockContext("model", new SectionContext(_folder.FullName, _folder.FullName), TimeProvider.System)), ["basic"])
            .Add("signal", new SignalBlock(new SignalOptions { MinConfidence = 0.65 }, market), ["model"])
            .Add("risk", new Risk(new RiskOptions { OrderQuantity = 2, MaxPosition = 2, MaxTradesPerDay = 1000 }, market), ["signal"])
            .Add("orders", _ => new ExecutionPaper(new ExecutionPaperOptions { CostPerUnit = 5 }, market), [("from", ["risk"]), ("market", ["feed"])], new BlockSettings())
            .Build();
        return await graph.RunAsync(TestContext());
    }

    private static CancellationToken TestContext() => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Fact]
    public async Task A_trained_model_trades_the_same_however_the_graph_is_run()
    {
        var events = Prices(minutes: 2000);
        var model = Train(events);
        var first = await Run(model, events, new EngineSettings());
        first.Completed.ShouldBeTrue(first.Fault);
        first.Balanced.ShouldBeTrue(string.Join('\n', first.Imbalances));
        var execution = first.Blocks.Single(b => b.Name == "orders").Details.ShouldBeOfType<ExecutionReport>();
        var (received, filled, open, rejected) = execution.Orders;
        received.ShouldBeGreaterThan(20);
        rejected.ShouldBe(0);
        received.ShouldBe(filled + open);
        open.ShouldBeLessThanOrEqualTo(1);
        execution.Fills.ShouldBeGreaterThan(received); // 2 are ordered, at times 1 is displayed
        execution.Positions[0].Fees.ShouldBeGreaterThan(0);
        foreach (var settings in new[]
        {
            new EngineSettings { Fuse = false },
            new EngineSettings { Batch = 1, Capacity = 1, Fuse = false, Workers = 1 },
            new EngineSettings { Batch = 7, Workers = 2 },
        })
        {
            var other = await Run(model, events, settings);
            other.Blocks.Select(b => (b.Name, b.Hash)).ShouldBe(first.Blocks.Select(b => (b.Name, b.Hash)));
            var report = other.Blocks.Single(b => b.Name == "orders").Details.ShouldBeOfType<ExecutionReport>();
            (report.Orders, report.Profit, report.MaxDrawdown).ShouldBe((execution.Orders, execution.Profit, execution.MaxDrawdown));
        }
    }

    [Fact]
    public async Task Switched_off_no_order_leaves_the_risk_block()
    {
        var events = Prices(minutes: 300);
        var market = TradingFixture.MakeMarket();
        var signals = new SignalBlock(new SignalOptions { MinConfidence = 0, MinDirection = 0 }, market);
        using var graph = new GraphBuilder()
            .Add("feed", new Feed(events))
            .Add("basic", new Basic(new BasicOptions(), market), ["feed"])
            .Add("model", new Onnx(new OnnxOptions { Model = Train(Prices(1000)) }, new BlockContext("model", new SectionContext("/", "/"), TimeProvider.System)), ["basic"])
            .Add("signal", signals, ["model"])
            .Add("risk", new Risk(new RiskOptions { Enabled = false }, market), ["signal"])
            .Add("orders", _ => new ExecutionPaper(new ExecutionPaperOptions(), market), [("from", ["risk"]), ("market", ["feed"])], new BlockSettings())
            .Build();
        var report = await graph.RunAsync(TestContext());
        report.Balanced.ShouldBeTrue();
        var risk = report.Blocks.Single(b => b.Name == "risk");
        risk.In.ShouldBeGreaterThan(200);
        risk.Dropped["disabled"].ShouldBe(risk.In);
        risk.Out.ShouldBe(0);
    }
}
