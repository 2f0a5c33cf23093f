using System.Diagnostics;

namespace QuantumTrader.Dataflow;

/// <summary>A built graph: runs once, can be watched while it runs, and accounts for every event when it has ended.</summary>
public sealed class Graph : IDisposable
{
    // A block that has not returned by then, once the run is broken off, is taken for one that never does.
    private static readonly TimeSpan LeftBehindAfter = TimeSpan.FromSeconds(1);

    private readonly EngineSettings _settings;
    private readonly List<Island> _islands;
    private readonly List<IRunner> _runners;
    private readonly PoolSet _pools;
    private readonly WorkerPool _workers;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _abort = new();
    private readonly List<GraphNode> _nodes = [];
    private readonly List<GraphEdge> _edges = [];
    private readonly Stopwatch _elapsed = new();
    private string? _fault;
    private bool _isCompleted;
    private Task<GraphReport>? _run;
    private GraphReport? _final;

    internal Graph(EngineSettings settings, int workers, List<Island> islands, PoolSet pools, CancellationTokenSource stop)
    {
        _settings = settings;
        _islands = islands;
        _pools = pools;
        _stop = stop;
        _workers = new WorkerPool(workers, "qt", settings.Rank);
        _runners = [.. islands.Select(MakeRunner)];
    }

    /// <summary>Names of the blocks that run fused, island by island.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Islands => [.. _nodes.GroupBy(n => n.Island).Select(island => (IReadOnlyList<string>)[.. island.Select(n => n.Name)])];

    /// <summary>The blocks by name; of a parallel block, one per instance.</summary>
    public IReadOnlyDictionary<string, Block> Blocks => _nodes.ToDictionary(n => n.Name, n => n.Node.Block, StringComparer.Ordinal);

    /// <summary>Name of the class that implements a block.</summary>
    public string TypeOf(string name) => _nodes.First(n => n.BlockName == name).Node.Block.GetType().Name;

    /// <summary>Type of the events that a block sends.</summary>
    /// <exception cref="GraphException">No block has that name.</exception>
    public Type OutputTypeOf(string block) => Find(block).OutputType;

    /// <summary>Shows a watcher what a block sends from now on, until it is taken off. Any thread, before the run and while it lasts.</summary>
    /// <exception cref="GraphException">No block has that name, or it sends events of another type.</exception>
    public Watch Watch<T>(string block, IWatcher<T> watcher) where T : struct, IEvent<T>
    {
        var node = Find(block);
        return node.Outlet is Outlet<T> outlet
            ? outlet.Add(watcher, node.Block.Accounts)
            : throw new GraphException($"Block '{block}' sends {node.OutputType.Name}; a watcher of {typeof(T).Name} cannot see that.");
    }

    /// <summary>Puts a tap on what a block sends from now on, whatever its type; see <see cref="Dataflow.Tap{T}"/>.</summary>
    /// <param name="block">Name of the block.</param>
    /// <param name="capacity">Plain events that may wait for the reader; of heavy ones, such as feature vectors, fewer.</param>
    /// <param name="every">Takes one of so many events; 1 for all.</param>
    /// <exception cref="GraphException">No block has that name.</exception>
    public Tap Tap(string block, int capacity, int every = 1)
    {
        var node = Find(block);
        return node.Outlet.Tap(capacity, every, node.Block.Accounts);
    }

    /// <summary>Runs to the end of all sources, or until asked to stop; then drains.</summary>
    /// <param name="stop">Asks the sources to end; what is under way is still handed on, within the drain deadline.</param>
    /// <returns>The final account. A fault is in it, not thrown.</returns>
    /// <exception cref="InvalidOperationException">It has run before.</exception>
    public Task<GraphReport> RunAsync(CancellationToken stop = default) =>
        _run = _run is null ? RunOnceAsync(stop) : throw new InvalidOperationException("Condition failed: a graph runs once.");

    private async Task<GraphReport> RunOnceAsync(CancellationToken stop)
    {
        // Downstream first, so that nobody sends to a block that is not ready.
        foreach (var node in Enumerable.Reverse(_nodes))
        {
            node.Node.Block.Start();
        }

        _elapsed.Start();
        _workers.Start();
        foreach (var (island, runner) in Enumerable.Reverse(_islands.Zip(_runners)))
        {
            island.Clock.Restart();
            runner.Start();
        }

        var all = Task.WhenAll(_runners.Select(r => r.Completion));
        using (stop.Register(_stop.Cancel))
        {
            await WaitForEnd(all).ConfigureAwait(false);
        }

        _elapsed.Stop();
        _workers.Dispose();
        foreach (var (island, runner) in _islands.Zip(_runners))
        {
            island.Clock.Stop();
            // A block that never returned is left behind on its thread, with what it holds: nothing of it may be touched.
            if (runner.Completion.IsCompleted)
            {
                island.Discard();
            }
        }

        _isCompleted = _fault is null;
        foreach (var source in _isCompleted ? _nodes.Select(n => n.Node).OfType<ISourceNode>().Where(s => s.HandledNews != HandledNews.Never) : [])
        {
            source.TellHandled();
        }

        _final = Account(_pools.Outstanding);
        DisposeParts();
        return _final;
    }

    /// <summary>Breaks the run off at once: what is under way stays counted as in flight.</summary>
    public void Abort(string reason)
    {
        Interlocked.CompareExchange(ref _fault, reason, null);
        _stop.Cancel();
        _abort.Cancel();
        foreach (var runner in _runners)
        {
            runner.Wake();
        }
    }

    /// <summary>The account at this instant, or the final one; blocks and edges each add up at any time.</summary>
    public GraphReport Snapshot() => _final ?? Account(outstandingBatches: 0);

    /// <summary>
    /// Releases the blocks of a graph that was built but not run. A run that is not over is broken off; it releases its blocks itself, each
    /// once its thread has returned: native code must not lose what it works on.
    /// </summary>
    public void Dispose()
    {
        if (_run is { IsCompleted: false })
        {
            Abort("It was disposed of while it ran.");
            // So that what the blocks lean on, such as stores, can be closed behind this.
            Task.WaitAny([_run], LeftBehindAfter);
        }
        else if (_final is null)
        {
            DisposeParts();
        }

        if (_runners.All(r => r.Completion.IsCompleted))
        {
            _stop.Dispose();
            _abort.Dispose();
        }
    }

    internal IRunner RunnerOf(int island) => _runners[island];

    internal void AddNode(string name, string blockName, Node node)
    {
        var island = _islands.First(i => i.Nodes.Contains(node));
        node.Waker = _runners[island.Index];
        node.Block.BrokenOff = _abort.Token;
        node.Block.IslandClock = island.Clock;
        _nodes.Add(new GraphNode(name, blockName, node, island));
    }

    internal void AddEdge(string from, string to, string port, WhenFull whenFull, int partitions, ILinkProbe? link) =>
        _edges.Add(new GraphEdge(from, to, port, whenFull, partitions, link));

    private Node Find(string block) => _nodes.Find(n => n.Name == block)?.Node
        ?? throw new GraphException($"No block is named '{block}'. The graph has: {string.Join(", ", _nodes.Select(n => n.Name))}.");

    private GraphReport Account(long outstandingBatches) => new GraphAccount(_nodes, _edges).Report(_elapsed.Elapsed, _fault, _isCompleted, outstandingBatches);

    /// <summary>
    /// Gives its threads another rank. A thread cannot rise again, so others take their places: of a higher rank only when the caller's own
    /// is no lower.
    /// </summary>
    public void ChangeRank(ThreadRank? rank)
    {
        _workers.ChangeRank(rank);
        foreach (var runner in _runners.OfType<ThreadRunner>())
        {
            runner.ChangeRank(rank);
        }
    }

    private IRunner MakeRunner(Island island) => island.OwnsThread
        ? new ThreadRunner(island, $"qt/{island.Nodes[0].Block.Name}", _settings.Rank, Fail, _abort.Token)
        : new PooledRunner(island, _workers, Fail, _abort.Token);

    private void DisposeParts()
    {
        foreach (var node in _nodes.Where(n => _runners[n.Island.Index].Completion.IsCompleted || _final is null))
        {
            node.Node.Block.Dispose();
        }

        foreach (var edge in _edges)
        {
            edge.Link?.Close();
        }
    }

    private void Fail(Exception error)
    {
        // Counted on its block; the run ends because a block that may not fail did.
        Abort(error is BlockFaultException ? error.Message : $"Invariant: {error}");
    }

    private async Task WaitForEnd(Task all)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = _stop.Token.Register(stopping.SetResult);
        if (await Task.WhenAny(all, stopping.Task).ConfigureAwait(false) != all
            && await Task.WhenAny(all, Task.Delay(_settings.DrainDeadline)).ConfigureAwait(false) != all)
        {
            Abort($"The graph was not drained within {_settings.DrainDeadline.TotalSeconds:0.###} s. Still holding: {string.Join("; ", StillHolding())}.");
            // A block that does not return cannot be forced to; its thread is a background thread and is left behind.
            await Task.WhenAny(all, Task.Delay(LeftBehindAfter)).ConfigureAwait(false);
        }
    }

    private IEnumerable<string> StillHolding()
    {
        var edges = _edges.Where(e => e.Link is not null && e.Link.Count() is var c && c.Depth + c.Spilled > 0).Select(e => $"edge {e.From} -> {e.To} with {e.Link!.Count().Depth} of {e.Link.Capacity} events{(e.Link.Count().Spilled is > 0 and var spilled ? $" and {spilled} spilled" : "")}");
        var blocks = _islands.Where(i => !i.IsDone).Select(i => $"block {string.Join("+", i.Nodes.Where(n => !n.IsFinished).Select(n => n.Block.Name))}");
        return edges.Concat(blocks);
    }
}

/// <summary>A node with its place in the graph.</summary>
internal sealed record GraphNode(string Name, string BlockName, Node Node, Island Island);

/// <summary>An edge with its place in the graph; no link when both ends are fused.</summary>
internal sealed record GraphEdge(string From, string To, string Port, WhenFull WhenFull, int Partitions, ILinkProbe? Link);
