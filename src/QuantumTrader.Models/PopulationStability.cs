namespace QuantumTrader.Models;

/// <summary>How far values have moved, as it is customary to name it.</summary>
public enum DriftBand
{
    /// <summary>An index below 0.1: hardly at all.</summary>
    Stable,

    /// <summary>From 0.1 on: worth a look.</summary>
    Moved,

    /// <summary>From 0.25 on: they are spread otherwise.</summary>
    Shifted,
}

/// <summary>
/// The population stability index: how far the spread of values over bins has moved away from another one. The bands are a convention of
/// credit scoring (N. Siddiqi, Credit Risk Scorecards, 2006), not a test: of a window of n independent values that are spread as expected
/// the index is (bins - 1) / n on average (B. Yurdakul and J. Naranjo, Statistical properties of the population stability index, Journal of
/// Risk Model Validation, 2020), and more when values that follow each other are alike.
/// </summary>
public static class PopulationStability
{
    /// <summary>The index from which on values have <see cref="DriftBand.Moved"/>.</summary>
    public const double MovedFrom = 0.1;

    /// <summary>The index from which on values have <see cref="DriftBand.Shifted"/>.</summary>
    public const double ShiftedFrom = 0.25;

    // In every bin: one that is empty must not make the index infinite.
    private const double Added = 0.5;

    /// <summary>
    /// The sum over the bins of (found - expected) * ln(found / expected), both as shares, after half a value is added to every bin.
    /// </summary>
    /// <param name="expected">Values in each bin; for shares, these times the number of values found.</param>
    /// <param name="found">Values in the same bins.</param>
    /// <returns>0 when both are spread alike, else above it; the same when both change places.</returns>
    public static double Index(ReadOnlySpan<double> expected, ReadOnlySpan<double> found)
    {
        if (expected.Length != found.Length || expected.Length == 0)
        {
            throw new ArgumentException($"Condition failed: {expected.Length} and {found.Length} bins; there must be equally many.", nameof(found));
        }

        var (expectedTotal, foundTotal) = (Added * expected.Length, Added * found.Length);
        for (var bin = 0; bin < expected.Length; bin++)
        {
            expectedTotal += expected[bin];
            foundTotal += found[bin];
        }

        var index = 0.0;
        for (var bin = 0; bin < expected.Length; bin++)
        {
            var (e, f) = ((expected[bin] + Added) / expectedTotal, (found[bin] + Added) / foundTotal);
            index += (f - e) * Math.Log(f / e);
        }

        return index;
    }

    /// <summary>The band of an index.</summary>
    public static DriftBand BandOf(double index) => index >= ShiftedFrom ? DriftBand.Shifted : index >= MovedFrom ? DriftBand.Moved : DriftBand.Stable;
}
