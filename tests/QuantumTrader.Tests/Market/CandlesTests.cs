using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using static QuantumTrader.Tests.Market.Feed;

namespace QuantumTrader.Tests.Market;

public sealed class CandlesTests
{
    [Fact]
    public void A_candle_holds_its_trades_and_closes_when_the_time_of_any_event_reaches_its_end()
    {
        var block = Block();

        block.Drive([Trade(0, price: 10, quantity: 1, side: Side.Buy), Trade(20_000, price: 12, quantity: 2, side: Side.Sell), Trade(59_999, price: 9, quantity: 4)]).ShouldBeEmpty();
        var candle = block.Drive(Numbered(Clock(60_000))).ShouldHaveSingleItem();

        (candle.StartTime, candle.EndTime, candle.Sequence, candle.Symbol, candle.Trades).ShouldBe((Time(0), Time(60_000), 1, 1, 3));
        Prices(candle).ShouldBe((10, 12, 9, 9));
        (Scaled.ToDouble(candle.Volume), Scaled.ToDouble(candle.BuyVolume), Scaled.ToDouble(candle.SellVolume)).ShouldBe((7, 1, 2));
    }

    [Fact]
    public void A_trade_at_the_end_belongs_to_the_next_candle()
    {
        var candles = Block().Drive([Trade(0, price: 10), Trade(60_000, price: 20), Clock(120_000)]);

        candles.Select(Prices).ShouldBe([(10, 10, 10, 10), (20, 20, 20, 20)]);
    }

    [Fact]
    public void An_interval_without_trades_gives_a_flat_candle()
    {
        var candles = Block().Drive([Trade(0, price: 10), Trade(1, price: 11), Trade(150_000, price: 20), Clock(180_000)]);

        candles.Select(Prices).ShouldBe([(10, 11, 10, 11), (11, 11, 11, 11), (20, 20, 20, 20)]);
        (candles[1].Trades, candles[1].Volume).ShouldBe((0, 0));
    }

    [Fact]
    public void Before_the_first_trade_there_is_no_candle()
    {
        var candles = Block().Drive([Clock(0), Clock(300_000), Trade(330_000, price: 10), Clock(360_000)]);

        candles.ShouldHaveSingleItem().StartTime.ShouldBe(Time(300_000));
    }

    [Fact]
    public void Outside_the_trading_day_there_is_no_candle_and_a_trade_there_is_counted()
    {
        var block = new CandlesOperator(new CandlesOptions { Seconds = 3600 }, B3());
        const double hour = 3_600_000;
        const double friday = 24 * hour; // Start is a Thursday; B3 trades from 12:00 to 21:30 UTC

        var candles = block.Drive(
        [
            Trade(friday + (11 * hour), price: 1), Trade(friday + (20.5 * hour), price: 10), Trade(friday + (22 * hour), price: 2),
            Trade(friday + (86 * hour), price: 30), Clock(friday + (87 * hour)),
        ]);

        candles.Select(c => ((c.StartTime - Time(friday)) / 3.6e12, (c.EndTime - Time(friday)) / 3.6e12, Scaled.ToDouble(c.Close))).ShouldBe(
        [
            (20, 21, 10), (21, 21.5, 10), // the last one ends with the day
            (84, 85, 10), (85, 86, 10), (86, 87, 30), // Monday from its open on
        ]);
        ((Dictionary<string, CandlesReport>)block.Report()!)["WDOU24"].OutsideDay.ShouldBe(2);
    }

    [Fact]
    public void A_gap_of_years_costs_no_more_than_two_days_of_candles()
    {
        var candles = new CandlesOperator(new CandlesOptions { Seconds = 1 }, NewMarket()).Drive([Trade(0), Trade(1e12 + 500)]);

        candles.Length.ShouldBeLessThanOrEqualTo(2 * 86_400);
        candles[^1].EndTime.ShouldBe(Time(1e12));
    }

    [Fact]
    public void A_trade_that_did_not_come_from_the_market_is_not_in_the_candle()
    {
        var candles = Block().Drive([Trade(0, price: 10), Trade(1, price: 99, flags: EventFlags.OffMarket), Clock(60_000)]);

        candles.Select(Prices).ShouldBe([(10, 10, 10, 10)]);
    }

    [Fact]
    public void An_edit_replaces_its_trade_in_the_open_candle()
    {
        var block = Block();

        var candle = block.Drive(
        [
            Trade(0, 1, price: 10, side: Side.Buy), Trade(1, 2, price: 99, quantity: 5, side: Side.Sell), Trade(2, 3, price: 11, side: Side.Buy),
            Trade(3, 2, price: 9, quantity: 2, flags: EventFlags.Edit), Clock(60_000),
        ]).ShouldHaveSingleItem();

        Prices(candle).ShouldBe((10, 11, 9, 11));
        (Scaled.ToDouble(candle.Volume), Scaled.ToDouble(candle.BuyVolume), Scaled.ToDouble(candle.SellVolume), candle.Trades).ShouldBe((4, 2, 2, 3));
    }

    [Fact]
    public void An_edit_that_takes_a_trade_off_the_market_takes_it_out()
    {
        var candle = Block().Drive([Trade(0, 1, price: 10), Trade(1, 2, price: 99), Trade(2, 2, price: 99, flags: EventFlags.Edit | EventFlags.OffMarket), Clock(60_000)]).ShouldHaveSingleItem();

        (Prices(candle), candle.Trades).ShouldBe(((10, 10, 10, 10), 1));
    }

    [Fact]
    public void An_edit_of_a_closed_candles_trade_is_ignored_and_counted()
    {
        var block = Block();

        var candles = block.Drive([Trade(0, 1, price: 10), Trade(60_000, 2, price: 11), Trade(60_001, 1, price: 50, flags: EventFlags.Edit), Clock(120_000)]);

        candles.Select(Prices).ShouldBe([(10, 10, 10, 10), (11, 11, 11, 11)]);
        var report = ((Dictionary<string, CandlesReport>)block.Report()!)["A"];
        (report.Edits, report.EditIgnored).ShouldBe((0, 1));
    }

    [Fact]
    public void Edits_beyond_what_is_remembered_are_ignored_and_counted()
    {
        var block = Block();
        var trades = Enumerable.Range(1, CandleBuilder.MaxRemembered + 1).Select(i => Trade(i / 100.0, i, price: 10));

        var candle = block.Drive([.. trades, Trade(1000, 1, price: 99, flags: EventFlags.Edit), Clock(60_000)]).ShouldHaveSingleItem();

        (candle.Trades, Scaled.ToDouble(candle.High)).ShouldBe((CandleBuilder.MaxRemembered + 1, 10));
        ((Dictionary<string, CandlesReport>)block.Report()!)["A"].EditIgnored.ShouldBe(1);
    }

    [Fact]
    public void The_candles_of_all_symbols_close_together()
    {
        var candles = Block().Drive([Trade(0, price: 10, symbol: 2), Trade(1, price: 20), Trade(60_000, price: 30, symbol: 2)]);

        candles.Select(c => (c.Symbol, Scaled.ToDouble(c.Close))).ShouldBe([(1, 20), (2, 10)]);
    }

    [Fact]
    public void Candles_equal_those_of_a_plain_grouping_however_the_input_is_cut() => Prop.ForAll<NonNegativeInt[], PositiveInt>((steps, length) =>
    {
        var time = 0.0;
        var trades = Numbered(steps.Select((s, i) => Trade(time += s.Get * 977 % 200_000, i + 1, 100 + (s.Get % 7), 1 + (s.Get % 3), (Side)((s.Get % 3) - 1))));

        var candles = Block().Drive(trades, length.Get);

        candles.ShouldBe(Block().Drive(trades, int.MaxValue));
        var full = candles.Where(c => c.Trades > 0).ToArray();
        var expected = trades.GroupBy(t => (t.EventTime - Start) / 60_000_000_000).SkipLast(1).ToArray();
        full.Select(c => (c.StartTime, c.Open, c.High, c.Low, c.Close, c.Volume, c.BuyVolume, c.SellVolume, c.Trades)).ShouldBe(expected.Select(g => (
            Start + (g.Key * 60_000_000_000), g.First().Price, g.Max(t => t.Price), g.Min(t => t.Price), g.Last().Price, g.Sum(t => t.Quantity),
            g.Where(t => t.Side == Side.Buy).Sum(t => t.Quantity), g.Where(t => t.Side == Side.Sell).Sum(t => t.Quantity), g.Count())));
        candles.Zip(candles.Skip(1)).ShouldAllBe(p => p.First.EndTime == p.Second.StartTime);
    }).QuickCheckThrowOnFailure();

    private static (double, double, double, double) Prices(Candle c) => (Scaled.ToDouble(c.Open), Scaled.ToDouble(c.High), Scaled.ToDouble(c.Low), Scaled.ToDouble(c.Close));

    private static CandlesOperator Block() => new(new CandlesOptions(), NewMarket());

    private static MarketContext B3() =>
        new(new MarketOptions { Calendar = "b3", Symbols = ["WDOU24"] }, new QuantumTrader.Pipelines.SectionContext("/", "/"));
}
