using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>When <c>features.flow</c> sends a vector.</summary>
public enum FlowCadence
{
    /// <summary>After each trade.</summary>
    Trade,

    /// <summary>At the end of each candle.</summary>
    Candle,

    /// <summary>Every <c>interval_ms</c> of event time.</summary>
    Interval,
}

/// <summary>Options of the block <c>features.flow</c>.</summary>
public sealed record FlowOptions
{
    /// <summary>When a vector is sent: after each <c>trade</c>, at the end of each <c>candle</c>, or every <c>interval</c> of event time.</summary>
    public FlowCadence Every { get; init; } = FlowCadence.Trade;

    /// <summary>Length of an interval in milliseconds of event time.</summary>
    [Range(1, 86_400_000)]
    public int IntervalMs { get; init; } = 1000;

    /// <summary>Length of a candle in seconds. An edit reaches a trade only as long as its candle is open.</summary>
    [Range(1, 86_400)]
    public int CandleSeconds { get; init; } = 60;

    /// <summary>From what a book begins; the same as in the block <c>book</c>.</summary>
    public BookStart Start { get; init; } = BookStart.Snapshot;

    /// <summary>Whether a feature over a time, or over the day, is warm only when all of it was watched; otherwise one trade is enough.</summary>
    public bool FullWindows { get; init; } = true;

    /// <summary>Trades that a feature over the last 100, or the last 50 with a side, must have; 100 asks for full windows here too.</summary>
    [Range(1, 100)]
    public int MinTrades { get; init; } = 10;

    /// <summary>Trades held per symbol; when the windows (up to three hours) want more, the long ones are no longer warm.</summary>
    [Range(1024, 16_777_216)]
    public int MaxTrades { get; init; } = 1_048_576;
}

/// <summary>
/// Sends vectors of order-flow features from trades: imbalance over 1 to 60 minutes with its velocity and acceleration, aggression, large
/// trades, speed of the tape, delta of the day; and the liquidity of the book if there is one. At the end of a candle or an interval the
/// windows are [T − w, T), so that they hold the same trades as the candles. The trades are those of the candles: none from outside the
/// trading day or the market, edits as long as the candle is open.
/// </summary>
[Block("features.flow", "Order-flow features from trades.")]
[Partitioned]
public sealed class Flow : Operator<MarketEvent, FeatureVector>, IFeatureBlock
{
    private readonly FlowCadence _every;
    private readonly MarketContext _market;
    private readonly SymbolState[] _symbols;

    /// <summary>A block that has seen nothing.</summary>
    public Flow(FlowOptions options, MarketContext market)
    {
        _every = options.Every;
        _market = market;
        _symbols = [.. Enumerable.Range(1, market.Symbols.Count).Select(symbol => new SymbolState(symbol, options, market))];
    }

    /// <summary>The vectors that this block sends.</summary>
    public static FeatureSchema Schema { get; } = new("flow", FlowDefinitions.Groups) { Channel = "flow" };

    /// <inheritdoc/>
    public override void Process(Run<MarketEvent> run, Output<FeatureVector> output)
    {
        foreach (ref readonly var e in run)
        {
            var index = e.Symbol - 1;
            if ((uint)index >= (uint)_symbols.Length)
            {
                continue;
            }

            var state = _symbols[index];
            state.Trades.WatchFrom(e.EventTime);
            if (e.EventTime >= state.Candles.NextBoundary)
            {
                state.Candles.Advance(e.EventTime, e.Sequence);
                if (_every == FlowCadence.Candle)
                {
                    foreach (ref readonly var candle in state.Candles.Closed)
                    {
                        Send(state, candle.Sequence, candle.EndTime, candle.EndTime - 1, output);
                    }
                }
            }

            if (_every == FlowCadence.Interval && state.Clock.TryReach(e.EventTime, out var tick))
            {
                Send(state, e.Sequence, tick, tick - 1, output);
            }

            if (e.Kind != EventKind.Trade)
            {
                state.Depth.Process(in e);
            }
            else if (state.Take(in e) && _every == FlowCadence.Trade)
            {
                Send(state, e.Sequence, state.Newest, state.Newest, output);
            }
        }
    }

    /// <inheritdoc/>
    public override object Report() => _symbols.Where(s => s.Trades.Trades > 0).ToDictionary(
        s => _market.Symbols.Name(s.Symbol),
        s => new FlowReport(s.Trades.Trades, s.Candles.OutsideDay, s.Candles.Late, s.Candles.Edits, s.Candles.EditsIgnored),
        StringComparer.Ordinal);

    private static void Send(SymbolState state, long sequence, long eventTime, long time, Output<FeatureVector> output)
    {
        state.EnterDay(time);
        var vector = new FeatureWriter(state.Values, state.Warm, Schema.Neutrals, 0);
        state.Trades.Evaluate(time, ref vector);
        state.Depth.EvaluateScore(ref vector);
        FeatureVector.Write(ref output.Next(), sequence, eventTime, state.Symbol, Schema, state.Values, state.Warm);
    }

    private sealed class SymbolState(int symbol, FlowOptions options, MarketContext market)
    {
        private readonly TradeSizes _sizes = new(market.Instrument(symbol));
        private int _day = int.MinValue;

        public IntervalClock Clock = new(options.IntervalMs * 1_000_000L);

        public int Symbol { get; } = symbol;

        public double[] Values { get; } = new double[Schema.Names.Count];

        public ulong[] Warm { get; } = new ulong[Schema.WarmWords];

        public CandleBuilder Candles { get; } = new(market.Calendar, symbol, options.CandleSeconds * 1_000_000_000L);

        public FlowWindow Trades { get; } = new(options.FullWindows, options.MinTrades, options.MaxTrades);

        public DepthWindow Depth { get; } = new(market.Instrument(symbol), options.Start);

        /// <summary>Time of the newest trade. A trade that comes unsorted counts at this time.</summary>
        public long Newest { get; private set; }

        /// <summary>Takes in a trade or an edit; true for a trade that counts.</summary>
        public bool Take(in MarketEvent e)
        {
            var isLarge = _sizes.IsLarge(e.Quantity);
            switch (Candles.Add(in e))
            {
                case CandleChange.Added:
                    Newest = Math.Max(Newest, e.EventTime);
                    EnterDay(Newest);
                    Trades.Add(Newest, e.TradeNumber, e.Quantity, e.Side, isLarge);
                    return true;
                case CandleChange.Edited:
                    Trades.Edit(e.TradeNumber, e.Quantity, e.Side, isLarge, CandleBuilder.MaxRemembered);
                    return false;
                case CandleChange.Removed:
                    Trades.Edit(e.TradeNumber, 0, e.Side, isLarge, CandleBuilder.MaxRemembered);
                    return false;
                default:
                    return false;
            }
        }

        public void EnterDay(long time)
        {
            if (market.Calendar.TryGetDay(time, out var day) && day.Day != _day)
            {
                _day = day.Day;
                Trades.OpenDay(day.Open);
            }
        }
    }
}

/// <summary>What the report says of the trades of one symbol.</summary>
/// <param name="Trades">Trades taken in.</param>
/// <param name="OutsideDay">Trades outside the trading day.</param>
/// <param name="Late">Trades older than the open candle.</param>
/// <param name="Edits">Edits applied.</param>
/// <param name="EditsIgnored">Edits of trades that were not in the open candle.</param>
public sealed record FlowReport(long Trades, long OutsideDay, long Late, long Edits, long EditsIgnored);
