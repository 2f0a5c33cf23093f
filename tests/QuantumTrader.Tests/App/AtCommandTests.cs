using System.Globalization;
using System.Text.Json;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market.Sources;

namespace QuantumTrader.Tests.App;

public sealed class AtCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("qt-at-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_known_at_a_moment_is_what_a_run_had_seen_by_then()
    {
        var journal = Path.Combine(_folder, "journal");
        var (code, _, error) = Qt.Run("run", "pipelines/time-travel.yml", "--set", $"store.journal.path={journal}");
        code.ShouldBe(0, error);

        IsoTime.TryParse("2024-01-02T12:34:56.5Z", out var moment).ShouldBeTrue();
        (code, var output, error) = Qt.Run("at", "2024-01-02T12:34:56.5Z", "DEMO", "--store", journal, "--last", "3", "--depth", "2", "--json");
        code.ShouldBe(0, error);
        using var known = JsonDocument.Parse(output);
        foreach (var (name, data, count) in new[] { ("trades", "ticks", 3), ("candles_1m", "candles_1m", 3), ("predictions", "predictions", 1), ("signals", "signals", 1) })
        {
            var before = Query(journal, data).Where(e => e.GetProperty("ts_us").GetDecimal() < moment / 1000m).TakeLast(count).ToList();
            before.Count.ShouldBe(count);
            known.RootElement.GetProperty(name).EnumerateArray().Select(e => e.GetRawText()).ShouldBe(before.Select(e => e.GetRawText()), name);
        }

        var book = Replay(journal, moment);
        var best = (known.RootElement.GetProperty("book").GetProperty("bids")[0], known.RootElement.GetProperty("book").GetProperty("asks")[0]);
        (Scaled.FromDouble(best.Item1[0].GetDouble()), Scaled.FromDouble(best.Item1[1].GetDouble())).ShouldBe((book.BestBid, book.BestBidQuantity));
        (Scaled.FromDouble(best.Item2[0].GetDouble()), Scaled.FromDouble(best.Item2[1].GetDouble())).ShouldBe((book.BestAsk, book.BestAskQuantity));
    }

    [Fact]
    public void Before_the_recording_nothing_was_known_and_that_is_said()
    {
        var journal = Path.Combine(_folder, "journal");
        Qt.Run("record", "pipelines/demo.yml", "--to", journal, "--set", "blocks.feed.days=1", "--set", "blocks.feed.rate=1").Code.ShouldBe(0);

        var (code, output, _) = Qt.Run("at", "2023-12-31T00:00:00Z", "DEMO", "--store", journal);
        (code, output.Trim()).ShouldBe((1, "book: not known then"));
        Qt.Run("at", "noon", "DEMO", "--store", journal).Code.ShouldBe(2);
        Qt.Run("at", "2024-01-02T12:00:00Z", "DEMO", "--store", Path.Combine(_folder, "nowhere")).Code.ShouldBe(4);
    }

    private static List<JsonElement> Query(string journal, string data)
    {
        var (code, output, error) = Qt.Run("query", data, "DEMO", "--store", journal, "--json");
        code.ShouldBe(0, error);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
    }

    // From all that was recorded before the moment, message by message.
    private static PlainBook Replay(string journal, long moment)
    {
        var market = MarketContext.Of(new TradingCalendar(), new Instrument("DEMO", 1, 1, 1));
        using var store = QuantumTrader.Storage.JournalStore.OpenToRead(journal, market.Symbols);
        var (book, whole) = (new PlainBook(), 0);
        store.Query(new QuantumTrader.Storage.StoreQuery("book", "DEMO", long.MinValue, moment), new MarketFormat(market), events =>
        {
            foreach (ref readonly var e in events)
            {
                whole += book.Apply(in e) ? 1 : 0;
            }

            return true;
        });
        whole.ShouldBeGreaterThan(1000, string.Create(CultureInfo.InvariantCulture, $"messages before {moment}"));
        return book;
    }
}
