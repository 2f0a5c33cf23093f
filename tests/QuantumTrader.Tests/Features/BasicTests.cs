using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Features;

public class BasicTests
{
    private const long Second = 1_000_000_000;
    private static readonly long Start = new DateTimeOffset(2025, 3, 3, 10, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1_000_000;

    private static Basic Block() => new(new BasicOptions(), MarketContext.Of(
        new TradingCalendar(), new Instrument("A", 0.5m, 10m, 1m), new Instrument("B", 0.5m, 10m, 1m)));

    private static MarketEvent Trade(long sequence, double seconds, double price, double quantity, int symbol = 1) => new()
    {
        Sequence = sequence,
        EventTime = Start + (long)(seconds * Second),
        Kind = EventKind.Trade,
        Symbol = symbol,
        Price = Scaled.FromDouble(price),
        Quantity = Scaled.FromDouble(quantity),
    };

    private static FeatureVector[] Run(Basic block, params MarketEvent[] events)
    {
        var output = new Output<FeatureVector>();
        block.Process(Run<MarketEvent>.Of(events), output);
        return output.ToArray();
    }

    // Example A as trades: two per candle, the second at its close.
    private static MarketEvent[] ExampleA() =>
    [
        .. BasicWindowTests.ExampleA().SelectMany((c, i) => new[]
        {
            Trade((2 * i) + 1, 60 * i, c.Close + 1, c.Volume - 1),
            Trade((2 * i) + 2, (60 * i) + 59.999, c.Close, 1),
        }),
        Trade(43, 60 * 21, 9999, 1),
    ];

    [Fact]
    public void Example_A_from_trades()
    {
        var vectors = Run(Block(), ExampleA());
        vectors.Length.ShouldBe(21);
        var last = vectors[^1];
        (last.Sequence, last.EventTime, last.Symbol).ShouldBe((43, Start + (21 * 60 * Second), 1));
        last.AllWarm.ShouldBeTrue();
        foreach (var (name, expected) in BasicWindowTests.ExpectedA)
        {
            last.Values[last.Schema.Names.ToList().IndexOf(name)].ShouldBe(expected, Math.Abs(expected) * 1e-9, name);
        }
    }

    [Fact]
    public void The_current_price_is_that_of_the_last_trade_before_the_end()
    {
        // The trade at second 60 closes the first candle and belongs to the second.
        var vector = Run(Block(), Trade(1, 0, 10, 1), Trade(2, 59.9, 11, 1), Trade(3, 60, 12, 1)).ShouldHaveSingleItem();
        vector.Values[0].ShouldBe(11);
    }

    [Fact]
    public void Silent_minutes_give_vectors_at_the_last_price()
    {
        var vectors = Run(Block(), Trade(1, 0, 10, 4), Trade(2, 200, 12, 1));
        vectors.Select(v => (v.EventTime - Start) / Second).ShouldBe([60, 120, 180]);
        vectors.Select(v => (v.Sequence, v.Values[0])).ShouldBe([(2, 10), (2, 10), (2, 10)]);
    }

    [Fact]
    public void Symbols_do_not_mix()
    {
        var a = ExampleA();
        var both = a.SelectMany(e => new[] { e, e with { Symbol = 2, Price = e.Price * 2 } }).ToArray();
        Values(Run(Block(), both).Where(v => v.Symbol == 1)).ShouldBe(Values(Run(Block(), a)));
    }

    [Fact]
    public void Events_of_unknown_symbols_are_ignored() => Run(Block(), Trade(1, 0, 1, 1, symbol: 0), Trade(2, 90, 1, 1, symbol: 3)).ShouldBeEmpty();

    [Fact]
    public void Runs_may_be_cut_anywhere() => Prop.ForAll(
        ArbMap.Default.ArbFor<(byte Gap, ushort Price, byte Quantity, bool Other)[]>(),
        ArbMap.Default.ArbFor<PositiveInt>(),
        (trades, size) =>
        {
            var time = 0;
            var events = trades.Select((t, i) => Trade(i + 1, time += t.Gap, t.Price + 1, t.Quantity + 1, t.Other ? 2 : 1)).ToArray();
            var cut = Block();
            return Values(events.Chunk(size.Get).SelectMany(chunk => Run(cut, chunk))).SequenceEqual(Values(Run(Block(), events)));
        }).QuickCheckThrowOnFailure();

    private static string[] Values(IEnumerable<FeatureVector> vectors) =>
        [.. vectors.Select(v => FormattableString.Invariant($"{v.EventTime} {v.Symbol} {v.Warm[0]} {string.Join(' ', v.Values.ToArray())}"))];
}
