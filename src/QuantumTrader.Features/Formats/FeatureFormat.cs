using System.Collections.Concurrent;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>
/// The outside form of <see cref="FeatureVector"/>: the hash of its names, its values, its warm bits. Names do not travel with every vector:
/// a vector that is read gets the schema with the same hash of a shipped block, or of a vector that was written in this run, else one
/// without names, which a model accepts just the same, since it goes by the hash.
/// </summary>
[EventFormat("features")]
public sealed class FeatureFormat(MarketContext market) : EventFormat<FeatureVector>
{
    /// <summary>Schemas that are remembered; a pipeline has a handful, and corrupt input must not fill the memory.</summary>
    private const int MaxSchemas = 1000;

    private readonly ConcurrentDictionary<string, FeatureSchema> _schemas =
        new(FeatureCatalogue.Shipped.Entries.Select(e => e.Schema).DistinctBy(s => s.Hash).Select(s => KeyValuePair.Create(s.Hash, s)), StringComparer.Ordinal);

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields { get; } = [.. Envelope.Fields, "hash", "values", "warm"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["features", "flow", "liquidity"];

    /// <inheritdoc/>
    public override void Write(in FeatureVector value, IFieldWriter fields)
    {
        Remember(value.Schema);
        fields.Envelop(market, value.Symbol, value.EventTime, value.Sequence);
        fields.Text("hash", value.Schema.Hash);
        fields.Reals("values", value.Values);
        fields.Bits("warm", value.Warm);
    }

    /// <inheritdoc/>
    public override FeatureVector Read(IFieldReader fields)
    {
        var values = fields.Reals("values");
        var warm = fields.Bits("warm");
        var words = (values.Length + 63) / 64;
        if (warm.Length > words)
        {
            throw new FieldException("warm", $"found {warm.Length} words of bits for {values.Length} values. Legal: {words}.");
        }

        if (warm.Length < words)
        {
            // Bits that are not given are not set.
            Array.Resize(ref warm, words);
        }

        return new FeatureVector(fields.Whole("seq"), fields.Time("ts"), fields.Symbol(market), SchemaOf(fields, values.Length), values, warm);
    }

    /// <summary>Vectors of several groups may stand for the same event; the hash of the names tells them apart.</summary>
    public override EventAddress AddressOf(in FeatureVector value) =>
        new(value.Schema.Channel, market.Symbols.Name(value.Symbol), value.EventTime, StableHash.Mix(value.Sequence, value.Schema.Hash));

    private FeatureSchema SchemaOf(IFieldReader fields, int count)
    {
        var hash = fields.Text("hash");
        if (!_schemas.TryGetValue(hash, out var schema))
        {
            schema = FeatureSchema.OfHash(hash, count);
            Remember(schema);
        }

        return schema.Names.Count == count
            ? schema
            : throw new FieldException("values", $"found {count} values, but the names with the hash {hash} are {schema.Names.Count}.");
    }

    private void Remember(FeatureSchema schema)
    {
        if (_schemas.Count < MaxSchemas)
        {
            _schemas.TryAdd(schema.Hash, schema);
        }
    }
}
