using System.Security.Cryptography;
using System.Text;

namespace QuantumTrader.Features;

/// <summary>The ordered names of a feature vector and their hash: the contract between who makes vectors and a model.</summary>
public sealed class FeatureSchema
{
    private readonly double[] _neutrals;

    /// <summary>A schema of these names in this order, without descriptions.</summary>
    public FeatureSchema(params IEnumerable<string> names)
        : this("", [], [.. names])
    {
    }

    /// <summary>The schema of these groups, one behind the other.</summary>
    /// <param name="name">Short name of the vector, such as <c>model65</c>.</param>
    /// <param name="groups">What is in it.</param>
    public FeatureSchema(string name, IReadOnlyList<FeatureGroup> groups)
        : this(name, [.. groups], null)
    {
    }

    /// <summary>The schema of one group, or of several.</summary>
    /// <param name="name">Short name of the vector.</param>
    /// <param name="first">What is in it.</param>
    /// <param name="more">What follows.</param>
    public FeatureSchema(string name, FeatureGroup first, params FeatureGroup[] more)
        : this(name, [first, .. more], null)
    {
    }

    private FeatureSchema(string name, FeatureGroup[] groups, string[]? names, string? hash = null)
    {
        Name = name;
        Groups = groups;
        Definitions = [.. groups.SelectMany(g => g.Features)];
        Names = names ?? [.. Definitions.Select(d => d.Name)];
        if (Names.Distinct(StringComparer.Ordinal).Count() != Names.Count)
        {
            throw new ArgumentException("Condition failed: feature names must be distinct.", nameof(names));
        }

        _neutrals = [.. Definitions.Select(d => d.Neutral)];
        Hash = hash ?? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Names))));
    }

    /// <summary>A schema of which only the hash and the number of names are known, as for a vector that comes from outside.</summary>
    public static FeatureSchema OfHash(string hash, int count) =>
        new("", [], [.. Enumerable.Range(1, count).Select(i => FormattableString.Invariant($"feature_{i}"))], hash);

    /// <summary>Short name; empty when the schema is only a list of names.</summary>
    public string Name { get; }

    /// <summary>Channel of the bus and kind of data in a store that these vectors go to.</summary>
    public string Channel { get; init; } = "features";

    /// <summary>Names in vector order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The groups; empty when the schema is only a list of names.</summary>
    public IReadOnlyList<FeatureGroup> Groups { get; }

    /// <summary>The descriptions in vector order; empty when the schema is only a list of names.</summary>
    public IReadOnlyList<FeatureDefinition> Definitions { get; }

    /// <summary>Neutral values in vector order; empty when the schema is only a list of names.</summary>
    public ReadOnlySpan<double> Neutrals => _neutrals;

    /// <summary>Words that hold the warm bits of a vector.</summary>
    public int WarmWords => (Names.Count + 63) / 64;

    /// <summary>SHA-256 over the names joined by line feeds, in lower-case hex.</summary>
    public string Hash { get; }

    /// <summary>Place of a name in the vector; -1 when it is not there.</summary>
    public int IndexOf(string name)
    {
        for (var i = 0; i < Names.Count; i++)
        {
            if (Names[i] == name)
            {
                return i;
            }
        }

        return -1;
    }
}
