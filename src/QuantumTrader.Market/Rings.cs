using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>Options of the block <c>rings</c>.</summary>
public sealed record RingsOptions
{
    /// <summary>Trades kept per symbol.</summary>
    [Range(1, 10_000_000)]
    public int Trades { get; init; } = 1000;

    /// <summary>Book images kept per symbol.</summary>
    [Range(1, 1_000_000)]
    public int Books { get; init; } = 100;

    /// <summary>Closed candles kept per symbol.</summary>
    [Range(1, 1_000_000)]
    public int Candles { get; init; } = 201;

    /// <summary>Levels a side in a book image.</summary>
    [Range(1, BookImage.MaxDepth)]
    public int Depth { get; init; } = 10;

    /// <summary>Length of a candle in seconds.</summary>
    [Range(1, 86_400)]
    public int CandleSeconds { get; init; } = 60;
}

/// <summary>
/// Keeps the newest trades, book images and candles of each symbol where others can read them at any time, without slowing the stream:
/// dashboards, queries, monitors. They are found by the block's name through <see cref="MarketContext.Rings"/>.
/// </summary>
[Block("rings", "Keeps the newest trades, books and candles for others to read.")]
public sealed class RingsObserver : Observer<MarketEvent>
{
    private readonly RingsOptions _options;
    private readonly MarketContext _market;
    private readonly CandleClock _clock;
    private readonly BookBuilder[] _books;
    private RingSet _rings;
    private BookImage _image;

    /// <summary>A block that has seen nothing.</summary>
    public RingsObserver(RingsOptions options, MarketContext market)
    {
        _options = options;
        _market = market;
        _clock = new CandleClock(market, options.CandleSeconds);
        _books = new BookBuilder[market.Instruments.Count];
        for (var i = 0; i < _books.Length; i++)
        {
            _books[i] = new BookBuilder();
        }

        _rings = new RingSet(Name, _books.Length, options);
    }

    /// <inheritdoc/>
    public override void Start()
    {
        _rings = new RingSet(Name, _books.Length, _options);
        _market.Rings.Publish(_rings);
    }

    /// <inheritdoc/>
    public override void Observe(Run<MarketEvent> run)
    {
        foreach (ref readonly var e in run)
        {
            if (e.EventTime >= _clock.NextBoundary)
            {
                KeepCandles(in e);
            }

            if ((uint)(e.Symbol - 1) >= (uint)_books.Length)
            {
                continue;
            }

            if (e.Kind == EventKind.Trade)
            {
                _rings.Of(e.Symbol).Trades.Write(in e);
                _clock.Add(in e);
            }
            else if (_books[e.Symbol - 1] is var book && book.Process(in e) == BookChange.Applied)
            {
                _image.Take(book.Book, _options.Depth, in e);
                _rings.Of(e.Symbol).Books.Write(in _image);
            }
        }
    }

    /// <inheritdoc/>
    public override object Report() => Enumerable.Range(1, _books.Length).ToDictionary(
        _market.Symbols.Name,
        s => new RingsReport(_rings.Of(s).Trades.Written, _rings.Of(s).Books.Written, _rings.Of(s).Candles.Written),
        StringComparer.Ordinal);

    private void KeepCandles(in MarketEvent e)
    {
        _clock.Advance(in e);
        foreach (var builder in _clock.Builders)
        {
            foreach (ref readonly var candle in builder.Closed)
            {
                _rings.Of(candle.Symbol).Candles.Write(in candle);
            }
        }
    }
}

/// <summary>What was written into the rings of one symbol.</summary>
/// <param name="Trades">Trades.</param>
/// <param name="Books">Book images.</param>
/// <param name="Candles">Closed candles.</param>
public sealed record RingsReport(long Trades, long Books, long Candles);
