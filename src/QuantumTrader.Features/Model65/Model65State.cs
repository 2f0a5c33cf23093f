using QuantumTrader.Market;

namespace QuantumTrader.Features.Model65;

/// <summary>
/// The 65 features of one symbol. Features of candles are computed when a candle closes and stay as they are until the next one; what
/// changes with every trade is counted along. So an evaluation costs the few that changed, whatever the windows.
/// </summary>
internal sealed class Model65State : SymbolFeatures
{
    private static readonly FeatureGroup[] Groups =
        [Volatility.Group, Returns.Group, OrderFlow.Group, Volume.Group, Technical.Group, Microstructure.Group, Temporal.Group];

    // Where a group begins in the vector.
    private static readonly int OrderFlowAt = StartOf(OrderFlow.Group);
    private static readonly int VolumeAt = StartOf(Volume.Group);
    private static readonly int TechnicalAt = StartOf(Technical.Group);
    private static readonly int MicrostructureAt = StartOf(Microstructure.Group);
    private static readonly int TemporalAt = StartOf(Temporal.Group);

    private readonly long _candleLength;
    private readonly TradeWindows _trades;
    private readonly Bars _bars = new();
    private readonly OrderFlow _orderFlow = new();
    private readonly Microstructure _microstructure = new();

    private TradingDay _day;
    private long _seenFrom;
    private double _tradesPerSecond;

    public Model65State(Model65Options options, MarketContext market, int symbol) : base(symbol, Schema, options, market)
    {
        _candleLength = options.CandleSeconds * 1_000_000_000L;
        _trades = new TradeWindows(options.TopParticipants.Active, options.TopParticipants.Ranking, options.TurnoverTrades);
    }

    public static FeatureSchema Schema { get; } = new("model65", Groups);

    // Who begins inside the day's first candle has missed nothing that anybody could know of; who begins later has.
    public override void Begin(long time) => _seenFrom = Market.Calendar.TryGetDay(time, out var day) && time < day.Open + _candleLength ? day.Open : time;

    public override void Close(in Candle candle)
    {
        var (buyer, seller) = _trades.CloseCandle();
        if (candle.StartTime < _seenFrom)
        {
            return; // its first part is not known
        }

        if (candle.StartTime < _day.Open || candle.StartTime >= _day.Close)
        {
            Market.Calendar.TryGetDay(candle.StartTime, out _day);
        }

        _bars.Add(in candle);
        _orderFlow.Add(in candle, in _day);
        _microstructure.Add(in candle, buyer, seller);
        WriteCandle(candle.StartTime);
    }

    public override Cadence? Take(in MarketEvent e)
    {
        if (e.Kind != EventKind.Trade)
        {
            return e.Kind == EventKind.Quote || e.Has(EventFlags.EndOfMessage) ? Cadence.Update : null;
        }

        switch (Candles.Add(in e))
        {
            case CandleChange.Added:
                _trades.Add(in e);
                return Cadence.Trade;
            case CandleChange.Edited:
                _trades.Edit(in e, isCancelled: false);
                return null;
            case CandleChange.Removed:
                _trades.Edit(in e, isCancelled: true);
                return null;
            default:
                return null;
        }
    }

    // What lies at the end itself has not come yet, so T may be the end.
    public override void EvaluateEnd(long end) => Evaluate(end);

    public override void Evaluate(long time)
    {
        var writer = WriterAt(OrderFlowAt + OrderFlow.TurnoverAt);
        OrderFlow.WriteTurnover(_trades, ref writer);
        writer = WriterAt(VolumeAt + Volume.IntensityAt);
        Volume.WriteIntensity(_bars, _trades.CountInMinute(time), time - Volume.IntensityWindow >= _seenFrom, _tradesPerSecond, ref writer);
        writer = WriterAt(MicrostructureAt);
        Microstructure.WriteRanking(_trades, ref writer);
    }

    private void WriteCandle(long tau)
    {
        _tradesPerSecond = Windows.Sum(_bars.Trades.Last(20)) / (20 * (_candleLength / 1e9));
        var writer = WriterAt(0);
        Volatility.Write(_bars, ref writer);
        Returns.Write(_bars, ref writer);
        _orderFlow.Write(_bars, _day.Open >= _seenFrom, ref writer);
        writer = WriterAt(VolumeAt);
        Volume.Write(_bars, ref writer);
        writer = WriterAt(TechnicalAt);
        Technical.Write(_bars, Temporal.ShareOfDay(tau, in _day), ref writer);
        writer = WriterAt(MicrostructureAt + Microstructure.TradeFeatures);
        _microstructure.Write(_bars, ref writer);
        writer = WriterAt(TemporalAt);
        Temporal.Write(_bars.Count > 0, tau, Market.Calendar.TimeOfDay(tau), in _day, ref writer);
    }

    private static int StartOf(FeatureGroup group) => Groups.TakeWhile(g => g != group).Sum(g => g.Features.Count);
}
