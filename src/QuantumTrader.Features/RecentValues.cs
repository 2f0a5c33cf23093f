namespace QuantumTrader.Features;

/// <summary>
/// The newest values of a series, with their sum, the least and the greatest. Whole numbers, none below 0: their sum never drifts, and the
/// same values give the same bits whatever came before. Before so many have come the missing ones count as 0.
/// </summary>
/// <param name="length">Values kept.</param>
internal sealed class RecentValues(int length)
{
    private readonly long[] _values = new long[length];
    private int _next;
    private long _count;

    /// <summary>As many values have come as are kept.</summary>
    public bool IsFull => _count >= length;

    public Int128 Sum { get; private set; }

    public long Least { get; private set; }

    public long Greatest { get; private set; }

    public void Add(long value)
    {
        ref var slot = ref _values[_next];
        var left = slot;
        slot = value;
        _next = _next + 1 == length ? 0 : _next + 1;
        _count++;
        Sum += value - left;

        // The others are looked at only when the one that leaves was the extreme and the new one is not.
        Least = value <= Least ? value : left == Least ? _values.Min() : Least;
        Greatest = value >= Greatest ? value : left == Greatest ? _values.Max() : Greatest;
    }
}
