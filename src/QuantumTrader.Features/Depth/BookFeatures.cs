using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>When <c>features.book</c> sends a vector.</summary>
public enum BookCadence
{
    /// <summary>After each whole book message, or each quote.</summary>
    Update,

    /// <summary>At the end of each candle.</summary>
    Candle,

    /// <summary>Every <c>interval_ms</c> of event time.</summary>
    Interval,
}

/// <summary>From what the best bid and ask are known.</summary>
public enum BestQuoteFrom
{
    /// <summary>The book, kept from its messages.</summary>
    Book,

    /// <summary>Quotes as the feed sends them, for feeds without a book: the features of depth and liquidity then never get warm.</summary>
    Quote,
}

/// <summary>Options of the block <c>features.book</c>.</summary>
public sealed record BookFeaturesOptions
{
    /// <summary>When a vector is sent: after each <c>update</c>, at the end of each <c>candle</c>, or every <c>interval</c> of event time.</summary>
    public BookCadence Every { get; init; } = BookCadence.Interval;

    /// <summary>Length of an interval in milliseconds of event time.</summary>
    [Range(1, 86_400_000)]
    public int IntervalMs { get; init; } = 1000;

    /// <summary>Length of a candle in seconds.</summary>
    [Range(1, 86_400)]
    public int CandleSeconds { get; init; } = 60;

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
public sealed class BookFeatures : Operator<MarketEvent, FeatureVector>, IFeatureBlock
{
    private readonly BookFeaturesOptions _options;
    private readonly MarketContext _market;
    private readonly SymbolState[] _symbols;

    /// <summary>A block that has seen nothing.</summary>
    public BookFeatures(BookFeaturesOptions options, MarketContext market)
    {
        _options = options;
        _market = market;
        _symbols = [.. Enumerable.Range(1, market.Symbols.Count).Select(symbol => new SymbolState(symbol, options, market))];
    }

    /// <summary>The vectors that this block sends.</summary>
    public static FeatureSchema Schema { get; } = new("book", BookDefinitions.Groups) { Channel = "liquidity" };

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
            state.Quotes.WatchFrom(e.EventTime);
            if (_options.Every == BookCadence.Candle)
            {
                if (e.EventTime >= state.Candles.NextBoundary)
                {
                    state.Candles.Advance(e.EventTime, e.Sequence);
                    foreach (ref readonly var candle in state.Candles.Closed)
                    {
                        Send(state, candle.Sequence, candle.EndTime, candle.EndTime - 1, output);
                    }
                }

                state.Candles.Add(in e);
            }
            else if (_options.Every == BookCadence.Interval && state.Clock.TryReach(e.EventTime, out var tick))
            {
                Send(state, e.Sequence, tick, tick - 1, output);
            }

            if (Take(state, in e) && _options.Every == BookCadence.Update)
            {
                Send(state, e.Sequence, e.EventTime, e.EventTime, output);
            }
        }
    }

    /// <inheritdoc/>
    public override object Report() => _symbols
        .Where(s => (s.Quotes.Updates | s.Quotes.Crossed) != 0)
        .ToDictionary(s => _market.Symbols.Name(s.Symbol), s => new BookFeaturesReport(s.Quotes.Updates, s.Quotes.Crossed), StringComparer.Ordinal);

    // True when there is something new to evaluate.
    private bool Take(SymbolState state, in MarketEvent e)
    {
        if (_options.BestFrom == BestQuoteFrom.Quote)
        {
            if (e.Kind == EventKind.Quote)
            {
                state.Quotes.Add(e.EventTime, new PriceLevel(e.BidPrice, e.BidQuantity), new PriceLevel(e.AskPrice, e.AskQuantity));
            }

            return e.Kind == EventKind.Quote;
        }

        var change = state.Depth.Process(in e);
        if (change == BookChange.Applied)
        {
            state.Quotes.AddLevels(e.EventTime, state.Depth.Book);
            state.Quotes.Add(e.EventTime, state.Depth.Book.BestBid, state.Depth.Book.BestAsk);
        }
        else if (change == BookChange.Invalidated)
        {
            state.Quotes.Lose();
        }

        return change != BookChange.None;
    }

    private static void Send(SymbolState state, long sequence, long eventTime, long time, Output<FeatureVector> output)
    {
        var vector = new FeatureWriter(state.Values, state.Warm, Schema.Neutrals, 0);
        state.Quotes.Evaluate(time, ref vector);
        state.Depth.EvaluateDepth(ref vector);
        state.Depth.EvaluateScore(ref vector);
        state.Depth.EvaluateProfile(ref vector);
        FeatureVector.Write(ref output.Next(), sequence, eventTime, state.Symbol, Schema, state.Values, state.Warm);
    }

    private sealed class SymbolState(int symbol, BookFeaturesOptions options, MarketContext market)
    {
        public IntervalClock Clock = new(options.IntervalMs * 1_000_000L);

        public int Symbol { get; } = symbol;

        public double[] Values { get; } = new double[Schema.Names.Count];

        public ulong[] Warm { get; } = new ulong[Schema.WarmWords];

        public CandleBuilder Candles { get; } = new(market.Calendar, symbol, options.CandleSeconds * 1_000_000_000L);

        public DepthWindow Depth { get; } = new(market.Instrument(symbol), options.Start);

        public QuoteWindow Quotes { get; } = new((long)(market.Instrument(symbol).Tick * Scaled.One), options.Levels, options.FullWindows, options.MaxUpdates);
    }
}

/// <summary>What the report says of the quotes of one symbol.</summary>
/// <param name="Updates">Changes of the best quote that count.</param>
/// <param name="Crossed">Quotes whose bid was at or above their ask: they change nothing.</param>
public sealed record BookFeaturesReport(long Updates, long Crossed);
