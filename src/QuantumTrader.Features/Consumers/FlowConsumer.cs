using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>Options of the block <c>consumer.flow</c>.</summary>
public sealed record FlowConsumerOptions
{
    /// <summary>Vectors kept per symbol.</summary>
    [Range(1, 1_000_000)]
    public int History { get; init; } = 1000;
}

/// <summary>The flow of one symbol over one window.</summary>
/// <param name="Buy">Quantity that aggressors bought.</param>
/// <param name="Sell">Quantity that aggressors sold.</param>
/// <param name="Count">Trades, those without a side included.</param>
public readonly record struct FlowAggregate(double Buy, double Sell, double Count)
{
    /// <summary>Bought and sold.</summary>
    public double Total => Buy + Sell;

    /// <summary>(bought − sold) / total; 0 when there is none.</summary>
    public double Imbalance => Total == 0 ? 0 : (Buy - Sell) / Total;
}

/// <summary>What a consumer keeps of one flow vector.</summary>
/// <param name="EventTime">ns UTC.</param>
/// <param name="Warm">Bit i is set when window i was watched in full.</param>
/// <param name="OneMinute">The last minute.</param>
/// <param name="FiveMinutes">The last 5 minutes.</param>
/// <param name="FifteenMinutes">The last 15 minutes.</param>
public readonly record struct FlowPoint(long EventTime, int Warm, FlowAggregate OneMinute, FlowAggregate FiveMinutes, FlowAggregate FifteenMinutes)
{
    /// <summary>The window of so many minutes; null when it is not warm.</summary>
    public FlowAggregate? Window(int minutes) => minutes switch
    {
        1 => (Warm & 1) == 0 ? null : OneMinute,
        5 => (Warm & 2) == 0 ? null : FiveMinutes,
        15 => (Warm & 4) == 0 ? null : FifteenMinutes,
        _ => throw new ArgumentOutOfRangeException(nameof(minutes), minutes, "Condition failed: the windows are 1, 5 and 15 minutes."),
    };
}

/// <summary>
/// Keeps what the vectors of <c>features.flow</c> say of the last 1, 5 and 15 minutes, for anyone to read at any time. The windows are of
/// event time, however many or few messages fall into them. Everything goes on unchanged to whoever is connected behind.
/// </summary>
[Block("consumer.flow", "Keeps order flow over 1, 5 and 15 minutes for others to read.")]
public sealed class FlowConsumer : Observer<FeatureVector>
{
    private static readonly int[] Minutes = [1, 5, 15];

    private readonly MarketContext _market;
    private readonly Ring<FlowPoint>[] _points;
    private readonly ConsumerCounter _counter = new();
    private readonly FeaturePositions _positions = new([.. Minutes.SelectMany(m => new[] { $"flow_buy_volume_{m}m", $"flow_sell_volume_{m}m", $"flow_trades_{m}m" })]);

    /// <summary>A block that has seen nothing.</summary>
    public FlowConsumer(FlowConsumerOptions options, MarketContext market)
    {
        _market = market;
        _points = [.. market.Instruments.Select(_ => new Ring<FlowPoint>(options.History))];
    }

    /// <summary>What was counted. Any thread.</summary>
    public ConsumerStatistics Statistics => _counter.Statistics;

    /// <inheritdoc/>
    public override void Observe(Run<FeatureVector> run)
    {
        foreach (ref readonly var vector in run)
        {
            var positions = _positions.In(vector.Schema);
            var isFlow = (uint)(vector.Symbol - 1) < (uint)_points.Length && !positions.Contains(-1);
            _counter.Count(isFlow);
            if (isFlow)
            {
                var point = new FlowPoint(
                    vector.EventTime, Warm(in vector, positions), Window(in vector, positions, 0), Window(in vector, positions, 1), Window(in vector, positions, 2));
                _points[vector.Symbol - 1].Write(in point);
            }
        }
    }

    // Three features per window: bought, sold, trades.
    private static FlowAggregate Window(in FeatureVector vector, ReadOnlySpan<int> positions, int window) =>
        new(vector.Values[positions[3 * window]], vector.Values[positions[(3 * window) + 1]], vector.Values[positions[(3 * window) + 2]]);

    private static int Warm(in FeatureVector vector, ReadOnlySpan<int> positions)
    {
        var warm = 0;
        for (var i = 0; i < Minutes.Length; i++)
        {
            warm |= vector.IsWarm(positions[3 * i]) ? 1 << i : 0;
        }

        return warm;
    }

    /// <summary>Imbalance over the last 1, 5 or 15 minutes; null when it is not warm. Any thread.</summary>
    public double? GetOfi(int symbol, int minutes) => Aggregate(symbol, minutes)?.Imbalance;

    /// <summary>Bought, sold and counted over the last 1, 5 or 15 minutes; null when it is not warm. Any thread.</summary>
    public FlowAggregate? Aggregate(int symbol, int minutes) => _points[symbol - 1].ReadLast(1) is [var point] ? point.Window(minutes) : null;

    /// <summary>What is kept of the last so many minutes before the newest vector, oldest first. Any thread.</summary>
    public IReadOnlyList<FlowPoint> History(int symbol, double minutes)
    {
        var points = _points[symbol - 1].ReadLast(_points[symbol - 1].Capacity);
        var from = points.Length == 0 ? 0 : points[^1].EventTime - (long)(minutes * 60e9);
        return [.. points.Where(p => p.EventTime > from)];
    }

    /// <inheritdoc/>
    public override object Report() => new FlowConsumerReport(
        Statistics,
        Enumerable.Range(1, _points.Length).Where(s => _points[s - 1].Written > 0).ToDictionary(
            _market.Symbols.Name,
            s => Minutes.Where(m => Aggregate(s, m) is not null).ToDictionary(m => $"{m}m", m => Aggregate(s, m)!.Value, StringComparer.Ordinal),
            StringComparer.Ordinal));
}

/// <summary>What the report says of a flow consumer.</summary>
/// <param name="Statistics">What was counted.</param>
/// <param name="Windows">Per symbol the windows that are warm.</param>
public sealed record FlowConsumerReport(ConsumerStatistics Statistics, IReadOnlyDictionary<string, Dictionary<string, FlowAggregate>> Windows);
