using QuantumTrader.Dataflow;
using QuantumTrader.Market;

namespace QuantumTrader.Features;

/// <summary>
/// A block that keeps a state of each symbol and sends vectors of it at its cadence. What an interval or a candle ends with is what came
/// before its end: the event that reaches the end belongs to what follows.
/// </summary>
public abstract class FeatureBlock : Operator<MarketEvent, FeatureVector>
{
    private readonly Cadence _every;
    private readonly SymbolFeatures[] _symbols;

    private protected FeatureBlock(CadenceOptions options, MarketContext market, Func<int, SymbolFeatures> make)
    {
        _every = options.Every;
        Market = market;
        _symbols = [.. Enumerable.Range(1, market.Symbols.Count).Select(make)];
    }

    private protected MarketContext Market { get; }

    private protected IReadOnlyList<SymbolFeatures> Symbols => _symbols;

    /// <inheritdoc/>
    public sealed override void Process(Run<MarketEvent> run, Output<FeatureVector> output)
    {
        foreach (ref readonly var e in run)
        {
            var index = e.Symbol - 1;
            if ((uint)index >= (uint)_symbols.Length)
            {
                continue;
            }

            var state = _symbols[index];
            if (_every == Cadence.Interval && state.Clock.TryReach(e.EventTime, out var tick) && Market.Calendar.TryGetDay(tick, out _))
            {
                Close(state, tick, e.Sequence, output);
                state.EvaluateEnd(tick);
                state.Send(e.Sequence, tick, output);
            }

            if (e.EventTime >= state.Candles.NextBoundary)
            {
                Close(state, e.EventTime, e.Sequence, output);
            }

            if (e.Kind == EventKind.Trade && e.Price <= 0 && !e.Has(EventFlags.OffMarket))
            {
                run.Reject("price_not_positive");
            }
            else if (state.Take(in e) == _every)
            {
                state.Newest = Math.Max(state.Newest, e.EventTime);
                state.Evaluate(state.Newest);
                state.Send(e.Sequence, state.Newest, output);
            }
        }
    }

    private void Close(SymbolFeatures state, long time, long sequence, Output<FeatureVector> output)
    {
        if (state.Candles.NextBoundary == long.MinValue)
        {
            state.Begin(time);
        }

        state.Candles.Advance(time, sequence);
        foreach (ref readonly var candle in state.Candles.Closed)
        {
            state.Close(in candle);
            if (_every == Cadence.Candle)
            {
                state.EvaluateEnd(candle.EndTime);
                state.Send(sequence, candle.EndTime, output);
            }
        }
    }
}

/// <summary>What a block of features keeps of one symbol.</summary>
internal abstract class SymbolFeatures
{
    private readonly FeatureSchema _schema;
    private readonly double[] _values;
    private readonly ulong[] _warm;

    /// <summary>Ticks of the cadence <c>interval</c>.</summary>
    public IntervalClock Clock;

    protected SymbolFeatures(int symbol, FeatureSchema schema, CadenceOptions options, MarketContext market)
    {
        Symbol = symbol;
        Market = market;
        Clock = new IntervalClock(options.IntervalMs * 1_000_000L);
        Candles = new CandleBuilder(market.Calendar, symbol, options.CandleSeconds * 1_000_000_000L);
        _schema = schema;
        _values = schema.Neutrals.ToArray();
        _warm = new ulong[schema.WarmWords];
    }

    public int Symbol { get; }

    protected MarketContext Market { get; }

    public CandleBuilder Candles { get; }

    /// <summary>Time of the newest trade or update that a vector was sent for; one that comes unsorted counts at this time.</summary>
    public long Newest { get; set; } = long.MinValue;

    /// <summary>The symbol's first event comes: nothing before this time is known.</summary>
    public abstract void Begin(long time);

    /// <summary>Takes in a candle that has closed.</summary>
    public virtual void Close(in Candle candle) { }

    /// <summary>Takes in an event; tells whether it was a trade or an update, if it counts.</summary>
    public abstract Cadence? Take(in MarketEvent e);

    /// <summary>Brings the values to time T, everything at T included.</summary>
    public abstract void Evaluate(long time);

    /// <summary>Brings the values to the end of a candle or an interval.</summary>
    public virtual void EvaluateEnd(long end) => Evaluate(end - 1);

    public void Send(long sequence, long eventTime, Output<FeatureVector> output) =>
        FeatureVector.Write(ref output.Next(), sequence, eventTime, Symbol, _schema, _values, _warm);

    protected FeatureWriter WriterAt(int start) => new(_values, _warm, _schema.Neutrals, start);
}
