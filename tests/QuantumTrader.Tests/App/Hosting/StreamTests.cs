using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using QuantumTrader.App.Hosting;

namespace QuantumTrader.Tests.App.Hosting;

public sealed class StreamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_snapshot_and_the_changes_behind_it_are_the_document_at_any_time()
    {
        await using var run = await HostedRun.StartAsync();
        using var early = await Follower.StartAsync(run.Client, "flow");
        await early.NextAsync();
        early.Documents["flow"]["pipeline"]!["events"]!.GetValue<long>().ShouldBe(0);

        var report = await run.RunAsync();
        await early.UntilAsync(d => d["flow"]["pipeline"]!["state"]!.GetValue<string>() == "ended");
        // Rates fall to 0 a moment later than the run ends.
        await early.UntilAsync(d => d["flow"]["blocks"]!.AsObject().All(b => b.Value!["in_per_second"]!.GetValue<double>() == 0));
        using var late = await Follower.StartAsync(run.Client, "flow");
        await late.NextAsync();

        early.Deltas.ShouldBeGreaterThan(0);
        JsonNode.DeepEquals(early.Documents["flow"], late.Documents["flow"]).ShouldBeTrue($"{early.Documents["flow"]}\nis not\n{late.Documents["flow"]}");
        early.Documents["flow"]["blocks"]!["feed"]!["out"]!.GetValue<long>().ShouldBe(report.Events);
        early.Documents["flow"]["edges"]!.AsObject().Select(e => e.Key).ShouldBe(["feed>normalize:from", "normalize>book:from", "book>rings:from"]);
    }

    [Fact]
    public async Task Several_topics_come_in_one_stream_and_an_unknown_one_is_refused_with_those_there_are()
    {
        await using var run = await HostedRun.StartAsync(topics: [new Counter("one"), new Counter("two")]);
        using var follower = await Follower.StartAsync(run.Client, "one,two");
        await follower.UntilAsync(d => d.Count == 2 && d.Values.All(v => v["count"]!.GetValue<long>() > 3));
        using var refused = await run.Client.GetAsync("/api/stream?topics=one,three");

        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("There is no topic 'three'; there are one, two.");
    }

    [Fact]
    public async Task A_topic_is_only_worked_on_while_somebody_follows_it()
    {
        var topic = new Counter("count");
        await using var run = await HostedRun.StartAsync(topics: [topic, new Counter("other")]);
        using (var other = await Follower.StartAsync(run.Client, "other"))
        {
            await other.UntilAsync(d => d.TryGetValue("other", out var o) && o["count"]!.GetValue<long>() > 3);
            (topic.Reads, topic.Watched).ShouldBe((0, 0));
        }

        using (var follower = await Follower.StartAsync(run.Client, "count"))
        {
            using var second = await Follower.StartAsync(run.Client, "count");
            await follower.UntilAsync(d => d.TryGetValue("count", out var o) && o["count"]!.GetValue<long>() > 3);
            (topic.Watched, topic.IsWatched).ShouldBe((1, true));
        }

        await UntilAsync(() => !topic.IsWatched);
        run.Host.Hub.Open.ShouldBe(0);
    }

    [Fact]
    public async Task A_topic_that_can_tell_is_read_again_only_when_it_may_have_changed()
    {
        var still = new Counter("still") { Version = 1 };
        await using var run = await HostedRun.StartAsync(topics: [still, new Counter("moving")]);
        using var follower = await Follower.StartAsync(run.Client, "still,moving");
        await follower.UntilAsync(d => d.TryGetValue("moving", out var m) && m["count"]!.GetValue<long>() > 3);
        still.Reads.ShouldBe(1);

        still.Version = 2;
        await follower.UntilAsync(d => d["still"]["count"]!.GetValue<long>() == 2);
    }

    [Fact]
    public async Task Who_does_not_read_is_cut_off_and_the_others_miss_nothing()
    {
        var large = new Large("large");
        await using var run = await HostedRun.StartAsync(options: new HostOptions { UpdatesPerSecond = 50, WaitingUpdates = 4 }, topics: [large]);
        using var reader = await Follower.StartAsync(run.Client, "large");
        using var silent = new TcpClient { ReceiveBufferSize = 4096 };
        await silent.ConnectAsync(IPAddress.Loopback, run.Host.Address.Port);
        await silent.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /api/stream?topics=large HTTP/1.1\r\nHost: {run.Host.Address.Authority}\r\n\r\n"));

        // A new text only once the reader has the last one: however slow the machine is, it is never behind.
        await ReadOnAsync(() => run.Host.Hub.CutOff == 1);
        await UntilAsync(() => run.Host.Hub.Open == 1);
        var deltas = reader.Deltas;
        await ReadOnAsync(() => reader.Deltas > deltas + 2);
        reader.Missed.ShouldBe(0);
        (await run.Client.GetStringAsync("/metrics")).ShouldContain("qt_stream_cut_off_total{pipeline=\"hosted\"} 1\n");

        async Task ReadOnAsync(Func<bool> isSo)
        {
            while (!isSo())
            {
                await reader.NextAsync();
                large.Version++;
            }
        }
    }

    [Fact]
    public async Task A_topic_that_fails_stops_neither_the_others_nor_itself()
    {
        var failing = new Counter("failing") { FailsAt = 3 };
        await using var run = await HostedRun.StartAsync(topics: [failing, new Counter("good")]);
        using var follower = await Follower.StartAsync(run.Client, "failing,good");

        await follower.UntilAsync(d => d.Count == 2 && d.Values.All(v => v["count"]!.GetValue<long>() > 5));
        run.Host.Hub.Failed.ShouldBe(1);
    }

    [Fact]
    public async Task No_more_streams_are_opened_than_allowed()
    {
        await using var run = await HostedRun.StartAsync(options: new HostOptions { Streams = 1 });
        using var first = await Follower.StartAsync(run.Client, "flow");
        using var second = await run.Client.GetAsync("/api/stream");

        second.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await second.Content.ReadAsStringAsync()).ShouldContain("1 streams are open, which is the limit (host.streams)");
    }

    [Fact]
    public async Task Streams_end_with_the_host()
    {
        var run = await HostedRun.StartAsync();
        using var follower = await Follower.StartAsync(run.Client, "flow");
        await follower.NextAsync();
        await run.Host.DisposeAsync();

        await Should.ThrowAsync<EndOfStreamException>(async () => await follower.UntilAsync(_ => false));
        await run.DisposeAsync();
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!isSo())
        {
            await Task.Delay(20, deadline.Token);
        }
    }

    private sealed class Counter(string name) : ITopic
    {
        public string Name => name;

        public int FailsAt { get; init; }

        public long? Version { get; set; }

        public int Reads { get; private set; }

        public int Watched { get; private set; }

        public bool IsWatched { get; private set; }

        public object Read() => ++Reads == FailsAt ? throw new InvalidOperationException("made to fail") : new { Count = Reads };

        public IDisposable? Watch()
        {
            Watched++;
            IsWatched = true;
            return new Unwatch(this);
        }

        private sealed class Unwatch(Counter topic) : IDisposable
        {
            public void Dispose() => topic.IsWatched = false;
        }
    }

    private sealed class Large(string name) : ITopic
    {
        public string Name => name;

        public long? Version { get; set; } = 0;

        public object Read() => new { Text = new string((char)('a' + (Version!.Value % 26)), 2_000_000) };
    }

    /// <summary>A client of the stream that does what a dashboard does.</summary>
    private sealed class Follower : IDisposable
    {
        private readonly CancellationTokenSource _deadline = new(Patience);
        private readonly Dictionary<string, long> _versions = [];
        private readonly StreamReader _reader;

        private Follower(Stream stream) => _reader = new StreamReader(stream);

        public Dictionary<string, JsonNode> Documents { get; } = [];

        public int Deltas { get; private set; }

        public int Missed { get; private set; }

        public static async Task<Follower> StartAsync(HttpClient client, string topics) => new(await client.GetStreamAsync($"/api/stream?topics={topics}"));

        public async Task UntilAsync(Func<Dictionary<string, JsonNode>, bool> isSo)
        {
            while (!isSo(Documents))
            {
                await NextAsync();
            }
        }

        /// <summary>Takes in the next event.</summary>
        public async Task NextAsync()
        {
            var (name, data) = ("", "");
            while (await _reader.ReadLineAsync(_deadline.Token) is { } line)
            {
                if (line.Length == 0 && data.Length > 0)
                {
                    Apply(name, JsonNode.Parse(data)!);
                    return;
                }

                name = line.StartsWith("event: ", StringComparison.Ordinal) ? line[7..] : name;
                data = line.StartsWith("data: ", StringComparison.Ordinal) ? line[6..] : data;
            }

            throw new EndOfStreamException();
        }

        public void Dispose()
        {
            _reader.Dispose();
            _deadline.Dispose();
        }

        private void Apply(string name, JsonNode data)
        {
            var (topic, version) = (data["topic"]!.GetValue<string>(), data["version"]!.GetValue<long>());
            if (name == "snapshot")
            {
                Documents[topic] = data["data"]!;
            }
            else
            {
                name.ShouldBe("delta");
                Deltas++;
                Missed += version == _versions[topic] + 1 ? 0 : 1;
                Documents[topic] = MergePatchTests.Patched(Documents[topic], data["patch"])!;
            }

            _versions[topic] = version;
        }
    }
}
