using System.Security.Cryptography;

namespace QuantumTrader.Dataflow;

/// <summary>One immutable value that flows through a graph.</summary>
/// <typeparam name="TSelf">The implementing struct.</typeparam>
public interface IEvent<TSelf> where TSelf : struct, IEvent<TSelf>
{
    /// <summary>
    /// Position, in the order of its root (a source, or a block that orders its input anew), of the event that caused this one.
    /// Along one edge it never decreases. Fan-in merges by it, which is what makes the merged order independent of threads.
    /// </summary>
    long Sequence { get; }

    /// <summary>What the event is about, such as its symbol: events with the same key keep their order when a block runs in parallel.</summary>
    long PartitionKey { get; }

    /// <summary>Under <see cref="WhenFull.Conflate"/> a newer event replaces a waiting one with the same key.</summary>
    long ConflationKey { get; }

    /// <summary>
    /// How many plain events of 64 bytes one of these is, with what it keeps beside its batch: of heavier events fewer are handed over,
    /// pooled and kept waiting at a time, so that what is under way stays in a core's cache.
    /// </summary>
    static virtual int Weight => 1;

    /// <summary>Adds everything that identifies these events to a running hash: same events, same bytes, on every machine.</summary>
    static abstract void AppendTo(ReadOnlySpan<TSelf> events, IncrementalHash hash);

    /// <summary>
    /// The event in a form that outlives the batch it lies in: itself, unless its type keeps a part of it in storage that is written anew
    /// with the batch. Whoever holds such an event beyond the call that handed it over holds this.
    /// </summary>
    static virtual TSelf Keep(in TSelf value) => value;
}
