using QuantumTrader.Features;
using QuantumTrader.Market;

namespace QuantumTrader.App.Views;

/// <summary>What the market page keeps of one symbol. Everything in it is bounded.</summary>
internal sealed class SymbolMarket
{
    /// <summary>Length of the dashboard's window, of market and predictions: ns.</summary>
    public const long Window = 5 * 60 * 1_000_000_000L;

    private const int CandleSeconds = 60;
    private const int CandlesKept = 119;
    private const int FootprintsKept = 7;
    private const int FootprintLevelsKept = 200;
    private const int TapeKept = 50;
    private const int TradesKept = 262_144;
    private const int MaxWaiting = 10_000;

    private readonly TradingCalendar _calendar;
    private readonly BookStart _start;
    private readonly CandleBuilder _builder;
    private readonly FootprintLevels _levels;
    private readonly Queue<ClosedCandle> _candles = new();
    private readonly Queue<(long Number, MarketEvent Trade)> _tape = new();
    private BookBuilder _book;
    private MarketEvent _quote;
    private long _tapeNumber;
    private long _dayDelta;
    private int _day = int.MinValue;
    private bool _hasTops;

    /// <summary>A candle that has closed, with what was sold and bought at each of its prices; those only of the newest.</summary>
    private sealed record ClosedCandle(Candle Candle, long CumulativeDelta)
    {
        public FootprintLevel[]? Levels { get; set; }
    }

    public SymbolMarket(int symbol, MarketContext market, BookStart start)
    {
        (_calendar, _start) = (market.Calendar, start);
        _builder = new CandleBuilder(market.Calendar, symbol, CandleSeconds * 1_000_000_000L);
        _levels = new FootprintLevels(Math.Max(1, (long)(market.Instrument(symbol).Tick * Pipelines.Scaled.One)), FootprintLevelsKept, 1, 1);
        _book = new BookBuilder(start, MaxWaiting);
    }

    /// <summary>The trades of the last five minutes.</summary>
    public TradeWindow Trades { get; } = new(Window, TradesKept);

    /// <summary>The averages of the closed candles.</summary>
    public CloseFigures Closes { get; } = new();

    /// <summary>What decides about the symbol.</summary>
    public PredictionWindow Predictions { get; } = new(Window, 65_536);

    /// <summary>The newest of them; null before any.</summary>
    public LastPrediction? Last { get; set; }

    /// <summary>The newest vector of each group of features.</summary>
    public Dictionary<FeatureSchema, FeatureVector> Vectors { get; } = [];

    /// <summary>Best bid and ask that can be traded at, scaled; null while there are none.</summary>
    public (long Bid, long Ask)? Quote => _quote is { BidPrice: > 0, AskPrice: > 0, BidQuantity: > 0, AskQuantity: > 0 } && _quote.BidPrice < _quote.AskPrice ? (_quote.BidPrice, _quote.AskPrice) : null;

    /// <summary>The newest trade's price, scaled; null before any.</summary>
    public long? LastPrice => Trades.Figures()?.Last;

    /// <summary>Takes in an event of the symbol.</summary>
    public void Take(in MarketEvent e)
    {
        AdvanceTo(e.EventTime, e.Sequence);
        switch (e.Kind)
        {
            case EventKind.Trade:
                TakeTrade(in e);
                break;
            case EventKind.BookTop:
                (_quote, _hasTops) = (e, true);
                break;
            case EventKind.Quote when !_hasTops:
                _quote = e;
                break;
            default:
                _book.Process(in e);
                break;
        }
    }

    /// <summary>The time of the market is now this: what ends by then ends.</summary>
    public void AdvanceTo(long time, long sequence)
    {
        Trades.AdvanceTo(time);
        Predictions.AdvanceTo(time);
        if (time < _builder.NextBoundary)
        {
            return;
        }

        _builder.Advance(time, sequence);
        foreach (ref readonly var candle in _builder.Closed)
        {
            Close(in candle);
        }
    }

    /// <summary>Events are missing up to now: what was built from all of them is no longer right.</summary>
    public void Lose()
    {
        Trades.Lose();
        _book = new BookBuilder(_start, MaxWaiting);
    }

    /// <summary>The book as it stands, best first; null while it is not known whole.</summary>
    public BookDocument? Book(int depth)
    {
        if (!_book.IsValid)
        {
            return null;
        }

        var (bids, asks) = (new PriceLevel[depth], new PriceLevel[depth]);
        return new BookDocument(Documents.Levels(bids.AsSpan(0, _book.Book.CopyBids(bids))), Documents.Levels(asks.AsSpan(0, _book.Book.CopyAsks(asks))));
    }

    /// <summary>The newest trades, by number.</summary>
    public Dictionary<string, TradeDocument> Tape() => _tape.ToDictionary(t => t.Number.ToString(System.Globalization.CultureInfo.InvariantCulture), t => Documents.Trade(in t.Trade));

    /// <summary>The newest candles by their begin, the last one still open.</summary>
    public Dictionary<string, CandleDocument> Candles()
    {
        var candles = _candles.ToDictionary(c => Documents.Time(c.Candle.StartTime), c => Documents.Candle(c.Candle, c.CumulativeDelta));
        if (_builder.TryGetOpen(out var open))
        {
            candles[Documents.Time(open.StartTime)] = Documents.Candle(open, DeltaAt(in open));
        }

        return candles;
    }

    /// <summary>Bought and sold per price of the newest candles, the last one still open.</summary>
    public Dictionary<string, Dictionary<string, decimal[]>> Footprint()
    {
        var footprints = _candles.Where(c => c.Levels is not null).ToDictionary(c => Documents.Time(c.Candle.StartTime), c => Documents.Footprint(c.Levels!));
        if (_builder.TryGetOpen(out var open))
        {
            footprints[Documents.Time(open.StartTime)] = Documents.Footprint([.. _levels.Levels]);
        }

        return footprints;
    }

    private void TakeTrade(in MarketEvent e)
    {
        Trades.Add(in e);
        switch (_builder.Add(in e))
        {
            case CandleChange.Added:
                _levels.Add(e.Price, e.Quantity, e.Side);
                break;
            case CandleChange.Edited or CandleChange.Removed:
                _levels.Clear();
                foreach (ref readonly var trade in _builder.Trades)
                {
                    _levels.Add(trade.Price, trade.Quantity, trade.Side);
                }

                break;
            case CandleChange.None when e.Has(EventFlags.OffMarket):
                return;
        }

        if (!e.Has(EventFlags.Edit))
        {
            Keep(_tape, (++_tapeNumber, e), TapeKept);
        }
    }

    private void Close(in Candle candle)
    {
        var cumulative = DeltaAt(in candle);
        (_day, _dayDelta) = (_calendar.DateOf(candle.StartTime), cumulative);
        Keep(_candles, new ClosedCandle(candle, cumulative) { Levels = [.. _levels.Levels] }, CandlesKept);
        if (_candles.Count > FootprintsKept)
        {
            _candles.ElementAt(_candles.Count - 1 - FootprintsKept).Levels = null;
        }

        Closes.Add(Pipelines.Scaled.ToDouble(candle.Close), Pipelines.Scaled.ToDouble(candle.Volume));
        _levels.Clear();
    }

    // Bought less sold since the begin of the candle's trading day, as far as it was watched.
    private long DeltaAt(in Candle candle) => (_calendar.DateOf(candle.StartTime) == _day ? _dayDelta : 0) + candle.BuyVolume - candle.SellVolume;

    private static void Keep<T>(Queue<T> queue, T item, int most)
    {
        queue.Enqueue(item);
        if (queue.Count > most)
        {
            queue.Dequeue();
        }
    }
}
