namespace QuantumTrader.Dataflow;

/// <summary>What an island has to say after a turn.</summary>
internal enum Turn
{
    /// <summary>It did something and may have more to do.</summary>
    Worked,

    /// <summary>It waits for input.</summary>
    NeedsInput,

    /// <summary>It waits for room in an edge behind it.</summary>
    NeedsRoom,

    /// <summary>All its inputs have ended and everything is handed on.</summary>
    Done,
}

/// <summary>
/// Blocks that run as plain calls, one turn at a time, on one thread at a time. The first node (the head) is the only one with edges to
/// other islands; every other node takes its input from nodes before it on the same island, so one pass in order handles a run completely.
/// </summary>
internal sealed class Island
{
    // A sample of this many turns is enough to tell what a block costs, and too few to be felt.
    private const int SampleEvery = 64;

    private readonly Node[] _nodes;
    private readonly Lazy<Node[]> _linked;
    private readonly Lazy<int> _run;
    private readonly ISourceNode? _source;
    private readonly CancellationToken _stop;
    private int _turns;
    private bool _isFlushed = true;

    public Island(int index, IReadOnlyList<Node> nodes, EngineSettings settings, CancellationToken stop)
    {
        Index = index;
        _nodes = [.. nodes];
        // Once blocks are connected. What goes on to another island is handed over batch by batch, so that no more than the edge holds is under way.
        _linked = new(() => [.. _nodes.Where(n => n.Outlet.HasLinks)]);
        _run = new(() => Math.Max(1, settings.Batch / _linked.Value.Select(n => n.OutputWeight).DefaultIfEmpty(1).Max()));
        _source = nodes[0] as ISourceNode;
        _stop = stop;
    }

    public int Index { get; }

    public IReadOnlyList<Node> Nodes => _nodes;

    public StateClock Clock { get; } = new();

    /// <summary>The island has a thread of its own: it may wait inside a turn.</summary>
    public bool OwnsThread => _source is not null || _nodes[0].Settings.Block.Io;

    public bool IsDone { get; private set; }

    /// <summary>Does one run's worth of work, and hands on what came of it.</summary>
    public Turn TakeTurn()
    {
        if (!_isFlushed && !Flush())
        {
            return Turn.NeedsRoom;
        }

        var worked = false;
        if (!IsDone)
        {
            worked = _source is null ? Pump() : ReadSource();
            if (_source is null && _nodes[0].IsInputDone)
            {
                FinishAll();
            }
        }

        if (!Flush())
        {
            return Turn.NeedsRoom;
        }

        return IsDone ? Turn.Done : worked ? Turn.Worked : Turn.NeedsInput;
    }

    /// <summary>Gives back all batches; the counters stay as they are.</summary>
    public void Discard()
    {
        foreach (var node in _nodes)
        {
            node.Discard();
        }
    }

    private bool Flush()
    {
        var isEmpty = true;
        foreach (var node in _linked.Value)
        {
            isEmpty &= node.Outlet.Flush();
        }

        _isFlushed = isEmpty;
        return isEmpty;
    }

    private bool Pump()
    {
        var polled = _nodes[0].Poll();
        return PumpFrom(0) > 0 || polled;
    }

    private int PumpFrom(int first)
    {
        var handled = 0;
        // Never the first turn: it compiles the code, which is no cost of an event.
        var isSample = ++_turns % SampleEvery == 0;
        for (var i = first; i < _nodes.Length; i++)
        {
            // Only the head may leave input behind; what it let in must go through, or it would pile up between the blocks.
            var limit = i > 0 ? int.MaxValue : _nodes[0].TakesInput ? _run.Value : 0;
            handled += isSample ? _nodes[i].PumpSampled(limit) : _nodes[i].Pump(limit);
        }

        return handled;
    }

    private bool ReadSource()
    {
        var goesOn = _source!.Read(_stop);
        PumpFrom(1);
        if (!goesOn)
        {
            FinishAll();
        }

        return true;
    }

    private void FinishAll()
    {
        foreach (var node in _nodes)
        {
            node.Pump(int.MaxValue);
            node.TryFinish();
        }

        IsDone = _nodes.All(n => n.IsFinished);
    }
}
