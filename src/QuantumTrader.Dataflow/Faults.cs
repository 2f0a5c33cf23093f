namespace QuantumTrader.Dataflow;

/// <summary>A block threw, and its fault policy is to end the run.</summary>
public sealed class BlockFaultException(string block, long sequence, Exception inner)
    : Exception($"Block '{block}' failed{(sequence >= 0 ? $" at event {sequence}" : "")}: {inner.Message}", inner)
{
    /// <summary>The block.</summary>
    public string Block { get; } = block;

    /// <summary>Sequence of the event at which it threw; -1 when no single event can be blamed.</summary>
    public long Sequence { get; } = sequence;
}

/// <summary>A graph cannot be built as declared.</summary>
public sealed class GraphException(string message) : Exception(message);
