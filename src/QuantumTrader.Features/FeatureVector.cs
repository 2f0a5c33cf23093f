using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Features;

/// <summary>
/// One evaluation of a group of features for a symbol.
/// <para>A vector made by the constructor owns its arrays and lives as long as anyone holds it. One made by <see cref="Write"/> lies in
/// storage that belongs to its place in the batch: it is valid until the batch is given back, so whoever holds it beyond the call that
/// handed it over holds its <see cref="Keep"/>. The engine does so wherever it copies events, or holds the batch that they lie in; reading one
/// that was held without either throws.</para>
/// </summary>
public readonly record struct FeatureVector : IEvent<FeatureVector>
{
    // A vector of 65 needs 540 bytes. Made anew for every trade that is 500 MB a second of replay; the collector copes, but everything
    // else on the path then pays for its pauses and for memory that is never warm. Batches are pooled and counted already, so the
    // storage is tied to a batch's slots: the count that frees a batch frees the rows, and there is no second pool, no finalizer and no
    // guess about how long a reader may take. Price: a copy between batches costs an allocation, and holding needs Keep. Values inside
    // the event itself would need neither, but then every list of vectors of 11 would pay for the largest vector there is.
    //
    // One array: the row's head (generation and number of values), the bits of the values, the warm words. A row that comes back from
    // another core is in no cache, and every object that has to be followed to write it again is a wait of its own.
    private const int Head = 1;

    // Generation of a row that belongs to its vector alone. The rows of slots count from 1.
    private const uint Owned = 0;

    private readonly ulong[]? _row;
    private readonly uint _generation;

    /// <summary>A vector that owns its storage.</summary>
    /// <param name="sequence">Sequence of the event that caused the evaluation.</param>
    /// <param name="eventTime">Time of evaluation T: ns UTC.</param>
    /// <param name="symbol">Interned symbol.</param>
    /// <param name="schema">Names and their hash.</param>
    /// <param name="values">One per name, all finite.</param>
    /// <param name="warm">Bit i is set when value i is computed from enough data: as many words as the values need bits for.</param>
    public FeatureVector(long sequence, long eventTime, int symbol, FeatureSchema schema, ReadOnlySpan<double> values, ReadOnlySpan<ulong> warm)
        : this(sequence, eventTime, symbol, schema, new ulong[LengthOf(values.Length)], Owned)
    {
        Fill(_row!, Owned, values, warm);
    }

    private FeatureVector(long sequence, long eventTime, int symbol, FeatureSchema schema, ulong[] row, uint generation)
    {
        Sequence = sequence;
        EventTime = eventTime;
        Symbol = symbol;
        Schema = schema;
        _row = row;
        _generation = generation;
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
    public ReadOnlySpan<double> Values => _row is null ? default : MemoryMarshal.Cast<ulong, double>(_row.AsSpan(Head, CountOf(_row)));

    /// <summary>Bit i is set when value i is computed from enough data; otherwise it is the feature's neutral value.</summary>
    public ReadOnlySpan<ulong> Warm => _row is null ? default : WarmOf(_row, CountOf(_row));

    /// <summary>A vector of 65 is 600 bytes with its row, one joined of several groups up to twice that.</summary>
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
        if (row is null || slot._generation == Owned || row.Length < LengthOf(values.Length))
        {
            row = new ulong[LengthOf(values.Length)];
        }

        // Past the largest one it begins anew.
        var generation = Math.Max(Owned + 1, GenerationOf(row) + 1);
        Fill(row, generation, values, warm);
        slot = new FeatureVector(sequence, eventTime, symbol, schema, row, generation);
    }

    /// <inheritdoc/>
    public static FeatureVector Keep(in FeatureVector value) => value._generation == Owned
        ? value
        : new FeatureVector(value.Sequence, value.EventTime, value.Symbol, value.Schema, value.Values, value.Warm);

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

    private static int WordsOf(int values) => (values + 63) >> 6;

    private static int LengthOf(int values) => Head + values + WordsOf(values);

    private static ReadOnlySpan<ulong> WarmOf(ulong[] row, int values) => row.AsSpan(Head + values, WordsOf(values));

    private static void Fill(ulong[] row, uint generation, ReadOnlySpan<double> values, ReadOnlySpan<ulong> warm)
    {
        row[0] = ((ulong)generation << 32) | (uint)values.Length;
        MemoryMarshal.Cast<double, ulong>(values).CopyTo(row.AsSpan(Head));
        warm[..WordsOf(values.Length)].CopyTo(row.AsSpan(Head + values.Length));
    }

    private static uint GenerationOf(ulong[] row) => (uint)(row[0] >> 32);

    private int CountOf(ulong[] row) => GenerationOf(row) == _generation
        ? (int)(uint)row[0]
        : throw new InvalidOperationException("Condition failed: the vector was held longer than its batch; hold FeatureVector.Keep of it instead.");
}
