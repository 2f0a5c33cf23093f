using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Hosting;

/// <summary>Time of the newest market event that the sources of a run have sent. It looks at one event of each batch.</summary>
internal sealed class EventClock : IWatcher<MarketEvent>, IDisposable
{
    private readonly List<Watch> _watches = [];
    private long _newest;

    /// <summary>Nanoseconds since 1970, UTC; 0 before the first event.</summary>
    public long Newest => Volatile.Read(ref _newest);

    /// <summary>A clock that follows the sources of a run.</summary>
    public static EventClock Of(PipelinePlan plan, Graph graph)
    {
        var clock = new EventClock();
        foreach (var source in plan.Blocks.Where(b => b.Type.Shape == BlockShape.Source && b.Type.Output == typeof(MarketEvent)))
        {
            clock._watches.Add(graph.Watch(source.Name, clock));
        }

        return clock;
    }

    /// <inheritdoc/>
    public void See(ReadOnlySpan<MarketEvent> events)
    {
        // Several sources may come here at once; one of them setting it back a little for a moment does no harm.
        if (events.Length > 0 && events[^1].EventTime > Newest)
        {
            Volatile.Write(ref _newest, events[^1].EventTime);
        }
    }

    /// <summary>Looks no more; the newest time stays.</summary>
    public void Dispose() => _watches.ForEach(w => w.Dispose());
}
