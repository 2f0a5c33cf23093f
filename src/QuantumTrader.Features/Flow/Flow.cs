using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>Options of the block <c>features.flow</c>.</summary>
public sealed record FlowOptions : CadenceOptions
{
    /// <summary>Options with a vector after each trade.</summary>
    public FlowOptions() => Every = Cadence.Trade;

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
public sealed class Flow(FlowOptions options, MarketContext market) : FeatureBlock(options, market, symbol => new FlowState(symbol, options, market)), IFeatureBlock
{
    /// <summary>The vectors that this block sends.</summary>
    public static FeatureSchema Schema { get; } = new("flow", FlowDefinitions.Groups) { Channel = "flow" };

    /// <inheritdoc/>
    public override object Report() => Symbols.Cast<FlowState>().Where(s => s.Trades.Trades > 0).ToDictionary(
        s => Market.Symbols.Name(s.Symbol),
        s => new FlowReport(s.Trades.Trades, s.Candles.OutsideDay, s.Candles.Late, s.Candles.Edits, s.Candles.EditsIgnored),
        StringComparer.Ordinal);

    private sealed class FlowState(int symbol, FlowOptions options, MarketContext market) : SymbolFeatures(symbol, Schema, options, market)
    {
        private readonly TradeSizes _sizes = new(market.Instrument(symbol));
        private readonly DepthWindow _depth = new(market.Instrument(symbol), options.Start);
        private TradingDay _day;
        private long _newestTrade = long.MinValue;

        public FlowWindow Trades { get; } = new(options.FullWindows, options.MinTrades, options.MaxTrades);

        public override void Begin(long time) => Trades.WatchFrom(time);

        public override Cadence? Take(in MarketEvent e)
        {
            if (e.Kind != EventKind.Trade)
            {
                return _depth.Process(in e) == BookChange.None ? null : Cadence.Update;
            }

            var isLarge = _sizes.IsLarge(e.Quantity);
            switch (Candles.Add(in e))
            {
                case CandleChange.Added:
                    _newestTrade = Math.Max(_newestTrade, e.EventTime);
                    EnterDay(_newestTrade);
                    Trades.Add(_newestTrade, e.TradeNumber, e.Quantity, e.Side, isLarge);
                    return Cadence.Trade;
                case CandleChange.Edited:
                    Trades.Edit(e.TradeNumber, e.Quantity, e.Side, isLarge, CandleBuilder.MaxRemembered);
                    return null;
                case CandleChange.Removed:
                    Trades.Edit(e.TradeNumber, 0, e.Side, isLarge, CandleBuilder.MaxRemembered);
                    return null;
                default:
                    return null;
            }
        }

        public override void Evaluate(long time)
        {
            EnterDay(time);
            var vector = WriterAt(0);
            Trades.Evaluate(time, ref vector);
            _depth.EvaluateScore(ref vector);
        }

        private void EnterDay(long time)
        {
            if ((time < _day.Open || time >= _day.Close) && Market.Calendar.TryGetDay(time, out var day))
            {
                _day = day;
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
