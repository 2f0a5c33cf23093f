using System.Globalization;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Market;

/// <summary>Whole recordings of real markets against the totals that are known of them.</summary>
public sealed class RecordedMarketTests
{
    [DataTheory]
    [InlineData("usdm", 0.9995, 1, "usdm/btcusdt_20240808")]
    [InlineData("usdm", 0.99, 1, "usdm/btcusdt_20230404.dat", "usdm/btcusdt_20230405.dat")]
    [InlineData("spot", 0.99, 1, "spot/btcusdt_20240808", "spot/btcusdt_20240809")]
    [InlineData("coinm", 0.9995, 1, "coinm/btcusd_perp_20240808", "coinm/btcusd_perp_20240809")]
    public void The_book_of_a_recording_has_no_gap_is_never_crossed_and_equals_the_exchanges_own_quotes(string market, double atLeast, int snapshots, params string[] recordings)
    {
        var events = Recordings.Binance([.. recordings.Select(r => $"binance/{r}.gz")]);
        var quotes = events.Where(e => e.Kind == EventKind.Quote).OrderBy(e => e.Sequence).ToArray();
        var ids = quotes.Select(q => q.Sequence).ToArray();
        var normalize = new NormalizeOperator(new NormalizeOptions { MaxLatenessMs = 3000 }, market == "coinm" ? CoinMargined() : Bitcoin());

        var sorted = normalize.Drive(events);

        normalize.Accounts.DroppedTotal.ShouldBe(0);
        sorted.Length.ShouldBe(events.Length);
        sorted.Zip(sorted.Skip(1)).ShouldAllBe(p => p.First.EventTime <= p.Second.EventTime);

        var builder = new BookBuilder();
        var lastId = 0L;
        var (same, compared) = (0, 0);
        foreach (var e in sorted)
        {
            lastId = e.Kind is EventKind.BookUpdate or EventKind.BookSnapshot ? e.LastUpdateId : lastId;
            if (builder.Process(in e) == BookChange.Applied && e.Kind == EventKind.BookLevel && builder.Updates > 0)
            {
                var at = Array.BinarySearch(ids, lastId);
                at = at < 0 ? ~at - 1 : at;
                if (at >= 0)
                {
                    compared++;
                    same += quotes[at].Price == builder.Book.BestBid.Price && quotes[at].AskPrice == builder.Book.BestAsk.Price ? 1 : 0;
                }
            }
        }

        (builder.Gaps, builder.Crossed, builder.Snapshots, builder.IsValid).ShouldBe((0, 0, snapshots, true));
        compared.ShouldBeGreaterThan(3000);
        ((double)same / compared).ShouldBeGreaterThan(atLeast, $"{same} of {compared}");
    }

    [DataTheory]
    [InlineData("usdm/btcusdt_20240808", 9616, 1251.576, 11697, 1177.790, 61680.982153)]
    [InlineData("spot/btcusdt_20240808", 4103, 96.65118, 5654, 115.38197, 61707.681617)]
    [InlineData("coinm/btcusd_perp_20240808", 981, 35603, 1305, 47638, 61685.615703)]
    public void The_trades_of_a_recording_add_up_to_its_control_totals(string recording, int buys, decimal bought, int sells, decimal sold, decimal vwap)
    {
        var events = Recordings.Binance($"binance/{recording}.gz").Where(e => e.Kind == EventKind.Trade).ToArray();
        var normalize = new NormalizeOperator(new NormalizeOptions(), CoinMargined());

        // Every trade twice: the repeats must not count.
        var trades = normalize.Drive([.. events.SelectMany(e => new[] { e, e })]);

        normalize.Accounts.Dropped["duplicate"].ShouldBe(events.Length);
        var buy = trades.Where(t => t.Side == Side.Buy).ToArray();
        var sell = trades.Where(t => t.Side == Side.Sell).ToArray();
        (buy.Length, sell.Length).ShouldBe((buys, sells));
        (Total(buy), Total(sell)).ShouldBe((bought, sold));
        Math.Round(trades.Sum(t => Scaled.ToDecimal(t.Price) * Scaled.ToDecimal(t.Quantity)) / (bought + sold), 6).ShouldBe(vwap);
        trades.Select(t => t.TradeNumber).ShouldBe(trades.Select(t => t.TradeNumber).Order());
    }

    [DataFact]
    public void An_hour_of_coinbase_without_ids_ends_at_the_known_best_prices_and_never_crosses()
    {
        var events = new List<MarketEvent> { new() { Kind = EventKind.BookSnapshot, Symbol = 1 } };
        foreach (var side in new[] { "bids", "asks" })
        {
            events.AddRange(Recordings.GzipLines($"coinbase/snapshot_{side}.csv.gz").Skip(1).Select(l => Level(l.Split(','))));
        }

        events[^1] = events[^1] with { Flags = EventFlags.EndOfMessage };
        for (var file = 1; file <= 4; file++)
        {
            foreach (var line in Recordings.GzipLines($"coinbase/l2update_15min_{file}.csv.gz").Skip(1))
            {
                events.Add(new MarketEvent { Kind = EventKind.BookUpdate, Symbol = 1, LevelCount = 1, PreviousUpdateId = -1 });
                events.Add(Level(line.Split(',')) with { Flags = EventFlags.EndOfMessage });
            }
        }

        var builder = new BookBuilder();
        var absent = 0;
        foreach (var e in events)
        {
            absent += e is { Kind: EventKind.BookLevel, Quantity: 0 } && builder.Book.QuantityAt(e.Side, e.Price) == 0 ? 1 : 0;
            builder.Process(in e);
        }

        (builder.Updates, builder.Gaps, builder.Crossed, absent).ShouldBe((193_848, 0, 0, 0));
        (Scaled.ToDecimal(builder.Book.BestBid.Price), Scaled.ToDecimal(builder.Book.BestAsk.Price)).ShouldBe((9227.61m, 9227.62m));

        static MarketEvent Level(string[] cells) => new()
        {
            Kind = EventKind.BookLevel, Symbol = 1, Side = cells[0] == "buy" ? Side.Buy : Side.Sell, Price = Recordings.Number(cells[1]), Quantity = Recordings.Number(cells[2]),
        };
    }

    [DataFact]
    public void The_minute_candles_of_a_day_of_gemini_add_up_to_its_control_totals()
    {
        var market = MarketContext.Of(new TradingCalendar(), new Instrument("ETHUSD", 0.01m, 1m, 0.000001m));
        var trades = Recordings.GzipLines("gemini/gemini__eth-usd__2021-07-01__trade.csv.gz").Skip(1).Select(l => l.Split(',')).Select(c => new MarketEvent
        {
            Kind = EventKind.Trade, Symbol = 1, EventTime = Recordings.Number(c[0]) * 10, Price = Recordings.Number(c[1]), Quantity = Recordings.Number(c[2]),
            Side = c[3] == "1" ? Side.Sell : Side.Buy,
        }).ToList();
        trades.Add(new MarketEvent { Kind = EventKind.Clock, EventTime = (trades[0].EventTime / 86_400_000_000_000 * 86_400_000_000_000) + 86_400_000_000_000 });

        var candles = new CandlesOperator(new CandlesOptions(), market).Drive(new NormalizeOperator(new NormalizeOptions { MaxLatenessMs = 0 }, market).Drive(trades));

        (candles.Length, candles.Count(c => c.Trades > 0), candles.Sum(c => c.Trades)).ShouldBe((1440, 1414, 25_222));
        Math.Round(Scaled.ToDecimal(candles.Sum(c => c.BuyVolume)), 6).ShouldBe(13938.404278m);
        Math.Round(Scaled.ToDecimal(candles.Sum(c => c.SellVolume)), 6).ShouldBe(13090.647445m);
        (Scaled.ToDecimal(candles.Min(c => c.Low)), Scaled.ToDecimal(candles.Max(c => c.High))).ShouldBe((2072.08m, 2278.15m));
    }

    [DataTheory]
    [InlineData("20161007", 1419)]
    [InlineData("20161008", 1400)]
    [InlineData("20161009", 1397)]
    public void Minute_candles_from_second_bars_equal_the_exchanges_minute_bars(string day, int rows)
    {
        // A second's bar stands for four trades at its open, high, low and close; the whole quantity goes with the last.
        var seconds = Bars($"bars/coinbase/second/btcusd/{day}_trade.zip").SelectMany(b => b.Prices.Select((price, i) => new MarketEvent
        {
            Kind = EventKind.Trade, Symbol = 1, EventTime = Feed.Start + b.Time, Price = price, Quantity = i == 3 ? b.Volume : 0,
        })).Append(new MarketEvent { Kind = EventKind.Clock, EventTime = Feed.Start + 86_400_000_000_000 }).ToArray();

        var candles = new CandlesOperator(new CandlesOptions(), Bitcoin()).Drive(seconds).Where(c => c.Trades > 0).ToArray();

        candles.Length.ShouldBe(rows);
        var expected = Bars($"bars/coinbase/minute/btcusd/{day}_trade.zip").ToArray();
        candles.Select(c => (c.StartTime - Feed.Start, c.Open, c.High, c.Low, c.Close)).ShouldBe(expected.Select(b => (b.Time, b.Prices[0], b.Prices[1], b.Prices[2], b.Prices[3])));

        // Volumes are printed as binary floats, so sums of rounded ones differ in the last place.
        candles.Zip(expected).ShouldAllBe(p => Math.Abs(p.First.Volume - p.Second.Volume) <= 60);
    }

    [DataFact]
    public void The_crossed_and_locked_quotes_of_a_day_of_fxcm_are_found()
    {
        var normalize = new NormalizeOperator(new NormalizeOptions { MaxLatenessMs = 0 }, MarketContext.Of(new TradingCalendar(), new Instrument("EURUSD", 0.00001m, 1m, 1m)));
        var quotes = Recordings.ZipLines("fxcm/tick/eurusd/20140502_quote.zip").Select(l => l.Split(',')).Select(c => new MarketEvent
        {
            Kind = EventKind.Quote, Symbol = 1, EventTime = Feed.Start + (long)(double.Parse(c[0], CultureInfo.InvariantCulture) * 1e6),
            Price = Recordings.Number(c[1]), AskPrice = Recordings.Number(c[2]),
        }).ToArray();

        normalize.Drive(quotes).Length.ShouldBe(96_406);

        var report = (NormalizeReport)normalize.Report();
        (report.Crossed, report.Locked).ShouldBe((12_061, 13_004));
    }

    private static IEnumerable<(long Time, long[] Prices, long Volume)> Bars(string recording) => Recordings.ZipLines(recording).Select(l => l.Split(','))
        .Select(c => (long.Parse(c[0], CultureInfo.InvariantCulture) * 1_000_000, c[1..5].Select(Recordings.Number).ToArray(), Recordings.Number(c[5])));

    private static decimal Total(IEnumerable<MarketEvent> trades) => trades.Sum(t => Scaled.ToDecimal(t.Quantity));

    private static MarketContext Bitcoin() => MarketContext.Of(new TradingCalendar(), new Instrument("BTCUSDT", 0.01m, 1m, 0.00001m));

    private static MarketContext CoinMargined() => MarketContext.Of(new TradingCalendar(), new Instrument("BTCUSD_PERP", 0.1m, 100m, 1m));
}
