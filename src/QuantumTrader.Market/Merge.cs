using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>Merges several sources into one stream by event time.</summary>
/// <remarks>
/// An event goes on when every other input shows a later one or has ended, equal times in the order of <c>from</c>. An input that is
/// quiet holds up the others: feeds that may be quiet send clock events. The messages of a book stay whole, since all their events have
/// one time.
/// </remarks>
[Block("merge", "Merges several sources into one stream by event time; equal times in the order of `from`."), Resequences]
public sealed class Merge : Operator<MarketEvent, MarketEvent>, IMergesBy<MarketEvent>
{
    private long _sequence;

    /// <inheritdoc/>
    public override bool Conserves => true;

    /// <inheritdoc/>
    public long MergeKey(in MarketEvent value) => value.EventTime;

    /// <inheritdoc/>
    public override void Process(Run<MarketEvent> run, Output<MarketEvent> output)
    {
        foreach (ref readonly var e in run)
        {
            output.Pass(e with { Sequence = ++_sequence });
        }
    }
}
