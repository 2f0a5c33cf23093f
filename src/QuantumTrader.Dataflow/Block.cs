namespace QuantumTrader.Dataflow;

/// <summary>
/// One step of a graph. Derive from <see cref="Source{T}"/>, <see cref="Operator{TIn,TOut}"/>, <see cref="Operator{TIn,TSide,TOut}"/>,
/// <see cref="Filter{T}"/> or <see cref="Observer{T}"/>: they are called by one thread at a time, see neither queue nor clock, and
/// must give the same output for the same input however the input is cut into runs.
/// </summary>
public abstract class Block : IDisposable
{
    private Accounts? _accounts;

    /// <summary>The block's name in its pipeline; set by the graph.</summary>
    public string Name { get; internal set; } = "";

    /// <summary>Cancelled when the run is broken off: a block that waits for the outside world must then return.</summary>
    protected internal CancellationToken BrokenOff { get; internal set; }

    /// <summary>Input events that the block has taken in and not yet passed on or used up, such as a sort buffer's.</summary>
    public virtual long Held => 0;

    /// <summary>Called once before the first event, on the thread that starts the graph; downstream blocks first.</summary>
    public virtual void Start() { }

    /// <summary>What the block adds to the run's report, as an object that serialises to JSON; null for nothing.</summary>
    public virtual object? Report() => null;

    /// <summary>How the block is at this moment, for whoever watches it: the same names at any time. Asked by any thread; it must not wait.</summary>
    public virtual IReadOnlyList<BlockGauge> Gauges => [];

    /// <summary>Releases what the block holds; called once when the graph has ended.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>The counters of this block; a block built outside a graph gets its own, so that it can be tested alone.</summary>
    public Accounts Accounts
    {
        get => _accounts ??= new Accounts(Name);
        internal set => _accounts = value;
    }

    /// <summary>Adds a line to the run's findings. The first few per code are kept, the rest only counted.</summary>
    /// <param name="code">A short stable name, such as <c>book_gap</c>.</param>
    /// <param name="message">What was found, where, and what follows from it.</param>
    protected void Note(string code, string message) => Accounts.Note(code, message);

    /// <summary>
    /// Until what it returns is disposed, the block waits for the outside world, as a source does for what is not there or not due yet: that
    /// is idle time, not work. Only on the block's own thread.
    /// </summary>
    protected IdleTime Idle() => new(IslandClock);

    /// <summary>Counts the time of the block's island; null outside a graph.</summary>
    internal StateClock? IslandClock { private get; set; }

    /// <summary>Makes the node that runs this block inside an island.</summary>
    internal abstract Node CreateNode(NodeSettings settings);
}

/// <summary>A wait of a block; see <see cref="Block.Idle"/>.</summary>
public readonly ref struct IdleTime : IDisposable
{
    private readonly StateClock? _clock;

    internal IdleTime(StateClock? clock)
    {
        _clock = clock;
        _clock?.Enter(IslandState.Idle);
    }

    /// <summary>The wait is over.</summary>
    public void Dispose() => _clock?.Enter(IslandState.Busy);
}

/// <summary>A figure of a block that goes up and down.</summary>
/// <param name="Name">Name of the metric, such as <c>qt_store_waiting</c>.</param>
/// <param name="Description">What it says, in a sentence.</param>
/// <param name="Value">Its value now.</param>
public readonly record struct BlockGauge(string Name, string Description, double Value)
{
    /// <summary>Which of the block's things it is about, from a short fixed list; empty when there is only one.</summary>
    public string Of { get; init; } = "";

    /// <summary>Of the instances of a parallel block the largest value counts, not the sum.</summary>
    public bool TakesLargest { get; init; }
}
