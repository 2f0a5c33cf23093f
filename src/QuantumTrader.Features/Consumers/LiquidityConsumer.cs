using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>Options of the block <c>consumer.liquidity</c>.</summary>
public sealed record LiquidityConsumerOptions
{
    /// <summary>Vectors kept per symbol.</summary>
    [Range(1, 1_000_000)]
    public int History { get; init; } = 1000;

    /// <summary>The newest so many of them make the profile.</summary>
    [Range(1, 1_000_000)]
    public int Recent { get; init; } = 500;

    /// <summary>Liquidity is low when the score is below this share of the mean of the last 10 book updates.</summary>
    [Range(0, 1)]
    public double LowBelow { get; init; } = 0.7;
}

/// <summary>What a consumer keeps of one vector about liquidity.</summary>
/// <param name="EventTime">ns UTC.</param>
/// <param name="Score">From 0 to 1.</param>
/// <param name="Spread">In ticks; below 0 when the vector says none.</param>
/// <param name="IsLow">The score has fallen far below its recent mean.</param>
public readonly record struct LiquidityPoint(long EventTime, double Score, double Spread, bool IsLow);

/// <summary>The liquidity of one symbol.</summary>
/// <param name="Count">Vectors that it is made of.</param>
/// <param name="MeanScore">Mean score.</param>
/// <param name="MinScore">Lowest score.</param>
/// <param name="MaxScore">Highest score.</param>
/// <param name="MeanSpread">Mean spread in ticks; null when none is known.</param>
/// <param name="Alerts">Times at which liquidity became low, ns UTC, oldest first.</param>
public sealed record LiquidityProfile(int Count, double MeanScore, double MinScore, double MaxScore, double? MeanSpread, IReadOnlyList<long> Alerts);

/// <summary>
/// Keeps the liquidity that the vectors of <c>features.book</c> (or, without the spread, of <c>features.flow</c>) tell of, for anyone to
/// read at any time. Passes everything on.
/// </summary>
[Block("consumer.liquidity", "Keeps a profile of the book's liquidity for others to read.")]
public sealed class LiquidityConsumer : Observer<FeatureVector>
{
    private readonly LiquidityConsumerOptions _options;
    private readonly MarketContext _market;
    private readonly Ring<LiquidityPoint>[] _points;
    private readonly ConsumerCounter _counter = new();
    private readonly FeaturePositions _positions = new("liquidity_score", "liquidity_mean_10", "book_spread");

    /// <summary>A block that has seen nothing.</summary>
    public LiquidityConsumer(LiquidityConsumerOptions options, MarketContext market)
    {
        _options = options;
        _market = market;
        _points = [.. market.Instruments.Select(_ => new Ring<LiquidityPoint>(Math.Max(options.History, options.Recent)))];
    }

    /// <summary>What was counted. A vector whose score is not warm counts as processed but is not kept. Any thread.</summary>
    public ConsumerStatistics Statistics => _counter.Statistics;

    /// <inheritdoc/>
    public override void Observe(Run<FeatureVector> run)
    {
        foreach (ref readonly var vector in run)
        {
            var positions = _positions.In(vector.Schema);
            var (score, mean, spread) = (positions[0], positions[1], positions[2]);
            var isLiquidity = (uint)(vector.Symbol - 1) < (uint)_points.Length && score >= 0;
            _counter.Count(isLiquidity);
            if (isLiquidity && vector.IsWarm(score))
            {
                var isLow = mean >= 0 && vector.IsWarm(mean) && vector.Values[score] < _options.LowBelow * vector.Values[mean];
                var point = new LiquidityPoint(vector.EventTime, vector.Values[score], spread >= 0 && vector.IsWarm(spread) ? vector.Values[spread] : -1, isLow);
                _points[vector.Symbol - 1].Write(in point);
            }
        }
    }

    /// <summary>The profile of a symbol; null when nothing is known of it. Any thread.</summary>
    public LiquidityProfile? Profile(int symbol)
    {
        var points = _points[symbol - 1].ReadLast(_options.Recent);
        if (points.Length == 0)
        {
            return null;
        }

        var spreads = points.Where(p => p.Spread >= 0).Select(p => p.Spread).ToList();
        return new LiquidityProfile(
            points.Length, points.Average(p => p.Score), points.Min(p => p.Score), points.Max(p => p.Score), spreads.Count == 0 ? null : spreads.Average(),
            [.. points.Where((p, i) => p.IsLow && (i == 0 || !points[i - 1].IsLow)).Select(p => p.EventTime)]);
    }

    /// <inheritdoc/>
    public override object Report() => new LiquidityConsumerReport(
        Statistics,
        Enumerable.Range(1, _points.Length).Where(s => _points[s - 1].Written > 0).ToDictionary(_market.Symbols.Name, s => Profile(s)!, StringComparer.Ordinal));
}

/// <summary>What the report says of a liquidity consumer.</summary>
/// <param name="Statistics">What was counted.</param>
/// <param name="Profiles">The profile of each symbol.</param>
public sealed record LiquidityConsumerReport(ConsumerStatistics Statistics, IReadOnlyDictionary<string, LiquidityProfile> Profiles);
