namespace QuantumTrader.Models;

/// <summary>
/// The last vectors of a symbol, oldest first in one piece: every vector is written twice, a whole ring apart, so that any window of them
/// lies without a break.
/// </summary>
/// <param name="window">Vectors that <see cref="Window"/> gives.</param>
/// <param name="width">Values of a vector.</param>
/// <param name="undo">Vectors that can be taken back.</param>
internal sealed class VectorHistory(int window, int width, int undo)
{
    private readonly int _capacity = window + undo;
    private readonly double[] _values = new double[2 * (window + undo) * width];
    private long _count;

    /// <summary>Enough vectors were added.</summary>
    public bool IsFull => _count >= window;

    /// <summary>The newest vectors, oldest first.</summary>
    public ReadOnlySpan<double> Window
    {
        get
        {
            var end = (int)((_count - 1) % _capacity) + _capacity + 1;
            return _values.AsSpan((end - window) * width, window * width);
        }
    }

    public void Add(ReadOnlySpan<double> vector)
    {
        var at = (int)(_count++ % _capacity);
        vector.CopyTo(_values.AsSpan(at * width));
        vector.CopyTo(_values.AsSpan((at + _capacity) * width));
    }

    /// <summary>Takes the newest vector back.</summary>
    public void RemoveLast() => _count--;
}
