using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.App.Reports;

/// <summary>What a pipeline carried from the bus into a store.</summary>
/// <param name="TicksBridged">Trades that the store took.</param>
/// <param name="FeaturesBridged">Feature vectors that the store took.</param>
/// <param name="SignalsBridged">Signals that the store took.</param>
/// <param name="Errors">Messages that were refused, and events that could not be stored.</param>
/// <param name="LastTickTime">Event time of the latest trade; null without one.</param>
internal sealed record BridgeReport(long TicksBridged, long FeaturesBridged, long SignalsBridged, long Errors, string? LastTickTime)
{
    /// <summary>The sum over all chains; null when the pipeline does not both read the bus and store.</summary>
    public static BridgeReport? Of(IReadOnlyList<BlockReport> blocks)
    {
        var sources = blocks.Select(b => b.Details).OfType<ZeroMqSourceReport>().ToList();
        var sinks = blocks.Where(b => b.Details is StoreSinkReport).ToList();
        if (sources.Count == 0 || sinks.Count == 0)
        {
            return null;
        }

        var ticks = Channel("tick").ToList();
        return new BridgeReport(
            ticks.Sum(t => t.Events), Channel("features").Sum(c => c.Events), Channel("signal").Sum(c => c.Events),
            sources.Sum(s => s.Errors) + sinks.Sum(s => s.Dropped.Values.Sum()),
            ticks.Count > 0 ? IsoTime.ToText(ticks.Max(t => t.LastTime)) : null);

        IEnumerable<StoredChannel> Channel(string name) =>
            sinks.Select(s => ((StoreSinkReport)s.Details!).Channels).Where(c => c.ContainsKey(name)).Select(c => c[name]);
    }
}
