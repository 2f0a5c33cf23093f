using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Features;

/// <summary>
/// One evaluation of a group of features for a symbol.
/// <para>A vector made by the constructor owns its arrays and lives as long as anyone holds it. One made by <see cref="Write"/> lies in
/// storage that belongs to its place in the batch: it is valid until the batch is given back, so whoever holds it beyond the call that
/// handed it over holds its <see cref="Keep"/>. The engine does so wherever it copies events; reading one that was held without it throws.</para>
/// </summary>
public readonly record struct FeatureVector : IEvent<FeatureVector>
{
    // A vector of 65 needs 540 bytes. Made anew for every trade that is 500 MB a second of replay; the collector copes, but everything
    // else on the path then pays for its pauses and for memory that is never warm. Batches are pooled and counted already, so the
    // storage is tied to a batch's slots: the count that frees a batch frees the rows, and there is no second pool, no finalizer and no
    // guess about how long a reader may take. Price: a copy between batches costs an allocation, and holding needs Keep. Values inside
    // the event itself would need neither, but then every list of vectors of 11 would pay for the largest vector there is.
    private readonly FeatureRow? _row;
    private readonly int _generation;

    /// <summary>A vector that owns its arrays.</summary>
    /// <param name="sequence">Sequence of the event that caused the evaluation.</param>
    /// <param name="eventTime">Time of evaluation T: ns UTC.</param>
    /// <param name="symbol">Interned symbol.</param>
    /// <param name="schema">Names and their hash.</param>
    /// <param name="values">One per name, all finite; never written again.</param>
    /// <param name="warm">Bit i is set when value i is computed from enough data; never written again.</param>
    public FeatureVector(long sequence, long eventTime, int symbol, FeatureSchema schema, double[] values, ulong[] warm)
        : this(sequence, eventTime, symbol, schema, new FeatureRow(values, warm, values.Length, warm.Length))
    {
    }

    private FeatureVector(long sequence, long eventTime, int symbol, FeatureSchema schema, FeatureRow row)
    {
        Sequence = sequence;
        EventTime = eventTime;
        Symbol = symbol;
        Schema = schema;
        _row = row;
        _generation = row.Generation;
    }

    /// <inheritdoc/>
    public long Sequence { get; init; }

    /// <summary>Time of evaluation T: ns UTC.</summary>
    public long EventTime { get; init; }

    /// <summary>Interned symbol.</summary>
    public int Symbol { get; init; }

    /// <summary>Names and their hash.</summary>
    public FeatureSchema Schema { get; init; }

    /// <summary>One value per name; always finite.</summary>
    public ReadOnlySpan<double> Values => _row is null ? default : Valid(_row).Values.AsSpan(0, _row.Count);

    /// <summary>Bit i is set when value i is computed from enough data; otherwise it is the feature's neutral value.</summary>
    public ReadOnlySpan<ulong> Warm => _row is null ? default : Valid(_row).Warm.AsSpan(0, _row.Words);

    /// <summary>A vector of 65 is 700 bytes with its row, one joined of several groups up to twice that.</summary>
    public static int Weight => 16;

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
            var left = Values.Length;
            foreach (var word in Warm)
            {
                var all = left >= 64 ? ulong.MaxValue : (1UL << left) - 1;
                if ((word & all) != all)
                {
                    return false;
                }

                left -= 64;
            }

            return true;
        }
    }

    /// <summary>
    /// Makes a vector in place, in the slot that <see cref="Output{T}.Next"/> gave: it takes the storage of the vector that lay there, so
    /// a stream of vectors allocates nothing once the batches have been round.
    /// </summary>
    public static void Write(ref FeatureVector slot, long sequence, long eventTime, int symbol, FeatureSchema schema, ReadOnlySpan<double> values, ReadOnlySpan<ulong> warm)
    {
        var row = slot._row;
        if (row is not { IsOfSlot: true } || row.Values.Length < values.Length || row.Warm.Length < warm.Length)
        {
            row = new FeatureRow(new double[values.Length], new ulong[warm.Length], 0, 0) { IsOfSlot = true };
        }

        values.CopyTo(row.Values);
        warm.CopyTo(row.Warm);
        row.Count = values.Length;
        row.Words = warm.Length;
        row.Generation++;
        slot = new FeatureVector(sequence, eventTime, symbol, schema, row);
    }

    /// <inheritdoc/>
    public static FeatureVector Keep(in FeatureVector value) => value._row is { IsOfSlot: true }
        ? new FeatureVector(value.Sequence, value.EventTime, value.Symbol, value.Schema, value.Values.ToArray(), value.Warm.ToArray())
        : value;

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
            hash.AppendData(MemoryMarshal.AsBytes(e.Values));
            hash.AppendData(MemoryMarshal.AsBytes(e.Warm));
        }
    }

    private FeatureRow Valid(FeatureRow row) => row.Generation == _generation
        ? row
        : throw new InvalidOperationException("Condition failed: the vector was held longer than its batch; hold FeatureVector.Keep of it instead.");

    private sealed class FeatureRow(double[] values, ulong[] warm, int count, int words)
    {
        public readonly double[] Values = values;
        public readonly ulong[] Warm = warm;
        public int Count = count;
        public int Words = words;
        public int Generation;

        /// <summary>It belongs to a slot of a batch and is written again.</summary>
        public bool IsOfSlot { get; init; }
    }
}
