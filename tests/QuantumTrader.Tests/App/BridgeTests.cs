using System.Globalization;
using System.Text.Json;
using QuantumTrader.Tests.Storage.Valkey;
using QuantumTrader.Tests.ZeroMq;

namespace QuantumTrader.Tests.App;

/// <summary>The bus into a store, as users run it: publisher, bridge and Valkey are processes of their own.</summary>
public sealed class BridgeTests : IDisposable
{
    private const string Bridge = "pipelines/bridge.yml";
    private const string Publisher = "pipelines/bus-demo.yml";
    private const int Patience = 60;

    private static readonly string[] Channels = ["tick", "book", "quote", "mark", "state", "top", "bar", "prediction", "order", "fill", "tape", "footprint", "event", "flow", "liquidity"];

    private readonly TemporaryFolder _folder = new();
    private readonly string[] _ports = FreePorts();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bridge")]
    [InlineData("bus-demo")]
    [InlineData("old-consumers")]
    public void A_shipped_pipeline_is_valid_and_in_the_guide(string name)
    {
        var (code, output, error) = Qt.Run("validate", $"pipelines/{name}.yml");

        code.ShouldBe(0, output + error);
        File.ReadAllText(Path.Combine(Qt.Root, "docs", "bus.md")).ShouldContain($"pipelines/{name}.yml");
    }

    [Fact]
    public void Everything_that_is_published_is_in_the_journal()
    {
        var journal = Path.Combine(_folder.Path, "journal");
        using var bridge = Start(Bridge, "bridge", "store.kind=journal", $"store.journal.path={journal}");
        using var publisher = StartPublisher("blocks.feed.events=8000");
        publisher.End().Code.ShouldBe(0);
        var published = Published();
        Eventually.Holds(() => CountOf(journal) == published["tick"], "all ticks must be stored", Patience);
        bridge.Signal("INT");
        bridge.End().Code.ShouldBe(0);

        ShouldHaveCarried(published);
    }

    [ValkeyFact]
    public void A_server_that_is_killed_meanwhile_has_everything_in_order_when_it_is_back()
    {
        using var server = new ValkeyServer();
        using var bridge = Start(Bridge, "bridge", Into(server));
        using var publisher = StartPublisher("blocks.feed.events=40000", "blocks.feed.speed=10000/s");
        Eventually.Holds(() => Stored(server) > 200, "the first ticks must be stored", Patience);
        server.Kill();
        server.Restart();
        publisher.End().Code.ShouldBe(0);
        var published = Published();
        Eventually.Holds(() => Stored(server) >= published["tick"], "all ticks must be stored", Patience);
        bridge.Signal("INT");
        bridge.End().Code.ShouldBe(0);

        ShouldHaveCarried(published);
        TradeNumbers(server).ShouldBe(Numbers(1, published["tick"]));
        var report = Report("bridge");
        report.GetProperty("note_counts").EnumerateObject().Select(n => n.Name).ShouldContain(n => n.EndsWith(".store_back", StringComparison.Ordinal));
    }

    [ValkeyFact]
    public void Events_whose_key_belongs_to_another_program_are_errors_and_not_bridged()
    {
        using var server = new ValkeyServer();
        server.Cli("SET", "qt:tick:DEMO", "mine");
        using var bridge = Start(Bridge, "bridge", Into(server));
        using var publisher = StartPublisher("blocks.feed.events=8000");
        publisher.End().Code.ShouldBe(0);
        var published = Published();
        Eventually.Holds(() => long.Parse(server.Cli("XLEN", "qt:bar:1m:DEMO"), CultureInfo.InvariantCulture) == published["bar:"], "all candles must be stored", Patience);
        bridge.Signal("INT");
        bridge.End().Code.ShouldBe(0);

        var carried = Report("bridge").GetProperty("bridge");
        carried.GetProperty("ticks_bridged").GetInt64().ShouldBe(0);
        carried.GetProperty("errors").GetInt64().ShouldBe(published["tick"]);
        Report("bridge").GetProperty("blocks").GetProperty("keep_ticks").GetProperty("dropped").GetProperty("foreign_key").GetInt64().ShouldBe(published["tick"]);
        server.Cli("GET", "qt:tick:DEMO").Trim().ShouldBe("mine");
    }

    [ValkeyFact]
    public void A_bridge_that_is_killed_misses_what_is_published_until_the_next_one_is_there_and_says_so()
    {
        using var server = new ValkeyServer();
        var bridge = Start(Bridge, "killed", Into(server));
        using var publisher = StartPublisher("blocks.feed.events=10000000", "blocks.feed.speed=5000/s");
        Eventually.Holds(() => Stored(server) > 200, "the first ticks must be stored", Patience);
        bridge.Kill();
        bridge.Dispose();
        var before = Stored(server);
        using var next = Start(Bridge, "bridge", Into(server));
        Eventually.Holds(() => Stored(server) > before + 200, "the next bridge must go on", Patience);
        publisher.Signal("INT");
        publisher.End().Code.ShouldBe(0);
        var published = Published()["tick"];
        Eventually.Holds(() => LastNumber(server) == published, "the last tick must be stored", Patience);
        next.Signal("INT");
        next.End().Code.ShouldBe(0);

        var report = Report("bridge");
        var topic = report.GetProperty("blocks").GetProperty("ticks").GetProperty("details").GetProperty("topics").GetProperty("tick_DEMO");
        var first = topic.GetProperty("first_number").GetInt64();
        first.ShouldBeGreaterThan(before + 1, "some were published while there was no bridge");
        topic.GetProperty("missing").GetInt64().ShouldBe(0);
        report.GetProperty("note_counts").GetProperty("ticks.joined_late").GetInt64().ShouldBe(1);
        TradeNumbers(server).ShouldBe([.. Numbers(1, before), .. Numbers(first, published)]);
    }

    [PythonFact]
    public void A_subscriber_of_the_old_system_reads_the_pipeline_for_it()
    {
        var port = ValkeyServer.FreePort();
        using var peer = Python.Run("old_subscriber.py", $"tcp://127.0.0.1:{port}", "tick_DEMO", "3");
        using var publisher = Start(
            "pipelines/old-consumers.yml", "publisher", $"bus.channels.tick={port}", "blocks.feed.events=2000", "blocks.feed.speed=max", "blocks.market.channels=[tick]",
            "blocks.market.await_subscribers_seconds=60", "blocks.publish_vectors.endpoint=tcp://127.0.0.1:*", "blocks.publish_signals.endpoint=tcp://127.0.0.1:*");

        var ticks = peer.Lines().Select(l => JsonDocument.Parse(l).RootElement).ToList();
        publisher.End().Code.ShouldBe(0);
        ticks.Select(t => t.GetProperty("trade_id").GetInt64()).ShouldBe([1, 2, 3]);
        ticks.ShouldAllBe(t => t.GetProperty("type").GetString() == "tick");
    }

    // Published = stored + counted failures, and of these there are none.
    private void ShouldHaveCarried(Dictionary<string, long> published)
    {
        published["tick"].ShouldBeGreaterThan(200);
        var report = Report("bridge");
        report.GetProperty("balanced").GetBoolean().ShouldBeTrue();
        var bridge = report.GetProperty("bridge");
        bridge.GetProperty("ticks_bridged").GetInt64().ShouldBe(published["tick"]);
        bridge.GetProperty("features_bridged").GetInt64().ShouldBe(0);
        bridge.GetProperty("signals_bridged").GetInt64().ShouldBe(0);
        bridge.GetProperty("errors").GetInt64().ShouldBe(0);
        bridge.GetProperty("last_tick_time").GetString().ShouldStartWith("2024-01-02T");
        var blocks = report.GetProperty("blocks");
        var stored = blocks.EnumerateObject().Where(b => b.Name.StartsWith("keep_", StringComparison.Ordinal))
            .SelectMany(b => b.Value.GetProperty("details").GetProperty("channels").EnumerateObject()).ToDictionary(c => c.Name, c => c.Value.GetProperty("events").GetInt64());
        stored["book"].ShouldBe(published["book"]);
        stored["quote"].ShouldBe(published["quote"]);
        stored["bar:1m"].ShouldBe(published["bar:"]);
        var sources = blocks.EnumerateObject().Where(b => !b.Name.StartsWith("keep_", StringComparison.Ordinal) && !b.Name.StartsWith("switch/", StringComparison.Ordinal)).ToArray();
        sources.ShouldNotBeEmpty();
        sources.Sum(b => b.Value.GetProperty("details").GetProperty("missing").GetInt64()).ShouldBe(0);
    }

    // It waits for the bridge, so that its first event has a subscriber.
    private Running StartPublisher(params string[] sets) => Start(
        Publisher, "publisher", ["blocks.feed.speed=max", "blocks.market.await_subscribers_seconds=60", "blocks.bars.await_subscribers_seconds=60", .. sets]);

    private Running Start(string pipeline, string report, params string[] sets) =>
        new([pipeline, "--report", ReportFile(report), .. _ports.Concat(sets).SelectMany(s => new[] { "--set", s })]);

    private static string[] Into(ValkeyServer server) => ["store.kind=valkey", "store.valkey.host=127.0.0.1", $"store.valkey.port={server.Port}"];

    private static string[] FreePorts()
    {
        var signals = ValkeyServer.FreePort();
        return [.. Channels.Select(c => $"bus.channels.{c}={ValkeyServer.FreePort()}"), $"bus.channels.signal={signals}", $"bus.channels.features={signals}"];
    }

    private string ReportFile(string name) => Path.Combine(_folder.Path, name + ".json");

    private JsonElement Report(string name) => JsonDocument.Parse(File.ReadAllText(ReportFile(name))).RootElement;

    /// <summary>What the publisher sent, by channel; it must not have dropped anything.</summary>
    private Dictionary<string, long> Published()
    {
        var channels = new[] { "market", "bars" }.SelectMany(b => Report("publisher").GetProperty("blocks").GetProperty(b).GetProperty("details").GetProperty("channels").EnumerateObject()).ToList();
        channels.ShouldAllBe(c => !c.Value.GetProperty("dropped").EnumerateObject().Any());
        return channels.ToDictionary(c => c.Name, c => c.Value.GetProperty("published").GetInt64());
    }

    private static long CountOf(string journal)
    {
        var (code, output, _) = Qt.Run("store", "status", "--store", journal, "--json");
        return code != 0 ? 0 : JsonDocument.Parse(output).RootElement.GetProperty("streams").EnumerateArray()
            .Where(s => s.GetProperty("channel").GetString() == "tick").Sum(s => s.GetProperty("count").GetInt64());
    }

    private static long Stored(ValkeyServer server) => long.Parse(server.Cli("XLEN", "qt:tick:DEMO"), CultureInfo.InvariantCulture);

    private static long LastNumber(ValkeyServer server) => NumbersIn(server.Cli("XREVRANGE", "qt:tick:DEMO", "+", "-", "COUNT", "1")).Single();

    private static List<long> TradeNumbers(ValkeyServer server) => NumbersIn(server.Cli("XRANGE", "qt:tick:DEMO", "-", "+"));

    private static List<long> NumbersIn(string entries)
    {
        var lines = entries.Split('\n');
        return [.. Enumerable.Range(0, lines.Length - 1).Where(i => lines[i] == "trade_no").Select(i => long.Parse(lines[i + 1], CultureInfo.InvariantCulture))];
    }

    private static IEnumerable<long> Numbers(long from, long to)
    {
        for (var number = from; number <= to; number++)
        {
            yield return number;
        }
    }
}
