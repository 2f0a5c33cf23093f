using QuantumTrader.Dataflow;
using QuantumTrader.Market;

namespace QuantumTrader.App.Benchmarks;

/// <summary>Sends events that are in memory, as fast as the graph takes them.</summary>
internal sealed class MemorySource(MarketEvent[] events) : Source<MarketEvent>
{
    private int _at;
    private long _atQuarter;

    /// <summary>Reads what the process allocates.</summary>
    public bool CountsBytes { get; init; }

    /// <summary>Allocated from the first quarter on: by then windows, pools and queues have grown to what the traffic needs.</summary>
    public double BytesPerEvent { get; private set; }

    public override bool Read(Output<MarketEvent> output, int limit, CancellationToken stop)
    {
        foreach (ref readonly var e in events.AsSpan(_at, Math.Min(limit, events.Length - _at)))
        {
            output.Next() = e;
        }

        _at = Math.Min(events.Length, _at + limit);
        if (CountsBytes)
        {
            CountBytes();
        }

        return _at < events.Length;
    }

    private void CountBytes()
    {
        if (_atQuarter == 0 && _at >= events.Length / 4)
        {
            _atQuarter = GC.GetTotalAllocatedBytes(true);
        }

        if (_at == events.Length)
        {
            BytesPerEvent = (GC.GetTotalAllocatedBytes(true) - _atQuarter) / (events.Length * 0.75);
        }
    }
}
