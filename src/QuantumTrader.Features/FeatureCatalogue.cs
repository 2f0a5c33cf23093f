using System.Reflection;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>A block and the vectors that it sends.</summary>
/// <param name="Block">Its type, such as <c>features.model65</c>.</param>
/// <param name="Schema">Its vectors.</param>
public sealed record CatalogueEntry(string Block, FeatureSchema Schema);

/// <summary>Every feature that some block makes. It is read off the blocks themselves (<see cref="IFeatureBlock"/>): nothing is listed twice.</summary>
public sealed class FeatureCatalogue
{
    private FeatureCatalogue(IReadOnlyList<CatalogueEntry> entries) => Entries = entries;

    /// <summary>The blocks of this project.</summary>
    public static FeatureCatalogue Shipped { get; } = Scan([typeof(FeatureCatalogue).Assembly]);

    /// <summary>The blocks by the name of their type.</summary>
    public IReadOnlyList<CatalogueEntry> Entries { get; }

    /// <summary>Reads the blocks of these assemblies.</summary>
    public static FeatureCatalogue Scan(IEnumerable<Assembly> assemblies) => new(
    [
        .. assemblies.SelectMany(a => a.GetTypes())
            .Where(t => t is { IsClass: true, IsAbstract: false } && typeof(IFeatureBlock).IsAssignableFrom(t))
            .Select(t => (t.GetCustomAttribute<BlockAttribute>()?.Type, Schema: SchemaOf(t)))
            .Where(x => x.Type is not null)
            .Select(x => new CatalogueEntry(x.Type!, x.Schema))
            .OrderBy(e => e.Block, StringComparer.Ordinal),
    ]);

    /// <summary>The schema with this short name; null when there is none.</summary>
    public FeatureSchema? FindSchema(string name) => Entries.FirstOrDefault(e => e.Schema.Name == name)?.Schema;

    /// <summary>The feature with this name or alias; null when there is none.</summary>
    public (CatalogueEntry Entry, FeatureGroup Group, FeatureDefinition Feature)? Find(string name)
    {
        foreach (var entry in Entries)
        {
            foreach (var group in entry.Schema.Groups)
            {
                foreach (var feature in group.Features)
                {
                    if (feature.Name == name || feature.Aliases.Contains(name, StringComparer.Ordinal))
                    {
                        return (entry, group, feature);
                    }
                }
            }
        }

        return null;
    }

    internal static FeatureSchema SchemaOf(Type block) =>
        (FeatureSchema)typeof(FeatureCatalogue).GetMethod(nameof(Read), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(block).Invoke(null, null)!;

    private static FeatureSchema Read<T>() where T : IFeatureBlock => T.Schema;
}
