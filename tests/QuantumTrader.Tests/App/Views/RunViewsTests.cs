using QuantumTrader.App.Runs;
using QuantumTrader.App.Views;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;

namespace QuantumTrader.Tests.App.Views;

/// <summary>What the pages show of real pipelines, against what an obvious look at everything that passed gives.</summary>
public sealed class RunViewsTests
{
    // As many events as a ring holds: none goes unseen, whatever the speed.
    private const string Few = "blocks.feed.events=9000";
    private const long Minute = 60_000_000_000;

    private static string Time(long nanoseconds) => IsoTime.ToText(nanoseconds);

    [Fact]
    public void The_market_page_is_what_an_obvious_look_at_all_events_gives()
    {
        using var fixture = new ViewFixture("demo.yml", Few, "blocks.feed.rate=0.5");
        fixture.RunToEnd();
        var page = fixture.Views.ReadMarket("DEMO").ShouldNotBeNull();
        var events = fixture.Market.Seen;
        var end = events.Max(e => e.EventTime);
        var trades = events.Where(e => e.Kind == EventKind.Trade).ToList();
        var inside = trades.Where(t => t.EventTime > end - (5 * Minute)).ToList();

        page.Coverage.ShouldBe(new Coverage(0, true));
        page.EventTime.ShouldBe(Time(end));
        page.Fields.LastPrice.ShouldBe(Scaled.ToDecimal(trades[^1].Price));
        page.Fields.Trades.ShouldBe(inside.Count);
        page.Fields.Volume.ShouldBe(inside.Sum(t => Scaled.ToDecimal(t.Quantity)));
        page.Fields.PriceChange.ShouldBe(Scaled.ToDecimal(trades[^1].Price - trades.Last(t => t.EventTime <= end - (5 * Minute)).Price));
        var top = events.Last(e => e.Kind == EventKind.BookTop);
        page.Fields.Spread.ShouldBe(Scaled.ToDecimal(top.AskPrice - top.BidPrice));

        page.Tape.Select(t => (t.Value.Time, t.Value.Price, t.Value.Quantity, t.Value.Side)).ShouldBe(
            trades.TakeLast(50).Select(t => (Time(t.EventTime), Scaled.ToDecimal(t.Price), Scaled.ToDecimal(t.Quantity), t.Side)));

        var minutes = trades.GroupBy(t => t.EventTime / Minute).ToDictionary(g => Time(g.Key * Minute), g => g.ToList());
        page.Candles.Count.ShouldBeGreaterThan(10);
        page.Candles.Keys.Last().ShouldBe(minutes.Keys.Last());
        foreach (var (time, candle) in page.Candles.Where(c => minutes.ContainsKey(c.Key)))
        {
            var of = minutes[time];
            var delta = of.Sum(t => (int)t.Side * Scaled.ToDecimal(t.Quantity));
            candle.ShouldBe(new CandleDocument(
                Scaled.ToDecimal(of[0].Price), Scaled.ToDecimal(of.Max(t => t.Price)), Scaled.ToDecimal(of.Min(t => t.Price)), Scaled.ToDecimal(of[^1].Price),
                of.Sum(t => Scaled.ToDecimal(t.Quantity)), delta,
                trades.Where(t => string.CompareOrdinal(Time(t.EventTime / Minute * Minute), time) <= 0).Sum(t => (int)t.Side * Scaled.ToDecimal(t.Quantity))), time);
        }

        page.Footprint.Count.ShouldBe(8);
        foreach (var (time, levels) in page.Footprint.Where(f => minutes.ContainsKey(f.Key)))
        {
            levels.ToDictionary(l => l.Key, l => (l.Value[0], l.Value[1])).ShouldBe(
                minutes[time].Where(t => t.Side != Side.None).GroupBy(t => Scaled.ToText(t.Price)).ToDictionary(
                    g => g.Key,
                    g => (g.Where(t => t.Side == Side.Buy).Sum(t => Scaled.ToDecimal(t.Quantity)), g.Where(t => t.Side == Side.Sell).Sum(t => Scaled.ToDecimal(t.Quantity)))),
                ignoreOrder: true);
        }
    }

    [Fact]
    public void The_ladder_is_the_book_that_all_changes_lead_to()
    {
        using var fixture = new ViewFixture("demo.yml", Few);
        fixture.RunToEnd();
        var (bids, asks) = (new SortedDictionary<decimal, decimal>(), new SortedDictionary<decimal, decimal>());
        foreach (var e in fixture.Market.Seen)
        {
            if (e.Kind == EventKind.BookSnapshot)
            {
                bids.Clear();
                asks.Clear();
            }
            else if (e.Kind == EventKind.BookLevel)
            {
                var side = e.Side == Side.Buy ? bids : asks;
                side[Scaled.ToDecimal(e.Price)] = Scaled.ToDecimal(e.Quantity);
                if (e.Quantity == 0)
                {
                    side.Remove(Scaled.ToDecimal(e.Price));
                }
            }
        }

        var book = fixture.Views.ReadMarket("DEMO")!.Book.ShouldNotBeNull();
        book.Bids.Select(l => (l[0], l[1])).ShouldBe(bids.Reverse().Take(10).Select(l => (l.Key, l.Value)));
        book.Asks.Select(l => (l[0], l[1])).ShouldBe(asks.Take(10).Select(l => (l.Key, l.Value)));
    }

    [Fact]
    public void Gauges_are_the_pipelines_own_where_it_has_them_and_the_same_formulas_where_not()
    {
        using var own = new ViewFixture("flow.yml", Few);
        own.RunToEnd();
        var gauges = own.Views.ReadMarket("DEMO")!.Gauges;
        gauges.Keys.ShouldContain("book_ofi_1m");
        gauges["flow_ofi_1m"].ShouldSatisfyAllConditions(g => g.Min.ShouldBe(-1), g => g.Max.ShouldBe(1), g => g.Warm.ShouldBeTrue());

        using var none = new ViewFixture("demo.yml", Few);
        none.RunToEnd();
        var computed = none.Views.ReadMarket("DEMO")!.Gauges;
        computed.Keys.ShouldNotContain("book_ofi_1m");
        var events = none.Market.Seen;
        var tick = events.Max(e => e.EventTime) / 1_000_000_000 * 1_000_000_000;
        var lastMinute = events.Where(e => e.Kind == EventKind.Trade && e.EventTime >= tick - Minute && e.EventTime < tick).ToList();
        var (bought, sold) = (lastMinute.Where(t => t.Side == Side.Buy).Sum(t => (double)t.Quantity), lastMinute.Where(t => t.Side == Side.Sell).Sum(t => (double)t.Quantity));
        computed["flow_ofi_1m"].Value.ShouldBe((bought - sold) / (bought + sold), 1e-9);
    }

    [Fact]
    public void A_run_at_full_speed_waits_for_no_page_and_what_a_page_misses_is_counted()
    {
        using var fixture = new ViewFixture("demo.yml", "blocks.feed.events=300000");
        fixture.RunToEnd();
        var page = fixture.Views.ReadMarket("DEMO")!;
        page.Coverage.Unseen.ShouldBeInRange(1, fixture.Market.Seen.Count - 16_384);
        page.Book.ShouldBeNull("changes of it are missing, and no full book has come since");
    }

    [Fact]
    public async Task Of_a_run_that_stays_too_fast_only_a_few_events_are_copied_until_it_slows_down()
    {
        using var fixture = new ViewFixture("demo.yml", "blocks.feed.days=3650");
        using var stop = new CancellationTokenSource();
        using var feed = new TapFeed<MarketEvent>(fixture.Run, ["book"]);
        var run = fixture.RunAsync(stop.Token);
        var copied = new List<int>();

        await LookUntil(() => copied is [16_384, ..] && copied[^1] is > 0 and < 1024);
        feed.IsTooFast.ShouldBeTrue();
        await stop.CancelAsync();
        (await run).Balanced.ShouldBeTrue();
        // What came between the last look and the end is still copied.
        await LookUntil(() => !feed.IsTooFast && copied[^1] == 0);

        async Task LookUntil(Func<bool> isSo)
        {
            for (var deadline = DateTime.UtcNow.AddSeconds(60); copied.Count == 0 || !isSo(); )
            {
                DateTime.UtcNow.ShouldBeLessThan(deadline, string.Join(' ', copied));
                await Task.Delay(RunViews.ShortestPause);
                copied.Add(0);
                feed.Drain(events => copied[^1] += events.Length);
            }
        }
    }

    [Fact]
    public void The_model_page_shows_what_the_models_answer_and_from_what()
    {
        using var fixture = new ViewFixture("regime.yml", "blocks.feed.events=60000");
        var report = fixture.RunToEnd();
        var page = fixture.Views.ReadModel().ShouldBeOfType<ModelDocument>();

        page.Models.Keys.ShouldContain("coordinator");
        page.Models["coordinator"].Predictions.ShouldBe(report.Blocks.Single(b => b.Name == "coordinator").Out);
        page.Predictions.Count.ShouldBe(50);
        page.Features.Keys.ShouldContain("price_current");
        page.FeatureBlock.ShouldBe("all");
        page.Regime.ShouldNotBeNull().Keys.ShouldContain("DEMO");
        var counts = (QuantumTrader.Models.Coordination.CoordinatorReport)report.Blocks.Single(b => b.Name == "coordinator").Details!;
        var mode = page.Mode.ShouldNotBeNull();
        (mode.FastCalls, mode.EnhancedCalls, mode.CacheHits, mode.FallbackCount).ShouldBe((counts.FastModeCalls, counts.TimeTravelCalls, counts.CacheHits, counts.Fallbacks.Values.Sum()));
        counts.Rules[mode.Reason].ShouldBeGreaterThan(0);
        fixture.Views.ReadMarket("DEMO")!.Ml.ShouldNotBeNull().Last.ShouldNotBeNull();
    }

    [Fact]
    public void The_figures_of_predictions_and_the_begin_of_the_regime_are_those_of_what_passed()
    {
        using var fixture = new ViewFixture("regime.yml", "blocks.feed.events=60000");
        var deciding = RunBlocks.Deciding(fixture.Run.Plan, fixture.Run.Graph).Select(b => Watch<Prediction>(fixture, b)).ToList();
        var answered = Watch<Prediction>(fixture, "coordinator");
        var regimes = Watch<Regime>(fixture, "regime");
        fixture.RunToEnd();

        var end = fixture.Market.Seen.Max(e => e.EventTime);
        var inside = deciding.SelectMany(d => d).Where(p => p.EventTime > end - (5 * Minute)).ToList();
        var ml = fixture.Views.ReadMarket("DEMO")!.Ml.ShouldNotBeNull();
        inside.Count.ShouldBeGreaterThan(1);
        ml.Count.ShouldBe(inside.Count);
        ml.MeanConfidence!.Value.ShouldBe(inside.Average(p => p.Confidence), 1e-12);
        ml.BullishShare!.Value.ShouldBe(inside.Count(p => p.Direction > 0) / (double)inside.Count, 1e-12);
        deciding.Select(d => new LastPrediction(Time(d[^1].EventTime), d[^1].Direction, d[^1].Confidence, d[^1].Model)).ShouldContain(ml.Last!);

        var page = (ModelDocument)fixture.Views.ReadModel();
        var shown = page.Predictions.Values.Where(p => p.Block == "coordinator").ToList();
        shown.Select(p => (p.Time, p.Direction, p.Confidence, p.Stale)).ShouldBe(answered.TakeLast(shown.Count).Select(p => (Time(p.EventTime), p.Direction, p.Confidence, p.IsStale)));
        var stretch = regimes.AsEnumerable().Reverse().TakeWhile(r => r.Class == regimes[^1].Class).Last();
        (page.Regime!["DEMO"].Class, page.Regime["DEMO"].Since).ShouldBe((stretch.Class, Time(stretch.EventTime)));
    }

    [Fact]
    public void The_trading_page_comes_to_what_the_execution_reports()
    {
        using var fixture = new ViewFixture("demo.yml", "blocks.feed.days=3", "blocks.feed.rate=1", "blocks.risk.order_quantity=5", "blocks.risk.max_position=5", "blocks.risk.max_trades_per_day=33");
        var orders = Watch<OrderRequest>(fixture, "risk");
        var fills = Watch<Fill>(fixture, "orders");
        var report = fixture.RunToEnd();
        var page = fixture.Views.ReadTrading().ShouldBeOfType<TradingDocument>();
        var execution = (ExecutionReport)report.Blocks.Single(b => b.Name == "orders").Details!;
        execution.Fills.ShouldBeGreaterThan(10);

        page.Unseen.ShouldBe(0);
        page.OrdersLive.ShouldBeFalse();
        page.Profit.ShouldBe((double)execution.Profit, 1e-9);
        page.MaxDrawdown.ShouldBe((double)execution.MaxDrawdown, 1e-9);
        page.Equity.Last().Value.ShouldBe(page.Profit);
        var position = execution.Positions.Single();
        var shown = page.Positions["DEMO"];
        (shown.Quantity, shown.Realised, shown.Fees).ShouldBe((position.Quantity, position.Realised, position.Fees));
        page.Fills.Count.ShouldBe((int)Math.Min(50, execution.Fills));
        page.Orders.Count.ShouldBe(50);
        page.Orders.Values.Count(o => o.State == OrderState.Filled).ShouldBe(page.Orders.Count - (int)execution.Orders.Open);
        foreach (var (number, order) in page.Orders)
        {
            var of = fills.Where(f => f.Order == long.Parse(number, System.Globalization.CultureInfo.InvariantCulture)).ToList();
            order.Filled.ShouldBe(of.Sum(f => Scaled.ToDecimal(f.Quantity)));
            order.AveragePrice!.Value.ShouldBe(of.Sum(f => Scaled.ToDecimal(f.Quantity) * Scaled.ToDecimal(f.Price)) / order.Filled, 1e-8m);
        }

        page.Limits["max_position.DEMO"].ShouldBe(new LimitDocument(Math.Abs(orders.Sum(o => (int)o.Side * Scaled.ToDecimal(o.Quantity))), 5, "quantity", "DEMO"));
        const long Day = 24 * 60 * Minute;
        var today = fixture.Market.Seen.Max(e => e.EventTime) / Day;
        orders.Select(o => o.EventTime / Day).Distinct().Count().ShouldBeGreaterThan(1);
        page.Limits["max_trades_per_day"].ShouldBe(new LimitDocument(orders.Count(o => o.EventTime / Day == today), 33, "trades", null));
        page.Refusals.ShouldBe(report.Blocks.Single(b => b.Name == "risk").Dropped);
        page.Kill.Engaged.ShouldBeFalse();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Orders_that_go_to_a_broker_are_told_from_those_on_paper(bool isReal)
    {
        using var fixture = ViewFixture.Of($$"""
            version: 1
            pipeline: real
            market: { calendar: b3, symbols: [WDOU25] }
            profitdll: { library: tests/ProfitDllSimulator, routing: true }
            blocks:
              feed:     { type: source.profitdll, edge: { capacity: 1024, when_full: drop_newest } }
              book:     { type: book, from: feed }
              features: { type: features.basic, from: book }
              model:    { type: model.onnx, from: features, model: models/demo.onnx }
              signal:   { type: signal, from: model }
              risk:     { type: risk, from: signal }
              orders:   { type: execution.profitdll, from: risk, market: book, send_orders: {{(isReal ? "true" : "false")}} }
            """);

        ((TradingDocument)fixture.Views.ReadTrading()).OrdersLive.ShouldBe(isReal);
    }

    [Fact]
    public void A_page_that_a_pipeline_has_nothing_for_says_so()
    {
        using var fixture = ViewFixture.Of("""
            version: 1
            pipeline: bare
            market: { calendar: crypto, symbols: [DEMO] }
            blocks:
              feed: { type: source.simulator, events: 1000 }
            """);
        fixture.RunToEnd();
        fixture.Views.ReadModel().ShouldBeOfType<EmptyDocument>().Reason.ShouldBe("no_model");
        fixture.Views.ReadTrading().ShouldBeOfType<EmptyDocument>().Reason.ShouldBe("no_orders");
        fixture.Views.ReadMarket("NONE").ShouldBeNull();
        var page = fixture.Views.ReadMarket("DEMO").ShouldNotBeNull();
        page.Ml.ShouldBeNull();
        page.Fields.LastPrice.ShouldNotBeNull();
    }

    private static List<T> Watch<T>(ViewFixture fixture, string block) where T : struct, IEvent<T>
    {
        var recorder = new Recorder<T>();
        fixture.Run.Graph.Watch(block, recorder);
        return recorder.Seen;
    }

    private sealed class Recorder<T> : IWatcher<T> where T : struct, IEvent<T>
    {
        public List<T> Seen { get; } = [];

        public void See(ReadOnlySpan<T> events)
        {
            foreach (ref readonly var e in events)
            {
                Seen.Add(T.Keep(in e));
            }
        }
    }
}
