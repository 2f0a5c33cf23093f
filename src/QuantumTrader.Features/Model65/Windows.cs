namespace QuantumTrader.Features.Model65;

/// <summary>The newest values of a series; the last k lie side by side, because each value is written twice, a capacity apart.</summary>
internal sealed class Column(int capacity)
{
    private readonly double[] _values = new double[2 * capacity];
    private int _next;

    public void Add(double value)
    {
        _values[_next] = value;
        _values[_next + capacity] = value;
        _next = _next + 1 == capacity ? 0 : _next + 1;
    }

    /// <summary>The last values, oldest first; zeros where nothing was written yet.</summary>
    public ReadOnlySpan<double> Last(int count) => _values.AsSpan(_next + capacity - count, count);

    /// <summary>The value so many steps before the newest.</summary>
    public double Back(int steps) => _values[_next + capacity - 1 - steps];
}

/// <summary>
/// Sums over a window, always from oldest to newest. They are made anew for each closed candle rather than kept rolling: a rolling sum of
/// doubles keeps a residue of everything that ever went through it, so that a flat market never gives exactly 0 and a late start never
/// gives the same bits. The windows have fixed lengths, and all of them together cost less than two microseconds per candle.
/// </summary>
internal static class Windows
{
    public static double Sum(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += value;
        }

        return sum;
    }

    public static double Mean(ReadOnlySpan<double> values) => Sum(values) / values.Length;

    /// <summary>Standard deviation around the mean; exactly 0 when all values are equal, which sums alone would not give.</summary>
    /// <param name="values">The window.</param>
    /// <param name="mean">Its mean.</param>
    /// <param name="degrees">1 for a sample, 0 for a population.</param>
    public static double Deviation(ReadOnlySpan<double> values, double mean, int degrees)
    {
        var first = values[0];
        var squares = 0.0;
        var isConstant = true;
        foreach (var value in values)
        {
            isConstant &= value == first;
            var difference = value - mean;
            squares += difference * difference;
        }

        return isConstant ? 0 : Math.Sqrt(squares / (values.Length - degrees));
    }

    public static double SampleDeviation(ReadOnlySpan<double> values) => Deviation(values, Mean(values), 1);

    /// <summary>a / b, or a value of its own where b is 0.</summary>
    public static double Ratio(double a, double b, double whenZero) => b == 0 ? whenZero : a / b;
}
