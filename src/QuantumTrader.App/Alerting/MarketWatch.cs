using QuantumTrader.App.Runs;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Alerting;

/// <summary>
/// Follows every trade and every prediction that is acted on, symbol by symbol, on the threads of the blocks that send them: a tap, which may
/// miss some of a fast run, would tell another volume at each speed.
/// </summary>
internal sealed class MarketWatch : IWatcher<MarketEvent>, IWatcher<Prediction>, IDisposable
{
    private readonly Lock _gate = new();
    private readonly SymbolWatch[] _symbols;
    private readonly List<Watch> _watches = [];

    public MarketWatch(PipelinePlan plan, Graph graph, MarketContext market)
    {
        _symbols = [.. market.Instruments.Select(i => new SymbolWatch(i.Symbol))];
        var here = graph.Blocks;
        _watches.AddRange(RunBlocks.Market(plan).Where(here.ContainsKey).Select(b => graph.Watch<MarketEvent>(b, this)));
        _watches.AddRange(RunBlocks.Deciding(plan, graph).Where(here.ContainsKey).Select(b => graph.Watch<Prediction>(b, this)));
    }

    /// <summary>What was found since the last call.</summary>
    public IReadOnlyList<SymbolFigures> Read()
    {
        lock (_gate)
        {
            return [.. _symbols.Select(s => s.Read())];
        }
    }

    /// <inheritdoc/>
    public void See(ReadOnlySpan<MarketEvent> events)
    {
        lock (_gate)
        {
            for (var left = events; left.Length > 0;)
            {
                var symbol = left[0].Symbol - 1;
                left = left[((uint)symbol < (uint)_symbols.Length ? _symbols[symbol].Take(left) : 1)..];
            }
        }
    }

    /// <inheritdoc/>
    public void See(ReadOnlySpan<Prediction> events)
    {
        lock (_gate)
        {
            foreach (ref readonly var p in events)
            {
                if ((uint)(p.Symbol - 1) < (uint)_symbols.Length)
                {
                    _symbols[p.Symbol - 1].Take(in p);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _watches.ForEach(w => w.Dispose());
}
