using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.Tests.Storage;

/// <summary>A journal in a folder of its own, removed behind the test.</summary>
internal sealed class JournalFixture : IDisposable
{
    public const long Second = 1_000_000_000;
    public const long Noon = 1_723_118_400 * Second;

    public string Root { get; } = Directory.CreateTempSubdirectory("qt-journal-").FullName;

    public string Folder => Path.Combine(Root, "journal");

    public MarketContext Market { get; } = MarketContext.Of(new TradingCalendar(), new Instrument("WDOU25", 0.5m, 10, 1), new Instrument("WINV25", 5, 0.2m, 1));

    public EventFormat<MarketEvent> Format => _format ??= new MarketFormat(Market);

    private MarketFormat? _format;

    public JournalOptions Options { get; set; } = new() { Fsync = "never", Compress = false };

    public JournalStore Open() => JournalStore.Open(Folder, Options, Market.Symbols, TimeProvider.System);

    public JournalStore OpenToRead() => JournalStore.OpenToRead(Folder, Market.Symbols);

    public string[] Files => Directory.Exists(Folder) ? [.. Directory.GetFiles(Folder, "*.qtj").Order(StringComparer.Ordinal)] : [];

    /// <summary>Trades one second apart, of two symbols in turn, with a quote behind each third.</summary>
    public static MarketEvent[] Events(int count, int first = 1)
    {
        var events = new MarketEvent[count];
        for (var i = 0; i < count; i++)
        {
            var n = first + i;
            events[i] = n % 3 == 0
                ? new MarketEvent { Kind = EventKind.Quote, Sequence = n, EventTime = Noon + (n * Second), Symbol = 1 + (n % 2), Price = n, Quantity = 2, AskPrice = n + 1, AskQuantity = 3 }
                : new MarketEvent { Kind = EventKind.Trade, Sequence = n, EventTime = Noon + (n * Second), Symbol = 1 + (n % 2), TradeNumber = n, Price = 5000 * Scaled.One, Quantity = n, Side = n % 4 == 0 ? Side.Buy : Side.Sell };
        }

        return events;
    }

    public List<MarketEvent> Query(IEventStore store, string channel = "tick", string symbol = "WDOU25", long from = long.MinValue, long to = long.MaxValue)
    {
        var found = new List<MarketEvent>();
        store.Query(new StoreQuery(channel, symbol, from, to), Format, page =>
        {
            found.AddRange(page);
            return true;
        });
        return found;
    }

    /// <summary>Everything in the order in which it was appended.</summary>
    public List<MarketEvent> Everything()
    {
        using var journal = QuantumTrader.Storage.Journal.OpenToRead(Folder, new JournalOptions());
        var order = new JournalOrder(journal.Segments);
        var all = new List<MarketEvent>();
        while (order.Read(out var run))
        {
            var records = run.Records;
            for (var i = 0; i < run.Count; i++)
            {
                all.Add(MarketRecord.Read(run.Take(ref records, out _), Market.Symbols.Find(run.Names.Stream(run.Stream)!.Symbol)));
            }
        }

        return all;
    }

    /// <summary>Breaks the block that holds the record at a place in the journal; returns its header.</summary>
    public BlockHeader Damage(long ordinal)
    {
        foreach (var file in Files)
        {
            var bytes = File.ReadAllBytes(file);
            for (var at = SegmentHeader.Bytes; at < bytes.Length; at += 64)
            {
                if (BlockHeader.TryRead(bytes.AsSpan(at, Math.Min(BlockHeader.Bytes, bytes.Length - at)), at, out var header)
                    && header.FirstOrdinal <= ordinal && ordinal < header.FirstOrdinal + header.Count)
                {
                    bytes[at + BlockHeader.Bytes + (header.StoredBytes / 2)] ^= 1;
                    File.WriteAllBytes(file, bytes);
                    return header;
                }
            }
        }

        throw new InvalidOperationException($"There is no record {ordinal}.");
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
