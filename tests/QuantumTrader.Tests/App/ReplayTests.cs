using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using QuantumTrader.App.Commands;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.App;

/// <summary>The recorded day of 2024-08-08 through the pipeline that users run, against a computation that shares no code with it.</summary>
public sealed class ReplayTests
{
    private static string Recording => TestData.PathOf("binance/usdm/btcusdt_20240808.gz");

    [DataFact]
    public async Task Counts_book_and_candles_agree_with_an_independent_computation()
    {
        var plan = new PipelineLoader(PipelineArguments.Registry)
            .Load(Path.Combine(Qt.Root, "pipelines", "replay-btcusdt.yml"), null, [$"blocks.feed.path={Recording}"]).Plan!;
        using var factory = new BlockFactory(plan, TimeProvider.System);
        var builder = new GraphBuilder(plan.Engine);
        foreach (var part in PipelineBuilder.Parts(plan, factory))
        {
            builder.Add(part.Name, part.Make, part.Inputs, part.Settings);
        }

        var candles = new CollectCandles();
        builder.Add("candles", new CandlesOperator(new CandlesOptions(), factory.Section<MarketContext>()!), ["book"]).Add("collect", candles, ["candles"]);
        using var graph = builder.Build();
        var report = await graph.RunAsync();

        report.Fault.ShouldBeNull();
        report.Imbalances.ShouldBeEmpty();
        var expected = Compute();
        var normalized = (NormalizeReport)report.Blocks.Single(b => b.Name == "normalize").Details!;
        (normalized.Trades, normalized.Quotes, normalized.BookUpdates, normalized.Levels - 2_000).ShouldBe((21_313L, 66_089L, 6_551L, 443_521L));
        (expected.Trades, expected.Quotes, expected.Updates, expected.Levels).ShouldBe((21_313L, 66_089L, 6_551L, 443_521L));
        var book = ((IReadOnlyDictionary<string, BookReport>)report.Blocks.Single(b => b.Name == "book").Details!)["BTCUSDT_PERP"];
        (book.Bid, book.Ask, book.Mid, book.Gaps).ShouldBe((expected.Bid, expected.Ask, (expected.Bid + expected.Ask) / 2, 0L));
        // The recording ends 1 s behind midnight by the exchange's clock: 23:54 to 23:59 are closed, 00:00 is not.
        candles.Seen.Count.ShouldBe(6);
        candles.Seen.Select(c => (c.StartTime / 60_000_000_000L, Scaled.ToDecimal(c.Open), Scaled.ToDecimal(c.High), Scaled.ToDecimal(c.Low), Scaled.ToDecimal(c.Close), Scaled.ToDecimal(c.Volume), Scaled.ToDecimal(c.BuyVolume), c.Trades))
            .ShouldBe(expected.Candles.Take(6));
    }

    private sealed record Expected(long Trades, long Quotes, long Updates, long Levels, decimal? Bid, decimal? Ask, List<(long Minute, decimal O, decimal H, decimal L, decimal C, decimal V, decimal B, int N)> Candles);

    // Dictionaries, decimals and a general JSON parser: slow and plain on purpose.
    private static Expected Compute()
    {
        var (trades, quotes, updates, levels) = (0L, 0L, 0L, 0L);
        var all = new List<(long Time, long Number, decimal Price, decimal Quantity, bool IsBuy)>();
        var sides = new Dictionary<decimal, decimal>[] { [], [] };
        var waiting = new List<JsonElement>();
        long? snapshot = null;
        using var reader = new StreamReader(new GZipStream(File.OpenRead(Recording), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            var message = JsonDocument.Parse(line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..]).RootElement;
            if (!message.TryGetProperty("stream", out var stream))
            {
                snapshot = message.GetProperty("lastUpdateId").GetInt64();
                Apply(message.GetProperty("bids"), message.GetProperty("asks"));
                waiting.ForEach(Update);
                continue;
            }

            var data = message.GetProperty("data");
            switch (stream.GetString()!.Split('@')[1])
            {
                case "trade":
                    trades++;
                    all.Add((data.GetProperty("T").GetInt64(), data.GetProperty("t").GetInt64(), Number(data.GetProperty("p")), Number(data.GetProperty("q")), !data.GetProperty("m").GetBoolean()));
                    break;
                case "bookTicker":
                    quotes++;
                    break;
                default:
                    updates++;
                    levels += data.GetProperty("b").GetArrayLength() + data.GetProperty("a").GetArrayLength();
                    if (snapshot is null)
                    {
                        waiting.Add(data);
                    }
                    else
                    {
                        Update(data);
                    }

                    break;
            }
        }

        var candles = all.OrderBy(t => t.Time).ThenBy(t => t.Number).GroupBy(t => t.Time / 60_000)
            .Select(g => (g.Key, g.First().Price, g.Max(t => t.Price), g.Min(t => t.Price), g.Last().Price, g.Sum(t => t.Quantity), g.Where(t => t.IsBuy).Sum(t => t.Quantity), g.Count())).ToList();
        return new Expected(trades, quotes, updates, levels, sides[0].Keys.Max(), sides[1].Keys.Min(), candles);

        void Update(JsonElement data)
        {
            if (data.GetProperty("u").GetInt64() >= snapshot)
            {
                Apply(data.GetProperty("b"), data.GetProperty("a"));
            }
        }

        void Apply(JsonElement bids, JsonElement asks)
        {
            foreach (var (side, changes) in new[] { (sides[0], bids), (sides[1], asks) })
            {
                foreach (var change in changes.EnumerateArray())
                {
                    var (price, quantity) = (Number(change[0]), Number(change[1]));
                    if (quantity == 0)
                    {
                        side.Remove(price);
                    }
                    else
                    {
                        side[price] = quantity;
                    }
                }
            }
        }
    }

    private static decimal Number(JsonElement text) => decimal.Parse(text.GetString()!, CultureInfo.InvariantCulture);

    private sealed class CollectCandles : Observer<Candle>
    {
        public List<Candle> Seen { get; } = [];

        public override void Observe(Run<Candle> run)
        {
            foreach (ref readonly var candle in run)
            {
                Seen.Add(candle);
            }
        }
    }
}
