using QuantumTrader.App.Hosting;
using QuantumTrader.App.Runs;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Models;

namespace QuantumTrader.App.Views;

/// <summary>
/// The market page: dashboard fields, ladder, tape, candles, footprint, gauges of each symbol, from what the pipeline's market blocks send.
/// Gauges come from the pipeline's own vectors of flow and book; where it has none, from a flow block of the view's own.
/// </summary>
internal sealed class MarketView : IDisposable
{
    private const int Depth = 10;

    private readonly LiveRun _run;
    private readonly MarketContext _market;
    private readonly SymbolMarket[] _symbols;
    private readonly TapFeed<MarketEvent> _events;
    private readonly TapFeed<FeatureVector> _vectors;
    private readonly TapFeed<Prediction> _predictions;
    private readonly Flow? _ownFlow;
    private readonly Output<FeatureVector> _ownVectors = new();
    private long _time = long.MinValue;
    private long _sequence;
    private long? _arrival;

    public MarketView(LiveRun run, MarketContext market)
    {
        (_run, _market) = (run, market);
        var start = RunBlocks.Book(run.Plan).Start;
        _symbols = [.. Enumerable.Range(1, market.Symbols.Count).Select(s => new SymbolMarket(s, market, start))];
        _events = new TapFeed<MarketEvent>(run, RunBlocks.Market(run.Plan));
        _vectors = new TapFeed<FeatureVector>(run, run.Plan.Blocks.Where(b => b.Type.Class == typeof(Flow) || b.Type.Class == typeof(BookFeatures)).Select(b => b.Name));
        _predictions = new TapFeed<Prediction>(run, RunBlocks.Deciding(run.Plan, run.Graph));
        _ownFlow = _vectors.IsThere ? null : new Flow(new FlowOptions { Every = Cadence.Interval, IntervalMs = 1000, Start = start }, market);
    }

    /// <summary>Time of the newest event: ns UTC; null before any.</summary>
    public long? Time => _time == long.MinValue ? null : _time;

    /// <summary>What is kept of a symbol.</summary>
    public SymbolMarket this[int symbol] => _symbols[symbol - 1];

    /// <summary>Since the newest event came; null before any.</summary>
    public TimeSpan? Age => _arrival is { } arrival ? _run.Clock.GetElapsedTime(arrival) : null;

    /// <summary>Takes in what the blocks have sent; true when the blocks are too fast for a page.</summary>
    public bool Pump()
    {
        if (_events.Drain(Take))
        {
            // Where exactly is not known: all that came at this look counts as behind the hole.
            foreach (var symbol in _symbols)
            {
                symbol.Lose();
            }
        }

        _vectors.Drain(Take);
        _predictions.Drain(Take);
        return _events.IsTooFast || _vectors.IsTooFast || _predictions.IsTooFast;
    }

    /// <summary>The page of a symbol.</summary>
    public MarketDocument Read(int symbol)
    {
        var (state, instrument) = (this[symbol], _market.Instrument(symbol));
        var window = state.Trades.Figures();
        return new MarketDocument
        {
            Symbol = instrument.Symbol,
            EventTime = Time is { } time ? Documents.Time(time) : null,
            Tick = instrument.Tick,
            PriceDecimals = Documents.Decimals(instrument.Tick),
            QuantityDecimals = Documents.Decimals(instrument.QuantityStep),
            Coverage = new Coverage(_events.Unseen, window is { IsComplete: true }),
            Fields = MarketFields.Of(window, state.Closes, state.Quote),
            Health = RunHealth.Of(_run, Age),
            Ml = _predictions.IsThere ? new PredictionFigures(state.Last, state.Predictions.Count, state.Predictions.MeanConfidence, state.Predictions.BullishShare, state.Predictions.Stability) : null,
            Book = state.Book(Depth),
            Tape = state.Tape(),
            Candles = state.Candles(),
            Footprint = state.Footprint(),
            Gauges = Documents.Gauges(state.Vectors.Values),
        };
    }

    public void Dispose()
    {
        _events.Dispose();
        _vectors.Dispose();
        _predictions.Dispose();
        _ownVectors.Clear();
        _ownFlow?.Dispose();
    }

    private void Take(ReadOnlySpan<MarketEvent> events)
    {
        if (events.Length == 0)
        {
            return;
        }

        _arrival = _run.Clock.GetTimestamp();
        foreach (ref readonly var e in events)
        {
            (_time, _sequence) = (Math.Max(_time, e.EventTime), e.Sequence);
            if ((uint)(e.Symbol - 1) < (uint)_symbols.Length)
            {
                _symbols[e.Symbol - 1].Take(in e);
            }
        }

        foreach (var symbol in _symbols)
        {
            symbol.AdvanceTo(_time, _sequence);
        }

        if (_ownFlow is not null)
        {
            _ownFlow.Process(Run<MarketEvent>.Of(events), _ownVectors);
            Take(_ownVectors.ToArray());
        }
    }

    private void Take(ReadOnlySpan<FeatureVector> vectors)
    {
        foreach (ref readonly var vector in vectors)
        {
            if ((uint)(vector.Symbol - 1) < (uint)_symbols.Length)
            {
                _symbols[vector.Symbol - 1].Vectors[vector.Schema] = vector;
            }
        }
    }

    private void Take(ReadOnlySpan<Prediction> predictions)
    {
        foreach (ref readonly var p in predictions)
        {
            if ((uint)(p.Symbol - 1) < (uint)_symbols.Length)
            {
                var symbol = _symbols[p.Symbol - 1];
                symbol.Predictions.Add(p.EventTime, p.Direction, p.Confidence);
                symbol.Last = new LastPrediction(Documents.Time(p.EventTime), p.Direction, p.Confidence, p.Model);
            }
        }
    }
}
