using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage;

/// <summary>Recorded events that can be asked "what was known at T": the embedded journal, or Valkey.</summary>
public interface IEventStore : IDisposable
{
    /// <summary>
    /// Stores events; those that are stored already, by their address, stay as they are. Returns when they are handed over; they are
    /// durable after <see cref="Flush"/>. Throws <see cref="StoreException"/> when the store cannot take them now: nothing of the call
    /// may then be assumed, and it can be repeated.
    /// </summary>
    StoreAppend Append<T>(ReadOnlySpan<T> events, EventFormat<T> format) where T : struct, IEvent<T>;

    /// <summary>Waits until everything appended is as safe as the store's settings promise. Throws <see cref="StoreException"/>.</summary>
    void Flush();

    /// <summary>Hands the events of a range over page by page, in the order of (event time, number), and says what the range holds.</summary>
    StoreAnswer Query<T>(StoreQuery query, EventFormat<T> format, StorePage<T> page) where T : struct, IEvent<T>;

    /// <summary>What the store holds, for people. Throws <see cref="StoreException"/> when it cannot be asked.</summary>
    StoreStatus Status();

    /// <summary>What was found to be wrong with the store since it was opened, and what to do; a bounded number.</summary>
    IReadOnlyList<string> Findings { get; }
}

/// <summary>What became of the events of one call.</summary>
/// <param name="Stored">Events stored now, late ones included.</param>
/// <param name="Repeated">Events that were stored already, by their address.</param>
/// <param name="Late">Events that came later than the store's settings expect; a query finds them all the same.</param>
public readonly record struct StoreAppend(long Stored, long Repeated, long Late)
{
    /// <summary>Events that the store refused for good, by channel and reason; null when there are none.</summary>
    public IReadOnlyDictionary<(string Channel, string Reason), long>? Refused { get; init; }
}

/// <summary>What a store holds.</summary>
/// <param name="Kind">Which kind of store, such as <c>journal</c>.</param>
/// <param name="Place">Folder or address.</param>
/// <param name="Bytes">Bytes that the events take up there.</param>
/// <param name="Streams">What it has, by channel and symbol.</param>
public sealed record StoreStatus(string Kind, string Place, long Bytes, IReadOnlyList<StoreStream> Streams);

/// <summary>The events of one channel and symbol.</summary>
/// <param name="Channel">Kind of data.</param>
/// <param name="Symbol">Name of the symbol; empty for events of none.</param>
/// <param name="Count">Events.</param>
/// <param name="First">Earliest event time, ns UTC.</param>
/// <param name="Last">Latest event time, ns UTC.</param>
public sealed record StoreStream(string Channel, string Symbol, long Count, long First, long Last);

/// <summary>A part of the events of a range, in order; valid only during the call. Returns false to stop.</summary>
public delegate bool StorePage<T>(ReadOnlySpan<T> events) where T : struct, IEvent<T>;

/// <summary>What is asked of a store.</summary>
/// <param name="Channel">Kind of data: <see cref="EventAddress.Channel"/>.</param>
/// <param name="Symbol">Name of the symbol.</param>
/// <param name="From">First ns UTC that counts.</param>
/// <param name="To">First ns UTC that no longer counts: the range is half-open.</param>
public sealed record StoreQuery(string Channel, string Symbol, long From, long To)
{
    /// <summary>Events after which the query ends.</summary>
    public long AtMost { get; init; } = long.MaxValue;
}

/// <summary>What a store has of a range. A store that cannot be asked throws instead, so that "nothing" is never "not there".</summary>
/// <param name="Count">Events handed over.</param>
/// <param name="First">Time of the first one; 0 when there is none.</param>
/// <param name="Last">Time of the last one; 0 when there is none.</param>
/// <param name="Gaps">Parts of the range that are known to be lost, such as corrupt blocks.</param>
public sealed record StoreAnswer(long Count, long First, long Last, IReadOnlyList<StoreGap> Gaps);

/// <summary>A part of a range that is known to be lost.</summary>
/// <param name="From">ns UTC.</param>
/// <param name="To">ns UTC.</param>
/// <param name="Reason">What happened, in words.</param>
public sealed record StoreGap(long From, long To, string Reason);

/// <summary>The store cannot do what was asked now: it is down, full, or misused. The message says what to do.</summary>
public sealed class StoreException(string message, Exception? inner = null) : Exception(message, inner);
