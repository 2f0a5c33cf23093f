using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>What <c>features.join</c> does while a side has not sent the vector that belongs to the leading one's time.</summary>
public enum LateSide
{
    /// <summary>Sends what it has as soon as the next event shows that the side will not come; the side's features are then not warm.</summary>
    Stale,

    /// <summary>Waits until the side has sent a vector of that time or a later one.</summary>
    Wait,
}

/// <summary>Options of the block <c>features.join</c>.</summary>
public sealed record JoinOptions
{
    /// <summary>Short names of the vectors in the order of the joined one, such as <c>[model65, time_travel]</c>. The first one leads: one vector is sent for each of it.</summary>
    [Required]
    public IReadOnlyList<string> Order { get; init; } = [];

    /// <summary>What happens when a side is late: <c>stale</c> or <c>wait</c>.</summary>
    public LateSide Late { get; init; } = LateSide.Stale;

    /// <summary>Milliseconds by which a side's vector may be older than the leading one and still count as warm.</summary>
    [Range(0, 86_400_000)]
    public long MaxAgeMs { get; init; }

    /// <summary>Leading vectors per symbol that may wait; beyond it the oldest is sent as it is, counted as <c>waited_too_long</c>.</summary>
    [Range(1, 100_000)]
    public int MaxWaiting { get; init; } = 1024;
}

/// <summary>
/// Merges vectors of several blocks by symbol and time into one with one hash. Beside a leading vector of time T stand, of every other
/// side, the newest values of a time up to T; values older than <c>max_age_ms</c>, or of a side that sent nothing yet, are not warm.
/// </summary>
[Block("features.join", "Merges feature vectors of several blocks into one.")]
[Partitioned]
public sealed class Join : Operator<FeatureVector, FeatureVector>
{
    private readonly JoinOptions _options;
    private readonly FeatureSchema[] _sides;
    private readonly int[] _starts;
    private readonly FeatureSchema _schema;
    private readonly SortedDictionary<int, SymbolJoin> _symbols = [];
    private readonly double[] _values;
    private readonly ulong[] _warm;
    private long _stale;
    private long _forced;

    /// <summary>A block that has seen nothing.</summary>
    public Join(JoinOptions options)
    {
        _options = options;
        _sides = [.. options.Order.Select(Find)];
        if (_sides.Length < 2)
        {
            throw new ConfigurationException("order", $"{_sides.Length} names were given; name at least two of: {Legal}.");
        }

        var twice = _sides.SelectMany(s => s.Names).GroupBy(n => n, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null)
        {
            throw new ConfigurationException("order", $"the feature '{twice.Key}' would be in the vector {twice.Count()} times; leave one of its sides out.");
        }

        _starts = [.. _sides.Select((_, i) => _sides.Take(i).Sum(s => s.Names.Count))];
        _schema = new FeatureSchema(string.Join('+', options.Order), [.. _sides.SelectMany(s => s.Groups)]);
        _values = new double[_schema.Names.Count];
        _warm = new ulong[_schema.WarmWords];
    }

    private static string Legal => string.Join(", ", FeatureCatalogue.Shipped.Entries.Select(e => e.Schema.Name));

    /// <summary>The joined vectors.</summary>
    public FeatureSchema Schema => _schema;

    /// <inheritdoc/>
    public override void Process(Run<FeatureVector> run, Output<FeatureVector> output)
    {
        foreach (ref readonly var vector in run)
        {
            var side = SideOf(vector.Schema);
            if (side < 0)
            {
                run.Reject("side_not_in_order");
                continue;
            }

            // A later sequence shows, for every symbol, that nothing more belongs to an earlier one.
            if (_options.Late == LateSide.Stale)
            {
                foreach (var (_, other) in _symbols)
                {
                    while (other.Leading.Count > 0 && other.Leading.Peek().Sequence < vector.Sequence)
                    {
                        Send(other, output);
                    }
                }
            }

            if (!_symbols.TryGetValue(vector.Symbol, out var symbol))
            {
                _symbols[vector.Symbol] = symbol = new SymbolJoin(_sides.Length);
            }

            symbol.Newest[side] = vector.EventTime;
            (side == 0 ? symbol.Leading : symbol.Waiting[side]).Enqueue(FeatureVector.Keep(in vector));
            Trim(symbol, side);
            while (symbol.Leading.Count > 0 && IsReady(symbol))
            {
                Send(symbol, output);
            }

            if (symbol.Leading.Count > _options.MaxWaiting)
            {
                _forced++;
                Send(symbol, output);
            }
        }
    }

    /// <inheritdoc/>
    public override void Complete(Output<FeatureVector> output)
    {
        var last = _symbols.Values.SelectMany(s => s.Leading.Select(v => (v.Sequence, s))).OrderBy(x => x.Sequence).ToList();
        foreach (var (_, symbol) in last)
        {
            Send(symbol, output);
        }
    }

    /// <inheritdoc/>
    public override object Report() => new JoinReport(_schema.Hash, _stale, _forced);

    private static FeatureSchema Find(string name) => FeatureCatalogue.Shipped.FindSchema(name)
        ?? throw new ConfigurationException("order", $"no block sends vectors named '{name}'. Legal: {Legal}.");

    private int SideOf(FeatureSchema schema)
    {
        for (var i = 0; i < _sides.Length; i++)
        {
            if (ReferenceEquals(_sides[i], schema) || _sides[i].Hash == schema.Hash)
            {
                return i;
            }
        }

        return -1;
    }

    // Of vectors that wait, only the newest up to the leading one's time can still count.
    private void Trim(SymbolJoin symbol, int side)
    {
        if (side == 0)
        {
            return;
        }

        var until = symbol.Leading.Count > 0 ? symbol.Leading.Peek().EventTime : long.MaxValue;
        symbol.Advance(side, symbol.Leading.Count > 0 ? until : symbol.LastLeading);
        if (symbol.Waiting[side].Count > _options.MaxWaiting)
        {
            symbol.Current[side] = symbol.Waiting[side].Dequeue();
        }
    }

    private static bool IsReady(SymbolJoin symbol)
    {
        var time = symbol.Leading.Peek().EventTime;
        for (var side = 1; side < symbol.Newest.Length; side++)
        {
            if (symbol.Newest[side] < time)
            {
                return false;
            }
        }

        return true;
    }

    private void Send(SymbolJoin symbol, Output<FeatureVector> output)
    {
        var leading = symbol.Leading.Dequeue();
        symbol.LastLeading = leading.EventTime;
        Put(0, leading.Values, leading.Warm, isFresh: true);
        var isStale = false;
        for (var side = 1; side < _sides.Length; side++)
        {
            symbol.Advance(side, leading.EventTime);
            var isFresh = symbol.Current[side] is { } current && leading.EventTime - current.EventTime <= _options.MaxAgeMs * 1_000_000;
            isStale |= !isFresh;
            if (symbol.Current[side] is { } known)
            {
                Put(side, known.Values, known.Warm, isFresh);
            }
            else
            {
                Put(side, _sides[side].Neutrals, default, false);
            }
        }

        _stale += isStale ? 1 : 0;
        FeatureVector.Write(ref output.Next(), leading.Sequence, leading.EventTime, leading.Symbol, _schema, _values, _warm);
    }

    private void Put(int side, ReadOnlySpan<double> values, ReadOnlySpan<ulong> warm, bool isFresh)
    {
        values.CopyTo(_values.AsSpan(_starts[side]));
        var neutrals = _sides[side].Neutrals;
        for (var i = 0; i < values.Length; i++)
        {
            var at = _starts[side] + i;
            var isWarm = isFresh && (warm[i >> 6] & (1UL << (i & 63))) != 0;
            _warm[at >> 6] = isWarm ? _warm[at >> 6] | (1UL << (at & 63)) : _warm[at >> 6] & ~(1UL << (at & 63));
            if (!isWarm && neutrals.Length > 0)
            {
                _values[at] = neutrals[i];
            }
        }
    }

    private sealed class SymbolJoin
    {
        public SymbolJoin(int sides)
        {
            Newest = new long[sides];
            Array.Fill(Newest, long.MinValue);
            Current = new FeatureVector?[sides];
            Waiting = [.. Enumerable.Range(0, sides).Select(_ => new Queue<FeatureVector>())];
        }

        public readonly Queue<FeatureVector> Leading = new();
        public readonly Queue<FeatureVector>[] Waiting;
        public readonly FeatureVector?[] Current;
        public readonly long[] Newest;
        public long LastLeading = long.MinValue;

        public void Advance(int side, long time)
        {
            while (Waiting[side].TryPeek(out var next) && next.EventTime <= time)
            {
                Current[side] = Waiting[side].Dequeue();
            }
        }
    }
}

/// <summary>What the report says of a join.</summary>
/// <param name="Hash">Hash of the joined names.</param>
/// <param name="Stale">Vectors in which a side was missing or too old.</param>
/// <param name="WaitedTooLong">Vectors sent because too many waited.</param>
public sealed record JoinReport(string Hash, long Stale, long WaitedTooLong);
