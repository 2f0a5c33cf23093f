using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>Sends the events that a test inserts, and moves the test's clock to the time of each.</summary>
internal sealed class InsertedSource<T>(IReadOnlyList<object> events, EventFormat<T>? format, VirtualClock clock) : Source<T> where T : struct, IEvent<T>
{
    private int _sent;

    public override bool Read(Output<T> output, int limit, CancellationToken stop)
    {
        for (var end = Math.Min(events.Count, _sent + limit); _sent < end; _sent++)
        {
            var value = (T)events[_sent];
            clock.MoveTo(format!.AddressOf(in value).EventTime);
            output.Add(in value);
        }

        return _sent < events.Count;
    }
}

/// <summary>Keeps what a block sends, as far as the test needs it.</summary>
internal sealed class Collector<T>(int atMost) : Observer<T>, ICollector where T : struct, IEvent<T>
{
    private readonly List<object> _events = [];

    public IReadOnlyList<object> Events => _events;

    public long Count { get; private set; }

    public override void Observe(Run<T> run)
    {
        foreach (ref readonly var value in run)
        {
            Count++;
            if (_events.Count < atMost)
            {
                _events.Add(T.Keep(in value));
            }
        }
    }
}

/// <summary>A <see cref="Collector{T}"/>, whatever its event type.</summary>
internal interface ICollector
{
    /// <summary>The first events.</summary>
    IReadOnlyList<object> Events { get; }

    /// <summary>How many there were.</summary>
    long Count { get; }
}
