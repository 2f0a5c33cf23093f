using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Market;
using QuantumTrader.Market.Sources;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Market.Sources;

public sealed class SimulatorSourceTests
{
    private const long Second = 1_000_000_000;
    private const long Day = 86_400 * Second;
    private static readonly SimulatorOptions Short = new() { Rate = 1, Events = 20_000 };

    private static SimulatorSource Open(SimulatorOptions options, params string[] symbols) =>
        new(options, Feed.Market(symbols.Length > 0 ? symbols : ["BTCUSDT"]), Feed.Context());

    private static MarketEvent[] Read(SimulatorOptions options, params string[] symbols)
    {
        using var source = Open(options, symbols);
        return Feed.ReadAll(source);
    }

    private static string Hash(MarketEvent[] events) => Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(events.AsSpan())));

    private static long[] Arrivals(double rate, double branching, long open, long close, ulong seed = 1)
    {
        var arrivals = new SimulatedArrivals(new StableRandom(seed), rate, branching, decay: 5);
        arrivals.Begin(open, close);
        var times = new List<long>();
        for (var time = arrivals.Next(); time != long.MaxValue; time = arrivals.Next())
        {
            times.Add(time);
        }

        return [.. times];
    }

    [Fact]
    public void The_same_seed_gives_the_same_events_for_any_limit_and_another_seed_others() => Prop.ForAll(
        Gen.Choose(1, 1000).ToArbitrary(),
        Gen.Choose(1, 2000).ToArbitrary(),
        (seed, limit) =>
        {
            var options = Short with { Seed = seed, Events = 3000, Late = 0.01, Gap = 0.01 };
            using var source = Open(options);
            var expected = Hash(Read(options));
            return Hash(Feed.ReadAll(source, limit)) == expected && Hash(Read(options with { Seed = seed + 1 })) != expected;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(30));

    [Fact]
    public void Its_random_numbers_are_those_of_the_published_generators()
    {
        // xoshiro256** with the state that splitmix64 gives for 0; the same values as in the tests of other implementations.
        var random = new StableRandom(0);
        random.Next().ShouldBe(0x99EC5F36CB75F2B4UL);
        random.Next().ShouldBe(0xBF6E1F784956452AUL);
    }

    [Fact]
    public void Its_logarithm_and_exponential_are_good_to_thirteen_digits()
    {
        var random = new StableRandom(3);
        for (var i = 0; i < 100_000; i++)
        {
            var x = random.NextDouble() + 1e-300;
            StableMath.Log(x).ShouldBe(Math.Log(x), 1e-13 * (1 + Math.Abs(Math.Log(x))));
            var y = x * 50;
            (StableMath.ExpOfMinus(y) / Math.Exp(-y)).ShouldBe(1, 1e-13);
        }

        StableMath.Log(1).ShouldBe(0);
        StableMath.ExpOfMinus(0).ShouldBe(1);
        StableMath.ExpOfMinus(1e9).ShouldBe(0);
    }

    [Fact]
    public void Its_arrivals_are_the_same_on_every_machine() =>
        Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(Arrivals(20, 0.6, 0, Day / 24).AsSpan())))[..16].ShouldBe("E3AD8BD5F056D673");

    [Theory]
    [InlineData(0)]
    [InlineData(0.6)]
    [InlineData(0.9)]
    public void The_mean_rate_is_the_stated_one(double branching)
    {
        var times = Arrivals(5, branching, 0, Day);
        var deviation = Math.Sqrt(5 * 86_400) / (1 - branching);
        ((double)times.Length).ShouldBe(5 * 86_400, 4 * deviation);
        times.Zip(times.Skip(1)).ShouldAllBe(p => p.First <= p.Second);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.6, 6.25)]
    [InlineData(0.8, 25)]
    public void The_variance_of_counts_against_their_mean_is_that_of_the_branching_ratio(double branching, double expected)
    {
        // Differences of neighbouring minutes, because the U would count as variance too.
        var counts = new double[1440];
        foreach (var time in Arrivals(5, branching, 0, Day))
        {
            counts[time / (60 * Second)]++;
        }

        var ratio = counts.Chunk(2).Average(c => (c[0] - c[1]) * (c[0] - c[1]) / 2) / counts.Average();
        ratio.ShouldBe(expected, expected * 0.25);
    }

    [Fact]
    public void Activity_follows_a_U()
    {
        var tenths = new double[10];
        foreach (var time in Arrivals(5, 0.6, 0, Day))
        {
            tenths[time / (Day / 10)]++;
        }

        // The integral of 0.5 + 1.5 x² over each tenth.
        for (var i = 0; i < 10; i++)
        {
            var (a, b) = ((i / 5.0) - 1, ((i + 1) / 5.0) - 1);
            var share = ((0.5 * (b - a)) + (0.5 * ((b * b * b) - (a * a * a)))) / 2;
            (tenths[i] / tenths.Sum()).ShouldBe(share, share * 0.05);
        }
    }

    [Fact]
    public void The_book_is_whole_after_every_message_and_its_quotes_and_ids_are_true()
    {
        var tick = (long)(Feed.Market("BTCUSDT").Instrument(1).Tick * Scaled.One);
        var book = new PlainBook();
        var lastId = 0L;
        var tradesOfOrder = 0;
        foreach (var e in Read(new SimulatorOptions { Rate = 1, Events = 150_000, Lot = 0.5 }))
        {
            switch (e.Kind)
            {
                case EventKind.BookSnapshot:
                    lastId = e.LastUpdateId;
                    break;
                case EventKind.BookUpdate:
                    e.FirstUpdateId.ShouldBe(lastId + 1);
                    e.LastUpdateId.ShouldBe(lastId + e.LevelCount);
                    e.PreviousUpdateId.ShouldBe(-1);
                    lastId = e.LastUpdateId;
                    tradesOfOrder = 0;
                    break;
                case EventKind.Trade:
                    var first = e.Side == Side.Buy ? book.BestAsk : book.BestBid;
                    ((e.Price - first) * (int)e.Side).ShouldBeGreaterThanOrEqualTo(0);
                    (tradesOfOrder++ > 0 || e.Price == first).ShouldBeTrue("the first trade of an order is at the best price");
                    e.Quantity.ShouldBeGreaterThan(0);
                    (e.SideSource, e.Buyer != e.Seller, e.Buyer is >= 1 and <= 50, e.Seller is >= 1 and <= 50).ShouldBe((SideSource.Flag, true, true, true));
                    break;
                case EventKind.Quote:
                    (e.BidPrice, e.BidQuantity, e.AskPrice, e.AskQuantity).ShouldBe((book.BestBid, book.BestBidQuantity, book.BestAsk, book.BestAskQuantity));
                    break;
            }

            if (e.Kind is EventKind.Trade or EventKind.BookLevel)
            {
                (e.Price % tick, e.Quantity % (Scaled.One / 2)).ShouldBe((0, 0));
            }

            if (book.Apply(e))
            {
                (book.BestAsk - book.BestBid).ShouldBeGreaterThanOrEqualTo(tick);
                (book.Bids is >= 1 and <= 20 && book.Asks is >= 1 and <= 20).ShouldBeTrue();
            }
        }
    }

    [Fact]
    public void Orders_come_at_the_stated_rate_and_about_one_in_eight_trades()
    {
        var events = Read(new SimulatorOptions { Rate = 2, Quotes = false });
        double orders = events.Of(EventKind.BookUpdate).Length;
        orders.ShouldBe(2 * 86_400, 2 * 86_400 * 0.03);
        var marketOrders = events.Of(EventKind.Trade).Select(t => t.EventTime).Distinct().Count();
        (marketOrders / orders).ShouldBe(0.12, 0.015);
    }

    [Fact]
    public void Prices_move_and_the_spread_is_mostly_narrow()
    {
        var quotes = Read(Short with { Events = 100_000 }).Of(EventKind.Quote);
        quotes.Select(q => q.BidPrice).Distinct().Count().ShouldBeGreaterThan(20);
        quotes.Average(q => (q.AskPrice - q.BidPrice) / (double)(quotes.Min(p => p.AskPrice - p.BidPrice))).ShouldBeLessThan(5);
    }

    [Fact]
    public void Every_day_begins_with_a_snapshot_of_every_symbol_and_trades_numbered_from_one()
    {
        using var source = Open(new SimulatorOptions { Rate = 0.05, Days = 3, Start = "2024-02-28" }, "BTCUSDT", "ETHUSDT");
        var events = Feed.ReadAll(source);
        source.Progress.ShouldBe(1);
        events.ShouldBeNumberedFromOne();
        events.Zip(events.Skip(1)).ShouldAllBe(p => p.First.EventTime <= p.Second.EventTime && p.Second.ReceiveTime == p.Second.EventTime + 250_000);
        var days = events.GroupBy(e => e.EventTime / Day).ToArray();
        days.Select(d => DateTime.UnixEpoch.AddDays(d.Key).ToString("MM-dd", null)).ShouldBe(["02-28", "02-29", "03-01"]);
        foreach (var part in days.SelectMany(d => d.GroupBy(e => e.Symbol)))
        {
            part.First().Kind.ShouldBe(EventKind.BookSnapshot);
            part.Count(e => e.Kind == EventKind.BookSnapshot).ShouldBe(1);
            var numbers = part.Where(e => e.Kind == EventKind.Trade).Select(e => e.TradeNumber).ToArray();
            numbers.Length.ShouldBeGreaterThan(100);
            numbers.ShouldBe(Enumerable.Range(1, numbers.Length).Select(n => (long)n));
        }

        events.Select(e => e.Symbol).Distinct().Order().ShouldBe([1, 2]);
    }

    [Fact]
    public void It_stops_at_the_end_of_the_message_that_reaches_the_limit()
    {
        var events = Read(Short with { Events = 1000 });
        events.Length.ShouldBeInRange(1000, 1100);
        (events[^1].Kind != EventKind.BookUpdate && (events[^1].Kind != EventKind.BookLevel || events[^1].Has(EventFlags.EndOfMessage))).ShouldBeTrue();
        Read(Short with { Quotes = false }).Of(EventKind.Quote).ShouldBeEmpty();
    }

    [Fact]
    public void Faults_are_sent_and_reported_and_leave_the_market_behind_them_as_it_is()
    {
        var clean = Read(Short);
        using var source = Open(Short with { Gap = 0.02, Duplicate = 0.02, Late = 0.02, Bad = 0.02 });
        var events = Feed.ReadAll(source);
        events.ShouldBeNumberedFromOne();
        var report = source.Report().ShouldBeOfType<SimulatorReport>();
        new[] { report.Lost, report.Repeated, report.Delayed, report.Spoiled }.ShouldAllBe(n => n > 50);
        report.Source.Events.ShouldBe(events.Length);

        var trades = events.Of(EventKind.Trade);
        var cleanTrades = clean.Of(EventKind.Trade);
        trades.GroupBy(t => t.TradeNumber).Count(g => g.Count() > 1).ShouldBeGreaterThan(0, "duplicates");
        trades.Select(t => t.TradeNumber).Distinct().Count().ShouldBeLessThan((int)trades.Max(t => t.TradeNumber), "gaps");
        events.Zip(events.Skip(1)).Count(p => p.Second.EventTime < p.First.EventTime).ShouldBeGreaterThan(0, "late");
        var bad = events.Count(e => e.Kind is (EventKind.Trade or EventKind.BookLevel or EventKind.Quote) && (e.Price < 0 || e.Quantity < 0));
        bad.ShouldBeInRange((int)report.Spoiled, (int)(report.Spoiled + report.Repeated));
        trades.Where(t => t.Price > 0 && t.Quantity > 0 && t.TradeNumber <= cleanTrades.Length)
            .ShouldAllBe(t => cleanTrades[t.TradeNumber - 1].Price == t.Price && cleanTrades[t.TradeNumber - 1].EventTime == t.EventTime);
    }

    [Theory]
    [InlineData("start", "2024-13-01", 100)]
    [InlineData("start", "today", 100)]
    [InlineData("start_price", "2024-01-02", 0.01)]
    [InlineData("start_price", "2024-01-02", 1e10)]
    public void Options_that_cannot_work_are_told(string option, string start, double price) =>
        Should.Throw<ConfigurationException>(() => Open(new SimulatorOptions { Start = start, StartPrice = price })).Option.ShouldBe(option);
}
