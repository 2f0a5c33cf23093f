using QuantumTrader.Dataflow;
using QuantumTrader.Market;

namespace QuantumTrader.Features;

/// <summary>The newest of one stream.</summary>
/// <param name="EventTime">Its time: ns UTC.</param>
/// <param name="Values">Its warm values by name.</param>
public sealed record StreamView(long EventTime, IReadOnlyDictionary<string, double> Values);

/// <summary>The newest of every stream about one symbol, at one moment.</summary>
/// <param name="Vectors">By the name of the vector, such as <c>flow</c> and <c>book</c>.</param>
/// <param name="Pattern">The newest pattern of the tape; null before the first.</param>
public sealed record UnifiedView(IReadOnlyDictionary<string, StreamView> Vectors, TapePattern? Pattern);

/// <summary>
/// Keeps the newest vector of each kind (flow, book, whatever else comes in) and the newest pattern of the tape, with their times, as one
/// view that anyone can read at any time. Passes the vectors on.
/// </summary>
[Pipelines.Block("consumer.multi", "Keeps the newest of flow, liquidity and tape as one view for others to read.")]
[SidePort("tape")]
public sealed class MultiConsumer : Operator<FeatureVector, TapePattern, FeatureVector>
{
    // Bounds the memory if a source ever sends vectors of ever new kinds.
    private const int MaxKinds = 64;

    private readonly MarketContext _market;
    private readonly Lock _gate = new();
    private readonly SymbolState[] _symbols;
    private readonly SortedDictionary<string, long> _received = new(StringComparer.Ordinal);
    private readonly ConsumerCounter _counter = new();

    /// <summary>A block that has seen nothing.</summary>
    public MultiConsumer(MarketContext market)
    {
        _market = market;
        _symbols = [.. market.Instruments.Select(_ => new SymbolState())];
    }

    /// <summary>What was counted over all streams. Any thread.</summary>
    public ConsumerStatistics Statistics => _counter.Statistics;

    /// <inheritdoc/>
    public override void Process(Run<FeatureVector> run, Output<FeatureVector> output)
    {
        lock (_gate)
        {
            foreach (ref readonly var vector in run)
            {
                var isKnown = (uint)(vector.Symbol - 1) < (uint)_symbols.Length;
                _counter.Count(isKnown && Keep(_symbols[vector.Symbol - 1], in vector));
                output.Pass(in vector);
            }
        }
    }

    /// <inheritdoc/>
    public override void ProcessSide(Run<TapePattern> run, Output<FeatureVector> output)
    {
        lock (_gate)
        {
            foreach (ref readonly var pattern in run)
            {
                var isKnown = (uint)(pattern.Symbol - 1) < (uint)_symbols.Length;
                _counter.Count(isKnown);
                if (isKnown)
                {
                    _symbols[pattern.Symbol - 1].Pattern = pattern;
                    Received("tape");
                }
            }
        }
    }

    /// <summary>The newest of every stream about a symbol. Any thread.</summary>
    public UnifiedView View(int symbol)
    {
        lock (_gate)
        {
            var state = _symbols[symbol - 1];
            return new UnifiedView(state.Vectors.ToDictionary(v => v.Key, v => v.Value.View(), StringComparer.Ordinal), state.Pattern);
        }
    }

    /// <inheritdoc/>
    public override object Report()
    {
        lock (_gate)
        {
            return new MultiConsumerReport(
                Statistics,
                new SortedDictionary<string, long>(_received, StringComparer.Ordinal),
                Enumerable.Range(1, _symbols.Length).ToDictionary(_market.Symbols.Name, View, StringComparer.Ordinal));
        }
    }

    private bool Keep(SymbolState state, in FeatureVector vector)
    {
        if (!state.Vectors.TryGetValue(vector.Schema.Name, out var newest))
        {
            if (state.Vectors.Count == MaxKinds)
            {
                return false;
            }

            state.Vectors.Add(vector.Schema.Name, newest = new Newest());
        }

        newest.Take(in vector);
        Received(vector.Schema.Name);
        return true;
    }

    private void Received(string stream) => _received[stream] = _received.GetValueOrDefault(stream) + 1;

    private sealed class SymbolState
    {
        public SortedDictionary<string, Newest> Vectors { get; } = new(StringComparer.Ordinal);

        public TapePattern? Pattern { get; set; }
    }

    /// <summary>A copy of the newest vector, written over and over.</summary>
    private sealed class Newest
    {
        private long _eventTime;
        private FeatureSchema? _schema;
        private double[] _values = [];
        private bool[] _warm = [];

        public void Take(in FeatureVector vector)
        {
            if (!ReferenceEquals(_schema, vector.Schema))
            {
                _schema = vector.Schema;
                _values = new double[vector.Values.Length];
                _warm = new bool[vector.Values.Length];
            }

            _eventTime = vector.EventTime;
            vector.Values.CopyTo(_values);
            for (var i = 0; i < _warm.Length; i++)
            {
                _warm[i] = vector.IsWarm(i);
            }
        }

        public StreamView View() => new(
            _eventTime, Enumerable.Range(0, _values.Length).Where(i => _warm[i]).ToDictionary(i => _schema!.Names[i], i => _values[i], StringComparer.Ordinal));
    }
}

/// <summary>What the report says of a consumer of several streams.</summary>
/// <param name="Statistics">What was counted over all streams.</param>
/// <param name="Received">Events per stream.</param>
/// <param name="Views">The newest of every stream, per symbol.</param>
public sealed record MultiConsumerReport(ConsumerStatistics Statistics, IReadOnlyDictionary<string, long> Received, IReadOnlyDictionary<string, UnifiedView> Views);
