using System.Diagnostics;
using System.Runtime.InteropServices;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.App.Benchmarks;

/// <summary>The journal against what the disk and the checksum alone would take.</summary>
internal static class JournalBenchmark
{
    private const long Second = 1_000_000_000;
    private const int SegmentBytes = 64 << 20;
    private const int BatchEvents = 1024; // as many as an edge hands over at once when events wait

    private static readonly MarketContext Market = MarketContext.Of(
        new TradingCalendar(), [.. new[] { "WDOU25", "WDOV25", "WINV25", "WINZ25" }.Select(s => new Instrument(s, 0.5m, 10, 1))]);

    private static readonly MarketFormat Format = new(Market);

    public static BenchmarkResult Run(BenchmarkRequest request)
    {
        var root = Directory.CreateTempSubdirectory("qt-bench-").FullName;
        try
        {
            var cases = new List<BenchmarkCase>();
            var events = Trades(1 << 18, 0);
            var repeats = request.IsQuick ? 2 : 16;
            Append(cases, root, events, repeats);
            Scan(cases, root, events, repeats);
            Hour(cases, root, request.IsQuick ? 2 : 30);
            Commit(cases, root, events);
            return new BenchmarkResult("journal", cases);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static MarketEvent[] Trades(int count, long start)
    {
        var events = new MarketEvent[count];
        for (var i = 0; i < count; i++)
        {
            var price = 5000 + (i * 7919 % 41 * 0.5);
            events[i] = new MarketEvent
            {
                Kind = EventKind.Trade, Sequence = i + 1, EventTime = start + (i * 83_333_333L), ReceiveTime = start + (i * 83_333_333L) + 250_000 + (i * 31 % 977),
                Symbol = 1, TradeNumber = i + 1, Price = Scaled.FromDouble(price), Quantity = (1 + (i * 13 % 20)) * Scaled.One,
                Buyer = i * 17 % 50, Seller = i * 29 % 50, Side = i % 3 == 0 ? Side.Buy : Side.Sell, SideSource = SideSource.Flag,
            };
        }

        return events;
    }

    // Four symbols in turn: a trade, a quote, a book message with six levels.
    private static MarketEvent[] Mixed(int count)
    {
        var events = Trades(count, 0);
        for (var i = 0; i < count; i++)
        {
            ref var e = ref events[i];
            var (message, part) = Math.DivRem(i, 9);
            e.Symbol = 1 + (message % 4);
            e.EventTime = message * Second;
            e.Kind = part switch { 0 => EventKind.Trade, 1 => EventKind.Quote, 2 => EventKind.BookUpdate, _ => EventKind.BookLevel };
        }

        return events;
    }

    private static void Append(List<BenchmarkCase> cases, string root, MarketEvent[] events, int repeats)
    {
        var folder = Path.Combine(root, "append");
        var mixed = Mixed(events.Length);
        var figures = Rounds.Run(() => Stored(folder, events, repeats), () => Bare(folder, events, repeats), () => Stored(folder, mixed, repeats));
        cases.Add(new BenchmarkCase("append", Rounds.Median(figures[0]), "events/s", 0.8, Rounds.Ratio(figures[0], figures[1])) { Against = "RandomAccess.Write of the same bytes in the same pieces" });
        cases.Add(new BenchmarkCase("append.peer_write", Rounds.Median(figures[1]), "records/s", null, null));
        cases.Add(new BenchmarkCase("append.mixed", Rounds.Median(figures[2]), "events/s", null, Rounds.Ratio(figures[2], figures[1])) { Against = "the same; four symbols, trades, quotes and books in turn" });
    }

    // What a pipeline does: batches to sink.store, which has the journal append them.
    private static double Stored(string folder, MarketEvent[] events, int repeats)
    {
        using var store = JournalStore.Open(folder, new JournalOptions { Fsync = "never", Compress = false, SegmentBytes = SegmentBytes }, Market.Symbols, TimeProvider.System);
        using var sink = new StoreSink<MarketEvent>(new StoreSinkOptions(), () => store, Format, TimeProvider.System);
        sink.Start();
        var seconds = Batches(events, repeats, batch => sink.Observe(Run<MarketEvent>.Of(batch, sink.Accounts)));
        if (((StoreSinkReport)sink.Report()).Stored != events.Length * (long)repeats)
        {
            throw new InvalidOperationException("Invariant: every event is new.");
        }

        return Finish(folder, store, events.Length * (double)repeats / seconds);
    }

    // The peer writes the events themselves, one piece behind the other, in writes and files of the journal's sizes, with neither copy nor
    // checksum.
    private static double Bare(string folder, MarketEvent[] events, int repeats)
    {
        Directory.CreateDirectory(folder);
        var block = BlockHeader.Bytes + BlockHeader.Fill(BatchEvents * (MarketRecord.Bytes + sizeof(uint)));
        var (position, number, at) = ((long)SegmentBytes, 0, 0);
        Microsoft.Win32.SafeHandles.SafeFileHandle? file = null;
        var seconds = Batches(events, repeats, _ =>
        {
            if (position + block > SegmentBytes)
            {
                file?.Dispose();
                file = File.OpenHandle(Path.Combine(folder, $"{++number}.bare"), FileMode.Create, FileAccess.ReadWrite, FileShare.Read, FileOptions.None, SegmentBytes);
                position = 0;
            }

            var bytes = MemoryMarshal.AsBytes(events.AsSpan());
            at = at + block > bytes.Length ? 0 : at;
            RandomAccess.Write(file!, bytes.Slice(at, block), position);
            (position, at) = (position + block, at + block);
        });
        return Finish(folder, file, events.Length * (double)repeats / seconds);
    }

    private delegate void Batch(ReadOnlySpan<MarketEvent> events);

    // Every time later than the time before: an event that is stored already would not be stored again. That is not what is measured.
    private static double Batches(MarketEvent[] events, int repeats, Batch take)
    {
        var seconds = 0.0;
        for (var r = 0; r < repeats; r++)
        {
            foreach (ref var e in events.AsSpan())
            {
                e.EventTime += 100_000 * Second;
            }

            var start = Stopwatch.GetTimestamp();
            for (var at = 0; at < events.Length; at += BatchEvents)
            {
                take(events.AsSpan(at, BatchEvents));
            }

            seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        return seconds;
    }

    private static double Finish(string folder, IDisposable? open, double figure)
    {
        open?.Dispose();
        Directory.Delete(folder, recursive: true);
        return figure;
    }

    private static void Scan(List<BenchmarkCase> cases, string root, MarketEvent[] events, int repeats)
    {
        var folder = Path.Combine(root, "scan");
        using (var store = JournalStore.Open(folder, new JournalOptions { Fsync = "never", Compress = false, SegmentBytes = SegmentBytes }, Market.Symbols, TimeProvider.System))
        {
            for (var r = 0; r < repeats; r++)
            {
                store.Append<MarketEvent>(Trades(events.Length, r * 100_000 * Second), Format);
            }
        }

        using var journal = Journal.OpenToRead(folder, new JournalOptions());
        var segments = journal.Segments;
        var records = segments.Sum(s => s.Extents.Sum(e => e.Count));
        var figures = Rounds.Run(() => ScanRecords(segments, records), () => SumOnly(segments, records));
        cases.Add(new BenchmarkCase("scan", Rounds.Median(figures[0]), "records/s", 0.5, Rounds.Ratio(figures[0], figures[1])) { Against = "read and checksum only" });
        cases.Add(new BenchmarkCase("scan.peer_crc", Rounds.Median(figures[1]), "records/s", null, null));
        Directory.Delete(folder, recursive: true);
    }

    private static double ScanRecords(IReadOnlyList<Segment> segments, long records)
    {
        var start = Stopwatch.GetTimestamp();
        var (sum, count) = (0L, 0L);
        var order = new JournalOrder(segments);
        while (order.Read(out var run))
        {
            foreach (ref readonly var e in MemoryMarshal.Cast<byte, MarketEvent>(run.Records))
            {
                sum += e.Quantity;
                count++;
            }
        }

        var figure = records / Stopwatch.GetElapsedTime(start).TotalSeconds;
        GC.KeepAlive(sum);
        return count == records ? figure : throw new InvalidOperationException($"Invariant: {count} of {records} records were read.");
    }

    private static double SumOnly(IReadOnlyList<Segment> segments, long records)
    {
        var buffer = new byte[1 << 18];
        var start = Stopwatch.GetTimestamp();
        var sum = 0L;
        foreach (var segment in segments)
        {
            int read;
            for (var at = 0L; (read = RandomAccess.Read(segment.File, buffer, at)) > 0; at += read)
            {
                sum += Crc32C.Of(buffer.AsSpan(0, read));
            }
        }

        var figure = records / Stopwatch.GetElapsedTime(start).TotalSeconds;
        GC.KeepAlive(sum);
        return figure;
    }

    // Nine hours of trading a day, twelve trades a second: what the dollar future prints on average.
    private static void Hour(List<BenchmarkCase> cases, string root, int days)
    {
        var folder = Path.Combine(root, "month");
        const int perDay = 9 * 3600 * 12;
        long bytes;
        using (var store = JournalStore.Open(folder, new JournalOptions { Fsync = "never", SegmentBytes = SegmentBytes }, Market.Symbols, TimeProvider.System))
        {
            for (var day = 0; day < days; day++)
            {
                store.Append<MarketEvent>(Trades(perDay, day * 86_400 * Second), Format);
            }

            store.Journal.EndSegment();
            store.Journal.WaitForSealing();
            bytes = store.Journal.Bytes;
        }

        var milliseconds = new List<double>();
        using var month = JournalStore.OpenToRead(folder, Market.Symbols);
        for (var i = 0; i < 40; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var from = ((i % days) * 86_400 * Second) + (4 * 3600 * Second);
            var sum = 0L;
            var answer = month.Query(new StoreQuery("tick", "WDOU25", from, from + (3600 * Second)), Format, page =>
            {
                foreach (ref readonly var e in page)
                {
                    sum += e.Quantity;
                }

                return true;
            });
            milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            if (answer.Count is < 43_100 or > 43_300)
            {
                throw new InvalidOperationException($"Invariant: the hour has {answer.Count} trades.");
            }
        }

        cases.Add(new BenchmarkCase("hour_of_month", Rounds.Median(milliseconds.Skip(10)), "ms", 10, null) { AtMost = true });
        cases.Add(new BenchmarkCase("bytes_per_trade", bytes / (double)(perDay * (long)days), "bytes", null, null));
        Directory.Delete(folder, recursive: true);
    }

    private static void Commit(List<BenchmarkCase> cases, string root, MarketEvent[] events)
    {
        foreach (var policy in new[] { "never", "interval:100ms", "batch" })
        {
            var folder = Path.Combine(root, "commit");
            using (var store = JournalStore.Open(folder, new JournalOptions { Fsync = policy, Compress = false }, Market.Symbols, TimeProvider.System))
            {
                var microseconds = new List<double>();
                for (var at = 0; at < 100_000; at += 100)
                {
                    var start = Stopwatch.GetTimestamp();
                    store.Append<MarketEvent>(events.AsSpan(at, 100), Format);
                    microseconds.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                }

                microseconds.Sort();
                var name = policy.Split(':')[0];
                cases.Add(new BenchmarkCase($"commit.{name}.p50", microseconds[microseconds.Count / 2], "us", null, null));
                cases.Add(new BenchmarkCase($"commit.{name}.p99", microseconds[microseconds.Count * 99 / 100], "us", null, null));
            }

            Directory.Delete(folder, recursive: true);
        }
    }
}
