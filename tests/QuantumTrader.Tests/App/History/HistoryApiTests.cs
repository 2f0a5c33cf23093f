using System.Net;
using System.Text.Json.Nodes;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.App.Hosting;
using QuantumTrader.Tests.Storage.Valkey;

namespace QuantumTrader.Tests.App.History;

/// <summary>The past of a pipeline's own store, while the host stands.</summary>
public sealed class HistoryApiTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Yaml(bool withBars) => $$"""
        version: 1
        pipeline: stored
        market: { calendar: crypto, symbols: [DEMO] }
        store: { kind: journal, journal: { path: {{_folder.Path}}/journal } }
        blocks:
          feed:      { type: source.simulator, seed: 7, start: 2024-01-02, events: 30000, rate: 0.05, days: 2 }
          normalize: { type: normalize, from: feed, max_lateness_ms: 0 }
          keep:      { type: sink.store, from: normalize }
          features:  { type: features.basic, from: normalize }
          vectors:   { type: sink.store, from: features }
          {{(withBars ? "candles:   { type: candles, from: normalize }" : "")}}
          {{(withBars ? "bars:      { type: sink.store, from: candles }" : "")}}
          model:     { type: model.onnx, from: features, model: models/demo.onnx }
          answers:   { type: sink.store, from: model }
          signal:    { type: signal, from: model, min_confidence: 0.5, min_direction: 0.0001 }
          signals:   { type: sink.store, from: signal }
          book:      { type: book, from: normalize }
          risk:      { type: risk, from: signal, max_trades_per_day: 1000 }
          orders:    { type: execution.paper, from: risk, market: book }
          {{(withBars ? "fills:     { type: sink.store, from: orders }" : "")}}
        """;

    private static async Task<JsonObject> Get(HostedRun run, string path)
    {
        using var answer = await run.Client.GetAsync(path);
        var body = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, body);
        return (JsonObject)JsonNode.Parse(body)!;
    }

    private sealed class Recorder : QuantumTrader.Dataflow.IWatcher<MarketEvent>
    {
        public List<MarketEvent> Trades { get; } = [];

        public long Newest { get; private set; }

        public void See(ReadOnlySpan<MarketEvent> events)
        {
            foreach (var e in events)
            {
                Newest = Math.Max(Newest, e.EventTime);
                if (e.Kind == EventKind.Trade)
                {
                    Trades.Add(e);
                }
            }
        }
    }

    private sealed class FillRecorder : QuantumTrader.Dataflow.IWatcher<QuantumTrader.Trading.Fill>
    {
        public List<long> Times { get; } = [];

        public void See(ReadOnlySpan<QuantumTrader.Trading.Fill> events)
        {
            foreach (ref readonly var fill in events)
            {
                Times.Add(fill.EventTime);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ticks_moments_and_patterns_are_those_of_what_was_stored(bool withBars)
    {
        await using var run = await HostedRun.StartAsync(Yaml(withBars));
        await ItsPastIsWhatWasStored(run, withBars);
    }

    [ValkeyFact]
    public async Task Ticks_moments_and_patterns_of_a_valkey_are_those_of_what_was_stored()
    {
        using var server = new ValkeyServer();
        await using var run = await HostedRun.StartAsync(Yaml(withBars: true), sets: ["store.kind=valkey", "store.valkey.host=127.0.0.1", $"store.valkey.port={server.Port}"]);
        await ItsPastIsWhatWasStored(run, withBars: true, isJournal: false);
        Directory.Exists(Path.Combine(_folder.Path, "journal")).ShouldBeFalse("all of it must have come from the server");

        const string Moment = "/api/history/at?symbol=DEMO&time=2024-01-03T20:00:00Z";
        var known = await Get(run, Moment);
        known["known"]!["book"]!["asks"]!.AsArray().Count.ShouldBe(10);
        server.Kill();
        using (var answer = await run.Client.GetAsync(Moment))
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            (await answer.Content.ReadAsStringAsync()).ShouldContain($"127.0.0.1:{server.Port}");
        }

        server.Restart();
        (await Get(run, Moment)).ToJsonString().ShouldBe(known.ToJsonString());
    }

    private static async Task ItsPastIsWhatWasStored(HostedRun run, bool withBars, bool isJournal = true)
    {
        var recorder = new Recorder();
        var filled = new FillRecorder();
        run.Live.Graph.Watch("normalize", recorder);
        run.Live.Graph.Watch("orders", filled);
        var report = await run.RunAsync();
        var trades = recorder.Trades;

        // Page by page, each trade once and in order.
        var (read, cursor, pages) = (new List<(string, decimal)>(), "", 0);
        do
        {
            var page = await Get(run, $"/api/history/ticks?symbol=DEMO&from=2024-01-02T00:00:00Z&to=2024-01-09T00:00:00Z&limit=100{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}");
            read.AddRange(page["ticks"]!.AsArray().Select(t => (t!["time"]!.GetValue<string>(), t["price"]!.GetValue<decimal>())));
            cursor = page["next_cursor"]?.GetValue<string>() ?? "";
            pages++;
        }
        while (cursor.Length > 0);
        read.ShouldBe(trades.Select(t => (IsoTime.ToText(t.EventTime), Scaled.ToDecimal(t.Price))));
        pages.ShouldBe((trades.Count + 99) / 100);

        // A moment in the middle: what came later is not known.
        var middle = trades[trades.Count / 2];
        var moment = (await Get(run, $"/api/history/at?symbol=DEMO&time={IsoTime.ToText(middle.EventTime)}"))["known"]!;
        var before = trades.Last(t => t.EventTime < middle.EventTime);
        (moment["last_trade"]!["time"]!.GetValue<string>(), moment["last_trade"]!["price"]!.GetValue<decimal>()).ShouldBe((IsoTime.ToText(before.EventTime), Scaled.ToDecimal(before.Price)));
        moment["features"]!["basic"]!["price_current"]!["value"]!.GetValue<double>().ShouldBeGreaterThan(0);
        if (isJournal)
        {
            // A Valkey keeps books for a day.
            moment["book"]!["bids"]!.AsArray().Count.ShouldBe(10);
        }

        foreach (var part in new[] { "prediction", "signal" })
        {
            // They are made at the end of a minute, and the one of now is not known yet.
            var time = moment[part]!["time"]!.GetValue<string>();
            (string.CompareOrdinal(time, IsoTime.ToText(middle.EventTime)) < 0 && string.CompareOrdinal(time, IsoTime.ToText(middle.EventTime - (3 * 3_600_000_000_000))) > 0).ShouldBeTrue($"{part}: {time}");
        }

        // The end is not in it.
        var last = await Get(run, $"/api/history/ticks?symbol=DEMO&from={IsoTime.ToText(trades[0].EventTime)}&to={IsoTime.ToText(middle.EventTime)}&limit=1000");
        last["ticks"]!.AsArray()[^1]!["time"]!.GetValue<string>().ShouldBe(last["next_cursor"] is null ? IsoTime.ToText(before.EventTime) : last["ticks"]![999]!["time"]!.GetValue<string>());
        last["ticks"]!.AsArray().ShouldNotContain(t => t!["time"]!.GetValue<string>() == IsoTime.ToText(middle.EventTime));

        var patterns = await Get(run, "/api/history/patterns?symbol=DEMO&days=7");
        patterns["bars"]!.GetValue<string>().ShouldBe(withBars ? "stored" : "from_ticks");
        // The candle that is open at the end is in no bar.
        var end = (withBars ? recorder.Newest : trades[^1].EventTime) / 60_000_000_000 * 60_000_000_000;
        var closed = trades.Where(t => t.EventTime < end).ToList();
        patterns["daily"]!["hours"]!.AsArray().Sum(h => h!["trades"]!.GetValue<long>()).ShouldBe(closed.Count);
        patterns["daily"]!["mean_daily_volume"]!.GetValue<double>().ShouldBe((double)closed.Sum(t => Scaled.ToDecimal(t.Quantity)) / closed.Select(t => t.EventTime / 86_400_000_000_000).Distinct().Count(), 1e-6);
        patterns["to"]!.GetValue<string>().ShouldBe(IsoTime.ToText(end));
        closed.Select(t => t.EventTime / 86_400_000_000_000).Distinct().Count().ShouldBeGreaterThan(1);
        var hours = (await Get(run, "/api/history/patterns?symbol=DEMO&days=1"))["daily"]!["hours"]!.AsArray().Sum(h => h!["trades"]!.GetValue<long>());
        hours.ShouldBeInRange(1, closed.Count - 1, "of one day");
        report.Balanced.ShouldBeTrue();
        var fills = filled.Times.Count(t => t < end);
        fills.ShouldBeGreaterThan(1);
        patterns.ContainsKey("performance").ShouldBeTrue();
        if (withBars)
        {
            var performance = patterns["performance"]!;
            performance["fills"]!.GetValue<long>().ShouldBe(fills);
        }
        else
        {
            patterns["performance"].ShouldBeNull("fills are not stored");
        }
    }

    [Fact]
    public async Task What_cannot_be_asked_is_refused_with_words()
    {
        await using var run = await HostedRun.StartAsync(Yaml(withBars: false));
        await run.RunAsync();
        foreach (var (path, status, words) in new[]
        {
            ("/api/history/at?symbol=DEMO&time=noon", HttpStatusCode.BadRequest, "is no time"),
            ("/api/history/ticks?symbol=DEMO&from=2024-01-02T00:00:00Z&to=2024-01-03T00:00:00Z&limit=1001", HttpStatusCode.BadRequest, "1 to 1000"),
            ("/api/history/ticks?symbol=DEMO&from=2024-01-02T00:00:00Z&to=2024-01-03T00:00:00Z&cursor=x", HttpStatusCode.BadRequest, "cursor"),
            ("/api/history/patterns?symbol=DEMO&days=101", HttpStatusCode.BadRequest, "1 to 100"),
            ("/api/history/patterns?symbol=NONE", HttpStatusCode.NotFound, "DEMO"),
        })
        {
            using var answer = await run.Client.GetAsync(path);
            answer.StatusCode.ShouldBe(status, path);
            (await answer.Content.ReadAsStringAsync()).ShouldContain(words, Case.Insensitive, path);
        }
    }

    [Fact]
    public async Task Without_a_store_there_is_no_past()
    {
        await using var run = await HostedRun.StartAsync();
        using var answer = await run.Client.GetAsync("/api/history/at?symbol=DEMO&time=2024-01-02T00:00:00Z");
        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("section 'store'");
    }
}
