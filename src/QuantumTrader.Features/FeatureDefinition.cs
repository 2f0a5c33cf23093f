using System.Globalization;

namespace QuantumTrader.Features;

/// <summary>One feature, described once: the reference, <c>qt features</c>, the neutral values and the tests of ranges come from here.</summary>
/// <param name="Name">Its name in vectors and models.</param>
/// <param name="Formula">How it is computed, as text.</param>
public sealed record FeatureDefinition(string Name, string Formula)
{
    /// <summary>What it is computed from: candles, trades, participants, clock, book, history.</summary>
    public required string Inputs { get; init; }

    /// <summary>What must have been seen before it is warm, such as <c>21 candles</c>.</summary>
    public required string WarmAfter { get; init; }

    /// <summary>Value while it is not warm.</summary>
    public double Neutral { get; init; }

    /// <summary>Value where the formula would divide by zero, in words; empty when it cannot.</summary>
    public string ZeroDivision { get; init; } = "";

    /// <summary>Smallest value.</summary>
    public double Min { get; init; } = double.NegativeInfinity;

    /// <summary>Largest value.</summary>
    public double Max { get; init; } = double.PositiveInfinity;

    /// <summary>Unit; empty for a plain number.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Other names under which it is known.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The legal values in words.</summary>
    public string Range => (double.IsFinite(Min), double.IsFinite(Max)) switch
    {
        (true, true) => $"[{Number(Min)}, {Number(Max)}]",
        (true, false) => $">= {Number(Min)}",
        (false, true) => $"<= {Number(Max)}",
        _ => "any",
    };

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}

/// <summary>Features that belong together.</summary>
/// <param name="Name">Short name, such as <c>volatility</c>.</param>
/// <param name="Title">Heading of the reference.</param>
/// <param name="Features">In vector order.</param>
public sealed record FeatureGroup(string Name, string Title, IReadOnlyList<FeatureDefinition> Features);

/// <summary>A block that sends feature vectors and says what is in them; this is all that the catalogue needs to list it.</summary>
public interface IFeatureBlock
{
    /// <summary>The vectors that the block sends when its options do not change them.</summary>
    static abstract FeatureSchema Schema { get; }

    /// <summary>The vectors that this instance sends; a block whose options change them says so here.</summary>
    FeatureSchema Sends => FeatureCatalogue.SchemaOf(GetType());
}
