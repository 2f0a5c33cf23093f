using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features.Bars;

/// <summary>What fills a bar.</summary>
public enum BarsBy
{
    /// <summary>A number of trades.</summary>
    Tick,

    /// <summary>A quantity.</summary>
    Volume,

    /// <summary>An amount of money: price times quantity times the instrument's multiplier.</summary>
    Notional,

    /// <summary>More trades on one side than were to be expected.</summary>
    Imbalance,
}

/// <summary>Options of the block <c>bars</c>.</summary>
public sealed record BarsOptions
{
    /// <summary>What fills a bar: <c>tick</c>, <c>volume</c>, <c>notional</c> or <c>imbalance</c>.</summary>
    public BarsBy By { get; init; } = BarsBy.Volume;

    /// <summary>
    /// How much a bar holds: trades, quantity or money. It closes with the trade that reaches it, which is not split. For <c>imbalance</c>
    /// the expected trades of the first bar.
    /// </summary>
    [Range(1e-8, 9e18)]
    public double Size { get; init; } = 1000;

    /// <summary>Bars over which the expectations of <c>imbalance</c> are averaged, exponentially: weight 2 / (span + 1).</summary>
    [Range(1, 10_000)]
    public int Span { get; init; } = 20;

    /// <summary>Factor by which the expected trades of an imbalance bar may leave <c>size</c>, up or down, so that it neither dies nor runs away.</summary>
    [Range(1, 1000)]
    public double Bound { get; init; } = 4;
}

/// <summary>
/// Makes candles that are filled by activity instead of time. Imbalance bars (Lopez de Prado, Advances in Financial Machine Learning,
/// chapter 2): a bar closes at the first trade where abs(sum of b) >= E[T] abs(E[b]), b = 1 for a buyer and -1 for a seller (a trade
/// without a side repeats the one before); E[T] and E[b] are exponential means of the trades per bar and of b per trade of the bars
/// before, E[T] kept within size / bound and size * bound, abs(E[b]) at least 1 / sqrt(E[T]), which is what chance alone gives. A bar ends
/// with its trading day at the latest; edits do not reach back.
/// </summary>
[Block("bars", "Makes candles filled by trades, volume, notional or imbalance instead of time.")]
[Partitioned]
public sealed class BarsBlock : Operator<MarketEvent, Candle>
{
    private readonly BarsOptions _options;
    private readonly MarketContext _market;
    private readonly Bar[] _bars;

    /// <summary>A block that has seen nothing.</summary>
    public BarsBlock(BarsOptions options, MarketContext market)
    {
        _options = options;
        _market = market;
        _bars = [.. Enumerable.Range(0, market.Symbols.Count).Select(_ => new Bar { ExpectedTrades = options.Size })];
    }

    /// <inheritdoc/>
    public override void Process(Run<MarketEvent> run, Output<Candle> output)
    {
        foreach (ref readonly var e in run)
        {
            var index = e.Symbol - 1;
            if ((uint)index >= (uint)_bars.Length)
            {
                continue;
            }

            var bar = _bars[index];
            if (bar.Open.Trades > 0 && e.EventTime >= bar.DayClose)
            {
                Close(bar, bar.DayClose, e.Sequence, output);
            }

            if (e.Kind != EventKind.Trade || e.Has(EventFlags.OffMarket))
            {
                continue;
            }

            if (e.Has(EventFlags.Edit))
            {
                run.Drop("edit_of_activity_bar");
            }
            else if (!_market.Calendar.TryGetDay(e.EventTime, out var day))
            {
                run.Drop("outside_day");
            }
            else
            {
                bar.DayClose = day.Close;
                Add(bar, in e);
                if (IsFull(bar))
                {
                    Close(bar, bar.LastTime, e.Sequence, output);
                }
            }
        }
    }

    private void Add(Bar bar, in MarketEvent e)
    {
        ref var open = ref bar.Open;
        bar.LastTime = Math.Max(bar.LastTime, e.EventTime);
        if (open.Trades++ == 0)
        {
            open.Symbol = e.Symbol;
            open.StartTime = bar.LastTime;
            open.Open = open.High = open.Low = e.Price;
        }

        open.High = Math.Max(open.High, e.Price);
        open.Low = Math.Min(open.Low, e.Price);
        open.Close = e.Price;
        open.Volume += e.Quantity;
        open.BuyVolume += e.Side == Side.Buy ? e.Quantity : 0;
        open.SellVolume += e.Side == Side.Sell ? e.Quantity : 0;
        bar.LastSide = e.Side == Side.None ? bar.LastSide : (int)e.Side;
        bar.Imbalance += bar.LastSide;
        bar.Filled += _options.By switch
        {
            BarsBy.Volume => Scaled.ToDouble(e.Quantity),
            BarsBy.Notional => Scaled.ToDouble(e.Price) * Scaled.ToDouble(e.Quantity) * (double)_market.Instrument(e.Symbol).Multiplier,
            _ => 1,
        };
    }

    private bool IsFull(Bar bar) => _options.By != BarsBy.Imbalance
        ? bar.Filled >= _options.Size
        : Math.Abs(bar.Imbalance) >= bar.ExpectedTrades * Math.Max(Math.Abs(bar.ExpectedSide), 1 / Math.Sqrt(bar.ExpectedTrades));

    private void Close(Bar bar, long endTime, long sequence, Output<Candle> output)
    {
        bar.Open.Sequence = sequence;
        bar.Open.EndTime = endTime;
        output.Add(in bar.Open);
        var weight = 2.0 / (_options.Span + 1);
        bar.ExpectedSide += weight * ((bar.Imbalance / (double)bar.Open.Trades) - bar.ExpectedSide);
        bar.ExpectedTrades = Math.Clamp(bar.ExpectedTrades + (weight * (bar.Open.Trades - bar.ExpectedTrades)), _options.Size / _options.Bound, _options.Size * _options.Bound);
        (bar.Open, bar.Filled, bar.Imbalance) = (default, 0, 0);
    }

    private sealed class Bar
    {
        public Candle Open;
        public long DayClose = long.MaxValue;
        public long LastTime = long.MinValue;
        public double Filled;
        public long Imbalance;
        public int LastSide;
        public double ExpectedTrades;
        public double ExpectedSide;
    }
}
