using QuantumTrader.Models.Training;

namespace QuantumTrader.Tests.Models.Training;

public sealed class LabelTests
{
    private const int Flat = 0, Down = 1, Up = 2;

    private static readonly TripleBarrierOptions Barriers = new() { Take = new Distance(2, DistanceUnit.Ticks), Stop = new Distance(1, DistanceUnit.Ticks), Cost = new Distance(0.5, DistanceUnit.Ticks) };

    // Ticks of 0.5 from 100: up needs a price of 100 + (2 + 0.5) 0.5 = 101.25, and is stopped at 99.5; down the mirror.
    public static TheoryData<double[], int, int> Paths { get; } = new()
    {
        { [100, 100.25, 101.25, 90], Up, 2 },        // the take, at the second candle; what follows does not count
        { [100, 99.5, 102, 102], Flat, 2 },          // stopped before it rose; the short trade is stopped at the second candle
        { [100, 98.75, 103, 103], Down, 1 },         // a short trade takes its profit
        { [100, 100.25, 99.75, 100.25], Flat, 3 },   // the time runs out
        { [100, 101, 101.25, 101.25], Up, 2 },       // the short trade ends at once, the long one at the second
        { [100, 97, 97, 97], Down, 1 },              // jumps over the barrier
    };

    [Theory]
    [MemberData(nameof(Paths))]
    public void The_barrier_that_a_trade_meets_first_decides(double[] prices, int outcome, int ends)
    {
        var label = new PricePath(prices, 0.5).Label(Barriers);
        (label.Outcome, label.Ends).ShouldBe((outcome, ends));
    }

    [Fact]
    public void Returns_are_those_of_the_prices_that_were_found_less_the_costs()
    {
        // Long is stopped at 97, 3 below 100, less costs of 0.25; short takes its profit there.
        var label = new PricePath([100, 97, 110], 0.5).Label(Barriers);
        label.LongReturn.ShouldBe(-0.0325, 1e-12);
        label.ShortReturn.ShouldBe(0.0275, 1e-12);

        var late = new PricePath([100, 101, 100.5], 0.5).Label(new FixedHorizonOptions { Cost = new Distance(0.001, DistanceUnit.Fraction) });
        (late.Outcome, late.Ends).ShouldBe((1, 2));
        late.LongReturn.ShouldBe(0.004, 1e-12);
        late.ShortReturn.ShouldBe(-0.006, 1e-12);
    }

    [Fact]
    public void When_both_sides_win_one_after_the_other_the_first_counts()
    {
        var wide = Barriers with { Stop = new Distance(20, DistanceUnit.Ticks) };
        new PricePath([100, 98, 103], 0.5).Label(wide).Outcome.ShouldBe(Down);
        new PricePath([100, 103, 98], 0.5).Label(wide).Outcome.ShouldBe(Up);
    }

    [Theory]
    [InlineData("8t", 8, DistanceUnit.Ticks)]
    [InlineData("0.5t", 0.5, DistanceUnit.Ticks)]
    [InlineData("0.25%", 0.0025, DistanceUnit.Fraction)]
    [InlineData("0.002", 0.002, DistanceUnit.Fraction)]
    public void Distances_are_ticks_or_shares_of_the_price(string text, double value, DistanceUnit unit)
    {
        Distance.TryParse(text, out var distance).ShouldBeTrue();
        distance.ShouldBe(new Distance(value, unit));
        Distance.TryParse($"{distance}", out var again).ShouldBeTrue();
        again.ShouldBe(distance);
    }

    [Theory]
    [InlineData("")]
    [InlineData("t")]
    [InlineData("-1t")]
    [InlineData("1,5")]
    [InlineData("NaN")]
    public void Other_texts_are_no_distances(string text) => Distance.TryParse(text, out _).ShouldBeFalse();
}
