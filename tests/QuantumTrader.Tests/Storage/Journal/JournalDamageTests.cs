using QuantumTrader.Market;
using QuantumTrader.Storage;

namespace QuantumTrader.Tests.Storage;

/// <summary>Whatever becomes of the files: never an event that was not written, never a crash, everything before the damage is there.</summary>
public sealed class JournalDamageTests
{
    [Theory]
    [InlineData("123456789", 0xE3069283u)]
    [InlineData("", 0u)]
    public void The_checksum_is_crc_32c(string text, uint expected) => Crc32C.Of(System.Text.Encoding.ASCII.GetBytes(text)).ShouldBe(expected);

    [Fact]
    public void The_checksum_of_many_bytes_in_pieces_or_copied_is_the_one_byte_by_byte()
    {
        var random = new Random(1);
        foreach (var length in new[] { 7, 255, 256, 511, 512, 513, 767, 768, 4096, 10_001 })
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            var crc = uint.MaxValue;
            foreach (var b in bytes)
            {
                crc ^= b;
                for (var i = 0; i < 8; i++)
                {
                    crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78u);
                }
            }

            Crc32C.Of(bytes).ShouldBe(~crc);
            var at = random.Next(length);
            Crc32C.Then(Crc32C.Of(bytes.AsSpan(0, at)), bytes.AsSpan(at)).ShouldBe(~crc);
            var copy = new byte[length];
            Crc32C.Copy(Crc32C.Copy(Crc32C.OfNone, bytes.AsSpan(0, at), copy), bytes.AsSpan(at), copy.AsSpan(at)).ShouldBe(~crc);
            copy.ShouldBe(bytes);
        }
    }

    [Fact]
    public void A_segment_cut_at_any_byte_keeps_all_blocks_before_the_cut()
    {
        using var fixture = new JournalFixture();
        var events = JournalFixture.Events(40);
        using (var store = fixture.Open())
        {
            foreach (var piece in events.Chunk(10))
            {
                store.Append<MarketEvent>(piece, fixture.Format);
            }
        }

        var file = fixture.Files.Single();
        var whole = File.ReadAllBytes(file);
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(file, whole[..length]);
            var found = fixture.Everything();
            found.ShouldBe(events.Take(found.Count), $"cut at {length}");
            (found.Count % 10).ShouldBe(0);
            (length < whole.Length - 1000 || found.Count >= 30).ShouldBeTrue($"cut at {length}: {found.Count}");
        }
    }

    [Fact]
    public void A_torn_tail_is_cut_off_with_a_finding_and_the_next_run_goes_on_behind_it()
    {
        using var fixture = new JournalFixture();
        using (var store = fixture.Open())
        {
            store.Append<MarketEvent>(JournalFixture.Events(10), fixture.Format);
        }

        var whole = new FileInfo(fixture.Files[0]).Length;
        using (var file = new FileStream(fixture.Files[0], FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Write([.. Enumerable.Repeat((byte)7, 100)]);
        }

        using (var store = fixture.Open())
        {
            store.Findings.ShouldHaveSingleItem().ShouldContain("the last 100 bytes were never finished");
            store.Append<MarketEvent>(JournalFixture.Events(10, 11), fixture.Format);
        }

        new FileInfo(fixture.Files[0]).Length.ShouldBe(whole);
        fixture.Everything().ShouldBe(JournalFixture.Events(20));
        using var again = fixture.Open();
        again.Findings.ShouldBeEmpty();
    }

    [Fact]
    public void Zeros_behind_the_end_are_no_damage()
    {
        using var fixture = new JournalFixture();
        using (var store = fixture.Open())
        {
            store.Append<MarketEvent>(JournalFixture.Events(10), fixture.Format);
        }

        using (var file = new FileStream(fixture.Files[0], FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Write(new byte[100_000]);
        }

        using var reopened = fixture.Open();
        reopened.Findings.ShouldBeEmpty();
        fixture.Everything().ShouldBe(JournalFixture.Events(10));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Random_damage_costs_blocks_but_never_gives_a_wrong_event(bool isSealed)
    {
        using var fixture = new JournalFixture();
        var events = JournalFixture.Events(3000);
        using (var store = fixture.Open())
        {
            foreach (var piece in events.Chunk(50))
            {
                store.Append<MarketEvent>(piece, fixture.Format);
            }
        }

        if (isSealed)
        {
            JournalFolder.Compact(fixture.Folder, new JournalOptions(), TimeProvider.System);
        }

        var file = fixture.Files.Single();
        var whole = File.ReadAllBytes(file);
        var known = events.ToHashSet();
        var random = new Random(7);
        var seen = 0;
        for (var round = 0; round < 300; round++)
        {
            var bytes = whole.ToArray();
            var first = int.MaxValue;
            for (var i = random.Next(1, 8); i > 0; i--)
            {
                var at = random.Next(bytes.Length);
                bytes[at] ^= (byte)random.Next(1, 256);
                first = Math.Min(first, at);
            }

            if (round % 3 == 0)
            {
                var at = random.Next(bytes.Length);
                bytes.AsSpan(at, Math.Min(random.Next(1, 5000), bytes.Length - at)).Fill((byte)random.Next(256));
                first = Math.Min(first, at);
            }

            File.WriteAllBytes(file, bytes);
            using var store = fixture.OpenToRead();
            var found = fixture.Query(store);
            found.ShouldAllBe(e => known.Contains(e));
            found.Select(e => e.EventTime).ShouldBeInOrder();
            seen += found.Count;
            if (!isSealed && first > 1000)
            {
                var before = events[..((first - 1000) / 3520 * 50)].Where(e => e.Kind == EventKind.Trade && e.Symbol == 1).ToList();
                found.Take(before.Count).ShouldBe(before, $"round {round}, first damage at {first}");
            }
        }

        seen.ShouldBeGreaterThan(300 * 1000 / 5, "most damage must cost only a block");
    }

    [Fact]
    public void A_damaged_block_in_the_middle_is_reported_with_its_times_and_the_rest_is_read()
    {
        using var fixture = new JournalFixture();
        var events = JournalFixture.Events(90);
        using (var store = fixture.Open())
        {
            foreach (var piece in events.Chunk(30))
            {
                store.Append<MarketEvent>(piece, fixture.Format);
            }
        }

        fixture.Damage(31);
        using var reader = fixture.Open();
        reader.Findings.ShouldHaveSingleItem().ShouldContain("30 records");
        var found = new List<MarketEvent>();
        var answer = reader.Query(new StoreQuery("tick", "WDOU25", 0, long.MaxValue), fixture.Format, page => { found.AddRange(page); return true; });
        found.ShouldBe(events.Where((e, i) => i is < 30 or >= 60 && e.Kind == EventKind.Trade && e.Symbol == 1));
        var gap = answer.Gaps.ShouldHaveSingleItem();
        (gap.From, gap.To).ShouldBe((events[30].EventTime, events[59].EventTime + 1));
        reader.Query(new StoreQuery("tick", "WDOU25", 0, events[20].EventTime), fixture.Format, _ => true).Gaps.ShouldBeEmpty();
    }

    [Fact]
    public void What_was_lost_before_a_segment_was_sealed_or_joined_is_told_for_ever()
    {
        using var fixture = new JournalFixture();
        var events = JournalFixture.Events(180);
        AppendInPieces(fixture, events.AsSpan(0, 90));
        fixture.Damage(31);
        JournalFolder.Compact(fixture.Folder, new JournalOptions(), TimeProvider.System).ShouldBeEmpty();
        var first = JournalFolder.Verify(fixture.Folder).Findings.ShouldHaveSingleItem();
        first.ShouldContain("30 records");

        // A second loss, this time in a sealed segment, and then both in one file with what was written later.
        AppendInPieces(fixture, events.AsSpan(90));
        var lost = fixture.Damage(1);
        lost.Stream.ShouldBeGreaterThan(0u, "this one is sealed");
        JournalFolder.Compact(fixture.Folder, new JournalOptions(), TimeProvider.System).ShouldBeEmpty();
        fixture.Files.ShouldHaveSingleItem();
        var findings = JournalFolder.Verify(fixture.Folder).Findings;
        findings.Count.ShouldBe(2);
        findings[0].ShouldBe(first);

        using var reader = fixture.OpenToRead();
        var answer = reader.Query(new StoreQuery("tick", "WINV25", 0, long.MaxValue), fixture.Format, _ => true);
        answer.Gaps.Select(g => (g.From, g.To)).ShouldBe([(events[30].EventTime, events[59].EventTime + 1), (lost.MinTime, lost.MaxTime + 1)]);
        reader.Query(new StoreQuery("tick", "WINV25", events[170].EventTime, long.MaxValue), fixture.Format, _ => true).Gaps.ShouldBeEmpty();
    }

    private static void AppendInPieces(JournalFixture fixture, ReadOnlySpan<MarketEvent> events)
    {
        using var store = fixture.Open();
        for (var i = 0; i < events.Length; i += 30)
        {
            store.Append(events.Slice(i, 30), fixture.Format);
        }
    }

    [Fact]
    public void A_merge_that_was_cut_short_gives_no_event_twice()
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

        var kept = fixture.Files.ToDictionary(f => f, File.ReadAllBytes);
        JournalFolder.Compact(fixture.Folder, new JournalOptions(), TimeProvider.System);
        foreach (var (file, bytes) in kept.Skip(1))
        {
            File.WriteAllBytes(file, bytes);
        }

        fixture.Everything().ShouldBe(events);
        using (fixture.Open())
        {
            fixture.Files.Length.ShouldBe(1);
        }
    }

    [Fact]
    public void A_disk_that_is_full_is_reported_and_the_journal_goes_on_when_there_is_room()
    {
        using var fixture = new JournalFixture();
        using var store = fixture.Open();
        store.Append<MarketEvent>(JournalFixture.Events(10), fixture.Format);
        store.Journal.Fault = () => throw new IOException("No space left on device");

        Should.Throw<StoreException>(() => store.Append<MarketEvent>(JournalFixture.Events(10, 11), fixture.Format)).Message.ShouldContain("No space left on device");
        fixture.Everything().ShouldBe(JournalFixture.Events(10));
        store.Journal.Fault = null;
        store.Append<MarketEvent>(JournalFixture.Events(10, 11), fixture.Format).ShouldBe(new StoreAppend(10, 0, 0));
        fixture.Everything().ShouldBe(JournalFixture.Events(20));
    }
}
