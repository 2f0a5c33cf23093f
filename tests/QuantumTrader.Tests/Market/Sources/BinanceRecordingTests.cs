using QuantumTrader.Market;
using QuantumTrader.Market.Sources;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Market.Sources;

/// <summary>Counts and control totals of the recordings, as their README states them.</summary>
public sealed class BinanceRecordingTests
{
    private static readonly Dictionary<string, (string Symbol, Totals Events, TradeTotals Trades)> Stated = new()
    {
        ["usdm/btcusdt_20240808.gz"] = ("BTCUSDT", new(21_313, 66_089, 6_551, 443_521, 0, 1), new(9_616, 1251.576m, 11_697, 1177.790m, 5266583935, 5266605247)),
        ["usdm/btcusdt_20230404.dat.gz"] = ("BTCUSDT", new(2_197, 6_765, 4_322, 66_278, 99, 1), new(1_370, 133.325m, 827, 68.263m, 3535186032, 3535188228)),
        ["usdm/btcusdt_20230405.dat.gz"] = ("BTCUSDT", new(10_738, 37_440, 11_788, 256_404, 415, 0), new(5_110, 456.749m, 5_628, 530.749m, 3535188229, 3535198966)),
        ["spot/btcusdt_20240808.gz"] = ("BTCUSDT", new(9_757, 28_040, 3_451, 124_090, 0, 1), new(4_103, 96.65118m, 5_654, 115.38197m, 3735683259, 3735693015)),
        ["spot/btcusdt_20240809.gz"] = ("BTCUSDT", new(10_147, 45_134, 3_044, 174_021, 0, 0), new(4_990, 107.83994m, 5_157, 118.04243m, 3735693016, 3735703162)),
        ["spot/btcusdt_20230405.dat.gz"] = ("BTCUSDT", new(3_144, 8_015, 3_929, 32_024, 0, 0), new(1_360, 50.86145m, 1_784, 52.99821m, 3071245454, 3071248597)),
        ["coinm/btcusd_perp_20240808.gz"] = ("BTCUSD_PERP", new(2_286, 19_136, 26_847, 296_013, 0, 1), new(981, 35603m, 1_305, 47638m, 849714402, 849716687)),
        ["coinm/btcusd_perp_20240809.gz"] = ("BTCUSD_PERP", new(2_949, 29_219, 17_948, 363_658, 0, 0), new(1_584, 67380m, 1_365, 31562m, 849716688, 849719636)),
    };

    public static TheoryData<string> Recordings => [.. Stated.Keys];

    private sealed record Totals(int Trades, int Quotes, int Updates, int Levels, int MarkPrices, int Snapshots);

    private sealed record TradeTotals(int Buys, decimal Bought, int Sells, decimal Sold, long First, long Last);

    private static MarketEvent[] Read(string symbol, params string[] files)
    {
        using var source = new CaptureSource(
            new CaptureOptions { Path = [.. files.Select(f => Path.Combine(TestData.Folder, "binance", f))] }, Feed.Market(symbol), Feed.Context());
        var events = Feed.ReadAll(source);
        events.ShouldBeNumberedFromOne();
        source.Accounts.DroppedTotal.ShouldBe(0);
        source.Accounts.Notes.ShouldBeEmpty();
        return events;
    }

    [DataTheory]
    [MemberData(nameof(Recordings))]
    public void A_recording_holds_what_its_page_states(string file)
    {
        var (symbol, expected, expectedTrades) = Stated[file];
        var events = Read(symbol, file);
        new Totals(
            events.Of(EventKind.Trade).Length,
            events.Of(EventKind.Quote).Length,
            events.Of(EventKind.BookUpdate).Length,
            events.Count(e => e.Kind == EventKind.BookLevel && !e.Has(EventFlags.Snapshot)),
            events.Of(EventKind.MarkPrice).Length,
            events.Of(EventKind.BookSnapshot).Length).ShouldBe(expected);
        events.Count(e => e.Kind == EventKind.BookLevel && e.Has(EventFlags.Snapshot)).ShouldBe(expected.Snapshots * 2000);
        events.Count(e => e.Has(EventFlags.EndOfMessage)).ShouldBe(expected.Updates + expected.Snapshots);
        events.Where(e => e.Kind is EventKind.BookUpdate or EventKind.BookSnapshot).Sum(e => (long)e.LevelCount).ShouldBe(events.Of(EventKind.BookLevel).Length);

        var trades = events.Of(EventKind.Trade);
        var (buys, sells) = (trades.Where(t => t.Side == Side.Buy).ToArray(), trades.Where(t => t.Side == Side.Sell).ToArray());
        new TradeTotals(buys.Length, Quantity(buys), sells.Length, Quantity(sells), trades[0].TradeNumber, trades[^1].TradeNumber).ShouldBe(expectedTrades);
        trades.Select(t => t.TradeNumber).SequenceEqual(Enumerable.Range(0, trades.Length).Select(i => expectedTrades.First + i)).ShouldBeTrue("trade ids are consecutive");

        static decimal Quantity(MarketEvent[] trades) => trades.Sum(t => t.Quantity) / (decimal)Scaled.One;
    }

    [DataFact]
    public void The_insurance_fund_s_trade_is_marked_as_off_market() =>
        Read("BTCUSDT", "usdm/btcusdt_20230405.dat.gz").Where(e => e.Has(EventFlags.OffMarket)).ShouldHaveSingleItem().TradeNumber.ShouldBe(3535191080);

    [DataFact]
    public void Two_days_of_one_recording_continue_as_one_stream()
    {
        foreach (var (symbol, pattern, isChained) in new[] { ("BTCUSDT", "usdm/btcusdt_202304*.gz", true), ("BTCUSD_PERP", "coinm/*.gz", true), ("BTCUSDT", "spot/btcusdt_202408*.gz", false) })
        {
            var events = Read(symbol, pattern);
            var trades = events.Of(EventKind.Trade);
            trades.Zip(trades.Skip(1)).ShouldAllBe(p => p.Second.TradeNumber == p.First.TradeNumber + 1);
            var updates = events.Of(EventKind.BookUpdate);
            updates.Zip(updates.Skip(1)).ShouldAllBe(p => isChained ? p.Second.PreviousUpdateId == p.First.LastUpdateId : p.Second.FirstUpdateId == p.First.LastUpdateId + 1);
        }
    }
}
