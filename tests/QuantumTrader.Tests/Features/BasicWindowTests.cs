using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Features;

namespace QuantumTrader.Tests.Features;

public class BasicWindowTests
{
    private static readonly string[] Names = [.. BasicWindow.Schema.Names];

    private static (Dictionary<string, double> Values, HashSet<string> Warm) Evaluate(params IEnumerable<(double Close, double Volume)> candles)
    {
        var window = new BasicWindow();
        foreach (var (close, volume) in candles)
        {
            window.AddCandle(close, volume);
        }

        var values = new double[Names.Length];
        var warm = window.Evaluate(values);
        return (Names.Select((n, i) => (n, values[i])).ToDictionary(), [.. Names.Where((_, i) => (warm & (1UL << i)) != 0)]);
    }

    // C_i = 5470 + 0.5 ((7 i) mod 11), V_i = 100 + 10 (i mod 4)
    public static IEnumerable<(double Close, double Volume)> ExampleA(int count = 21) =>
        Enumerable.Range(0, count).Select(i => (5470 + (0.5 * (7 * i % 11)), 100.0 + (10 * (i % 4))));

    public static readonly Dictionary<string, double> ExpectedA = new()
    {
        ["price_current"] = 5474,
        ["price_mean_5"] = 5472.5,
        ["price_mean_20"] = 5472.65,
        ["price_std_20"] = 1.55,
        ["return_1"] = 0.0006397952655,
        ["return_mean_5"] = 3.666158323e-05,
        ["return_std_5"] = 0.0004924327208,
        ["volume_mean_5"] = 112,
        ["volume_ratio"] = 0.8928571429,
        ["rsi_14"] = 49.29577465,
        ["momentum_10"] = 0.000365497076,
    };

    [Fact]
    public void Example_A_of_the_catalogue()
    {
        var (values, warm) = Evaluate(ExampleA());
        warm.Count.ShouldBe(11);
        foreach (var (name, expected) in ExpectedA)
        {
            values[name].ShouldBe(expected, Math.Abs(expected) * 1e-9, name);
        }
    }

    [Theory]
    [InlineData("price_current", 1, 0)]
    [InlineData("price_mean_5", 5, 0)]
    [InlineData("price_mean_20", 20, 0)]
    [InlineData("price_std_20", 20, 0)]
    [InlineData("return_1", 2, 0)]
    [InlineData("return_mean_5", 6, 0)]
    [InlineData("return_std_5", 6, 0)]
    [InlineData("volume_mean_5", 5, 0)]
    [InlineData("volume_ratio", 5, 1)]
    [InlineData("rsi_14", 15, 50)]
    [InlineData("momentum_10", 11, 0)]
    public void Before_its_candles_a_feature_is_neutral_and_not_warm(string name, int candles, double neutral)
    {
        for (var count = 0; count < candles; count++)
        {
            var (values, warm) = Evaluate(ExampleA(count));
            values[name].ShouldBe(neutral);
            warm.ShouldNotContain(name);
        }

        Evaluate(ExampleA(candles)).Warm.ShouldContain(name);
    }

    [Fact]
    public void Without_volume_the_ratio_is_1_and_warm()
    {
        var (values, warm) = Evaluate(Enumerable.Repeat((10.0, 0.0), 5));
        values["volume_ratio"].ShouldBe(1);
        warm.ShouldContain("volume_ratio");
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(1, 100)]
    [InlineData(-1, 0)]
    public void The_strength_of_a_straight_line(double slope, double expected)
    {
        var (values, warm) = Evaluate(Enumerable.Range(0, 15).Select(i => (100 + (slope * i), 1.0)));
        values["rsi_14"].ShouldBe(expected);
        warm.ShouldContain("rsi_14");
    }

    [Fact]
    public void Change_from_a_price_of_zero_is_0_and_warm()
    {
        var (values, warm) = Evaluate(Enumerable.Range(0, 11).Select(i => (i is 0 or 9 ? 0.0 : 5.0, 1.0)));
        values["momentum_10"].ShouldBe(0);
        values["return_1"].ShouldBe(0);
        warm.ShouldContain("momentum_10");
    }

    [Fact]
    public void Values_are_finite_for_any_candles() => Prop.ForAll(
        ArbMap.Default.ArbFor<(uint Close, uint Volume)[]>(),
        candles => Evaluate(candles.Select(c => (c.Close * 20.0, c.Volume * 20.0))).Values.Values.All(double.IsFinite)).QuickCheckThrowOnFailure();

    [Fact]
    public void Who_starts_later_gets_the_same_bits_once_warm() => Prop.ForAll(
        ArbMap.Default.ArbFor<(ushort Close, ushort Volume)[]>(),
        before =>
        {
            var late = Evaluate(ExampleA());
            var early = Evaluate(before.Select(b => (b.Close / 8.0, (double)b.Volume)).Concat(ExampleA()));
            return late.Values.SequenceEqual(early.Values) && late.Warm.SetEquals(early.Warm);
        }).QuickCheckThrowOnFailure();
}
