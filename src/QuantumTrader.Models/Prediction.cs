using System.Security.Cryptography;
using QuantumTrader.Dataflow;
using QuantumTrader.Models.Regimes;

namespace QuantumTrader.Models;

/// <summary>What a model expects of a symbol's price.</summary>
/// <param name="Sequence">Sequence of the vector that was predicted from.</param>
/// <param name="EventTime">Time of the vector: ns UTC.</param>
/// <param name="Symbol">Interned symbol.</param>
/// <param name="Probability">Probability that the price rises, from 0 to 1.</param>
/// <param name="Direction">Probability of a rise less that of a fall, from -1 to 1.</param>
/// <param name="Confidence">Probability of the likelier of rise and fall, from 0 to 1.</param>
/// <param name="Magnitude">Size of the move that the model expects, as a fraction of the price, at least 0; 0 when the model does not tell.</param>
/// <param name="Price">The vector's <c>price_current</c>; 0 when it has none.</param>
/// <param name="Model">Name of the model.</param>
public readonly record struct Prediction(
    long Sequence, long EventTime, int Symbol, double Probability, double Direction, double Confidence, double Magnitude, double Price, string Model) : IEvent<Prediction>
{
    /// <summary>What is known of the regime at its time; <c>regime.join</c> writes it.</summary>
    public KnownRegime Regime { get; init; }

    /// <summary>True for the last good prediction of the symbol, sent again because no model could answer.</summary>
    public bool IsStale { get; init; }

    /// <inheritdoc/>
    public long PartitionKey => Symbol;

    /// <inheritdoc/>
    public long ConflationKey => Symbol;

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<Prediction> events, IncrementalHash hash)
    {
        foreach (ref readonly var e in events)
        {
            hash.Append(e.Sequence).Append(e.EventTime).Append(e.Symbol).Append(e.Probability).Append(e.Direction).Append(e.Confidence);
            hash.Append(e.Magnitude).Append(e.Price).Append(e.Model);
            hash.Append((long)e.Regime.Class).Append(e.Regime.Confidence).Append((long)e.Regime.Place).Append(e.Regime.Atr).Append(e.Regime.Close).Append(e.IsStale ? 1 : 0);
        }
    }
}
