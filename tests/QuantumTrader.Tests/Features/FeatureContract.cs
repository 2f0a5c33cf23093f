using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;

namespace QuantumTrader.Tests.Features;

/// <summary>A stream and what the last vector of it must hold.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Events">The stream; symbol 1.</param>
/// <param name="Expected">Names and values, to a relative 1e-9; every one of them must be warm.</param>
public sealed record GoldenRow(string Name, MarketEvent[] Events, IReadOnlyDictionary<string, double> Expected);

/// <summary>
/// What every block that makes feature vectors from market events must keep. Derive from it, say how the block is made, and give golden
/// rows and, where there is one, the slow implementation written from the formula.
/// </summary>
public abstract class FeatureContract
{
    /// <summary>The market of all streams: symbols A and B, open day and night unless a test says otherwise.</summary>
    protected virtual MarketContext Market { get; } = Feed.NewMarket();

    /// <summary>What the vectors must hold.</summary>
    protected abstract FeatureSchema Schema { get; }

    /// <summary>Rows known from elsewhere.</summary>
    protected abstract IEnumerable<GoldenRow> Golden { get; }

    /// <summary>A block that has seen nothing.</summary>
    protected abstract Operator<MarketEvent, FeatureVector> Create();

    /// <summary>The vectors that the formulas give for the whole stream, read at once; null when there is no such implementation.</summary>
    protected virtual IReadOnlyList<FeatureVector>? Batch(MarketEvent[] events) => null;

    /// <summary>Length on which a late start must be aligned, so that no candle is cut: ns.</summary>
    protected virtual long Alignment => 60_000_000_000L;

    /// <summary>Relative difference between stream and batch that rounding explains.</summary>
    protected virtual double Tolerance => 1e-9;

    private FeatureVector[] Run(MarketEvent[] events, int runLength = 256) => Create().Drive(events, runLength);

    [Fact]
    public void Golden_rows_come_out()
    {
        foreach (var row in Golden)
        {
            var vectors = Run(row.Events);
            vectors.ShouldNotBeEmpty(row.Name);
            var last = vectors[^1];
            foreach (var (name, expected) in row.Expected)
            {
                var at = last.Schema.IndexOf(name);
                at.ShouldBeGreaterThanOrEqualTo(0, $"{row.Name}: {name}");
                last.IsWarm(at).ShouldBeTrue($"{row.Name}: {name} is not warm");
                last.Values[at].ShouldBe(expected, Math.Max(1e-15, Math.Abs(expected) * 1e-9), $"{row.Name}: {name}");
            }
        }
    }

    [Fact]
    public void Every_vector_has_the_described_features()
    {
        Schema.Definitions.Select(d => d.Name).ShouldBe(Schema.Names);
        Schema.Definitions.ShouldAllBe(d => d.Formula.Length > 0 && d.Inputs.Length > 0 && d.WarmAfter.Length > 0 && d.Min <= d.Neutral && d.Neutral <= d.Max);
        foreach (var vector in Run(FeatureStreams.Walk(2000)))
        {
            vector.Schema.Hash.ShouldBe(Schema.Hash);
            vector.Values.Length.ShouldBe(Schema.Names.Count);
            vector.Warm.Length.ShouldBe(Schema.WarmWords);
        }
    }

    [Fact]
    public void Values_are_finite_in_their_range_and_neutral_until_warm() => ForAnyStream(events =>
    {
        foreach (var vector in Run(events))
        {
            for (var i = 0; i < vector.Values.Length; i++)
            {
                var (value, d) = (vector.Values[i], Schema.Definitions[i]);
                if (!double.IsFinite(value) || !InRange(value, d) || (!vector.IsWarm(i) && value != d.Neutral))
                {
                    return $"{d.Name} was {value} (warm {vector.IsWarm(i)}, range {d.Range}, neutral {d.Neutral})";
                }
            }
        }

        return null;
    });

    [Fact]
    public void Runs_may_be_cut_anywhere() => ForAnyStream(events =>
        FeatureStreams.Difference(Run(events, 1), Run(events, 1 + (events.Length / 3))));

    [Fact]
    public void Later_events_never_change_an_earlier_vector() => ForAnyStream(events =>
    {
        // What closes a candle is the event behind it, so the prefix counts as far as it was sent.
        var part = Run(events[..(events.Length / 2)]);
        return FeatureStreams.Difference(part, Run(events)[..part.Length]);
    });

    [Fact]
    public void Another_symbol_changes_nothing() => ForAnyStream(events =>
    {
        var alone = Run([.. events.Where(e => e.Symbol == 1)]).Where(v => v.Symbol == 1);
        return FeatureStreams.Difference([.. alone], [.. Run(events).Where(v => v.Symbol == 1)]);
    });

    [Fact]
    public void A_second_block_starts_from_nothing()
    {
        var events = FeatureStreams.Walk(3000);
        var first = Run(events);
        FeatureStreams.Difference(first, Run(events)).ShouldBeNull();
    }

    [Fact]
    public void Vectors_go_on_in_time_and_sequence() => ForAnyStream(events =>
    {
        var last = (Sequence: 0L, Times: new Dictionary<int, long>());
        foreach (var vector in Run(events))
        {
            var before = last.Times.GetValueOrDefault(vector.Symbol, long.MinValue);
            if (vector.Sequence < last.Sequence || vector.EventTime < before)
            {
                return $"sequence {vector.Sequence} after {last.Sequence}, time {vector.EventTime} after {before}";
            }

            last.Sequence = vector.Sequence;
            last.Times[vector.Symbol] = vector.EventTime;
        }

        return null;
    });

    [Fact]
    public void Who_starts_later_agrees_once_warm()
    {
        var events = FeatureStreams.Walk(6000);
        var all = Run(events);
        var middle = events[events.Length / 3].EventTime;
        var start = middle - (middle % Alignment) + Alignment;
        var late = Run([.. events.Where(e => e.EventTime >= start)]);
        late.ShouldNotBeEmpty();
        var known = all.ToLookup(v => (v.Symbol, v.EventTime, v.Sequence));
        var compared = 0;
        foreach (var vector in late)
        {
            // Several vectors of one event are told apart by their place.
            foreach (var full in known[(vector.Symbol, vector.EventTime, vector.Sequence)].Take(1))
            {
                for (var i = 0; i < vector.Values.Length; i++)
                {
                    // What comes from history depends on what the store holds, not on when the stream began.
                    if (vector.IsWarm(i) && !Schema.Definitions[i].Inputs.Contains("history", StringComparison.Ordinal))
                    {
                        full.IsWarm(i).ShouldBeTrue(Schema.Names[i]);
                        Near(vector.Values[i], full.Values[i]).ShouldBeTrue($"{Schema.Names[i]} at {vector.EventTime}: {vector.Values[i]} when started later, {full.Values[i]} before");
                        compared++;
                    }
                }
            }
        }

        compared.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Stream_and_batch_agree() => ForAnyStream(events =>
    {
        if (Batch(events) is not { } expected)
        {
            return null;
        }

        var found = Run(events);
        if (found.Length != expected.Count)
        {
            return $"{found.Length} vectors, {expected.Count} expected";
        }

        for (var v = 0; v < found.Length; v++)
        {
            var (a, b) = (found[v], expected[v]);
            if ((a.Sequence, a.EventTime, a.Symbol) != (b.Sequence, b.EventTime, b.Symbol))
            {
                return $"vector {v}: {(a.Sequence, a.EventTime, a.Symbol)}, expected {(b.Sequence, b.EventTime, b.Symbol)}";
            }

            for (var i = 0; i < a.Values.Length; i++)
            {
                if (a.IsWarm(i) != b.IsWarm(i) || !Near(a.Values[i], b.Values[i]))
                {
                    return $"vector {v} at {a.EventTime}: {Schema.Names[i]} was {a.Values[i]:R} (warm {a.IsWarm(i)}), expected {b.Values[i]:R} (warm {b.IsWarm(i)})";
                }
            }
        }

        return null;
    });

    private bool Near(double a, double b) => Math.Abs(a - b) <= Tolerance * Math.Max(1e-3, Math.Max(Math.Abs(a), Math.Abs(b)));

    private static bool InRange(double value, FeatureDefinition d)
    {
        // A bound such as sqrt(n) may be missed by a rounding.
        var slack = 1e-9 * Math.Max(1, Math.Abs(value));
        return value >= d.Min - slack && value <= d.Max + slack;
    }

    private static void ForAnyStream(Func<MarketEvent[], string?> check)
    {
        foreach (var events in FeatureStreams.Named)
        {
            check(events.Events).ShouldBeNull(events.Name);
        }

        Prop.ForAll(FeatureStreams.Arbitrary, steps => check(FeatureStreams.From(steps)).ShouldBeNull()).QuickCheckThrowOnFailure();
    }
}

/// <summary>One step of a random stream; bytes, so that a failing stream shrinks to a short and plain one.</summary>
public readonly record struct Step(byte Kind, byte Move, byte Quantity, byte Gap);

/// <summary>Streams of trades, edits, quotes and clocks with everything that has ever hurt a feature.</summary>
internal static class FeatureStreams
{
    private const long Millisecond = 1_000_000;

    public static Arbitrary<Step[]> Arbitrary { get; } = ArbMap.Default.ArbFor<(byte, byte, byte, byte)[]>()
        .Convert(a => a.Select(s => new Step(s.Item1, s.Item2, s.Item3, s.Item4)).ToArray(), a => a.Select(s => (s.Kind, s.Move, s.Quantity, s.Gap)).ToArray());

    /// <summary>Streams that every block meets, each with a name.</summary>
    public static IReadOnlyList<(string Name, MarketEvent[] Events)> Named { get; } =
    [
        ("nothing", []),
        ("one trade", From([new Step(0, 0, 1, 0)])),
        ("two trades in one millisecond", From([new Step(0, 0, 1, 0), new Step(0, 120, 3, 0)])),
        ("flat price", From([.. Enumerable.Range(0, 400).Select(i => new Step(0, 0, (byte)(i % 7), 210))])),
        ("a price that never stops rising", From([.. Enumerable.Range(0, 400).Select(_ => new Step(0, 130, 5, 212))])),
        ("a gap of days", From([new Step(0, 120, 5, 210), new Step(0, 130, 5, 255), new Step(0, 140, 9, 255), new Step(0, 120, 5, 230)])),
        ("a day on which only the other symbol trades", From([new Step(0, 120, 0, 210), new Step(0, 120, 4, 255), new Step(0, 120, 0, 255), new Step(0, 120, 4, 255)])),
        ("edits", From([.. Enumerable.Range(0, 300).Select(i => new Step((byte)(i % 3 == 2 ? 205 + (i % 18) : 0), (byte)(i * 37), (byte)i, 190))])),
        ("auctions", From([.. Enumerable.Range(0, 300).Select(i => new Step(250, (byte)(i * 91), (byte)i, 205))])),
        ("huge values", From([.. Enumerable.Range(0, 300).Select(i => new Step(0, (byte)(251 + (i % 5)), (byte)(i % 3 == 0 ? 255 : 1), 215))])),
        ("a walk", Walk(1500)),
    ];

    /// <summary>A plain market of two symbols: some trades a minute, sometimes none.</summary>
    public static MarketEvent[] Walk(int count, int seed = 1)
    {
        var random = new Random(seed);
        return From([.. Enumerable.Range(0, count).Select(_ => new Step((byte)random.Next(200), (byte)random.Next(251), (byte)random.Next(255), (byte)random.Next(90, 242)))]);
    }

    /// <summary>The events that the steps stand for, numbered from 1.</summary>
    public static MarketEvent[] From(IReadOnlyList<Step> steps)
    {
        var events = new List<MarketEvent>();
        var time = Feed.Start + (9 * 3600_000 * Millisecond);
        var ticks = new long[] { 0, 10_000, 20_000 };
        var number = 0L;
        foreach (var step in steps)
        {
            time += Gap(step.Gap);
            var symbol = step.Quantity % 5 == 4 ? 2 : 1;
            if (step.Kind is >= 230 and < 245)
            {
                events.Add(new MarketEvent { Kind = EventKind.Clock, EventTime = time, Symbol = symbol });
                continue;
            }

            ticks[symbol] = Move(ticks[symbol], step.Move);
            events.Add(new MarketEvent
            {
                Kind = EventKind.Trade,
                EventTime = time,
                Symbol = symbol,
                TradeNumber = step.Kind is >= 200 and < 225 ? Math.Max(1, number - (step.Kind % 4)) : ++number,
                Price = ticks[symbol] * (Scaled.One / 2),
                Quantity = (step.Quantity == 255 ? 1_000_000 : 1 + (step.Quantity % 60)) * Scaled.One,
                Side = step.Kind is >= 245 || step.Move % 7 == 0 ? Side.None : step.Move % 2 == 0 ? Side.Buy : Side.Sell,
                Buyer = step.Quantity % 11,
                Seller = (step.Kind + step.Gap) % 9,
                Flags = step.Kind switch { >= 200 and < 220 => EventFlags.Edit, >= 220 and < 225 => EventFlags.Edit | EventFlags.OffMarket, >= 225 and < 230 => EventFlags.OffMarket, _ => EventFlags.None },
            });
        }

        return Feed.Numbered(events);
    }

    /// <summary>The first difference between two runs, bit by bit, in words; null when there is none.</summary>
    public static string? Difference(IReadOnlyList<FeatureVector> a, IReadOnlyList<FeatureVector> b)
    {
        for (var i = 0; i < Math.Max(a.Count, b.Count); i++)
        {
            var (x, y) = (i < a.Count ? Text(a[i]) : "nothing", i < b.Count ? Text(b[i]) : "nothing");
            if (x != y)
            {
                return $"vector {i}:\n{x}\n{y}";
            }
        }

        return null;
    }

    private static string Text(FeatureVector v) => string.Create(
        CultureInfo.InvariantCulture,
        $"{v.Sequence} {v.EventTime} {v.Symbol} {Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(v.Warm))} {string.Join(' ', v.Values.ToArray().Select(x => x.ToString("R", CultureInfo.InvariantCulture)))}");

    private static long Gap(byte gap) => gap switch
    {
        < 100 => 0,
        < 200 => (gap - 100) * 137 * Millisecond,
        < 240 => (gap - 199) * 1700 * Millisecond,
        < 251 => (gap - 239) * 60_000 * Millisecond,
        < 255 => (gap - 250) * 3_600_000 * Millisecond,
        _ => 86_400_000 * Millisecond,
    };

    private static long Move(long ticks, byte move) => move switch
    {
        < 100 => ticks,
        < 251 => Math.Max(1, ticks + move - 175),
        < 253 => Math.Min(2_000_000_000, ticks * 10),
        _ => Math.Max(1, ticks / 10),
    };
}
