using QuantumTrader.Dataflow;

namespace QuantumTrader.App.Hosting;

/// <summary>Watches a running graph for everybody who wants to know: one account serves all who ask within a moment.</summary>
internal sealed class RunWatch(Graph graph, TimeProvider clock)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Queue<(long TakenAt, GraphReport Report)> _earlier = [];
    private RunFigures? _latest;
    private long _takenAt;

    /// <summary>What the run did so far, and how fast it went in the last second or so.</summary>
    public RunFigures Now()
    {
        lock (_gate)
        {
            if (_latest is null || clock.GetElapsedTime(_takenAt) >= Fresh)
            {
                _latest = Take();
            }

            return _latest;
        }
    }

    /// <summary>The run has come to its end: the next one to ask gets the final account.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _latest = null;
        }
    }

    private RunFigures Take()
    {
        var report = graph.Snapshot();
        if (ReferenceEquals(report, _latest?.Report))
        {
            // The final account: nothing moves any more.
            return new RunFigures(report, report);
        }

        _takenAt = clock.GetTimestamp();
        _earlier.Enqueue((_takenAt, report));
        // The newest of those that are older than the window stays: rates are over the window, or a little more.
        while (_earlier.Count > 1 && clock.GetElapsedTime(_earlier.ElementAt(1).TakenAt, _takenAt) >= Window)
        {
            _earlier.Dequeue();
        }

        return new RunFigures(report, _earlier.Peek().Report);
    }
}

/// <summary>An account of a running graph, and the rates since an earlier one.</summary>
internal sealed class RunFigures
{
    private readonly GraphReport _before;
    private readonly double _seconds;

    public RunFigures(GraphReport report, GraphReport before)
    {
        (Report, _before) = (report, before);
        _seconds = (report.Elapsed - before.Elapsed).TotalSeconds;
        Blocks = [.. report.Blocks.Zip(before.Blocks, Figures)];
    }

    /// <summary>The account.</summary>
    public GraphReport Report { get; }

    /// <summary>The blocks, in the order of the account.</summary>
    public IReadOnlyList<BlockFigures> Blocks { get; }

    /// <summary>Events that the sources make per second.</summary>
    public double EventsPerSecond => Rate(Report.Events, _before.Events);

    private BlockFigures Figures(BlockReport now, BlockReport then) => new(
        now, Rate(now.In, then.In), Rate(now.Out, then.Out), Share(now.Idle, then.Idle), Share(now.Backpressured, then.Backpressured), Share(now.Busy, then.Busy));

    private double Rate(long now, long then) => _seconds > 0 ? Math.Round((now - then) / _seconds, 1) : 0;

    // The clocks of the blocks count from the start of the run.
    private double Share(double now, double then)
    {
        var (end, begin) = (Report.Elapsed.TotalSeconds, _before.Elapsed.TotalSeconds);
        return Math.Round(_seconds > 0 ? Math.Clamp(((now * end) - (then * begin)) / _seconds, 0, 1) : now, 4);
    }
}

/// <summary>A block of a running graph.</summary>
/// <param name="Report">Its counters.</param>
/// <param name="InPerSecond">Events that it takes in per second.</param>
/// <param name="OutPerSecond">Events that it sends on per second.</param>
/// <param name="Idle">Share of the last second or so without input; of the whole run when that has ended, as the next two.</param>
/// <param name="Backpressured">Share in which a full edge kept it waiting.</param>
/// <param name="Busy">Share at work.</param>
internal sealed record BlockFigures(BlockReport Report, double InPerSecond, double OutPerSecond, double Idle, double Backpressured, double Busy);
