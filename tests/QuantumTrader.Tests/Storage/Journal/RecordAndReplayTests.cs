using QuantumTrader.App.Commands;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.Tests.App;
using QuantumTrader.Tests.Market.Sources;
using QuantumTrader.Tests.ZeroMq;

namespace QuantumTrader.Tests.Storage;

public sealed class RecordAndReplayTests
{
    private static string[] Hashes(params string[] arguments)
    {
        var (code, output, error) = Qt.Run(["run", "pipelines/demo.yml", "--hashes", .. arguments]);
        code.ShouldBe(0, error);
        return [.. output.Split('\n').Where(l => l.StartsWith("hash ", StringComparison.Ordinal))];
    }

    [Fact]
    public void A_replay_of_a_recording_gives_the_hashes_of_the_live_run()
    {
        using var fixture = new JournalFixture();
        string[] feed = ["--set", "blocks.feed.days=1", "--set", "blocks.feed.rate=2"];
        var live = Hashes(feed);
        var (code, output, error) = Qt.Run(["record", "pipelines/demo.yml", "--to", fixture.Folder, .. feed]);
        code.ShouldBe(0, error);
        output.ShouldContain("events of 'normalize'");

        var overlay = Path.Combine(fixture.Root, "replay.yml");
        File.WriteAllText(overlay, $"blocks: {{ feed: {{ type: source.journal, path: {fixture.Folder}, seed: null, start: null, days: null, rate: null }} }}\n");
        var replay = Hashes("--overlay", overlay);
        live.Length.ShouldBe(9);
        replay.Where(l => !l.Contains(" feed ", StringComparison.Ordinal)).ShouldBe(live.Where(l => !l.Contains(" feed ", StringComparison.Ordinal)));

        // Compressed, and recorded a second time, it is still the same.
        Qt.Run(["record", "pipelines/demo.yml", "--to", fixture.Folder, .. feed]).Output.ShouldStartWith("Recorded 0 events");
        Qt.Run("store", "compact", "--store", fixture.Folder).Code.ShouldBe(0);
        Hashes("--overlay", overlay).ShouldBe(replay);
    }

    [Fact]
    public void The_commands_query_check_copy_and_restore_a_journal()
    {
        using var fixture = new JournalFixture();
        using (var store = fixture.Open())
        {
            store.Append<MarketEvent>(JournalFixture.Events(3000), fixture.Format);
        }

        string[] query = ["query", "ticks", "WDOU25", "--from", "2024-08-08T12:10:00Z", "--to", "2024-08-08T12:11:00Z", "--csv", "--store"];
        var (code, before, said) = Qt.Run([.. query, fixture.Folder]);
        code.ShouldBe(0, said);
        before.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(1 + 20);
        before.ShouldStartWith("kind,symbol,ts,");
        said.ShouldContain("20 events from 2024-08-08T12:10:02Z to 2024-08-08T12:10:58Z.");

        var backup = Path.Combine(fixture.Root, "backup");
        var restored = Path.Combine(fixture.Root, "restored");
        Qt.Run("store", "backup", backup, "--store", fixture.Folder).Code.ShouldBe(0);
        Qt.Run("store", "restore", backup, "--store", fixture.Folder).Code.ShouldBe(4, "a journal is never written over");
        Qt.Run("store", "restore", backup, "--store", restored).Code.ShouldBe(0);
        Qt.Run([.. query, restored]).Output.ShouldBe(before);
        Qt.Run("store", "status", "--store", restored, "--json").Output.ShouldContain("\"channel\": \"tick\"");

        var file = fixture.Files[0];
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(file, bytes);
        Qt.Run("store", "verify", "--store", fixture.Folder).Code.ShouldBe(1);
        Qt.Run("store", "verify", "--store", restored).Code.ShouldBe(0);
        Qt.Run("query", "tick", "WDOU25", "--store", Path.Combine(fixture.Root, "nowhere")).Code.ShouldBe(4);
        Qt.Run("query", "tics", "WDOU25", "--store", restored).Error.ShouldContain("Did you mean 'ticks'?");
    }

    [Fact]
    public void Compacting_ends_with_1_and_names_what_it_could_not_compress_and_leaves_that_as_it_is()
    {
        using var fixture = new JournalFixture();
        fixture.Options = fixture.Options with { SegmentBytes = 65_536 };
        var events = JournalFixture.Events(3000);
        using (var store = fixture.Open())
        {
            foreach (var piece in events.Chunk(100))
            {
                store.Append<MarketEvent>(piece, fixture.Format);
            }
        }

        var inTheWay = Directory.CreateDirectory(fixture.Files[0] + ".tmp");
        var (code, _, error) = Qt.Run("store", "compact", "--store", fixture.Folder);
        code.ShouldBe(1);
        error.ShouldContain("0000000001.qtj could not be compressed");
        fixture.Everything().ShouldBe(events);

        inTheWay.Delete();
        Qt.Run("store", "compact", "--store", fixture.Folder).ShouldSatisfyAllConditions(r => r.Code.ShouldBe(0, r.Error), r => r.Error.ShouldBeEmpty());
        fixture.Files.Length.ShouldBe(1);
        fixture.Everything().ShouldBe(events);
    }

    [Fact]
    public void Two_processes_cannot_write_one_journal()
    {
        using var fixture = new JournalFixture();
        using var store = fixture.Open();
        var (code, _, error) = Qt.Run("record", "pipelines/demo.yml", "--to", fixture.Folder);

        code.ShouldBe(4);
        error.ShouldContain($"is being written by process {Environment.ProcessId}.");
    }

    [Fact]
    public void A_backup_while_a_writer_writes_holds_a_beginning_of_what_was_written()
    {
        using var fixture = new JournalFixture();
        fixture.Options = new JournalOptions { Fsync = "never", SegmentBytes = 1 << 17 };
        using var store = fixture.Open();
        using var stop = new CancellationTokenSource();
        var events = JournalFixture.Events(200_000);
        store.Append<MarketEvent>(events.AsSpan(0, 100), fixture.Format);
        var appended = 100;
        var writer = Task.Run(() =>
        {
            foreach (var piece in events[100..].Chunk(100))
            {
                store.Append<MarketEvent>(piece, fixture.Format);
                Interlocked.Add(ref appended, piece.Length);
            }
        });
        for (var i = 0; i < 5; i++)
        {
            using var copy = new JournalFixture();
            var before = Volatile.Read(ref appended);
            JournalFolder.Backup(fixture.Folder, copy.Folder);
            var found = copy.Everything();
            found.Count.ShouldBeGreaterThanOrEqualTo(before);
            found.ShouldBe(events.Take(found.Count));
        }

        writer.Wait();
        store.Journal.WaitForSealing();
        fixture.Everything().ShouldBe(events);
    }

    [Fact]
    public async Task A_source_that_follows_sends_what_is_appended_until_it_is_stopped()
    {
        using var fixture = new JournalFixture();
        fixture.Options = new JournalOptions { Fsync = "never", SegmentBytes = 65_536 };
        var events = JournalFixture.Events(20_000);
        using var store = fixture.Open();
        store.Append<MarketEvent>(events.AsSpan(0, 10), fixture.Format);
        using var source = new JournalSource(
            new JournalSourceOptions { Path = fixture.Folder, Follow = true }, fixture.Market, new BlockContext("feed", new SectionContext(fixture.Root, fixture.Root), TimeProvider.System));
        var collect = new CollectMarket(events.Length);
        using var graph = new GraphBuilder().Add("feed", source).Add("collect", collect, ["feed"]).Build();
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var run = graph.RunAsync(stop.Token);
        foreach (var piece in events[10..].Chunk(500))
        {
            store.Append<MarketEvent>(piece, fixture.Format);
            await Task.Yield();
        }

        await collect.Done.Task.WaitAsync(TimeSpan.FromSeconds(50));
        await stop.CancelAsync();
        await run;
        collect.Seen.ShouldBe(events);
    }

    [Fact]
    public void A_replay_keeps_to_its_times_and_symbols()
    {
        using var fixture = new JournalFixture();
        using (var store = fixture.Open())
        {
            store.Append<MarketEvent>(JournalFixture.Events(3000), fixture.Format);
        }

        using var source = new JournalSource(
            new JournalSourceOptions { Path = fixture.Folder, Start = "2024-08-08T12:10:00Z", End = "2024-08-08T09:20:00-03:00", Symbols = ["WINV25"] }, fixture.Market,
            new BlockContext("feed", new SectionContext(fixture.Root, fixture.Root), TimeProvider.System));
        var sent = Feed.ReadAll(source);

        sent.ShouldBeNumberedFromOne();
        sent.Select(e => e with { Sequence = 0 }).ShouldBe(JournalFixture.Events(3000)
            .Where(e => e.Symbol == 2 && e.EventTime >= JournalFixture.Noon + (600 * JournalFixture.Second) && e.EventTime < JournalFixture.Noon + (1200 * JournalFixture.Second)).Select(e => e with { Sequence = 0 }));
    }

    [PythonFact]
    public void The_format_can_be_read_without_this_program()
    {
        using var fixture = new JournalFixture();
        var candles = new CandleFormat(fixture.Market);
        using (var store = fixture.Open())
        {
            store.Append<MarketEvent>(JournalFixture.Events(5000), fixture.Format);
            store.Append<Candle>([new Candle { Symbol = 1, StartTime = JournalFixture.Noon, EndTime = JournalFixture.Noon + (60 * JournalFixture.Second), Close = 123 * Scaled.One, Volume = -5, Trades = 7 }], candles);
        }

        var script = Path.Combine(Qt.Root, "docs", "examples", "read_journal.py");
        var plain = Read(script, fixture.Files[0]);
        JournalFolder.Compact(fixture.Folder, new JournalOptions(), TimeProvider.System);
        var packed = Read(script, fixture.Files[0]);
        plain.Order().ShouldBe(packed.Order());
        plain.Length.ShouldBe(5001);
        plain.ShouldContain("tick WDOU25 1723118402000000000 number 2 price 5000.0 quantity 2e-08");
        plain.ShouldContain(l => l.StartsWith("bar:1m WDOU25 1723118460000000000 ", StringComparison.Ordinal) && l.Contains("'c': 123.0") && l.Contains("'n': 7") && l.Contains("'v': -5e-08"));
    }

    private static string[] Read(string script, string file)
    {
        using var reader = Python.Start(script, file);
        return reader.Lines();
    }

    private sealed class CollectMarket(int expected) : Observer<MarketEvent>
    {
        public List<MarketEvent> Seen { get; } = [];

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void Observe(Run<MarketEvent> run)
        {
            foreach (ref readonly var e in run)
            {
                Seen.Add(e);
            }

            if (Seen.Count >= expected)
            {
                Done.TrySetResult();
            }
        }
    }
}
