using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features.Model65;

/// <summary>When a block of features sends a vector.</summary>
public enum EvaluateOn
{
    /// <summary>When a candle closes; T is its end.</summary>
    Candle,

    /// <summary>At each trade; T is its time.</summary>
    Trade,

    /// <summary>At each multiple of <c>interval_ms</c> of event time that is reached by an event; T is the multiple.</summary>
    Interval,
}

/// <summary>Windows in which the largest buyers and sellers are found, and in which they are looked for.</summary>
public sealed record TopParticipantsOptions
{
    /// <summary>The newest trades, in which a participant counts as active.</summary>
    [Range(1, 100_000)]
    public int Active { get; init; } = 20;

    /// <summary>The trades before these, by which participants are ranked.</summary>
    [Range(1, 1_000_000)]
    public int Ranking { get; init; } = 1000;
}

/// <summary>Options of the block <c>features.model65</c>.</summary>
public sealed record Model65Options
{
    /// <summary>Length of a candle in seconds. A model must be used with the length that it was trained with.</summary>
    [Range(1, 86_400)]
    public int CandleSeconds { get; init; } = 60;

    /// <summary>When a vector is sent: <c>candle</c>, <c>trade</c> or <c>interval</c>.</summary>
    public EvaluateOn Evaluate { get; init; } = EvaluateOn.Candle;

    /// <summary>Milliseconds of event time between two vectors when <c>evaluate</c> is <c>interval</c>.</summary>
    [Range(1, 86_400_000)]
    public int IntervalMs { get; init; } = 1000;

    /// <summary>Windows of the features <c>top_buyer_*</c> and <c>top_seller_*</c>.</summary>
    public TopParticipantsOptions TopParticipants { get; init; } = new();

    /// <summary>Trades of the feature <c>agent_turnover</c>.</summary>
    [Range(1, 1_000_000)]
    public int TurnoverTrades { get; init; } = 100;
}

/// <summary>
/// Sends vectors of the 65 model features of each symbol, computed from trades; docs/features.md has every formula. Candles count from the
/// first one that was seen whole. Trades outside the trading day and trades that did not come from the market count nowhere; an edit
/// replaces its trade while the candle is open.
/// </summary>
[Block("features.model65", "The 65 model features, per candle, per trade or in an interval of event time.")]
[Partitioned]
public sealed class Model65Block : Operator<MarketEvent, FeatureVector>, IFeatureBlock
{
    private readonly MarketContext _market;
    private readonly EvaluateOn _evaluate;
    private readonly long _interval;
    private readonly Model65State[] _states;
    private readonly long[] _nextMark;

    /// <summary>A block that has seen nothing.</summary>
    public Model65Block(Model65Options options, MarketContext market)
    {
        _market = market;
        _evaluate = options.Evaluate;
        _interval = options.IntervalMs * 1_000_000L;
        _states = [.. Enumerable.Range(1, market.Symbols.Count).Select(symbol => new Model65State(options, market.Calendar, symbol))];
        _nextMark = new long[_states.Length];
    }

    /// <inheritdoc/>
    public static FeatureSchema Schema => Model65State.Schema;

    /// <inheritdoc/>
    public override void Process(Run<MarketEvent> run, Output<FeatureVector> output)
    {
        foreach (ref readonly var e in run)
        {
            var index = e.Symbol - 1;
            if ((uint)index >= (uint)_states.Length)
            {
                continue;
            }

            var state = _states[index];
            if (_evaluate == EvaluateOn.Interval && e.EventTime >= _nextMark[index])
            {
                Mark(state, index, in e, output);
            }

            if (e.EventTime >= state.NextBoundary)
            {
                Close(state, e.EventTime, e.Sequence, output);
            }

            if (e.Kind != EventKind.Trade)
            {
                continue;
            }

            if (e.Price <= 0 && !e.Has(EventFlags.OffMarket))
            {
                run.Reject("price_not_positive");
            }
            else if (state.Add(in e) && _evaluate == EvaluateOn.Trade)
            {
                Send(state, state.TradeTime, e.Sequence, output);
            }
        }
    }

    /// <inheritdoc/>
    public override object Report() => _states
        .Select((s, i) => (Symbol: _market.Symbols.Name(i + 1), s.Candles))
        .ToDictionary(s => s.Symbol, s => new CandlesReport(s.Candles.OutsideDay, s.Candles.Late, s.Candles.Edits, s.Candles.EditsIgnored), StringComparer.Ordinal);

    // What is known at the mark is what came before it. Marks at which nothing new was known are passed over, and so is the night.
    private void Mark(Model65State state, int index, in MarketEvent e, Output<FeatureVector> output)
    {
        var mark = e.EventTime - (((e.EventTime % _interval) + _interval) % _interval);
        var isFirst = _nextMark[index] == 0;
        _nextMark[index] = mark + _interval;
        if (isFirst || !_market.Calendar.TryGetDay(mark, out _))
        {
            return;
        }

        Close(state, mark, e.Sequence, output);
        Send(state, mark, e.Sequence, output);
    }

    private void Close(Model65State state, long time, long sequence, Output<FeatureVector> output)
    {
        foreach (ref readonly var candle in state.Advance(time, sequence))
        {
            state.Close(in candle);
            if (_evaluate == EvaluateOn.Candle)
            {
                Send(state, candle.EndTime, sequence, output);
            }
        }
    }

    private static void Send(Model65State state, long time, long sequence, Output<FeatureVector> output)
    {
        state.Evaluate(time);
        FeatureVector.Write(ref output.Next(), sequence, time, state.Symbol, Model65State.Schema, state.Values, state.Warm);
    }
}
