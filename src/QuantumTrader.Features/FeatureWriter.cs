namespace QuantumTrader.Features;

/// <summary>
/// Fills a part of a vector, in the order of the definitions. What is not warm becomes the feature's neutral value, and so
/// does what is not finite: no input may bring NaN or infinity into a vector.
/// </summary>
/// <param name="values">The values of the whole vector.</param>
/// <param name="warm">The warm bits of the whole vector.</param>
/// <param name="neutrals">The neutral values of the whole vector.</param>
/// <param name="start">Place of the part's first feature in the whole vector.</param>
public ref struct FeatureWriter(Span<double> values, Span<ulong> warm, ReadOnlySpan<double> neutrals, int start)
{
    private readonly Span<double> _values = values;
    private readonly Span<ulong> _warm = warm;
    private readonly ReadOnlySpan<double> _neutrals = neutrals;
    private int _next = start;

    /// <summary>Place of the feature that comes next.</summary>
    public readonly int Next => _next;

    /// <summary>A writer that stands so many features further on.</summary>
    public readonly FeatureWriter Ahead(int count) => this with { _next = _next + count };

    /// <summary>Writes the next feature.</summary>
    public void Add(bool isWarm, double value)
    {
        var i = _next++;
        var bit = 1UL << (i & 63);
        isWarm &= double.IsFinite(value);
        _values[i] = isWarm ? value : _neutrals[i];
        ref var word = ref _warm[i >> 6];
        word = isWarm ? word | bit : word & ~bit;
    }
}
