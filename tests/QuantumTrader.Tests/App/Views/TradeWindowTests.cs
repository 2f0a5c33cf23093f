using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.App.Views;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App.Views;

/// <summary>The figures of the last five minutes against the slow and obvious way: all events, looked through anew each time.</summary>
public sealed class TradeWindowTests
{
    private const long Second = 1_000_000_000;
    private const long FiveMinutes = 300 * Second;

    private static MarketEvent Trade(long seconds, double price, double quantity, Side side = Side.Buy, long number = 0, EventFlags flags = 0) => new()
    {
        Kind = EventKind.Trade, Symbol = 1, EventTime = seconds * Second, Price = Scaled.FromDouble(price), Quantity = Scaled.FromDouble(quantity), Side = side, TradeNumber = number, Flags = flags,
    };

    private static MarketFields Fields(params MarketEvent[] events)
    {
        var window = new TradeWindow(FiveMinutes, 1000);
        foreach (var e in events)
        {
            window.AdvanceTo(e.EventTime);
            window.Add(in e);
        }

        return MarketFields.Of(window.Figures(), new CloseFigures(), null);
    }

    // What a reader of the definition would write: no state, no window, the whole list every time.
    private static MarketFields Obvious(IReadOnlyList<MarketEvent> events)
    {
        var end = events.Max(e => e.EventTime);
        var trades = new List<MarketEvent>();
        foreach (var e in events.Where(e => e is { Kind: EventKind.Trade, Price: > 0 }))
        {
            if (e.Has(EventFlags.Edit))
            {
                var at = e.TradeNumber == 0 ? -1 : trades.FindLastIndex(t => t.TradeNumber == e.TradeNumber);
                if (at >= 0 && e.Has(EventFlags.OffMarket))
                {
                    trades.RemoveAt(at);
                }
                else if (at >= 0)
                {
                    trades[at] = trades[at] with { Price = e.Price, Quantity = e.Quantity, Side = e.Side == Side.None ? trades[at].Side : e.Side };
                }
            }
            else if (!e.Has(EventFlags.OffMarket))
            {
                trades.Add(e);
            }
        }

        trades = [.. trades.OrderBy(t => t.EventTime)];
        var inside = trades.Where(t => t.EventTime > end - FiveMinutes && t.EventTime <= end).ToList();
        var before = trades.Where(t => t.EventTime <= end - FiveMinutes).Select(t => (decimal?)Scaled.ToDecimal(t.Price)).LastOrDefault();
        var last = trades.Select(t => (decimal?)Scaled.ToDecimal(t.Price)).LastOrDefault();
        var volume = inside.Sum(t => Scaled.ToDecimal(t.Quantity));
        var bought = inside.Where(t => t.Side == Side.Buy).Sum(t => Scaled.ToDecimal(t.Quantity));
        var sold = inside.Where(t => t.Side == Side.Sell).Sum(t => Scaled.ToDecimal(t.Quantity));
        return new MarketFields
        {
            LastPrice = last,
            Volume = volume,
            Trades = inside.Count,
            PriceChange = last - before,
            PriceChangePercent = last is { } l && before is { } b ? (double)(100 * (l - b) / b) : null,
            AvgTradeSize = inside.Count == 0 ? 0 : (double)(volume / inside.Count),
            BuySellRatio = bought == 0 && sold == 0 ? 1 : sold == 0 ? null : (double)(bought / sold),
            Open = inside.Count == 0 ? null : Scaled.ToDecimal(inside[0].Price),
            High = inside.Count == 0 ? null : inside.Max(t => Scaled.ToDecimal(t.Price)),
            Low = inside.Count == 0 ? null : inside.Min(t => Scaled.ToDecimal(t.Price)),
            Vwap = volume == 0 ? null : (double)(inside.Sum(t => Scaled.ToDecimal(t.Price) * Scaled.ToDecimal(t.Quantity)) / volume),
        };
    }

    private static bool AreAlike(MarketFields a, MarketFields b) =>
        a with { PriceChangePercent = null, AvgTradeSize = null, BuySellRatio = null, Vwap = null } == b with { PriceChangePercent = null, AvgTradeSize = null, BuySellRatio = null, Vwap = null }
        && IsNear(a.PriceChangePercent, b.PriceChangePercent) && IsNear(a.AvgTradeSize, b.AvgTradeSize) && IsNear(a.BuySellRatio, b.BuySellRatio) && IsNear(a.Vwap, b.Vwap);

    private static bool IsNear(double? a, double? b) => a.HasValue == b.HasValue && Math.Abs((a ?? 0) - (b ?? 0)) <= 1e-9 * Math.Max(1, Math.Abs(a ?? 0));

    [Fact]
    public void The_fields_are_those_of_an_obvious_recomputation() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll<(byte Wait, byte Price, byte Quantity, byte Kind)[]>(steps =>
    {
        var window = new TradeWindow(FiveMinutes, 1000);
        var events = new List<MarketEvent>();
        var (time, number) = (1000L, 0L);
        foreach (var (wait, price, quantity, kind) in steps)
        {
            time += wait % 60;
            // Now and then a trade that is late by up to 20 s, an edit, one from outside the market, or only the time.
            var e = (kind % 12) switch
            {
                0 => Trade(time, 90 + (price % 20), 1 + (quantity % 5), Side.Sell, Math.Max(1, number - (quantity % 4)), EventFlags.Edit),
                1 => Trade(time, 90 + (price % 20), 1, Side.None, Math.Max(1, number - (quantity % 4)), EventFlags.Edit | EventFlags.OffMarket),
                2 => Trade(time, 500, 1000, Side.Buy, ++number, EventFlags.OffMarket),
                3 => new MarketEvent { Kind = EventKind.Clock, EventTime = time * Second },
                4 => Trade(time - (quantity % 20), 90 + (price % 20), 1 + (quantity % 5), Side.Buy, ++number),
                var k => Trade(time, 90 + (price % 20), 1 + (quantity % 5), k % 3 == 0 ? Side.None : k % 2 == 0 ? Side.Buy : Side.Sell, ++number),
            };
            events.Add(e);
            window.AdvanceTo(e.EventTime);
            window.Add(in e);
            // An edit of a trade that has left the window is too late for it, but not for the obvious way.
            if (!events.Exists(x => x.Has(EventFlags.Edit)) && !AreAlike(MarketFields.Of(window.Figures(), new CloseFigures(), null), Obvious(events)))
            {
                return false;
            }
        }

        return events.Count == 0 || time > 1000 + 300 || AreAlike(MarketFields.Of(window.Figures(), new CloseFigures(), null), Obvious(events));
    }));

    [Fact]
    public void A_trade_counts_until_five_minutes_have_passed_and_not_at_five_minutes()
    {
        Fields(Trade(0, 100, 1), Trade(299, 101, 2)).Trades.ShouldBe(2);
        var fields = Fields(Trade(0, 100, 1), Trade(300, 101, 2));
        (fields.Trades, fields.Volume, fields.Open, fields.PriceChange, fields.PriceChangePercent).ShouldBe((1, 2m, 101m, 1m, 1.0));
    }

    [Fact]
    public void What_is_not_defined_is_null_and_not_zero()
    {
        var only = Fields(Trade(0, 100, 1));
        (only.LastPrice, only.PriceChange, only.PriceChangePercent, only.BuySellRatio, only.Spread).ShouldBe((100m, null, null, null, null));

        var passed = Fields(Trade(0, 100, 1), new MarketEvent { Kind = EventKind.Clock, EventTime = 400 * Second });
        (passed.LastPrice, passed.Trades, passed.Volume, passed.AvgTradeSize, passed.BuySellRatio).ShouldBe((100m, 0, 0m, 0.0, 1.0));
        (passed.Open, passed.High, passed.Low, passed.Vwap, passed.PriceChange).ShouldBe((null, null, null, null, 0m));

        var nothing = MarketFields.Of(new TradeWindow(FiveMinutes, 10).Figures(), new CloseFigures(), null);
        (nothing.LastPrice, nothing.Trades, nothing.Volume, nothing.BuySellRatio).ShouldBe((null, null, null, null));
    }

    [Fact]
    public void An_edit_changes_its_trade_and_keeps_the_side_that_it_does_not_tell()
    {
        var fields = Fields(Trade(0, 100, 1, Side.Buy, 1), Trade(1, 100, 1, Side.Sell, 2), Trade(2, 101, 5, Side.None, 1, EventFlags.Edit));
        (fields.Trades, fields.Volume, fields.High, fields.BuySellRatio).ShouldBe((2, 6m, 101m, 5.0));
        Fields(Trade(0, 100, 1, Side.Buy, 1), Trade(2, 101, 5, Side.Sell, 1, EventFlags.Edit)).BuySellRatio.ShouldBe(0);
    }

    [Fact]
    public void Of_trades_that_come_too_late_to_count_the_newest_is_the_price_before() =>
        Fields(Trade(1000, 100, 1), Trade(600, 90, 1), Trade(500, 80, 1)).PriceChange.ShouldBe(10);

    [Fact]
    public void A_window_that_is_too_small_loses_its_oldest_trades_and_says_so()
    {
        var window = new TradeWindow(FiveMinutes, 3);
        window.AdvanceTo(0);
        for (var i = 0; i < 5; i++)
        {
            var e = Trade(400 + i, 100 + i, 1);
            window.AdvanceTo(e.EventTime);
            window.Add(in e);
        }

        var figures = window.Figures()!;
        (figures.Trades, figures.IsComplete).ShouldBe((3, false));
        figures.Last.ShouldBe(Scaled.FromDouble(104));
        window.AdvanceTo(800 * Second);
        window.Figures()!.IsComplete.ShouldBeTrue("what was lost has left the window");
    }

    [Fact]
    public void A_window_is_complete_once_it_was_watched_for_five_minutes_without_a_hole()
    {
        var window = new TradeWindow(FiveMinutes, 100);
        window.AdvanceTo(10 * Second);
        window.AdvanceTo(309 * Second);
        window.Figures()!.IsComplete.ShouldBeFalse();
        window.AdvanceTo(310 * Second);
        window.Figures()!.IsComplete.ShouldBeTrue();
        window.Lose();
        window.Figures()!.IsComplete.ShouldBeFalse();
        window.AdvanceTo(610 * Second);
        window.Figures()!.IsComplete.ShouldBeTrue();
    }
}
