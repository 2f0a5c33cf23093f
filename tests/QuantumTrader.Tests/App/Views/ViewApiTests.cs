using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using QuantumTrader.Tests.App.Hosting;
using QuantumTrader.Tests.Storage.Valkey;

namespace QuantumTrader.Tests.App.Views;

/// <summary>The pages' data and the kill switch over HTTP, on running pipelines.</summary>
public sealed class ViewApiTests : IDisposable
{
    // Twenty seconds of event time a second: long enough to be looked at.
    private const string Trading = """
        version: 1
        pipeline: trading
        market: { calendar: crypto, symbols: [DEMO] }
        blocks:
          feed:      { type: source.simulator, seed: 7, start: 2024-01-02, days: 30, rate: 4, speed: SPEED }
          normalize: { type: normalize, from: feed, max_lateness_ms: 0 }
          book:      { type: book, from: normalize }
          rings:     { type: rings, from: book }
          features:  { type: features.basic, from: book }
          model:     { type: model.onnx, from: features, model: models/demo.onnx }
          signal:    { type: signal, from: model, min_confidence: 0.5, min_direction: 0.0001 }
          risk:      { type: risk, from: signal, max_position: 1, max_trades_per_day: 1000000 }
          orders:    { type: execution.paper, from: risk, market: book }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static async Task<JsonObject> Get(HostedRun run, string path)
    {
        using var answer = await run.Client.GetAsync(path);
        var body = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, body);
        return (JsonObject)JsonNode.Parse(body)!;
    }

    private static async Task<(HttpStatusCode Status, JsonObject Body)> Post(HostedRun run, string path, string reason, string? token = HostedRun.Token)
    {
        using var answer = await run.SendAsync(HttpMethod.Post, path, JsonContent.Create(new { reason }), token is null ? [] : [("Authorization", $"Bearer {token}")]);
        return (answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonObject>())!);
    }

    [Fact]
    public async Task The_kill_switch_stops_orders_at_the_next_event_is_seen_and_is_in_the_report()
    {
        await using var run = await HostedRun.StartAsync(Trading.Replace("SPEED", "5000x", StringComparison.Ordinal));
        using var stop = new CancellationTokenSource();
        var running = run.Live.Graph.RunAsync(stop.Token);
        Eventually.Holds(() => Out("orders") > 2, "it must trade", 60);

        (await Post(run, "/api/trading/kill", "drill", token: null)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await Post(run, "/api/trading/kill", "drill", token: "wrong")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await Get(run, "/api/trading"))["kill"]!["engaged"]!.GetValue<bool>().ShouldBeFalse();

        var (status, kill) = await Post(run, "/api/trading/kill", "drill");
        (status, kill["engaged"]!.GetValue<bool>(), kill["reason"]!.GetValue<string>(), kill["actor"]!.GetValue<string>()).ShouldBe((HttpStatusCode.OK, true, "drill", "operator"));
        Eventually.Holds(() => Refused() > 0, "risk must refuse", 60);
        var approved = Out("risk");
        var refused = Refused();
        Eventually.Holds(() => Refused() > refused + 3, "it must go on refusing", 60);
        Out("risk").ShouldBe(approved);
        // The figures of a page are up to a tenth of a second old.
        Eventually.Holds(() => Get(run, "/api/trading").Result["refusals"]!["killed"]?.GetValue<long>() > 3, "the page must say so");

        (await Post(run, "/api/trading/resume", "over")).Body["engaged"]!.GetValue<bool>().ShouldBeFalse();
        Eventually.Holds(() => Out("risk") > approved, "it must go on", 60);
        await stop.CancelAsync();
        var report = await running;
        report.Balanced.ShouldBeTrue();
        var halt = ((QuantumTrader.Trading.RiskReport)report.Blocks.Single(b => b.Name == "risk").Details!).Halts.ShouldHaveSingleItem();
        halt.Until!.Value.ShouldBeGreaterThan(halt.From);
        report.Notes.Where(n => n.Block == "risk").Select(n => n.Code).ShouldBe(["halted", "resumed"]);

        long Out(string block) => run.Live.Graph.Snapshot().Blocks.Single(b => b.Name == block).Out;
        long Refused() => run.Live.Graph.Snapshot().Blocks.Single(b => b.Name == "risk").Dropped.GetValueOrDefault("killed");
    }

    [Fact]
    public async Task An_order_that_the_switch_has_cancelled_is_shown_as_such_and_its_rest_is_given_back()
    {
        // So large that it is not filled before the test is over.
        await using var run = await HostedRun.StartAsync(
            Trading.Replace("SPEED", "500x", StringComparison.Ordinal), sets: ["blocks.risk.order_quantity=100000000", "blocks.risk.max_order_quantity=100000000", "blocks.risk.max_position=100000000"]);
        using var stop = new CancellationTokenSource();
        var running = run.Live.Graph.RunAsync(stop.Token);
        Eventually.Holds(() => Page()["orders"]!.AsObject().Any(o => o.Value!["state"]!.GetValue<string>() == "partial"), "an order must be partly filled", 60);

        await Post(run, "/api/trading/kill", "drill");
        run.Live.Graph.Snapshot().Blocks.Single(b => b.Name == "risk").Gauges.Single(g => g.Name == "qt_trading_stopped").Value.ShouldBe(1);
        Eventually.Holds(() => Page()["orders"]!.AsObject().Any(o => o.Value!["state"]!.GetValue<string>() == "cancelled" && o.Value["reason"]!.GetValue<string>() == "killed"), "it must be cancelled", 60);
        Page()["orders"]!.AsObject().ShouldAllBe(o => o.Value!["state"]!.GetValue<string>() == "cancelled");
        await Post(run, "/api/trading/resume", "over");
        Eventually.Holds(() => Halts() is [{ Until: not null }, ..], "risk must take it back", 60);
        await stop.CancelAsync();
        await running;

        Halts()[0].Cancelled.ShouldHaveSingleItem().Quantity.ShouldNotBe(0);

        JsonObject Page() => Get(run, "/api/trading").Result;
        List<QuantumTrader.Trading.Halt> Halts() => [.. run.Live.Factory.Section<QuantumTrader.Trading.KillSwitch>()!.Halts.Where(h => h.Block == "risk")];
    }

    [Fact]
    public async Task Without_trading_there_is_nothing_to_kill()
    {
        await using var run = await HostedRun.StartAsync();
        var (status, body) = await Post(run, "/api/trading/kill", "drill");
        status.ShouldBe(HttpStatusCode.Conflict);
        body["detail"]!.GetValue<string>().ShouldContain("no trading to stop");
    }

    [Fact]
    public async Task A_tap_shows_what_a_running_block_sends_and_refuses_what_it_cannot_do()
    {
        await using var run = await HostedRun.StartAsync(Trading.Replace("SPEED", "500x", StringComparison.Ordinal));
        using var stop = new CancellationTokenSource();
        var running = run.Live.Graph.RunAsync(stop.Token);

        var tapped = await Get(run, "/api/blocks/normalize/tap?n=3&wait=10");
        (tapped["block"]!.GetValue<string>(), tapped["event"]!.GetValue<string>()).ShouldBe(("normalize", "market"));
        var events = tapped["events"]!.AsArray();
        events.Count.ShouldBe(3);
        events.ShouldAllBe(e => e!["time"]!.GetValue<string>().StartsWith("2024-01-0", StringComparison.Ordinal) && e["symbol"]!.GetValue<string>() == "DEMO" && e["seq"]!.GetValue<long>() > 0);
        var sequences = (await Get(run, "/api/blocks/normalize/tap?n=5&every=50&wait=10"))["events"]!.AsArray().Select(e => e!["seq"]!.GetValue<long>()).ToList();
        sequences.Zip(sequences.Skip(1), (a, b) => b - a).ShouldAllBe(step => step == 50);

        foreach (var (path, status) in new[]
        {
            ("/api/blocks/nobody/tap", HttpStatusCode.NotFound), ("/api/blocks/book/tap?n=0", HttpStatusCode.BadRequest), ("/api/blocks/book/tap?n=101", HttpStatusCode.BadRequest),
            ("/api/blocks/book/tap?every=0", HttpStatusCode.BadRequest), ("/api/blocks/book/tap?wait=11", HttpStatusCode.BadRequest),
        })
        {
            using var answer = await run.Client.GetAsync(path);
            answer.StatusCode.ShouldBe(status, path);
        }

        await stop.CancelAsync();
        (await running).Balanced.ShouldBeTrue();
    }

    [Fact]
    public async Task Rings_market_and_model_answer_for_the_first_symbol_and_refuse_unknown_ones()
    {
        await using var run = await HostedRun.StartAsync();
        await run.RunAsync();
        var rings = await Get(run, "/api/rings?last=5");
        (rings["symbol"]!.GetValue<string>(), rings["block"]!.GetValue<string>(), rings["trades"]!.AsArray().Count).ShouldBe(("DEMO", "rings", 5));
        rings["book"]!["bids"]!.AsArray().Count.ShouldBeGreaterThan(0);
        // The views look at the run now and then, also at its end.
        decimal? price = null;
        for (var tries = 0; price is null && tries < 600; tries++)
        {
            price = (await Get(run, "/api/market?symbol=DEMO"))["fields"]?["last_price"]?.GetValue<decimal>();
            await Task.Delay(50);
        }

        price.ShouldNotBeNull().ShouldBeGreaterThan(0);
        (await Get(run, "/api/model"))["reason"]!.GetValue<string>().ShouldBe("no_model");
        (await Get(run, "/api/trading"))["reason"]!.GetValue<string>().ShouldBe("no_orders");
        foreach (var path in new[] { "/api/rings?symbol=NONE", "/api/market?symbol=NONE", "/api/rings?block=none" })
        {
            using var answer = await run.Client.GetAsync(path);
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        }
    }

    [Fact]
    public void Secrets_are_masked_in_whatever_text_an_event_has()
    {
        var secrets = new QuantumTrader.App.Views.Secrets(["hunter22", "abc"]);
        secrets.Mask("login hunter22 as abc").ShouldBe("login *** as abc");
        var format = new QuantumTrader.Models.PredictionFormat(QuantumTrader.Tests.Trading.TradingFixture.MakeMarket());
        QuantumTrader.App.Views.EventFields.Of(QuantumTrader.Tests.Trading.TradingFixture.Prediction(0.5, model: "m-hunter22"), format, secrets)["model"].ShouldBe("m-***");
    }

    [Fact]
    public async Task Qt_tap_goes_on_when_the_host_is_started_anew()
    {
        var pipeline = Path.Combine(Qt.Root, "pipelines", "demo.yml");
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var address = $"127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture)}";
        probe.Stop();
        string[] arguments = [pipeline, "--listen", address, "--set", "blocks.feed.speed=200x"];

        var first = new Running(arguments);
        using var tap = Qt.Start("tap", "normalize", "--host", $"http://{address}", "--n", "0", "--json");
        var lines = 0;
        tap.OutputDataReceived += (_, line) => lines += line.Data is { Length: > 0 } ? 1 : 0;
        tap.BeginOutputReadLine();
        Eventually.Holds(() => Volatile.Read(ref lines) > 5, "it must show events", 60);
        first.Kill();
        first.Dispose();
        (await tap.StandardError.ReadLineAsync())!.ShouldContain("Waiting for it");

        using var second = new Running(arguments);
        var before = Volatile.Read(ref lines);
        Eventually.Holds(() => Volatile.Read(ref lines) > before + 5, "it must go on", 60);
        tap.Kill();
    }

    [Fact]
    public void Qt_tap_without_a_host_says_how_to_start_one()
    {
        var (code, _, error) = Qt.Run("tap", "normalize", "--host", "http://127.0.0.1:1");
        code.ShouldBe(4);
        error.ShouldContain("qt run PIPELINE --listen");
    }
}
