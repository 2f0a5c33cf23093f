using QuantumTrader.Market;

namespace QuantumTrader.Storage;

/// <summary>A store that keeps whole books now and then, so that a replay can begin at one.</summary>
public interface IBookStore
{
    /// <summary>
    /// A book of a symbol as all its events up to one make it, that one being before the moment and all of them received by then; null
    /// when the store has none. Going on from it with the events behind gives the book that a replay from the beginning gives.
    /// </summary>
    KnownBook? BookBefore(string symbol, long time);
}

/// <summary>A book and the event that led to it.</summary>
/// <param name="Time">Event time of the event, ns UTC.</param>
/// <param name="Number">Number of its address.</param>
/// <param name="State">The book.</param>
public sealed record KnownBook(long Time, long Number, BookState State);
