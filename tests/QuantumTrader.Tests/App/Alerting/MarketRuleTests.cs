using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.App.Alerting;
using QuantumTrader.App.Alerting.Rules;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App.Alerting;

public sealed class MarketRuleTests
{
    private const long Second = 1_000_000_000;
    private const long Minute = 60 * Second;
    private const long Start = 1_700_000_100 * Second / (5 * Minute) * (5 * Minute);

    private readonly SymbolWatch _watch = new("WDOU25");

    private void Trade(long time, double price, double quantity = 1, EventFlags flags = EventFlags.None) =>
        _watch.Take([new MarketEvent { Kind = EventKind.Trade, EventTime = Start + time, Price = Scaled.FromDouble(price), Quantity = Scaled.FromDouble(quantity), Flags = flags }]);

    // A quiet market: one trade a minute, of one lot, that moves to and fro by as much.
    private long Quiet(int minutes, long from = 0, double move = 0.0001)
    {
        for (var m = 0; m < minutes; m++)
        {
            Trade(from + (m * Minute), 100 * (1 + (m % 2 * move)));
        }

        return from + (minutes * Minute);
    }

    private string[] Firing()
    {
        var look = new Look(DateTimeOffset.UnixEpoch, "p", null!, null, []) { Symbols = [_watch.Read()] };
        return [.. MarketRules.All.Where(r => r.Read(look).Any(reading => r.IsMet(reading.Value))).Select(r => r.Name)];
    }

    [Fact]
    public void A_price_that_moves_more_than_2_percent_in_5_minutes_is_told_whichever_way()
    {
        Trade(0, 100);
        Trade(4 * Minute, 103);
        Firing().ShouldBeEmpty("nothing is known of 5 minutes before");
        Trade((5 * Minute) + (10 * Second), 101.9);
        Firing().ShouldBeEmpty();
        Trade((5 * Minute) + (11 * Second), 102.1);
        Trade((5 * Minute) + (12 * Second), 101);
        _watch.Read().PriceChange.ShouldSatisfyAllConditions(m => m.Value.ShouldBe(0.021, 1e-9), m => m.Time.ShouldBe(Start + (5 * Minute) + (11 * Second)));
        Trade((9 * Minute) + (20 * Second), 100.5);
        Firing().ShouldBe(["price_change"], "against 103 at the minute 4");
        Trade((9 * Minute) + (21 * Second), 102);
        Firing().ShouldBe(["price_change"], "the worst since the look before");
        Trade((9 * Minute) + (22 * Second), 102);
        Firing().ShouldBeEmpty();
    }

    // However the stream is cut into runs, and whoever else's trades are among it: the worst change of all trades since the look before.
    [Fact]
    public void The_worst_change_is_that_of_any_trade() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
    {
        var random = new Random(seed);
        SymbolWatch[] watches = [new("A"), new("B")];
        SymbolWatch[] single = [new("A"), new("B")];
        var plain = new[] { new PlainChange(), new PlainChange() };
        var time = Start;
        for (var look = 0; look < 20; look++)
        {
            var events = new MarketEvent[random.Next(0, 200)];
            foreach (ref var e in events.AsSpan())
            {
                time += random.Next(0, 5) * Second;
                e = new MarketEvent { Kind = random.Next(10) > 0 ? EventKind.Trade : EventKind.BookTop, Symbol = random.Next(1, 3), EventTime = time, Price = Scaled.One * random.Next(90, 111), Quantity = Scaled.One * random.Next(1, 9) };
                single[e.Symbol - 1].Take([e]);
                if (e.Kind == EventKind.Trade)
                {
                    plain[e.Symbol - 1].Add(e.Price, e.EventTime);
                }
            }

            for (var left = events.AsSpan(); left.Length > 0;)
            {
                var run = left[..random.Next(1, left.Length + 1)];
                left = left[watches[run[0].Symbol - 1].Take(run)..];
            }

            var figures = watches.Select(w => w.Read()).ToList();
            figures.ShouldBe(single.Select(w => w.Read()));
            figures.Select(f => f.PriceChange).ShouldBe(plain.Select(p => p.TakeWorst()));
        }
    }).QuickCheckThrowOnFailure();

    // By its definition: against the last price before the first of the 31 steps of 10 seconds before that of the trade.
    private sealed class PlainChange
    {
        private readonly List<(long Price, long Time)> _trades = [];
        private Moment _now = Moment.None;
        private Moment _worst = Moment.None;

        public void Add(long price, long time)
        {
            _trades.Add((price, time));
            var until = ((time / (10 * Second)) - 30) * 10 * Second;
            if (_trades.LastOrDefault(t => t.Time < until) is { Price: > 0 } before)
            {
                _now = new Moment((double)(price - before.Price) / before.Price, time);
                _worst = Math.Abs(_now.Value) <= Math.Abs(_worst.Value) ? _worst : _now;
            }
        }

        public Moment TakeWorst()
        {
            var worst = _worst;
            _worst = _now;
            return worst;
        }
    }

    [Fact]
    public void What_is_so_stays_so_while_nothing_is_traded()
    {
        Trade(0, 100);
        Trade(6 * Minute, 90);
        Firing().ShouldBe(["price_change"]);
        Firing().ShouldBe(["price_change"]);
    }

    [Fact]
    public void A_minute_with_more_than_three_times_the_mean_volume_is_told_with_the_next_trade()
    {
        var time = Quiet(21);
        Trade(time, 100, 3);
        Trade(time + Minute, 100, 3.2);
        Firing().ShouldBeEmpty("3 times is not above 3 times");
        Trade(time + (2 * Minute), 100);
        Firing().ShouldBeEmpty("the mean has grown to 1.1 by the minute before");
        Trade(time + (3 * Minute), 100, 5);
        Trade(time + (4 * Minute), 100);
        Firing().ShouldBe(["volume_spike"]);
        Trade(time + (5 * Minute), 100);
        Trade(time + (6 * Minute), 100);
        Firing().ShouldContain("volume_spike", "it was so since the look before");
        Firing().ShouldBeEmpty();
    }

    [Fact]
    public void Behind_a_break_of_the_market_volume_begins_anew()
    {
        var time = Quiet(21);
        Trade(time + (21 * Minute), 100, 50);
        Trade(time + (22 * Minute), 100, 50);
        Trade(time + (23 * Minute), 100);
        Firing().ShouldBeEmpty("the empty minutes of the break make no mean");
    }

    [Fact]
    public void Five_minutes_wilder_than_four_fifths_of_the_day_are_told()
    {
        var time = 0L;
        for (var i = 0; i < 21; i++)
        {
            // Wilder every time, so that each but the first is the wildest so far.
            time = Quiet(5, time, 0.0001 * (i + 1));
        }

        Trade(time, 100);
        Firing().ShouldBe(["volatility_high"]);
        Trade(Quiet(5, time, 0.001), 100);
        Firing().ShouldContain("volatility_high");
        Firing().ShouldBeEmpty("most of them were wilder");
    }

    [Fact]
    public void Predictions_that_are_unsure_on_average_are_told()
    {
        Predict(0, 0.49, 19);
        Firing().ShouldBeEmpty("19 are too few to say it");
        Predict(1, 0.49, 1);
        Firing().ShouldBe(["low_confidence"]);
        Predict(2, 0.9, 20);
        Firing();
        Firing().ShouldBeEmpty();
        Predict(7, 0.3, 20);
        Firing().ShouldBe(["low_confidence"], "those of 5 minutes before no longer count");

        void Predict(int minute, double confidence, int count)
        {
            for (var i = 0; i < count; i++)
            {
                _watch.Take(new Prediction(i, Start + (minute * Minute), 1, 0.5, 0, confidence, 0, 0, "m"));
            }
        }
    }

    [Theory]
    [InlineData(EventFlags.Edit)]
    [InlineData(EventFlags.OffMarket)]
    public void Edits_and_trades_from_outside_the_market_do_not_count(EventFlags flags)
    {
        Quiet(22);
        Trade(22 * Minute, 200, 100, flags);
        Trade((22 * Minute) + 1, 100);
        Trade(23 * Minute, 100);
        Firing().ShouldBeEmpty();
    }

    [Fact]
    public void A_replay_at_full_speed_tells_what_happened_in_its_market()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("p.yml",
        [
            "version: 1",
            "pipeline: wild",
            "market: { calendar: crypto, symbols: [DEMO] }",
            "blocks:",
            "  feed: { type: source.simulator, seed: 7, start: 2024-01-02, days: 1, rate: 4 }",
            "  rings: { type: rings, from: feed }",
            "alerts: { rules: { price_change: { limit: 0.0001 }, volume_spike: { enabled: false } } }",
        ]);
        var (code, _, error) = Qt.Run("run", file);
        code.ShouldBe(0, error);
        error.ShouldContain("QT2901 price_change DEMO alert: ");
        error.ShouldNotContain("volume_spike");
    }
}
