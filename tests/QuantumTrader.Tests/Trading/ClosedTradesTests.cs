using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;

namespace QuantumTrader.Tests.Trading;

public sealed class ClosedTradesTests
{
    private readonly Positions _positions = new(MarketContext.Of(new TradingCalendar(), [new Instrument("WDO", 0.5m, 10m, 1m)]), capital: 1000m);

    private double Gauge(string name) => _positions.Gauges.Single(g => g.Name == name).Value;

    private void Fill(int units, decimal price, decimal fee = 0) =>
        _positions.Apply(new Fill(1, 1, 1, (Side)Math.Sign(units), Math.Abs(units) * Scaled.One, (long)(price * Scaled.One), fee, 1, 0));

    private void RoundTrip(decimal gain, decimal fee = 0)
    {
        Fill(1, 100, fee);
        Fill(-1, 100 + (gain / 10), fee);
    }

    [Fact]
    public void Losses_are_counted_in_a_row_after_fees_and_a_gain_ends_them()
    {
        RoundTrip(-10);
        RoundTrip(0, fee: 1);
        RoundTrip(0);
        Gauge("qt_trading_consecutive_losses").ShouldBe(2);
        RoundTrip(1);
        Gauge("qt_trading_consecutive_losses").ShouldBe(0);
    }

    [Fact]
    public void A_win_rate_is_of_the_newest_fifty_and_none_of_fewer_than_twenty()
    {
        for (var i = 0; i < 19; i++)
        {
            RoundTrip(i % 2 == 0 ? 1 : -1);
        }

        Gauge("qt_trading_win_rate").ShouldBe(double.NaN);
        RoundTrip(-1);
        Gauge("qt_trading_win_rate").ShouldBe(0.5);
        for (var i = 0; i < 50; i++)
        {
            RoundTrip(1);
        }

        Gauge("qt_trading_win_rate").ShouldBe(1);
    }

    [Fact]
    public void A_fill_that_makes_a_position_larger_closes_nothing_and_one_that_turns_it_closes_once()
    {
        Fill(2, 100);
        Fill(1, 90);
        Gauge("qt_trading_consecutive_losses").ShouldBe(0);
        Fill(-5, 90);
        Gauge("qt_trading_consecutive_losses").ShouldBe(1);
    }

    [Fact]
    public void A_drawdown_is_a_share_of_the_highest_equity()
    {
        RoundTrip(1000);
        Gauge("qt_trading_drawdown_ratio").ShouldBe(0);
        RoundTrip(-500);
        Gauge("qt_trading_drawdown_ratio").ShouldBe(0.25);
        new Positions(MarketContext.Of(new TradingCalendar(), [new Instrument("WDO", 0.5m, 10m, 1m)])).Gauges.Single(g => g.Name == "qt_trading_drawdown_ratio").Value.ShouldBe(double.NaN);
    }
}
