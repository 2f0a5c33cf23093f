using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>The book of one symbol, what lies in its best ten levels, and the liquidity of its last fifty updates: features.md, sections 4.1 and 4.4.</summary>
public sealed class DepthWindow
{
    /// <summary>Levels a side that count as depth.</summary>
    public const int Levels = 10;

    /// <summary>Book updates that the liquidity profile looks back on.</summary>
    public const int Updates = 50;

    /// <summary>Book updates over whose mean a score is low or not.</summary>
    public const int RecentUpdates = 10;

    // Scores are kept in units of 2^-52, so that sums of them are exact.
    private const double ScoreUnit = 1L << 52;

    private readonly double _tick;
    private readonly double _reference;
    private readonly BookBuilder _builder;
    private readonly PriceLevel[] _image = new PriceLevel[Levels];
    private readonly RecentValues _scores = new(Updates);
    private readonly RecentValues _recentScores = new(RecentUpdates);
    private readonly RecentValues _spreads = new(Updates);
    private readonly RecentValues _hasSpread = new(Updates);

    /// <summary>A book that has seen nothing.</summary>
    public DepthWindow(Instrument instrument, BookStart start = BookStart.Snapshot)
    {
        ArgumentNullException.ThrowIfNull(instrument);
        _tick = (double)(instrument.Tick * Scaled.One);
        _reference = (double)(instrument.DepthReference * Scaled.One);
        _builder = new BookBuilder(start);
    }

    /// <summary>The book; only to be trusted while <see cref="IsValid"/>.</summary>
    public OrderBook Book => _builder.Book;

    /// <summary>True from a usable snapshot to the next gap.</summary>
    public bool IsValid => _builder.IsValid;

    /// <summary>Quantity of the best ten bids, scaled by 1e-8.</summary>
    public long BidDepth { get; private set; }

    /// <summary>Quantity of the best ten asks, scaled by 1e-8.</summary>
    public long AskDepth { get; private set; }

    /// <summary>The score after the last whole message.</summary>
    public double Score { get; private set; }

    /// <summary>Takes in an event of the symbol; kinds that do not belong to a book change nothing.</summary>
    public BookChange Process(in MarketEvent e)
    {
        var change = _builder.Process(in e);
        if (change == BookChange.Applied)
        {
            Measure();
        }

        return change;
    }

    /// <summary>
    /// 0.7 · min(depth / reference, 1) + 0.3 · max(0, 1 − (spread in ticks − 1) / 10). A book that is empty, one-sided, locked or crossed has 0.
    /// </summary>
    public static double ScoreOf(double depth, double reference, double spreadTicks) =>
        (0.7 * Math.Min(depth / reference, 1)) + (0.3 * Math.Max(0, 1 - ((spreadTicks - 1) / 10)));

    /// <summary>The score and the mean of the last ten.</summary>
    internal void EvaluateScore(ref FeatureWriter vector)
    {
        vector.Add(IsValid, Score);
        vector.Add(IsValid && _recentScores.IsFull, (double)_recentScores.Sum / ScoreUnit / RecentUpdates);
    }

    /// <summary>Depth of both sides and its imbalance.</summary>
    internal void EvaluateDepth(ref FeatureWriter vector)
    {
        double bid = BidDepth, ask = AskDepth;
        vector.Add(IsValid, Scaled.ToDouble(BidDepth));
        vector.Add(IsValid, Scaled.ToDouble(AskDepth));
        vector.Add(IsValid, bid + ask == 0 ? 0 : (bid - ask) / (bid + ask));
    }

    /// <summary>Mean, least and greatest score and mean spread of the last fifty updates.</summary>
    internal void EvaluateProfile(ref FeatureWriter vector)
    {
        var isWarm = IsValid && _scores.IsFull;
        vector.Add(isWarm, (double)_scores.Sum / ScoreUnit / Updates);
        vector.Add(isWarm, _scores.Least / ScoreUnit);
        vector.Add(isWarm, _scores.Greatest / ScoreUnit);
        vector.Add(isWarm, _hasSpread.Sum == 0 ? 0 : (double)_spreads.Sum / _tick / (double)_hasSpread.Sum);
    }

    private void Measure()
    {
        BidDepth = Sum(_image.AsSpan(0, Book.CopyBids(_image)));
        AskDepth = Sum(_image.AsSpan(0, Book.CopyAsks(_image)));
        var hasSpread = Book.BidCount > 0 && Book.AskCount > 0 && !Book.IsCrossed;
        var spread = hasSpread ? Book.BestAsk.Price - Book.BestBid.Price : 0;
        Score = hasSpread ? ScoreOf((double)BidDepth + AskDepth, _reference, spread / _tick) : 0;
        var score = (long)Math.Round(Score * ScoreUnit);
        _scores.Add(score);
        _recentScores.Add(score);
        _spreads.Add(spread);
        _hasSpread.Add(hasSpread ? 1 : 0);
    }

    private static long Sum(ReadOnlySpan<PriceLevel> levels)
    {
        var sum = 0L;
        foreach (ref readonly var level in levels)
        {
            sum += level.Quantity;
        }

        return sum;
    }
}
