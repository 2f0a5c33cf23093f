using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Models;

/// <summary>What a model expects of a symbol's price.</summary>
/// <param name="Sequence">Sequence of the vector that was predicted from.</param>
/// <param name="EventTime">Time of the vector: ns UTC.</param>
/// <param name="Symbol">Interned symbol.</param>
/// <param name="Probability">Probability that the price rises, from 0 to 1.</param>
/// <param name="Direction">Probability of a rise less that of a fall, from -1 to 1.</param>
/// <param name="Confidence">Probability of the likelier of rise and fall, from 0 to 1.</param>
/// <param name="Price">The vector's <c>price_current</c>; 0 when it has none.</param>
/// <param name="Model">Name of the model.</param>
public readonly record struct Prediction(
    long Sequence, long EventTime, int Symbol, double Probability, double Direction, double Confidence, double Price, string Model) : IEvent<Prediction>
{
    /// <inheritdoc/>
    public long PartitionKey => Symbol;

    /// <inheritdoc/>
    public long ConflationKey => Symbol;

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<Prediction> events, IncrementalHash hash)
    {
        Span<byte> fixedPart = stackalloc byte[52];
        Span<byte> name = stackalloc byte[256];
        foreach (ref readonly var e in events)
        {
            BinaryPrimitives.WriteInt64LittleEndian(fixedPart, e.Sequence);
            BinaryPrimitives.WriteInt64LittleEndian(fixedPart[8..], e.EventTime);
            BinaryPrimitives.WriteInt32LittleEndian(fixedPart[16..], e.Symbol);
            BinaryPrimitives.WriteDoubleLittleEndian(fixedPart[20..], e.Probability);
            BinaryPrimitives.WriteDoubleLittleEndian(fixedPart[28..], e.Direction);
            BinaryPrimitives.WriteDoubleLittleEndian(fixedPart[36..], e.Confidence);
            BinaryPrimitives.WriteDoubleLittleEndian(fixedPart[44..], e.Price);
            hash.AppendData(fixedPart);

            // Names are checked to fit when a model is loaded; the closing 0 keeps neighbours apart.
            Encoding.UTF8.TryGetBytes(e.Model, name[..255], out var length);
            name[length] = 0;
            hash.AppendData(name[..(length + 1)]);
        }
    }
}
