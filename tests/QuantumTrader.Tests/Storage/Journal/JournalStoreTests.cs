using QuantumTrader.Market;
using QuantumTrader.Storage;

namespace QuantumTrader.Tests.Storage;

public sealed class JournalContractTests : EventStoreContract
{
    private readonly JournalFixture _fixture = new();

    protected override IEventStore Open() => JournalStore.Open(_fixture.Folder, new JournalOptions { Fsync = "never" }, Market.Symbols, TimeProvider.System);

    public override void Dispose()
    {
        base.Dispose();
        _fixture.Dispose();
    }
}

/// <summary>The same promises when every few hundred events begin a new segment, which is then compressed.</summary>
public sealed class SmallSegmentContractTests : EventStoreContract
{
    private readonly JournalFixture _fixture = new();

    protected override IEventStore Open() => JournalStore.Open(_fixture.Folder, new JournalOptions { Fsync = "close", SegmentBytes = 65_536 }, Market.Symbols, TimeProvider.System);

    public override void Dispose()
    {
        base.Dispose();
        _fixture.Dispose();
    }
}

public sealed class JournalStoreTests
{
    private const long Noon = JournalFixture.Noon;
    private const long Second = JournalFixture.Second;

    [Fact]
    public void A_second_writer_is_refused_and_told_who_writes()
    {
        using var fixture = new JournalFixture();
        using var first = fixture.Open();

        Should.Throw<StoreException>(fixture.Open).Message.ShouldContain($"is being written by process {Environment.ProcessId}");
        using var reader = fixture.OpenToRead();
        Should.Throw<StoreException>(() => reader.Append<MarketEvent>(JournalFixture.Events(1), fixture.Format));
    }

    [Fact]
    public void A_reader_sees_what_a_writer_appends_at_once()
    {
        using var fixture = new JournalFixture();
        using var writer = fixture.Open();
        writer.Append<MarketEvent>(JournalFixture.Events(10), fixture.Format);
        using var reader = fixture.OpenToRead();
        fixture.Query(reader).Count.ShouldBe(fixture.Query(writer).Count);

        writer.Append<MarketEvent>(JournalFixture.Events(10, 11), fixture.Format);
        fixture.Query(reader).Count.ShouldBe(fixture.Query(writer).Count);
        fixture.Query(reader).ShouldBe(JournalFixture.Events(20).Where(e => e.Kind == EventKind.Trade && e.Symbol == 1));
    }

    [Fact]
    public void Symbols_are_stored_by_name_so_that_another_run_may_number_them_otherwise()
    {
        using var fixture = new JournalFixture();
        using (var writer = fixture.Open())
        {
            writer.Append<MarketEvent>(JournalFixture.Events(100), fixture.Format);
        }

        var other = MarketContext.Of(new TradingCalendar(), new Instrument("NEW", 1, 1, 1), new Instrument("WINV25", 5, 0.2m, 1));
        using var reader = JournalStore.OpenToRead(fixture.Folder, other.Symbols);
        var found = new List<MarketEvent>();
        reader.Query(new StoreQuery("tick", "WINV25", 0, long.MaxValue), new MarketFormat(other), page => { found.AddRange(page); return true; });
        found.ShouldNotBeEmpty();
        found.ShouldAllBe(e => e.Symbol == 2 && e.TradeNumber % 2 == 1);
        Should.Throw<StoreException>(() => reader.Query(new StoreQuery("tick", "WDOU25", 0, long.MaxValue), new MarketFormat(other), _ => true))
            .Message.ShouldContain("Add it to market.symbols");
    }

    [Fact]
    public void Events_beyond_the_bound_of_lateness_are_counted_and_found_all_the_same()
    {
        using var fixture = new JournalFixture();
        using var store = fixture.Open();
        var events = JournalFixture.Events(600);
        store.Append<MarketEvent>(events.AsSpan(300), fixture.Format).Late.ShouldBe(0);

        store.Append<MarketEvent>(events.AsSpan(0, 300), fixture.Format).ShouldBe(new StoreAppend(300, 0, 300));
        fixture.Query(store).ShouldBe(events.Where(e => e.Kind == EventKind.Trade && e.Symbol == 1));
    }

    [Fact]
    public void Sealing_changes_neither_the_order_nor_a_bit_of_what_was_appended()
    {
        using var fixture = new JournalFixture();
        fixture.Options = fixture.Options with { SegmentBytes = 65_536 };
        var events = JournalFixture.Events(20_000);
        using (var writer = fixture.Open())
        {
            foreach (var piece in events.Chunk(777))
            {
                writer.Append<MarketEvent>(piece, fixture.Format);
            }
        }

        var before = fixture.Files.Sum(f => new FileInfo(f).Length);
        fixture.Files.Length.ShouldBeGreaterThan(15);
        fixture.Everything().ShouldBe(events);
        JournalFolder.Compact(fixture.Folder, new JournalOptions(), TimeProvider.System);

        fixture.Files.Length.ShouldBe(1);
        fixture.Files.Sum(f => new FileInfo(f).Length).ShouldBeLessThan(before / 5);
        fixture.Everything().ShouldBe(events);
        using var reader = fixture.OpenToRead();
        fixture.Query(reader, "quote", "WINV25").ShouldBe(events.Where(e => e.Kind == EventKind.Quote && e.Symbol == 2));
        fixture.Query(reader, from: Noon + (5000 * Second), to: Noon + (5010 * Second)).ShouldBe(events.Where(e => e.Kind == EventKind.Trade && e.Symbol == 1 && e.TradeNumber is >= 5000 and < 5010));
        reader.Status().Streams.Sum(s => s.Count).ShouldBe(20_000);
        JournalFolder.Verify(fixture.Folder).Findings.ShouldBeEmpty();
    }

    [Fact]
    public void Full_segments_are_compressed_while_the_writer_goes_on()
    {
        using var fixture = new JournalFixture();
        fixture.Options = new JournalOptions { Fsync = "never", SegmentBytes = 65_536 };
        var events = JournalFixture.Events(10_000);
        using var store = fixture.Open();
        foreach (var piece in events.Chunk(100))
        {
            store.Append<MarketEvent>(piece, fixture.Format);
        }

        store.Journal.WaitForSealing();
        store.Journal.Segments.Count(s => !s.IsSealed).ShouldBe(1);
        fixture.Query(store).ShouldBe(events.Where(e => e.Kind == EventKind.Trade && e.Symbol == 1));
        fixture.Everything().ShouldBe(events);
    }

    [Fact]
    public void Old_segments_go_by_time_and_by_size()
    {
        using var fixture = new JournalFixture();
        fixture.Options = fixture.Options with { SegmentBytes = 65_536, RetentionDays = 1 };
        using (var store = fixture.Open())
        {
            var days = JournalFixture.Events(5000).Select((e, i) => e with { EventTime = Noon + (i * 100 * Second) }).ToArray();
            foreach (var piece in days.Chunk(100))
            {
                store.Append<MarketEvent>(piece, fixture.Format);
            }

            var kept = fixture.Query(store);
            kept[^1].ShouldBe(days.Last(e => e.Kind == EventKind.Trade && e.Symbol == 1));
            kept[0].EventTime.ShouldBeInRange(days[^1].EventTime - (2 * 86_400 * Second), days[^1].EventTime - (86_000 * Second));
        }

        fixture.Options = fixture.Options with { RetentionDays = 0, MaxBytes = 150_000 };
        using (fixture.Open())
        {
            fixture.Files.Sum(f => new FileInfo(f).Length).ShouldBeLessThan(150_000);
            fixture.Files.Length.ShouldBe(2);
        }
    }

    [Fact]
    public void A_batch_of_old_and_new_and_late_events_stores_each_once_in_its_order()
    {
        using var fixture = new JournalFixture();
        using var store = fixture.Open();
        var events = JournalFixture.Events(9000);
        store.Append<MarketEvent>(events.AsSpan(2000, 4000), fixture.Format).ShouldBe(new StoreAppend(4000, 0, 0));

        // Those before are late, the middle is there already, the end is new.
        var trades = events.Select((e, i) => i < 6000 ? e : e with { Kind = EventKind.Trade, Symbol = 1, TradeNumber = i + 1 }).ToArray();
        var result = store.Append<MarketEvent>(trades, fixture.Format);
        (result.Stored, result.Repeated).ShouldBe((5000, 4000));
        result.Late.ShouldBe(2000);
        fixture.Everything().ShouldBe([.. trades[2000..6000], .. trades[..2000], .. trades[6000..]]);
        store.Append<MarketEvent>(trades, fixture.Format).ShouldBe(new StoreAppend(0, 9000, 0));
    }

    [Fact]
    public void Bounded_memory_still_knows_addresses_of_long_ago()
    {
        using var fixture = new JournalFixture();
        fixture.Options = new JournalOptions { Fsync = "never", SegmentBytes = 1 << 20 };
        var events = JournalFixture.Events(100_000);
        using var store = fixture.Open();
        foreach (var piece in events.Chunk(256))
        {
            store.Append<MarketEvent>(piece, fixture.Format);
        }

        store.Journal.WaitForSealing();
        var again = 0L;
        foreach (var piece in events.Chunk(256))
        {
            again += store.Append<MarketEvent>(piece, fixture.Format).Repeated;
        }

        again.ShouldBe(100_000);
    }
}
