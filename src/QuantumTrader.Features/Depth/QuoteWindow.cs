using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>
/// The changes of the best quote of one symbol, and of the levels behind it, with the order flow imbalance of Cont, Kukanov and Stoikov
/// ("The price impact of order book events", 2014): features.md, section 4.5. All sums are exact integers.
/// </summary>
public sealed class QuoteWindow
{
    /// <summary>Changes of the best quote that the spread's mean, smallest and largest look back on.</summary>
    public const int SpreadUpdates = 50;

    private static readonly long[] Spans = [60_000_000_000, 300_000_000_000, 900_000_000_000];

    private readonly long _tick;
    private readonly RollingSums<QuoteEntry, QuoteSum> _sums;
    private readonly RecentValues _spreads = new(SpreadUpdates);
    private readonly PriceLevel[] _levels;
    private readonly PriceLevel[] _image;
    private readonly int _depth;
    private readonly bool _needsFullWindows;
    private Quote _seen;
    private Quote _anchor;
    private bool _hasLevels;
    private long _newest;
    private long _since = long.MaxValue;

    /// <summary>A window that has seen nothing.</summary>
    /// <param name="tick">Smallest price step, scaled by 1e-8.</param>
    /// <param name="depth">Levels a side of the deep imbalance.</param>
    /// <param name="needsFullWindows">A feature over a time is warm only when all of it was watched; otherwise one change is enough.</param>
    /// <param name="maxUpdates">Changes held at most; when the windows want more, the long ones are no longer warm.</param>
    public QuoteWindow(long tick, int depth, bool needsFullWindows = true, int maxUpdates = 1 << 20)
    {
        _tick = tick;
        _depth = depth;
        _needsFullWindows = needsFullWindows;
        _levels = new PriceLevel[2 * depth];
        _image = new PriceLevel[2 * depth];
        _sums = new RollingSums<QuoteEntry, QuoteSum>(Spans, [], maxUpdates);
    }

    /// <summary>Quotes whose bid was at or above their ask.</summary>
    public long Crossed { get; private set; }

    /// <summary>Changes of the best quote that count.</summary>
    public long Updates => _sums.Total.Updates;

    /// <summary>Time (ns UTC) from which on the symbol was watched.</summary>
    public void WatchFrom(long time) => _since = Math.Min(_since, time);

    /// <summary>Takes in the best quote as it stands now; one that is the same as before changes nothing. Price 0 stands for a missing side.</summary>
    public void Add(long time, PriceLevel bid, PriceLevel ask)
    {
        var quote = new Quote(bid, ask);
        if (quote == _seen)
        {
            return;
        }

        _seen = quote;
        if (!quote.HasBoth)
        {
            _anchor = default;
            return;
        }

        if (bid.Price >= ask.Price)
        {
            Crossed++;
            return;
        }

        var before = _anchor;
        _anchor = quote;
        _spreads.Add(ask.Price - bid.Price);
        if (before.HasBoth)
        {
            Keep(time, new QuoteEntry(BidChange(before.Bid, bid) - AskChange(before.Ask, ask), bid.Quantity + ask.Quantity, 0, IsUpdate: true));
        }
    }

    /// <summary>Takes in the levels of the book as they stand after a whole message.</summary>
    public void AddLevels(long time, OrderBook book)
    {
        if (book.BidCount == 0 || book.AskCount == 0)
        {
            _hasLevels = false;
            return;
        }

        if (book.IsCrossed)
        {
            return;
        }

        var bids = book.CopyBids(_image.AsSpan(0, _depth));
        _image.AsSpan(bids, _depth - bids).Clear();
        var asks = book.CopyAsks(_image.AsSpan(_depth));

        // A level that is not there: no price is worse, so that it counts as new when it comes and as gone when it goes.
        _image.AsSpan(_depth + asks).Fill(new PriceLevel(long.MaxValue, 0));
        long flow = 0;
        for (var level = 0; level < _depth && _hasLevels; level++)
        {
            flow += BidChange(_levels[level], _image[level]) - AskChange(_levels[_depth + level], _image[_depth + level]);
        }

        _image.CopyTo(_levels, 0);
        _hasLevels = true;
        if (flow != 0)
        {
            Keep(time, new QuoteEntry(0, 0, flow, IsUpdate: false));
        }
    }

    /// <summary>The book lost its thread: what comes next only sets the anchor.</summary>
    public void Lose()
    {
        (_seen, _anchor) = (default, default);
        _hasLevels = false;
    }

    /// <summary>Computes the features with time windows (T − w, T].</summary>
    internal void Evaluate(long time, ref FeatureWriter vector)
    {
        _sums.MoveTo(time);
        Span<QuoteSum> windows = stackalloc QuoteSum[Spans.Length];
        Span<bool> isWatched = stackalloc bool[Spans.Length];
        for (var i = 0; i < Spans.Length; i++)
        {
            windows[i] = _sums.Within(i);
            isWatched[i] = time - Spans[i] >= _sums.HeldAfter && (!_needsFullWindows || time - Spans[i] >= _since);
            vector.Add(isWatched[i] && Updates > 0, Units(windows[i].Flow));
        }

        for (var i = 0; i < Spans.Length; i++)
        {
            vector.Add(isWatched[i] && Updates > 0, windows[i].FlowPerDepth);
        }

        for (var i = 0; i < Spans.Length; i++)
        {
            vector.Add(isWatched[i] && _hasLevels, Units(windows[i].DeepFlow) / _depth);
        }

        var (bid, ask) = _anchor;
        double bidQuantity = bid.Quantity, askQuantity = ask.Quantity;
        var total = bidQuantity + askQuantity;
        vector.Add(_anchor.HasBoth, total == 0 ? 0 : (bidQuantity - askQuantity) / total);
        vector.Add(_anchor.HasBoth, MicroPrice(bid, ask));
        vector.Add(_anchor.HasBoth, Ticks(ask.Price - bid.Price));
        vector.Add(_spreads.IsFull, (double)_spreads.Sum / _tick / SpreadUpdates);
        vector.Add(_spreads.IsFull, Ticks(_spreads.Least));
        vector.Add(_spreads.IsFull, Ticks(_spreads.Greatest));
    }

    /// <summary>The mean of both prices, each weighted with the other side's quantity; 0 when both are empty.</summary>
    public static double MicroPrice(PriceLevel bid, PriceLevel ask)
    {
        double bidQuantity = bid.Quantity, askQuantity = ask.Quantity;
        return bidQuantity + askQuantity == 0
            ? 0
            : Scaled.ToDouble(bid.Price) + (Scaled.ToDouble(ask.Price - bid.Price) * (bidQuantity / (bidQuantity + askQuantity)));
    }

    // What a change brought to its side: the new queue unless the price got worse, less the old one unless it got better.
    private static long BidChange(PriceLevel from, PriceLevel to) => (to.Price >= from.Price ? to.Quantity : 0) - (to.Price <= from.Price ? from.Quantity : 0);

    private static long AskChange(PriceLevel from, PriceLevel to) => (to.Price <= from.Price ? to.Quantity : 0) - (to.Price >= from.Price ? from.Quantity : 0);

    private void Keep(long time, QuoteEntry entry) => _sums.Add(_newest = Math.Max(_newest, time), entry);

    private double Ticks(long price) => (double)price / _tick;

    private static double Units(Int128 scaled) => (double)scaled / Scaled.One;

    private readonly record struct Quote(PriceLevel Bid, PriceLevel Ask)
    {
        public bool HasBoth => Bid.Price > 0 && Ask.Price > 0;
    }

    private readonly record struct QuoteEntry(long Flow, long Depth, long DeepFlow, bool IsUpdate);

    private struct QuoteSum : IRollingSum<QuoteSum, QuoteEntry>
    {
        public Int128 Flow;
        public Int128 Depth;
        public Int128 DeepFlow;
        public long Updates;

        public readonly double FlowPerDepth => Depth == 0 ? 0 : 2.0 * (double)Flow * Updates / (double)Depth;

        public void Add(in QuoteEntry entry) => Count(in entry, 1);

        public void Subtract(in QuoteEntry entry) => Count(in entry, -1);

        public static long CountOf(in QuoteSum sum, int counter) => sum.Updates;

        public static QuoteSum operator -(QuoteSum a, QuoteSum b) => new()
        {
            Flow = a.Flow - b.Flow,
            Depth = a.Depth - b.Depth,
            DeepFlow = a.DeepFlow - b.DeepFlow,
            Updates = a.Updates - b.Updates,
        };

        private void Count(in QuoteEntry entry, int sign)
        {
            Flow += sign * entry.Flow;
            Depth += sign * entry.Depth;
            DeepFlow += sign * entry.DeepFlow;
            Updates += entry.IsUpdate ? sign : 0;
        }
    }
}
