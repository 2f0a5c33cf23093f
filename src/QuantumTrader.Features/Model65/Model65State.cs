using QuantumTrader.Market;

namespace QuantumTrader.Features.Model65;

/// <summary>
/// The 65 features of one symbol. Features of candles are computed when a candle closes and stay as they are until the next one; what
/// changes with every trade is counted along. So an evaluation costs the few that changed, whatever the windows.
/// </summary>
internal sealed class Model65State
{
    private static readonly FeatureGroup[] Groups =
        [Volatility.Group, Returns.Group, OrderFlow.Group, Volume.Group, Technical.Group, Microstructure.Group, Temporal.Group];

    // Where a group begins in the vector.
    private static readonly int OrderFlowAt = StartOf(OrderFlow.Group);
    private static readonly int VolumeAt = StartOf(Volume.Group);
    private static readonly int TechnicalAt = StartOf(Technical.Group);
    private static readonly int MicrostructureAt = StartOf(Microstructure.Group);
    private static readonly int TemporalAt = StartOf(Temporal.Group);

    private readonly TradingCalendar _calendar;
    private readonly long _candleLength;
    private readonly CandleBuilder _candles;
    private readonly TradeWindows _trades;
    private readonly Bars _bars = new();
    private readonly OrderFlow _orderFlow = new();
    private readonly Microstructure _microstructure = new();
    private readonly double[] _values = new double[Schema.Names.Count];
    private readonly ulong[] _warm = new ulong[Schema.WarmWords];

    private TradingDay _day;
    private long _seenFrom = long.MaxValue;
    private double _tradesPerSecond;

    public Model65State(Model65Options options, TradingCalendar calendar, int symbol)
    {
        Symbol = symbol;
        _calendar = calendar;
        _candleLength = options.CandleSeconds * 1_000_000_000L;
        _candles = new CandleBuilder(calendar, symbol, _candleLength);
        _trades = new TradeWindows(options.TopParticipants.Active, options.TopParticipants.Ranking, options.TurnoverTrades);
        Schema.Neutrals.CopyTo(_values);
    }

    public static FeatureSchema Schema { get; } = new("model65", Groups);

    public int Symbol { get; }

    public ReadOnlySpan<double> Values => _values;

    public ReadOnlySpan<ulong> Warm => _warm;

    /// <summary>Time from which on <see cref="Advance"/> must be called.</summary>
    public long NextBoundary => _candles.NextBoundary;

    /// <summary>Time of the newest trade.</summary>
    public long TradeTime => _trades.Time;

    public CandleBuilder Candles => _candles;

    /// <summary>Brings the candles to a time; then each of the returned ones must be given to <see cref="Close"/>.</summary>
    public ReadOnlySpan<Candle> Advance(long time, long sequence)
    {
        if (_seenFrom == long.MaxValue)
        {
            // Who begins inside the day's first candle has missed nothing that anybody could know of; who begins later has.
            _seenFrom = _calendar.TryGetDay(time, out var day) && time < day.Open + _candleLength ? day.Open : time;
        }

        _candles.Advance(time, sequence);
        return _candles.Closed;
    }

    /// <summary>Takes in a candle that has closed.</summary>
    public void Close(in Candle candle)
    {
        var (buyer, seller) = _trades.CloseCandle();
        if (candle.StartTime < _seenFrom)
        {
            return; // its first part is not known
        }

        if (candle.StartTime < _day.Open || candle.StartTime >= _day.Close)
        {
            _calendar.TryGetDay(candle.StartTime, out _day);
        }

        _bars.Add(in candle);
        _orderFlow.Add(in candle, in _day);
        _microstructure.Add(in candle, buyer, seller);
        WriteCandle(candle.StartTime);
    }

    /// <summary>Takes in a trade; true when it is one more of the market's trades.</summary>
    public bool Add(in MarketEvent e)
    {
        switch (_candles.Add(in e))
        {
            case CandleChange.Added:
                _trades.Add(in e);
                return true;
            case CandleChange.Edited:
                _trades.Edit(in e, isCancelled: false);
                return false;
            case CandleChange.Removed:
                _trades.Edit(in e, isCancelled: true);
                return false;
            default:
                return false;
        }
    }

    /// <summary>Brings the features that change between candles to time T.</summary>
    public void Evaluate(long time)
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
        Temporal.Write(_bars.Count > 0, tau, _calendar.TimeOfDay(tau), in _day, ref writer);
    }

    private FeatureWriter WriterAt(int start) => new(_values, _warm, Schema.Neutrals, start);

    private static int StartOf(FeatureGroup group) => Groups.TakeWhile(g => g != group).Sum(g => g.Features.Count);
}
