using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Features;

/// <summary>The ordered names of a feature vector and their hash: the contract between who makes vectors and a model.</summary>
public sealed class FeatureSchema
{
    /// <summary>A schema of these names in this order.</summary>
    public FeatureSchema(params IEnumerable<string> names)
    {
        Names = [.. names];
        if (Names.Distinct(StringComparer.Ordinal).Count() != Names.Count)
        {
            throw new ArgumentException("Condition failed: feature names must be distinct.", nameof(names));
        }

        Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Names))));
    }

    /// <summary>Names in vector order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>SHA-256 over the names joined by line feeds, in lower-case hex.</summary>
    public string Hash { get; }
}

/// <summary>One evaluation of a group of features for a symbol.</summary>
/// <param name="Sequence">Sequence of the event that caused the evaluation.</param>
/// <param name="EventTime">Time of evaluation T: ns UTC.</param>
/// <param name="Symbol">Interned symbol.</param>
/// <param name="Schema">Names and their hash.</param>
/// <param name="Values">One per name; always finite. Never written after the vector was sent.</param>
/// <param name="Warm">Bit i is set when value i is computed from enough data; otherwise it is the feature's neutral value.</param>
public readonly record struct FeatureVector(long Sequence, long EventTime, int Symbol, FeatureSchema Schema, double[] Values, ulong[] Warm) : IEvent<FeatureVector>
{
    /// <inheritdoc/>
    public long PartitionKey => Symbol;

    /// <inheritdoc/>
    public long ConflationKey => Symbol;

    /// <summary>True when value i is warm.</summary>
    public bool IsWarm(int i) => (Warm[i >> 6] & (1UL << (i & 63))) != 0;

    /// <summary>True when every value is warm.</summary>
    public bool AllWarm
    {
        get
        {
            for (var i = 0; i < Values.Length; i++)
            {
                if (!IsWarm(i))
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<FeatureVector> events, IncrementalHash hash)
    {
        Span<byte> head = stackalloc byte[20];
        foreach (ref readonly var e in events)
        {
            BinaryPrimitives.WriteInt64LittleEndian(head, e.Sequence);
            BinaryPrimitives.WriteInt64LittleEndian(head[8..], e.EventTime);
            BinaryPrimitives.WriteInt32LittleEndian(head[16..], e.Symbol);
            hash.AppendData(head);
            hash.AppendData(MemoryMarshal.AsBytes(e.Values.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(e.Warm.AsSpan()));
        }
    }
}
