using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>From what the best bid and ask are known.</summary>
public enum BestQuoteFrom
{
    /// <summary>The book, kept from its messages.</summary>
    Book,

    /// <summary>Quotes as the feed sends them, for feeds without a book: the features of depth and liquidity then never get warm.</summary>
    Quote,
}

/// <summary>Options of the block <c>features.book</c>.</summary>
public sealed record BookFeaturesOptions : CadenceOptions
{
    /// <summary>Options with a vector in each interval.</summary>
    public BookFeaturesOptions() => Every = Cadence.Interval;

    /// <summary>From what the best bid and ask are known: the <c>book</c>, or the feed's own <c>quote</c>s where there is no book.</summary>
    public BestQuoteFrom BestFrom { get; init; } = BestQuoteFrom.Book;

    /// <summary>From what a book begins; the same as in the block <c>book</c>.</summary>
    public BookStart Start { get; init; } = BookStart.Snapshot;

    /// <summary>Levels a side of the imbalance over several levels.</summary>
    [Range(1, BookImage.MaxDepth)]
    public int Levels { get; init; } = 5;

    /// <summary>Whether a feature over a time is warm only when all of it was watched; otherwise one change is enough.</summary>
    public bool FullWindows { get; init; } = true;

    /// <summary>Changes held per symbol; when the windows want more, the long ones are no longer warm.</summary>
    [Range(1024, 16_777_216)]
    public int MaxUpdates { get; init; } = 1_048_576;
}

/// <summary>
/// Sends vectors of book features: order flow imbalance of the best quote and of several levels, microprice, depth, spread, liquidity. At
/// the end of a candle or an interval the windows are [T − w, T): what happens at T itself belongs to what comes next, as in candles.
/// </summary>
[Block("features.book", "Order flow imbalance of the quotes, depth, spread and liquidity, from books or quotes.")]
[Partitioned]
public sealed class BookFeatures(BookFeaturesOptions options, MarketContext market) : FeatureBlock(options, market, symbol => new BookState(symbol, options, market)), IFeatureBlock
{
    /// <summary>The vectors that this block sends.</summary>
    public static FeatureSchema Schema { get; } = new("book", BookDefinitions.Groups) { Channel = "liquidity" };

    /// <inheritdoc/>
    public override object Report() => Symbols.Cast<BookState>()
        .Where(s => (s.Quotes.Updates | s.Quotes.Crossed) != 0)
        .ToDictionary(s => Market.Symbols.Name(s.Symbol), s => new BookFeaturesReport(s.Quotes.Updates, s.Quotes.Crossed), StringComparer.Ordinal);

    private sealed class BookState(int symbol, BookFeaturesOptions options, MarketContext market) : SymbolFeatures(symbol, Schema, options, market)
    {
        private readonly DepthWindow _depth = new(market.Instrument(symbol), options.Start);

        public QuoteWindow Quotes { get; } = new((long)(market.Instrument(symbol).Tick * Scaled.One), options.Levels, options.FullWindows, options.MaxUpdates);

        public override void Begin(long time) => Quotes.WatchFrom(time);

        public override Cadence? Take(in MarketEvent e)
        {
            if (e.Kind == EventKind.Trade)
            {
                return Candles.Add(in e) == CandleChange.Added ? Cadence.Trade : null;
            }

            if (options.BestFrom == BestQuoteFrom.Quote)
            {
                if (e.Kind != EventKind.Quote)
                {
                    return null;
                }

                Quotes.Add(e.EventTime, new PriceLevel(e.BidPrice, e.BidQuantity), new PriceLevel(e.AskPrice, e.AskQuantity));
                return Cadence.Update;
            }

            switch (_depth.Process(in e))
            {
                case BookChange.Applied:
                    Quotes.AddLevels(e.EventTime, _depth.Book);
                    Quotes.Add(e.EventTime, _depth.Book.BestBid, _depth.Book.BestAsk);
                    return Cadence.Update;
                case BookChange.Invalidated:
                    Quotes.Lose();
                    return Cadence.Update;
                default:
                    return null;
            }
        }

        public override void Evaluate(long time)
        {
            var vector = WriterAt(0);
            Quotes.Evaluate(time, ref vector);
            _depth.EvaluateDepth(ref vector);
            _depth.EvaluateScore(ref vector);
            _depth.EvaluateProfile(ref vector);
        }
    }
}

/// <summary>What the report says of the quotes of one symbol.</summary>
/// <param name="Updates">Changes of the best quote that count.</param>
/// <param name="Crossed">Quotes whose bid was at or above their ask: they change nothing.</param>
public sealed record BookFeaturesReport(long Updates, long Crossed);
