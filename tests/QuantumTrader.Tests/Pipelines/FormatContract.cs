using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

/// <summary>What every event format must keep; the tests of each format derive from it.</summary>
public abstract class FormatContract<T> where T : struct, IEvent<T>
{
    /// <summary>Symbols 1 and 2.</summary>
    protected static MarketContext Market { get; } = MarketContext.Of(new TradingCalendar(), new Instrument("WDOX", 0.5m, 10m, 1m), new Instrument("WDOZ", 0.5m, 10m, 1m));

    protected abstract EventFormat<T> Format { get; }

    /// <summary>Any event of the type.</summary>
    protected abstract T Make(Dice dice);

    protected virtual void ShouldBeSame(T read, T written) => read.ShouldBe(written);

    [Fact]
    public void An_event_comes_back_from_text_as_it_was() => ForAll(value =>
    {
        var texts = TextFieldWriter.Print(Format, value);
        ShouldBeSame(Format.Read(new TextFieldReader(texts)), value);
    });

    [Fact]
    public void Fields_are_written_in_their_order_and_only_those_that_are_legal() => ForAll(value =>
    {
        var places = TextFieldWriter.Print(Format, value).Keys.Select(k => Format.Fields.ToList().IndexOf(k)).ToList();
        places.ShouldNotContain(-1);
        places.ShouldBe(places.Order());
        Format.Fields.ShouldBeUnique();
    });

    [Fact]
    public void Addresses_name_channel_and_symbol_by_the_same_instances() => ForAll(value =>
    {
        var (first, second) = (Format.AddressOf(value), Format.AddressOf(value));
        second.ShouldBe(first);
        second.Channel.ShouldBeSameAs(first.Channel);
        second.Symbol.ShouldBeSameAs(first.Symbol);
    });

    [Fact]
    public void An_unknown_symbol_is_refused_with_those_that_there_are()
    {
        var texts = TextFieldWriter.Print(Format, Make(new Dice(1))).ToDictionary();
        texts["symbol"] = "WDOY";
        Should.Throw<FieldException>(() => Format.Read(new TextFieldReader(texts))).Message.ShouldBe("the section market does not have the symbol 'WDOY'. It has: WDOX, WDOZ.");
    }

    private void ForAll(Action<T> property) =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => property(Make(new Dice(seed)))));
}

/// <summary>Makes arbitrary values of what events are made of.</summary>
public sealed class Dice(int seed)
{
    private readonly Random _random = new(seed);

    public int Symbol() => _random.Next(1, 3);

    /// <summary>ns UTC in the years that texts can hold.</summary>
    public long Time() => _random.NextInt64(0, 9_000_000_000) * 1_000_000_000 + (_random.Next(2) == 0 ? 0 : _random.Next(1_000_000_000));

    public long Whole() => _random.Next(3) switch { 0 => _random.Next(10), 1 => _random.NextInt64(), _ => -_random.NextInt64() };

    public int Whole32() => (int)Whole();

    public long Scaled() => _random.Next(3) switch { 0 => 0, 1 => _random.NextInt64(-1_000_000, 1_000_000) * 1_000_000, _ => _random.NextInt64(-9_200_000_000_000_000_000, 9_200_000_000_000_000_000) };

    public double Real() => _random.Next(4) switch { 0 => 0, 1 => _random.NextDouble(), 2 => -1e300 * _random.NextDouble(), _ => double.Epsilon };

    public decimal Money() => new(_random.Next(), _random.Next(), _random.Next(), _random.Next(2) == 0, (byte)_random.Next(29));

    public ulong Word() => (ulong)_random.NextInt64() ^ ((ulong)_random.Next() << 33);

    public int Below(int limit) => _random.Next(limit);

    public TEnum Choice<TEnum>() where TEnum : struct, Enum => Enum.GetValues<TEnum>()[_random.Next(Enum.GetValues<TEnum>().Length)];

    public string Name() => string.Concat(Enumerable.Range(0, _random.Next(1, 9)).Select(_ => "abc, [:\"é]"[_random.Next(10)]));
}
