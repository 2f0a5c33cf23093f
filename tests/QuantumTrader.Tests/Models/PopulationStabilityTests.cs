using QuantumTrader.Models;

namespace QuantumTrader.Tests.Models;

public sealed class PopulationStabilityTests
{
    [Fact]
    public void The_index_is_what_its_formula_says()
    {
        // (90.5 - 50.5) / 101 * ln(90.5 / 50.5) + (10.5 - 50.5) / 101 * ln(10.5 / 50.5)
        PopulationStability.Index([50, 50], [90, 10]).ShouldBe(0.8530592449672882, 1e-15);
        PopulationStability.Index([100, 200, 700], [0, 300, 700]).ShouldBe(0.5699389331290777, 1e-15, "an empty bin leaves it finite");
    }

    [Fact]
    public void Equal_spreads_have_an_index_of_zero_and_order_does_not_matter()
    {
        PopulationStability.Index([5, 10, 85], [5, 10, 85]).ShouldBe(0);
        PopulationStability.Index([5, 10, 85], [20, 30, 50]).ShouldBe(PopulationStability.Index([20, 30, 50], [5, 10, 85]), 1e-15);
        Should.Throw<ArgumentException>(() => PopulationStability.Index([1, 2], [3]));
    }

    [Theory]
    [InlineData(0.0999, DriftBand.Stable)]
    [InlineData(0.1, DriftBand.Moved)]
    [InlineData(0.2499, DriftBand.Moved)]
    [InlineData(0.25, DriftBand.Shifted)]
    [InlineData(double.NaN, DriftBand.Stable)]
    public void A_band_begins_at_its_bound(double index, DriftBand band) => PopulationStability.BandOf(index).ShouldBe(band);

    [Fact]
    public void Of_values_that_are_spread_as_expected_it_is_as_large_as_chance_makes_it()
    {
        // Mean of (bins - 1) / n: 9 / 1000.
        var random = new Random(3);
        double Once()
        {
            var found = new double[10];
            for (var i = 0; i < 1000; i++)
            {
                found[random.Next(10)]++;
            }

            return PopulationStability.Index([.. Enumerable.Repeat(100.0, 10)], found);
        }

        Enumerable.Range(0, 500).Average(_ => Once()).ShouldBe(0.009, 0.0005);
    }
}
