using QuantumTrader.App.Hosting;
using QuantumTrader.Dataflow;

namespace QuantumTrader.App.Views;

/// <summary>
/// Hands over what some blocks of one event type have sent, look by look. Of blocks that send more than a ring holds, look after look, it
/// has them copy only a few: more would be no more than a larger sample, at the run's expense.
/// </summary>
internal sealed class TapFeed<T> : IDisposable where T : struct, IEvent<T>
{
    // What comes in between two looks of a live market, with room for a burst.
    private const int Capacity = 16_384;

    // A part of that is sample enough.
    private const int SamplePart = 32;

    // Looks at a block that is too fast before it is only sampled: a burst is over by then.
    private const int Patience = 4;

    private readonly LiveRun _run;
    private readonly List<Place> _places = [];
    private readonly T[] _read = new T[1024];
    private long _lookedAt;
    private long _unseen;

    /// <summary>Taps on these blocks; a block that the rollout runs apart from the main graph is left out.</summary>
    public TapFeed(LiveRun run, IEnumerable<string> blocks)
    {
        _run = run;
        _lookedAt = run.Clock.GetTimestamp();
        var here = run.Graph.Blocks;
        _places.AddRange(blocks.Where(here.ContainsKey).Select(b => new Place((Tap<T>)run.Graph.Tap(b, Capacity))));
    }

    /// <summary>True when some block is watched.</summary>
    public bool IsThere => _places.Count > 0;

    /// <summary>Events that were sent, but never seen here.</summary>
    public long Unseen => _places.Sum(p => p.Tap.Unseen);

    /// <summary>At the last look, some block had sent more than could be taken in even if looks came as often as they can.</summary>
    public bool IsTooFast => _places.Exists(p => p.LooksTooFast > 0);

    /// <summary>Hands over what has come. Returns whether anything went unseen since the last time.</summary>
    public bool Drain(ReadOnlySpanAction<T> take)
    {
        var now = _run.Clock.GetTimestamp();
        var pauses = Math.Max(1, _run.Clock.GetElapsedTime(_lookedAt, now) / RunViews.ShortestPause);
        _lookedAt = now;
        foreach (var place in _places)
        {
            place.Judge(pauses);
            for (var (left, count) = (place.Tap.Capacity, 1); left > 0 && count > 0; left -= count)
            {
                count = place.Tap.Read(_read.AsSpan(0, Math.Min(left, _read.Length)));
                take(_read.AsSpan(0, count));
            }
        }

        var unseen = Unseen;
        var isMissing = unseen != _unseen;
        _unseen = unseen;
        return isMissing;
    }

    public void Dispose() => _places.ForEach(p => p.Tap.Dispose());

    private sealed class Place(Tap<T> tap)
    {
        private long _sent;

        public Tap<T> Tap => tap;

        /// <summary>Looks in a row at which the block had sent too much.</summary>
        public int LooksTooFast { get; private set; }

        public void Judge(double pauses)
        {
            var sent = tap.Sent;
            LooksTooFast = sent - _sent > tap.Capacity * pauses ? LooksTooFast + 1 : 0;
            _sent = sent;
            tap.Limit = LooksTooFast >= Patience ? tap.Capacity / SamplePart : tap.Capacity;
        }
    }
}

/// <summary>Takes some events; they are valid during the call only.</summary>
internal delegate void ReadOnlySpanAction<T>(ReadOnlySpan<T> events);
