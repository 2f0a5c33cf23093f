using System.Threading.Tasks.Dataflow;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace MyBlocks;

/// <summary>Options of <see cref="Lookup"/>.</summary>
public sealed record LookupOptions
{
    /// <summary>Events that are asked about at the same time.</summary>
    [Range(1, 64)]
    public int AtOnce { get; init; } = 4;
}

/// <summary>Asks somebody else about every event, several at a time, and keeps their order.</summary>
[Block("my.lookup", "Asks somebody else about every event, several at a time, and keeps their order.")]
public sealed class Lookup(LookupOptions options) : PropagatorBlock<MarketEvent, MarketEvent>
{
    /// <inheritdoc/>
    public override bool Conserves => true;

    /// <inheritdoc/>
    public override IPropagatorBlock<MarketEvent, MarketEvent> Create() => new TransformBlock<MarketEvent, MarketEvent>(
        AskAsync,
        new ExecutionDataflowBlockOptions { MaxDegreeOfParallelism = options.AtOnce, BoundedCapacity = 4 * options.AtOnce });

    /// <inheritdoc/>
    public override MarketEvent WithSequence(in MarketEvent result, long sequence) => result with { Sequence = sequence };

    private static async Task<MarketEvent> AskAsync(MarketEvent e)
    {
        await Task.Yield(); // Here stands the call that takes its time.
        return e;
    }
}
