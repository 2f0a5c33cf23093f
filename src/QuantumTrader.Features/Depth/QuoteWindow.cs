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

    private const int OneMinute = 0;
    private const int FifteenMinutes = 2;

    private static readonly long[] Spans = [60_000_000_000, 300_000_000_000, 900_000_000_000];

    private readonly long _tick;
    private readonly RollingSums<QuoteEntry, QuoteSum> _sums;
    private readonly long[] _spreads = new long[SpreadUpdates];
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
        _spreads[(int)(_sums.Total.Quotes % SpreadUpdates)] = ask.Price - bid.Price;
        Keep(time, before.HasBoth
            ? new QuoteEntry(BidChange(before.Bid, bid) - AskChange(before.Ask, ask), bid.Quantity + ask.Quantity, 0, IsQuote: true, IsUpdate: true)
            : new QuoteEntry(0, 0, 0, IsQuote: true, IsUpdate: false));
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
            Keep(time, new QuoteEntry(0, 0, flow, IsQuote: false, IsUpdate: false));
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
        for (var i = OneMinute; i <= FifteenMinutes; i++)
        {
            vector.Add(IsWatched(time, i) && Updates > 0, Units(_sums.Within(i).Flow));
        }

        for (var i = OneMinute; i <= FifteenMinutes; i++)
        {
            var sum = _sums.Within(i);
            vector.Add(IsWatched(time, i) && Updates > 0, sum.Depth == 0 ? 0 : 2.0 * (double)sum.Flow * sum.Updates / (double)sum.Depth);
        }

        for (var i = OneMinute; i <= FifteenMinutes; i++)
        {
            vector.Add(IsWatched(time, i) && _hasLevels, Units(_sums.Within(i).DeepFlow) / _depth);
        }

        var (bid, ask) = _anchor;
        double bidQuantity = bid.Quantity, askQuantity = ask.Quantity;
        var total = bidQuantity + askQuantity;
        vector.Add(_anchor.HasBoth, total == 0 ? 0 : (bidQuantity - askQuantity) / total);
        vector.Add(_anchor.HasBoth, MicroPrice(bid, ask));
        var spreads = _spreads.AsSpan(0, (int)Math.Min(_sums.Total.Quotes, SpreadUpdates));
        var (sum50, least, most) = Statistics(spreads);
        vector.Add(_anchor.HasBoth, Ticks(ask.Price - bid.Price));
        vector.Add(spreads.Length == SpreadUpdates, (double)sum50 / _tick / spreads.Length);
        vector.Add(spreads.Length == SpreadUpdates, Ticks(least));
        vector.Add(spreads.Length == SpreadUpdates, Ticks(most));
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

    private static (Int128 Sum, long Least, long Most) Statistics(ReadOnlySpan<long> spreads)
    {
        Int128 sum = 0;
        var (least, most) = (long.MaxValue, 0L);
        foreach (var spread in spreads)
        {
            sum += spread;
            least = Math.Min(least, spread);
            most = Math.Max(most, spread);
        }

        return (sum, least, most);
    }

    private void Keep(long time, QuoteEntry entry) => _sums.Add(_newest = Math.Max(_newest, time), entry);

    private bool IsWatched(long time, int span) =>
        time - Spans[span] >= _sums.HeldAfter && (!_needsFullWindows || time - Spans[span] >= _since);

    private double Ticks(long price) => (double)price / _tick;

    private static double Units(Int128 scaled) => (double)scaled / Scaled.One;

    private readonly record struct Quote(PriceLevel Bid, PriceLevel Ask)
    {
        public bool HasBoth => Bid.Price > 0 && Ask.Price > 0;
    }

    private readonly record struct QuoteEntry(long Flow, long Depth, long DeepFlow, bool IsQuote, bool IsUpdate);

    private struct QuoteSum : IRollingSum<QuoteSum, QuoteEntry>
    {
        public Int128 Flow;
        public Int128 Depth;
        public Int128 DeepFlow;
        public long Updates;
        public long Quotes;

        public void Add(in QuoteEntry entry) => Count(in entry, 1);

        public void Subtract(in QuoteEntry entry) => Count(in entry, -1);

        public static long CountOf(in QuoteSum sum, int counter) => sum.Quotes;

        public static QuoteSum operator -(QuoteSum a, QuoteSum b) => new()
        {
            Flow = a.Flow - b.Flow,
            Depth = a.Depth - b.Depth,
            DeepFlow = a.DeepFlow - b.DeepFlow,
            Updates = a.Updates - b.Updates,
            Quotes = a.Quotes - b.Quotes,
        };

        private void Count(in QuoteEntry entry, int sign)
        {
            Flow += sign * entry.Flow;
            Depth += sign * entry.Depth;
            DeepFlow += sign * entry.DeepFlow;
            Updates += entry.IsUpdate ? sign : 0;
            Quotes += entry.IsQuote ? sign : 0;
        }
    }
}
