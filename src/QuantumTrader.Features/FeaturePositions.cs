namespace QuantumTrader.Features;

/// <summary>Where the features of a list of names stand in the vectors of each schema that comes along. For one thread.</summary>
/// <param name="names">The names.</param>
internal sealed class FeaturePositions(params string[] names)
{
    // A pipeline has a handful of schemas; one that sends ever new ones must not fill the memory.
    private const int MaxSchemas = 64;

    private readonly Dictionary<FeatureSchema, int[]> _known = new(ReferenceEqualityComparer.Instance);

    /// <summary>The positions, in the order of the names; -1 for a name that the schema does not have.</summary>
    public ReadOnlySpan<int> In(FeatureSchema schema)
    {
        if (!_known.TryGetValue(schema, out var positions))
        {
            if (_known.Count == MaxSchemas)
            {
                _known.Clear();
            }

            _known[schema] = positions = [.. names.Select(schema.IndexOf)];
        }

        return positions;
    }
}
