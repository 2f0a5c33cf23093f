using System.IO.Compression;
using System.Text;
using System.Text.Json;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Market;

/// <summary>Reads real recordings in the plainest way, apart from the sources of the product.</summary>
internal static class Recordings
{
    /// <summary>The events of Binance recordings that follow each other; event time is T, else E, else the newest of these so far.</summary>
    public static MarketEvent[] Binance(params string[] recordings)
    {
        var events = new List<MarketEvent>();
        var time = 0L;
        foreach (var line in recordings.SelectMany(GzipLines))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            using var document = JsonDocument.Parse(line.AsMemory(space + 1));
            var root = document.RootElement;
            var isStream = root.TryGetProperty("data", out var data);
            data = isStream ? data : root;
            var own = data.TryGetProperty("T", out var transaction) ? transaction : data.TryGetProperty("E", out var sent) ? sent : default;
            var stream = isStream ? root.GetProperty("stream").GetString()! : "";
            if (stream.Contains("markPrice", StringComparison.Ordinal))
            {
                continue; // its T is the time of the next funding
            }

            var eventTime = own.ValueKind == JsonValueKind.Number ? own.GetInt64() * 1_000_000 : time;
            time = Math.Max(time, eventTime);
            if (stream.EndsWith("@trade", StringComparison.Ordinal))
            {
                events.Add(new MarketEvent
                {
                    Kind = EventKind.Trade, EventTime = eventTime, Symbol = 1, TradeNumber = data.GetProperty("t").GetInt64(),
                    Price = Number(data.GetProperty("p")), Quantity = Number(data.GetProperty("q")), Side = data.GetProperty("m").GetBoolean() ? Side.Sell : Side.Buy,
                    Flags = data.TryGetProperty("X", out var type) && type.GetString() != "MARKET" ? EventFlags.OffMarket : EventFlags.None,
                });
            }
            else if (stream.EndsWith("@bookTicker", StringComparison.Ordinal))
            {
                // The update id travels in the sequence, for the comparison with the book.
                events.Add(new MarketEvent
                {
                    Kind = EventKind.Quote, EventTime = eventTime, Symbol = 1, Sequence = data.GetProperty("u").GetInt64(),
                    Price = Number(data.GetProperty("b")), Quantity = Number(data.GetProperty("B")),
                    AskPrice = Number(data.GetProperty("a")), AskQuantity = Number(data.GetProperty("A")),
                });
            }
            else
            {
                AddBook(events, data, isStream, eventTime);
            }
        }

        return [.. events];
    }

    public static IEnumerable<string> GzipLines(string recording)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(TestData.PathOf(recording)), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    public static IEnumerable<string> ZipLines(string recording)
    {
        using var archive = ZipFile.OpenRead(TestData.PathOf(recording));
        using var reader = new StreamReader(archive.Entries.Single().Open());
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    public static long Number(string text) =>
        Scaled.TryParse(Encoding.ASCII.GetBytes(text), out var value) ? value : throw new FormatException($"'{text}' is no number.");

    private static long Number(JsonElement element) => Number(element.GetString()!);

    private static void AddBook(List<MarketEvent> events, JsonElement data, bool isUpdate, long eventTime)
    {
        var header = events.Count;
        events.Add(new MarketEvent
        {
            Kind = isUpdate ? EventKind.BookUpdate : EventKind.BookSnapshot, EventTime = eventTime, Symbol = 1,
            FirstUpdateId = isUpdate ? data.GetProperty("U").GetInt64() : 0,
            LastUpdateId = data.GetProperty(isUpdate ? "u" : "lastUpdateId").GetInt64(),
            PreviousUpdateId = data.TryGetProperty("pu", out var previous) ? previous.GetInt64() : -1,
        });
        foreach (var (key, side) in new[] { (isUpdate ? "b" : "bids", Side.Buy), (isUpdate ? "a" : "asks", Side.Sell) })
        {
            foreach (var level in data.GetProperty(key).EnumerateArray())
            {
                events.Add(new MarketEvent { Kind = EventKind.BookLevel, EventTime = eventTime, Symbol = 1, Side = side, Price = Number(level[0]), Quantity = Number(level[1]) });
            }
        }

        var all = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(events);
        all[header].LevelCount = events.Count - header - 1;
        all[^1].Flags |= EventFlags.EndOfMessage;
    }
}
