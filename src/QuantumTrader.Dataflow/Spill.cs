namespace QuantumTrader.Dataflow;

/// <summary>Gives the edges with <see cref="WhenFull.Spill"/> a place outside memory for what they have no room for.</summary>
public interface ISpillStore
{
    /// <summary>Opens an empty spill. Called once per edge, before the graph starts.</summary>
    /// <param name="edge">The edge, as <c>from -> to.port</c>.</param>
    ISpill<T> Open<T>(string edge) where T : struct, IEvent<T>;
}

/// <summary>A first-in, first-out queue outside memory, bounded by its own settings. One thread at a time calls it.</summary>
public interface ISpill<T> : IDisposable where T : struct, IEvent<T>
{
    /// <summary>Events in it.</summary>
    long Count { get; }

    /// <summary>Appends events in order; returns how many it took: fewer when its limit or the disk is reached. Never throws for that.</summary>
    int Write(ReadOnlySpan<T> events);

    /// <summary>Takes the oldest events out; returns how many. Fewer than there are only when the target is full.</summary>
    int Read(Span<T> into);
}
