using QuantumTrader.App.Hosting;
using QuantumTrader.Dataflow;

namespace QuantumTrader.App.Views;

/// <summary>Hands over what some blocks of one event type have sent. Takes at most what one ring holds at a time, so that a run at full speed costs a view no more than that.</summary>
internal sealed class TapFeed<T> : IDisposable where T : struct, IEvent<T>
{
    // What comes in between two looks of a live market, with room for a burst; of a replay at full speed a sample.
    private const int Capacity = 16_384;

    private readonly List<Tap<T>> _taps = [];
    private readonly T[] _read = new T[1024];
    private long _unseen;

    /// <summary>Taps on these blocks; a block that the rollout runs apart from the main graph is left out.</summary>
    public TapFeed(LiveRun run, IEnumerable<string> blocks)
    {
        var here = run.Graph.Blocks;
        _taps.AddRange(blocks.Where(here.ContainsKey).Select(b => (Tap<T>)run.Graph.Tap(b, Capacity)));
    }

    /// <summary>True when some block is watched.</summary>
    public bool IsThere => _taps.Count > 0;

    /// <summary>Events that were sent, but never seen here.</summary>
    public long Unseen => _taps.Sum(t => t.Unseen);

    /// <summary>Hands over what has come. Returns whether anything went unseen since the last time.</summary>
    public bool Drain(ReadOnlySpanAction<T> take)
    {
        foreach (var tap in _taps)
        {
            for (var (left, count) = (Capacity, 1); left > 0 && count > 0; left -= count)
            {
                count = tap.Read(_read.AsSpan(0, Math.Min(left, _read.Length)));
                take(_read.AsSpan(0, count));
            }
        }

        var unseen = Unseen;
        var isMissing = unseen != _unseen;
        _unseen = unseen;
        return isMissing;
    }

    public void Dispose() => _taps.ForEach(t => t.Dispose());
}

/// <summary>Takes some events; they are valid during the call only.</summary>
internal delegate void ReadOnlySpanAction<T>(ReadOnlySpan<T> events);
