using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>A price and the quantity that waits there, both scaled by 1e-8 (<see cref="Scaled"/>).</summary>
/// <param name="Price">Price.</param>
/// <param name="Quantity">Total quantity; 0 only in the default value, which stands for "no level".</param>
public readonly record struct PriceLevel(long Price, long Quantity);

/// <summary>
/// One side of a book: its levels sorted with the best at the end, because most changes are near the best and then move little memory.
/// </summary>
/// <param name="sign">1 for bids (the best is the highest), -1 for asks.</param>
internal sealed class BookSide(int sign)
{
    // Changes this near to the best are found by walking, which beats a binary search there.
    private const int Near = 8;

    private PriceLevel[] _levels = new PriceLevel[256];
    private int _count;

    public int Count => _count;

    public PriceLevel Best => _count > 0 ? _levels[_count - 1] : default;

    public void Clear() => _count = 0;

    /// <summary>Sets the total quantity at a price; 0 removes the level, also one that is not there.</summary>
    public void Apply(long price, long quantity)
    {
        var at = Find(price);
        if (at < _count && _levels[at].Price == price)
        {
            if (quantity != 0)
            {
                _levels[at] = new PriceLevel(price, quantity);
                return;
            }

            _levels.AsSpan(at + 1, _count - at - 1).CopyTo(_levels.AsSpan(at));
            _count--;
        }
        else if (quantity != 0)
        {
            if (_count == _levels.Length)
            {
                Array.Resize(ref _levels, _count * 2);
            }

            _levels.AsSpan(at, _count - at).CopyTo(_levels.AsSpan(at + 1));
            _levels[at] = new PriceLevel(price, quantity);
            _count++;
        }
    }

    /// <summary>Copies the best levels, best first; returns how many there were.</summary>
    public int CopyTo(Span<PriceLevel> target)
    {
        var count = Math.Min(target.Length, _count);
        for (var i = 0; i < count; i++)
        {
            target[i] = _levels[_count - 1 - i];
        }

        return count;
    }

    public long QuantityAt(long price)
    {
        var at = Find(price);
        return at < _count && _levels[at].Price == price ? _levels[at].Quantity : 0;
    }

    // Index of the level with this price, or of the first better one, where it would be inserted.
    private int Find(long price)
    {
        var high = _count;
        for (var floor = Math.Max(0, _count - Near); high > floor; high--)
        {
            if (!IsBetter(_levels[high - 1].Price, price))
            {
                return _levels[high - 1].Price == price ? high - 1 : high;
            }
        }

        var low = 0;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (IsBetter(price, _levels[middle].Price))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private bool IsBetter(long a, long b) => sign > 0 ? a > b : a < b;
}
