using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>Options of the block <c>consumer.tape</c>.</summary>
public sealed record TapeConsumerOptions
{
    /// <summary>Patterns kept per symbol.</summary>
    [Range(1, 1_000_000)]
    public int History { get; init; } = 1000;

    /// <summary>The newest so many of them are what frequencies are told of.</summary>
    [Range(1, 1_000_000)]
    public int Recent { get; init; } = 100;
}

/// <summary>How often a kind of pattern came.</summary>
/// <param name="Count">Since the start.</param>
/// <param name="Recent">Among the newest ones that are looked at.</param>
/// <param name="Frequency">Its share of them, from 0 to 1.</param>
public sealed record TapeFrequency(long Count, int Recent, double Frequency);

/// <summary>Keeps the newest patterns of the tape and counts them by kind, for anyone to read at any time. Passes everything on.</summary>
[Block("consumer.tape", "Keeps and counts patterns of the tape for others to read.")]
public sealed class TapeConsumer : Observer<TapePattern>
{
    private static readonly TapeKind[] Kinds = Enum.GetValues<TapeKind>();

    private readonly MarketContext _market;
    private readonly int _recent;
    private readonly Ring<TapePattern>[] _patterns;
    private readonly long[][] _counts;
    private readonly ConsumerCounter _counter = new();

    /// <summary>A block that has seen nothing.</summary>
    public TapeConsumer(TapeConsumerOptions options, MarketContext market)
    {
        _market = market;
        _recent = options.Recent;
        _patterns = [.. market.Instruments.Select(_ => new Ring<TapePattern>(Math.Max(options.History, options.Recent)))];
        _counts = [.. market.Instruments.Select(_ => new long[Kinds.Length])];
    }

    /// <summary>What was counted. Any thread.</summary>
    public ConsumerStatistics Statistics => _counter.Statistics;

    /// <inheritdoc/>
    public override void Observe(Run<TapePattern> run)
    {
        foreach (ref readonly var pattern in run)
        {
            var isKnown = (uint)(pattern.Symbol - 1) < (uint)_patterns.Length && (uint)pattern.Kind < (uint)Kinds.Length;
            _counter.Count(isKnown);
            if (isKnown)
            {
                ref var count = ref _counts[pattern.Symbol - 1][(int)pattern.Kind];
                Volatile.Write(ref count, count + 1);
                _patterns[pattern.Symbol - 1].Write(in pattern);
            }
        }
    }

    /// <summary>The newest patterns of a symbol, the newest last. Any thread.</summary>
    public IReadOnlyList<TapePattern> Last(int symbol, int count) => _patterns[symbol - 1].ReadLast(count);

    /// <summary>How often each kind came that came at all. Any thread.</summary>
    public IReadOnlyDictionary<TapeKind, TapeFrequency> Frequencies(int symbol)
    {
        var recent = _patterns[symbol - 1].ReadLast(_recent);
        return Kinds
            .Select(k => (Kind: k, Count: Volatile.Read(ref _counts[symbol - 1][(int)k]), Recent: recent.Count(p => p.Kind == k)))
            .Where(k => k.Count > 0)
            .ToDictionary(k => k.Kind, k => new TapeFrequency(k.Count, k.Recent, recent.Length == 0 ? 0 : (double)k.Recent / recent.Length));
    }

    /// <inheritdoc/>
    public override object Report() => new TapeConsumerReport(
        Statistics,
        Enumerable.Range(1, _patterns.Length).Where(s => _patterns[s - 1].Written > 0).ToDictionary(
            _market.Symbols.Name, s => Frequencies(s).ToDictionary(f => SnakeCase.From(f.Key.ToString()), f => f.Value, StringComparer.Ordinal), StringComparer.Ordinal));
}

/// <summary>What the report says of a tape consumer.</summary>
/// <param name="Statistics">What was counted.</param>
/// <param name="Patterns">Per symbol and kind how often it came.</param>
public sealed record TapeConsumerReport(ConsumerStatistics Statistics, IReadOnlyDictionary<string, Dictionary<string, TapeFrequency>> Patterns);
