using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>Options of the block <c>consumer.footprint</c>.</summary>
public sealed record FootprintConsumerOptions
{
    /// <summary>Footprints kept per symbol.</summary>
    [Range(1, 100_000)]
    public int History { get; init; } = 100;
}

/// <summary>Keeps the newest footprints of each symbol for anyone to read at any time. Passes everything on.</summary>
[Block("consumer.footprint", "Keeps the newest footprints for others to read.")]
public sealed class FootprintConsumer : Observer<Footprint>
{
    private readonly int _history;
    private readonly MarketContext _market;
    private readonly Lock _gate = new();
    private readonly Queue<Footprint>[] _footprints;
    private readonly ConsumerCounter _counter = new();

    /// <summary>A block that has seen nothing.</summary>
    public FootprintConsumer(FootprintConsumerOptions options, MarketContext market)
    {
        _history = options.History;
        _market = market;
        _footprints = [.. market.Instruments.Select(_ => new Queue<Footprint>())];
    }

    /// <summary>What was counted. Any thread.</summary>
    public ConsumerStatistics Statistics => _counter.Statistics;

    /// <inheritdoc/>
    public override void Observe(Run<Footprint> run)
    {
        lock (_gate)
        {
            foreach (ref readonly var footprint in run)
            {
                var isKnown = (uint)(footprint.Symbol - 1) < (uint)_footprints.Length;
                _counter.Count(isKnown);
                if (!isKnown)
                {
                    continue;
                }

                var kept = _footprints[footprint.Symbol - 1];
                if (kept.Count == _history)
                {
                    kept.Dequeue();
                }

                kept.Enqueue(footprint);
            }
        }
    }

    /// <summary>The footprints kept of a symbol, oldest first. Any thread.</summary>
    public IReadOnlyList<Footprint> Last(int symbol) { lock (_gate) { return [.. _footprints[symbol - 1]]; } }

    /// <inheritdoc/>
    public override object Report() => new FootprintConsumerReport(
        Statistics,
        Enumerable.Range(1, _footprints.Length).Where(s => Last(s).Count > 0).ToDictionary(_market.Symbols.Name, s => Last(s)[^1].Summary, StringComparer.Ordinal));
}

/// <summary>What the report says of a footprint consumer.</summary>
/// <param name="Statistics">What was counted.</param>
/// <param name="Newest">The newest footprint of each symbol.</param>
public sealed record FootprintConsumerReport(ConsumerStatistics Statistics, IReadOnlyDictionary<string, FootprintSummary> Newest);
