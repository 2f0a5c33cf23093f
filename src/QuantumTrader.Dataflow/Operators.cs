namespace QuantumTrader.Dataflow;

/// <summary>A block that reads one stream and writes another: any number of events out for each one in.</summary>
/// <typeparam name="TIn">Event type of the port <c>from</c>.</typeparam>
/// <typeparam name="TOut">Event type sent on.</typeparam>
public abstract class Operator<TIn, TOut> : Block
    where TIn : struct, IEvent<TIn>
    where TOut : struct, IEvent<TOut>
{
    /// <summary>
    /// True when every event that comes in goes out, is dropped under a reason, or is <see cref="Block.Held"/>: the graph then checks it.
    /// Otherwise events that are neither passed nor dropped count as consumed.
    /// </summary>
    public virtual bool Conserves => false;

    /// <summary>Handles a run of events.</summary>
    public abstract void Process(Run<TIn> run, Output<TOut> output);

    /// <summary>The input has ended: send what is still held.</summary>
    public virtual void Complete(Output<TOut> output) { }

    internal override Node CreateNode(NodeSettings settings) => new OperatorNode<TIn, TOut>(this, settings);
}

/// <summary>
/// A block with a second input. The graph merges both by sequence, events of <c>from</c> last when equal: so what an event caused
/// arrives behind the event itself.
/// </summary>
/// <typeparam name="TIn">Event type of the port <c>from</c>.</typeparam>
/// <typeparam name="TSide">Event type of the second port, named by <see cref="SidePortAttribute"/>.</typeparam>
/// <typeparam name="TOut">Event type sent on.</typeparam>
public abstract class Operator<TIn, TSide, TOut> : Block
    where TIn : struct, IEvent<TIn>
    where TSide : struct, IEvent<TSide>
    where TOut : struct, IEvent<TOut>
{
    /// <summary>Handles a run of events of the port <c>from</c>.</summary>
    public abstract void Process(Run<TIn> run, Output<TOut> output);

    /// <summary>Handles a run of events of the second port.</summary>
    public abstract void ProcessSide(Run<TSide> run, Output<TOut> output);

    /// <summary>Both inputs have ended: send what is still held.</summary>
    public virtual void Complete(Output<TOut> output) { }

    internal override Node CreateNode(NodeSettings settings) => new SideOperatorNode<TIn, TSide, TOut>(this, settings);
}

/// <summary>A block that changes or removes events of one stream in place. It copies nothing as long as nobody else reads the same batch.</summary>
public abstract class Filter<T> : Block where T : struct, IEvent<T>
{
    /// <summary>Handles a run of events. Sequences must stay as they are.</summary>
    public abstract void Process(EditableRun<T> run);

    /// <summary>The input has ended.</summary>
    public virtual void Complete() { }

    internal override Node CreateNode(NodeSettings settings) => new FilterNode<T>(this, settings);
}

/// <summary>A block that only reads; its input goes on unchanged to whoever is connected behind it. Sinks are observers.</summary>
public abstract class Observer<T> : Block where T : struct, IEvent<T>
{
    /// <summary>Handles a run of events.</summary>
    public abstract void Observe(Run<T> run);

    /// <summary>The input has ended: flush.</summary>
    public virtual void Complete() { }

    internal override Node CreateNode(NodeSettings settings) => new ObserverNode<T>(this, settings);
}

/// <summary>When a source is told that its events have been handled.</summary>
public enum HandledNews
{
    /// <summary>Never.</summary>
    Never,

    /// <summary>Between two reads, on its own thread.</summary>
    BetweenReads,

    /// <summary>At once, on the thread of the block that was the last to handle them: it must not wait there.</summary>
    AtOnce,
}

/// <summary>A block that brings events into the graph. It runs on a thread of its own and may block there.</summary>
public abstract class Source<T> : Block where T : struct, IEvent<T>
{
    /// <summary>
    /// Adds up to about <paramref name="limit"/> events, numbered from 1 without gaps, and returns true; false when there are no more.
    /// It returns early with what it has rather than wait for more.
    /// </summary>
    /// <param name="output">Where the events go.</param>
    /// <param name="limit">How many events fit in one hand-off.</param>
    /// <param name="stop">Asks a source that waits to return.</param>
    public abstract bool Read(Output<T> output, int limit, CancellationToken stop);

    /// <summary>How far the source is, from 0 to 1; null when its end is not known.</summary>
    public virtual double? Progress => null;

    /// <summary>
    /// True when the blocks behind it may run on its thread, between two reads: for a source whose events come one at a time, and are worth
    /// less waiting than a hand-over to another thread takes.
    /// </summary>
    public virtual bool Fuses => false;

    /// <summary>When the source is told that its events have been handled, because it acknowledges them or waits for them.</summary>
    public virtual HandledNews HandledNews => HandledNews.Never;

    /// <summary>
    /// Every block behind this one has handled all events up to this sequence, and what they caused; as far as the order of this source goes,
    /// that is through the first block on each path that orders its input anew. Called as <see cref="HandledNews"/> says, never twice at a
    /// time, and once more at the end of a run that was good.
    /// </summary>
    public virtual void Handled(long sequence) { }

    internal override Node CreateNode(NodeSettings settings) => new SourceNode<T>(this, settings);
}
