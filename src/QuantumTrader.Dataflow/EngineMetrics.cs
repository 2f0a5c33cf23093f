using System.Diagnostics.Metrics;

namespace QuantumTrader.Dataflow;

/// <summary>
/// Publishes a graph's counters through <see cref="System.Diagnostics.Metrics"/>. All instruments are observable: they read what the
/// graph counts anyway, when somebody asks, so that events pay nothing for them.
/// </summary>
public sealed class EngineMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "QuantumTrader";

    private readonly string _pipeline;
    private readonly Graph _graph;
    private readonly Func<string, string> _typeOf;
    private readonly Lock _gate = new();
    private GraphReport? _before;
    private GraphReport? _report;
    private long _reportTakenAt;

    /// <summary>Starts publishing.</summary>
    /// <param name="pipeline">Value of the tag <c>pipeline</c>.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="typeOf">Value of the tag <c>type</c> for the name of a block; null for that of its class.</param>
    public EngineMetrics(string pipeline, Graph graph, Func<string, string>? typeOf = null)
    {
        (_pipeline, _graph, _typeOf) = (pipeline, graph, typeOf ?? graph.TypeOf);
        Counter("qt_block_received_total", "Events that a block took in.", b => b.In);
        Counter("qt_block_sent_total", "Events that a block sent on.", b => b.Out);
        Gauge("qt_block_idle_ratio", "Share of time without input.", b => b.Idle);
        Gauge("qt_block_backpressured_ratio", "Share of time waiting for room behind.", b => b.Backpressured);
        Gauge("qt_block_busy_ratio", "Share of time at work.", b => b.Busy);
        Meter.CreateObservableGauge("qt_block_batch_size", BatchSizes, null, "Events that a block took in at a time, on average since the scrape before; absent while it took in none.");
        Gauge("qt_block_longest_stall_seconds", "Longest single wait for room.", b => b.LongestStallSeconds);
        Meter.CreateObservableCounter("qt_block_errors_total", () => Blocks().SelectMany(b => b.Errors.Select(e => new Measurement<long>(e.Value, [.. Tags(b), new("reason", e.Key)]))), null, "Exceptions of a block.");
        Meter.CreateObservableCounter("qt_block_dropped_total", () => Blocks().SelectMany(b => b.Dropped.Select(e => new Measurement<long>(e.Value, [.. Tags(b), new("reason", e.Key)]))), null, "Events that a block dropped or refused.");
        Meter.CreateObservableGauge("qt_edge_depth", () => Edges().Select(e => new Measurement<long>(e.Depth, Tags(e))), null, "Events waiting in an edge, in memory.");
        Meter.CreateObservableGauge("qt_edge_spilled", () => Edges().Select(e => new Measurement<long>(e.Spilled, Tags(e))), null, "Events of an edge waiting outside memory.");
        Meter.CreateObservableGauge("qt_edge_capacity", () => Edges().Select(e => new Measurement<long>(e.Capacity, Tags(e))), null, "Events that may wait in an edge.");
        Meter.CreateObservableCounter("qt_edge_dropped_total", () => Edges().SelectMany(e => e.Dropped.Select(d => new Measurement<long>(d.Value, [.. Tags(e), new("reason", d.Key)]))), null, "Events that an edge dropped.");
        Meter.CreateObservableGauge("qt_latency_seconds", () => Report().Latency.SelectMany(Quantiles), "s", "Time from source to last block.");
        foreach (var gauge in graph.Blocks.Values.SelectMany(b => b.Gauges).DistinctBy(g => g.Name))
        {
            Meter.CreateObservableGauge(gauge.Name, () => Blocks().SelectMany(b => b.Gauges.Where(g => g.Name == gauge.Name).Select(g => new Measurement<double>(g.Value, Tags(b, g)))), null, gauge.Description);
        }
    }

    /// <summary>Everything that is published.</summary>
    public Meter Meter { get; } = new(MeterName);

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    private void Counter(string name, string description, Func<BlockReport, long> value) =>
        Meter.CreateObservableCounter(name, () => Blocks().Select(b => new Measurement<long>(value(b), Tags(b))), null, description);

    private void Gauge(string name, string description, Func<BlockReport, double> value) =>
        Meter.CreateObservableGauge(name, () => Blocks().Select(b => new Measurement<double>(value(b), Tags(b))), null, description);

    private IEnumerable<BlockReport> Blocks() => Report().Blocks;

    private IEnumerable<EdgeReport> Edges() => Report().Edges.Where(e => !e.Fused);

    private IEnumerable<Measurement<double>> BatchSizes()
    {
        var now = Report();
        return now.Blocks.Zip(_before?.Blocks ?? Enumerable.Repeat<BlockReport?>(null, now.Blocks.Count), (b, before) => (Block: b, Taken: b.In - (before?.In ?? 0), Batches: b.Batches - (before?.Batches ?? 0)))
            .Where(b => b.Batches > 0).Select(b => new Measurement<double>((double)b.Taken / b.Batches, Tags(b.Block)));
    }

    // One account serves all instruments of a scrape.
    private GraphReport Report()
    {
        lock (_gate)
        {
            if (_report is null || Environment.TickCount64 - _reportTakenAt > 20)
            {
                (_before, _report, _reportTakenAt) = (_report, _graph.Snapshot(), Environment.TickCount64);
            }

            return _report;
        }
    }

    private KeyValuePair<string, object?>[] Tags(BlockReport b) => [new("pipeline", _pipeline), new("block", b.Name), new("type", _typeOf(b.Name))];

    private KeyValuePair<string, object?>[] Tags(BlockReport b, BlockGauge gauge) => gauge.Of.Length == 0 ? Tags(b) : [.. Tags(b), new("of", gauge.Of)];

    private KeyValuePair<string, object?>[] Tags(EdgeReport e) => [new("pipeline", _pipeline), new("edge", $"{e.From}->{e.To}")];

    private IEnumerable<Measurement<double>> Quantiles(LatencyReport l)
    {
        foreach (var (quantile, us) in new[] { ("0.5", l.P50), ("0.99", l.P99), ("0.999", l.P999) })
        {
            yield return new Measurement<double>(us / 1e6, new("pipeline", _pipeline), new("from", l.From), new("to", l.To), new("quantile", quantile));
        }
    }
}
