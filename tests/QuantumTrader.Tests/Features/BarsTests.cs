using QuantumTrader.Features.Bars;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Features.Model65;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features;

public sealed class BarsTests
{
    private static Candle[] Run(BarsOptions options, params MarketEvent[] events) => new BarsBlock(options, Feed.NewMarket()).Drive(Feed.Numbered(events));

    [Fact]
    public void A_tick_bar_holds_its_number_of_trades()
    {
        var bars = Run(new BarsOptions { By = BarsBy.Tick, Size = 2 }, Feed.Trade(0, 1, 10, 3, Side.Buy), Feed.Trade(1, 2, 12, 4, Side.Sell), Feed.Trade(2, 3, 9), Feed.Trade(3, 4, 8), Feed.Trade(4, 5, 7));
        bars.Length.ShouldBe(2);
        var bar = bars[0];
        (bar.Trades, bar.StartTime, bar.EndTime, bar.Sequence).ShouldBe((2, Feed.Time(0), Feed.Time(1), 2));
        new[] { bar.Open, bar.High, bar.Low, bar.Close, bar.Volume, bar.BuyVolume, bar.SellVolume }.Select(Scaled.ToDouble).ShouldBe([10, 12, 10, 12, 7, 3, 4]);
    }

    [Fact]
    public void A_volume_bar_closes_with_the_trade_that_fills_it_and_does_not_split_it() =>
        Run(new BarsOptions { By = BarsBy.Volume, Size = 10 }, Feed.Trade(0, 1, 10, 6), Feed.Trade(1, 2, 10, 7), Feed.Trade(2, 3, 10, 10)).Select(b => Scaled.ToDouble(b.Volume)).ShouldBe([13, 10]);

    [Fact]
    public void A_notional_bar_counts_money() =>
        Run(new BarsOptions { By = BarsBy.Notional, Size = 1000 }, Feed.Trade(0, 1, 100, 6), Feed.Trade(1, 2, 100, 4), Feed.Trade(2, 3, 500, 2)).Select(b => b.Trades).ShouldBe([2, 1]);

    [Fact]
    public void An_imbalance_bar_closes_when_one_side_has_more_than_chance_gives()
    {
        // E[T] = 16 and no expected side: 16 / sqrt(16) = 4 trades more on one side; a trade without a side repeats the one before.
        var options = new BarsOptions { By = BarsBy.Imbalance, Size = 16 };
        Side[] sides = [Side.Buy, Side.Sell, Side.Buy, Side.Buy, Side.None, Side.Buy];
        Run(options, [.. sides.Select((s, i) => Feed.Trade(i, i + 1, 10, 1, s))]).ShouldHaveSingleItem().Trades.ShouldBe(6);

        // Buyers only: the expected side comes nearer to 1 and the bars longer, but never beyond the bound.
        var bars = Run(options, [.. Enumerable.Range(0, 5000).Select(i => Feed.Trade(i, i + 1, 10, 1, Side.Buy))]);
        bars.ShouldAllBe(b => b.Trades >= 2 && b.Trades <= 64);
    }

    [Fact]
    public void A_bar_ends_with_its_day()
    {
        var block = new BarsBlock(new BarsOptions { By = BarsBy.Tick, Size = 100 }, Examples.Exchange());
        const double hour = 3_600_000;
        var bars = block.Drive(Feed.Numbered(Feed.Trade(10 * hour), Feed.Trade(19 * hour), Feed.Trade(34 * hour)));
        var bar = bars.ShouldHaveSingleItem();
        (bar.Trades, bar.EndTime).ShouldBe((1, Feed.Time(18 * hour)));
        block.Accounts.Dropped["outside_day"].ShouldBe(1);
    }

    [Fact]
    public void The_trade_at_the_close_of_the_day_belongs_to_no_bar_of_it()
    {
        const double hour = 3_600_000;
        var bars = new BarsBlock(new BarsOptions { By = BarsBy.Tick, Size = 100 }, Examples.Exchange()).Drive(Feed.Numbered(Feed.Trade(10 * hour), Feed.Clock(18 * hour) with { Symbol = 1 }));
        bars.ShouldHaveSingleItem().EndTime.ShouldBe(Feed.Time(18 * hour));
    }

    [Fact]
    public void The_expected_trades_stay_within_their_bound()
    {
        var options = new BarsOptions { By = BarsBy.Imbalance, Size = 16, Bound = 1, Span = 1 };
        var bars = Run(options, [.. Enumerable.Range(0, 500).Select(i => Feed.Trade(i, i + 1, 10, 1, Side.Buy))]);
        bars.Select(b => b.Trades).Distinct().ShouldBe([4, 16]);
    }

    [Fact]
    public void An_edit_fills_no_bar()
    {
        var block = new BarsBlock(new BarsOptions { By = BarsBy.Tick, Size = 2 }, Feed.NewMarket());
        block.Drive(Feed.Numbered(Feed.Trade(0, 1), Feed.Trade(1, 1, quantity: 5, flags: EventFlags.Edit))).ShouldBeEmpty();
        block.Accounts.Dropped["edit_of_activity_bar"].ShouldBe(1);
    }

    [Fact]
    public void Money_is_price_times_quantity_times_multiplier()
    {
        var market = MarketContext.Of(new TradingCalendar(), new Instrument("A", 0.5m, 10m, 1m), new Instrument("B", 0.5m, 1m, 10m), new Instrument("C", 0.5m, 10m, 10m));
        var multiplier = (double)market.Instrument(3).Multiplier;
        multiplier.ShouldNotBe(1);
        var options = new BarsOptions { By = BarsBy.Notional, Size = 100 * multiplier };
        new BarsBlock(options, market).Drive(Feed.Numbered(Feed.Trade(0, 1, 99, 1, symbol: 3))).ShouldBeEmpty();
        new BarsBlock(options, market).Drive(Feed.Numbered(Feed.Trade(0, 1, 100, 1, symbol: 3))).Length.ShouldBe(1);
    }

    [Theory]
    [InlineData(BarsBy.Tick)]
    [InlineData(BarsBy.Imbalance)]
    public void Runs_may_be_cut_anywhere(BarsBy by)
    {
        var events = FeatureStreams.Walk(3000);
        var options = new BarsOptions { By = by, Size = 10 };
        new BarsBlock(options, Feed.NewMarket()).Drive(events, 1).ShouldBe(new BarsBlock(options, Feed.NewMarket()).Drive(events, 1000));
    }
}
