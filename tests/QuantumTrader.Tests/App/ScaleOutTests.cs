using System.Globalization;
using System.Text.Json;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.Storage.Valkey;
using QuantumTrader.Tests.Storage.Valkey;
using QuantumTrader.Trading;

namespace QuantumTrader.Tests.App;

/// <summary>The three processes of <c>pipelines/scale-out</c> on real servers, against one process that does all of it.</summary>
public sealed class ScaleOutTests
{
    private const long Day = 1_704_153_600_000_000_000; // 2024-01-02T00:00:00Z
    private static readonly MarketContext Market = MarketContext.Of(new TradingCalendar(), new Instrument("DEMO", 0.5m, 10, 1));
    private static readonly Lazy<Results> Expected = new(Alone);
    private static readonly string[] Feed = ["--set", "blocks.feed.days=1", "--set", "blocks.feed.rate=0.2"];

    [ValkeyFact]
    public void A_features_process_that_is_killed_and_started_again_leaves_no_gap_and_no_double_effect()
    {
        using var server = new ValkeyServer();
        KillFeatures(new ValkeyOptions { Host = "127.0.0.1", Port = server.Port });
    }

    [ValkeyFact]
    public void The_same_files_do_so_on_a_cluster()
    {
        using var cluster = new ValkeyCluster();
        KillFeatures(new ValkeyOptions { Host = "127.0.0.1", Port = cluster.Nodes[0].Port, Cluster = true });
    }

    private static void KillFeatures(ValkeyOptions server)
    {
        using var folder = new TemporaryFolder();
        var expected = Expected.Value;
        var report = Path.Combine(folder.Path, "features.json");
        using var store = Stored.Open(server);
        using var model = Start("model", server);
        using (var dying = Start("features", server))
        {
            using var feed = Start("feed", server, [.. Feed, "--set", "blocks.feed.speed=10000/s"]);
            Eventually.Holds(() => Count(store, "features") >= 200, "vectors must come", 60);
            dying.Kill();
            feed.End().Code.ShouldBe(0);
        }

        Count(store, "features").ShouldBeLessThan(expected.Vectors.Count, "it must die in the middle");
        using var living = Start("features", server, "--report", report);
        Eventually.Holds(() => Count(store, "features") >= expected.Vectors.Count && Count(store, "prediction") >= expected.Predictions.Count && Count(store, "signal") >= expected.Signals.Count, "all must be handled", 60);
        foreach (var process in new[] { living, model })
        {
            process.Signal("TERM");
            process.End().Code.ShouldBe(0);
        }

        var found = Results.Of(store);
        found.Vectors.ShouldBe(expected.Vectors);
        found.Predictions.ShouldBe(expected.Predictions);
        found.Signals.ShouldBe(expected.Signals);
        Count(store, "features").ShouldBe(expected.Vectors.Count);
        var blocks = JsonDocument.Parse(File.ReadAllText(report)).RootElement.GetProperty("blocks");
        blocks.GetProperty("ticks").GetProperty("details").GetProperty("warm_up").GetInt64().ShouldBeGreaterThan(0);
        blocks.GetProperty("vectors").GetProperty("details").GetProperty("repeated").GetInt64().ShouldBeGreaterThan(0);
    }

    private static Running Start(string process, ValkeyOptions server, params string[] arguments) => new(
    [
        $"pipelines/scale-out/{process}.yml",
        "--set", "store.valkey.host=127.0.0.1",
        "--set", $"store.valkey.port={server.Port.ToString(CultureInfo.InvariantCulture)}",
        "--set", $"store.valkey.cluster={(server.Cluster ? "true" : "false")}",
        .. arguments,
    ]);

    private static long Count(ValkeyStore store, string channel) => store.Status().Streams.SingleOrDefault(s => s.Channel == channel)?.Count ?? 0;

    // Without Valkey, and without anything that reads or writes between the steps.
    private static Results Alone()
    {
        using var folder = new TemporaryFolder();
        var journal = Path.Combine(folder.Path, "journal");
        var file = folder.Write("alone.yml", $$"""
            version: 1
            pipeline: alone
            market: { calendar: crypto, symbols: [DEMO] }
            store: { journal: { path: '{{journal}}' } }
            blocks:
              feed:        { type: source.simulator, seed: 7, start: 2024-01-02 }
              normalize:   { type: normalize, from: feed, max_lateness_ms: 0 }
              features:    { type: features.basic, from: normalize }
              vectors:     { type: sink.store, from: features }
              model:       { type: model.onnx, from: features, model: '{{Path.Combine(Qt.Root, "pipelines", "models", "demo.onnx")}}' }
              predictions: { type: sink.store, from: model }
              signal:      { type: signal, from: model, min_confidence: 0.52, min_direction: 0.04 }
              signals:     { type: sink.store, from: signal }
            """);
        var (code, output, error) = Qt.Run(["run", file, .. Feed]);
        code.ShouldBe(0, output + error);
        using var store = JournalStore.OpenToRead(journal, Market.Symbols);
        var results = Results.Of(store);
        results.Vectors.Count.ShouldBeGreaterThan(1000);
        results.Signals.ShouldNotBeEmpty();
        return results;
    }

    /// <summary>
    /// What came out, by time and content. The sequences differ: each process numbers what it reads by the entries of its stream, one process
    /// alone by its own source.
    /// </summary>
    private sealed record Results(List<string> Vectors, List<Prediction> Predictions, List<Signal> Signals)
    {
        public static Results Of(IEventStore store) => new(
            Read(store, "features", new FeatureFormat(Market), v => string.Join(' ', [v.EventTime, v.Schema.Hash, .. v.Values, .. v.Warm])),
            Read(store, "prediction", new PredictionFormat(Market), p => p with { Sequence = 0 }),
            Read(store, "signal", new SignalFormat(Market), s => s with { Sequence = 0 }));

        private static List<TResult> Read<T, TResult>(IEventStore store, string channel, EventFormat<T> format, Func<T, TResult> content) where T : struct, IEvent<T>
        {
            var results = new List<TResult>();
            store.Query(new StoreQuery(channel, "DEMO", Day, Day + (2 * 86_400_000_000_000)), format, page =>
            {
                foreach (ref readonly var e in page)
                {
                    results.Add(content(e));
                }

                return true;
            });
            return results;
        }
    }
}
