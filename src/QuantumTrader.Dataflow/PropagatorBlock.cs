using System.Threading.Tasks.Dataflow;

namespace QuantumTrader.Dataflow;

/// <summary>
/// Hosts a block of <c>System.Threading.Tasks.Dataflow</c>: a <c>TransformBlock</c>, a <c>TransformManyBlock</c>, or whatever
/// <c>DataflowBlock.Encapsulate</c> made of several. The engine hands events over one by one, waits for room without holding a thread,
/// drains results meanwhile, and ends the run when the hosted block fails, cancels or declines an event.
/// </summary>
/// <remarks>
/// <para>Any number of results may come of an event, and nobody outside can say which event caused which result. So the results are
/// numbered anew, from 1 in the order in which they come out: deterministic as long as the hosted block keeps its input's order, as
/// those of the library do unless <c>EnsureOrdered</c> is false.</para>
/// <para>Give the hosted block a <c>BoundedCapacity</c>: the engine stops when it is full, and knows no other bound for it.</para>
/// <para>An exception leaves a hosted block unusable, so <see cref="OnError.Fail"/> is the only fault policy.</para>
/// </remarks>
/// <typeparam name="TIn">Event type of the port <c>from</c>.</typeparam>
/// <typeparam name="TOut">Event type sent on.</typeparam>
[Resequences]
public abstract class PropagatorBlock<TIn, TOut> : Block
    where TIn : struct, IEvent<TIn>
    where TOut : struct, IEvent<TOut>
{
    /// <summary>
    /// True when every event that goes in comes out as exactly one result: <see cref="Held"/> then counts what is inside the hosted block,
    /// and the run fails when that is not 0 at the end. Otherwise an event counts as consumed once the hosted block has accepted it.
    /// </summary>
    public virtual bool Conserves => false;

    /// <summary>Events that wait for the hosted block to accept them; if it conserves, also those inside it.</summary>
    public sealed override long Held => Inside;

    internal long Inside { get; set; }

    /// <summary>Makes the block that is hosted; called once, when the graph runs.</summary>
    public abstract IPropagatorBlock<TIn, TOut> Create();

    /// <summary>The same result with this sequence: <c>result with { Sequence = sequence }</c>.</summary>
    public abstract TOut WithSequence(in TOut result, long sequence);

    internal override Node CreateNode(NodeSettings settings) => new PropagatorNode<TIn, TOut>(this, settings);
}
