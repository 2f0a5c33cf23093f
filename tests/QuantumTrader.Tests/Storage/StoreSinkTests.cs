using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.Tests.Storage;

/// <summary>What becomes of events while their store is down or its disk is full.</summary>
public sealed class StoreSinkTests
{
    /// <summary>A journal that is down when told so.</summary>
    private sealed class FailingStore(IEventStore inner) : IEventStore
    {
        public volatile bool IsDown;
        private int _refused;

        public int Refused => Volatile.Read(ref _refused);

        public Action Appending { get; set; } = () => { };

        public StoreAppend Append<T>(ReadOnlySpan<T> events, EventFormat<T> format) where T : struct, IEvent<T>
        {
            if (IsDown)
            {
                Interlocked.Increment(ref _refused);
                throw new StoreException("The store is down.");
            }

            Appending();
            return inner.Append(events, format);
        }

        public void Flush() => inner.Flush();

        public StoreAnswer Query<T>(StoreQuery query, EventFormat<T> format, StorePage<T> page) where T : struct, IEvent<T> => inner.Query(query, format, page);

        public StoreStatus Status() => inner.Status();

        public IReadOnlyList<string> Findings => inner.Findings;

        public void Dispose() => inner.Dispose();
    }

    private sealed class Feed(MarketEvent[] events) : Source<MarketEvent>
    {
        private int _sent;

        public int Sent => Volatile.Read(ref _sent);

        public override bool Read(Output<MarketEvent> output, int limit, CancellationToken stop)
        {
            var count = Math.Min(limit, events.Length - _sent);
            foreach (ref readonly var e in events.AsSpan(_sent, count))
            {
                output.Add(e);
            }

            Volatile.Write(ref _sent, _sent + count);
            return _sent < events.Length && !stop.IsCancellationRequested;
        }
    }

    private sealed class NoFormats : IEventFormats
    {
        public IEventFormat? Of(Type eventType) => null;
    }

    private static async Task Until(Func<bool> condition)
    {
        var waited = Stopwatch.StartNew();
        while (!condition())
        {
            waited.Elapsed.TotalSeconds.ShouldBeLessThan(30, "it never happened");
            await Task.Delay(5);
        }
    }

    private static SpillStore Spill(JournalFixture fixture) => new(new SpillOptions { Path = "spill" }, new SectionContext(fixture.Root, fixture.Root), new NoFormats());

    private static Graph Build(Feed feed, StoreSink<MarketEvent> sink, SpillStore spill, double drainSeconds = 30) =>
        new GraphBuilder(new EngineSettings { DrainDeadline = TimeSpan.FromSeconds(drainSeconds) }, spill)
            .Add("feed", _ => feed, [], new BlockSettings())
            .Add("store", _ => sink, [("from", ["feed"])], new BlockSettings { Io = true, Edge = new EdgeSettings { Capacity = 2000, WhenFull = WhenFull.Spill } }).Build();

    [Fact]
    public void Events_wait_in_order_while_the_store_is_down_and_go_in_when_it_is_back()
    {
        using var fixture = new JournalFixture();
        using var store = new FailingStore(fixture.Open()) { IsDown = true };
        using var sink = new StoreSink<MarketEvent>(new StoreSinkOptions { RetrySeconds = 0 }, () => store, fixture.Format, TimeProvider.System);
        var events = JournalFixture.Events(10_000);
        sink.Start();
        foreach (var piece in events[..9000].Chunk(1000))
        {
            sink.Observe(Run<MarketEvent>.Of(piece));
        }

        fixture.Everything().ShouldBeEmpty();
        store.IsDown = false;
        sink.Observe(Run<MarketEvent>.Of(events.AsSpan(9000)));

        fixture.Everything().ShouldBe(events);
        sink.Accounts.DroppedTotal.ShouldBe(0);
        (sink.Accounts.NoteCounts["store_down"], sink.Accounts.NoteCounts["store_back"]).ShouldBe((1, 1));
        ((StoreSinkReport)sink.Report()).MostWaiting.ShouldBe(9000);
    }

    [Fact]
    public void Behind_the_last_event_what_waits_is_stored_as_soon_as_the_store_is_back()
    {
        using var fixture = new JournalFixture();
        using var store = new FailingStore(fixture.Open()) { IsDown = true };
        var clock = new VirtualClock();
        using var sink = new StoreSink<MarketEvent>(new StoreSinkOptions { RetrySeconds = 2 }, () => store, fixture.Format, clock);
        var events = JournalFixture.Events(10_000);
        sink.Start();
        sink.Observe(Run<MarketEvent>.Of(events));
        clock.MoveTo(60_000_000_000);
        store.Refused.ShouldBe(31, "once every two seconds");
        Gauge(sink, "qt_store_up").ShouldBe(0);
        Gauge(sink, "qt_store_waiting").ShouldBe(10_000);
        store.IsDown = false;
        var backfilling = new List<double>();
        store.Appending = () => backfilling.Add(Gauge(sink, "qt_store_backfilling"));
        clock.MoveTo(62_000_000_000);

        fixture.Everything().ShouldBe(events);
        backfilling.ShouldBe([0, 1, 1], "the first piece shows that the store is back");
        (Gauge(sink, "qt_store_up"), Gauge(sink, "qt_store_backfilling"), Gauge(sink, "qt_store_waiting"), Gauge(sink, "qt_store_outages")).ShouldBe((1, 0, 0, 1));
        clock.MoveTo(1_000_000_000_000);
        store.Refused.ShouldBe(31);
        sink.Accounts.NoteCounts["store_back"].ShouldBe(1);
        var report = (StoreSinkReport)sink.Report();
        (report.Stored, report.State, report.Outages).ShouldBe((10_000, StoreState.Connected, 1));
    }

    private static double Gauge(StoreSink<MarketEvent> sink, string name) => sink.Gauges.Single(g => g.Name == name).Value;

    [Fact]
    public void Beyond_the_buffer_the_oldest_are_dropped_and_counted()
    {
        using var fixture = new JournalFixture();
        using var store = new FailingStore(fixture.Open()) { IsDown = true };
        using var sink = new StoreSink<MarketEvent>(new StoreSinkOptions { Buffer = 700, RetrySeconds = 0 }, () => store, fixture.Format, TimeProvider.System);
        var events = JournalFixture.Events(3000);
        sink.Start();
        sink.Observe(Run<MarketEvent>.Of(events.AsSpan(0, 1000)));
        sink.Observe(Run<MarketEvent>.Of(events.AsSpan(1000, 1000)));
        sink.Accounts.Dropped["not_stored"].ShouldBe(1300);
        store.IsDown = false;
        sink.Observe(Run<MarketEvent>.Of(events.AsSpan(2000)));

        fixture.Everything().ShouldBe(events[1300..]);
        sink.Accounts.Dropped["not_stored"].ShouldBe(1300);
    }

    [Fact]
    public void What_is_left_when_the_run_ends_with_the_store_down_is_counted()
    {
        using var fixture = new JournalFixture();
        using var store = new FailingStore(fixture.Open()) { IsDown = true };
        using var sink = new StoreSink<MarketEvent>(new StoreSinkOptions(), () => store, fixture.Format, TimeProvider.System);
        sink.Start();
        sink.Observe(Run<MarketEvent>.Of(JournalFixture.Events(50)));
        sink.Complete();

        sink.Accounts.Dropped["not_stored"].ShouldBe(50);
    }

    [Fact]
    public async Task Behind_an_edge_that_spills_nothing_is_lost_however_long_the_store_is_down()
    {
        using var fixture = new JournalFixture();
        using var store = new FailingStore(fixture.Open()) { IsDown = true };
        using var spill = Spill(fixture);
        var events = JournalFixture.Events(100_000);
        var feed = new Feed(events);
        using var graph = Build(feed, new StoreSink<MarketEvent>(new StoreSinkOptions { Buffer = 500, RetrySeconds = 0.01 }, () => store, fixture.Format, TimeProvider.System, holdsBack: true), spill);
        var run = graph.RunAsync();
        await Until(() => feed.Sent == events.Length && store.Refused > 3);
        fixture.Everything().ShouldBeEmpty();
        spill.Bytes.ShouldBeGreaterThan(0);
        store.IsDown = false;
        var report = await run.WaitAsync(TimeSpan.FromSeconds(60));

        report.Completed.ShouldBeTrue();
        report.Blocks.Single(b => b.Name == "store").Dropped.ShouldBeEmpty();
        fixture.Everything().ShouldBe(events);
    }

    [Fact]
    public async Task A_sink_that_waits_for_its_store_ends_with_the_drain_deadline_and_counts_what_it_had_taken()
    {
        using var fixture = new JournalFixture();
        using var store = new FailingStore(fixture.Open()) { IsDown = true };
        using var spill = Spill(fixture);
        var feed = new Feed(JournalFixture.Events(50_000));
        var sink = new StoreSink<MarketEvent>(new StoreSinkOptions { Buffer = 0, RetrySeconds = 3600 }, () => store, fixture.Format, TimeProvider.System, holdsBack: true);
        using var graph = Build(feed, sink, spill, drainSeconds: 0.2);
        using var stop = new CancellationTokenSource();
        var run = graph.RunAsync(stop.Token);
        await Until(() => store.Refused > 0);
        await stop.CancelAsync();
        var report = await run.WaitAsync(TimeSpan.FromSeconds(30));

        report.Fault.ShouldNotBeNull().ShouldContain("edge feed -> store");
        sink.Accounts.Dropped["not_stored"].ShouldBeGreaterThan(0);
    }

    [SmallDiskFact]
    public void A_disk_that_is_really_full_loses_nothing_and_is_written_again_when_it_has_room()
    {
        using var fixture = new JournalFixture();
        fixture.Options = fixture.Options with { SegmentBytes = 1 << 18 };
        using var disk = SmallDisk.TryMount(fixture.Folder).ShouldNotBeNull();
        var events = JournalFixture.Events(20_000);
        using (var store = fixture.Open())
        {
            using var sink = new StoreSink<MarketEvent>(new StoreSinkOptions { RetrySeconds = 0 }, () => store, fixture.Format, TimeProvider.System);
            sink.Start();
            sink.Observe(Run<MarketEvent>.Of(events.AsSpan(0, 1000)));
            disk.Fill();
            foreach (var piece in events[1000..15_000].Chunk(1000))
            {
                sink.Observe(Run<MarketEvent>.Of(piece));
            }

            var stored = fixture.Everything();
            stored.Count.ShouldBeInRange(1000, 14_999);
            stored.ShouldBe(events.Take(stored.Count));
            sink.Accounts.Notes.ShouldContain(n => n.Code == "store_down" && n.Message.Contains("cannot be written", StringComparison.Ordinal));
            File.Delete(disk.Filler);
            sink.Observe(Run<MarketEvent>.Of(events.AsSpan(15_000)));
            sink.Complete();

            sink.Accounts.DroppedTotal.ShouldBe(0);
            fixture.Everything().ShouldBe(events);
        }

        using var again = fixture.Open();
        again.Findings.ShouldBeEmpty();
    }
}
