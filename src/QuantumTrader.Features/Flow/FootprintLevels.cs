using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>A price and what was sold and bought there by aggressors, scaled by 1e-8.</summary>
/// <param name="Price">The price, a whole number of steps.</param>
/// <param name="Sold">Quantity of side −1.</param>
/// <param name="Bought">Quantity of side +1.</param>
public readonly record struct FootprintLevel(long Price, long Sold, long Bought)
{
    /// <summary>Both.</summary>
    public long Volume => Sold + Bought;
}

/// <summary>
/// The levels of an open candle, and the numbers over them: features.md, section 4.4. When there are more levels than allowed the step
/// doubles, and levels that then share a step are put together, until they fit: the same levels come out whatever the order of the trades.
/// </summary>
/// <param name="tick">Smallest price step, scaled by 1e-8.</param>
/// <param name="maxLevels">Levels allowed, from 1.</param>
/// <param name="minQuantity">Smallest quantity of an imbalance, scaled by 1e-8.</param>
/// <param name="ratio">How many times the other side an imbalance is; an empty level there counts as one unit.</param>
public sealed class FootprintLevels(long tick, int maxLevels, long minQuantity, double ratio)
{
    private const int StackedLevels = 3;

    private readonly List<FootprintLevel> _levels = [];
    private readonly long _tick = tick;
    private long _step = tick;

    /// <summary>The levels, from low to high.</summary>
    public IReadOnlyList<FootprintLevel> Levels => _levels;

    /// <summary>Distance of the levels, scaled by 1e-8.</summary>
    public long Step => _step;

    /// <summary>Begins a candle.</summary>
    public void Clear()
    {
        _levels.Clear();
        _step = _tick;
    }

    /// <summary>Takes in a trade; one without a side belongs to no level.</summary>
    public void Add(long price, long quantity, Side side)
    {
        if (side == Side.None)
        {
            return;
        }

        var (sold, bought) = side == Side.Sell ? (quantity, 0L) : (0L, quantity);
        var at = Find(price);
        if (at >= 0)
        {
            var level = _levels[at];
            _levels[at] = level with { Sold = level.Sold + sold, Bought = level.Bought + bought };
            return;
        }

        _levels.Insert(~at, new FootprintLevel(Floor(price), sold, bought));
        while (_levels.Count > maxLevels)
        {
            Coarsen();
        }
    }

    /// <summary>The numbers over the levels.</summary>
    /// <param name="close">Close of the candle, scaled by 1e-8.</param>
    public FootprintSummary Summarise(long close)
    {
        Int128 sold = 0, bought = 0;
        var (buys, sells, buyRun, sellRun, buyStacked, sellStacked) = (0, 0, 0, 0, false, false);
        for (var i = 0; i < _levels.Count; i++)
        {
            var level = _levels[i];
            sold += level.Sold;
            bought += level.Bought;
            var isNext = i > 0 && _levels[i - 1].Price == level.Price - _step;
            var isBuy = IsImbalance(level.Bought, isNext ? _levels[i - 1].Sold : 0);
            var isSell = IsImbalance(level.Sold, i + 1 < _levels.Count && _levels[i + 1].Price == level.Price + _step ? _levels[i + 1].Bought : 0);
            buyRun = !isBuy ? 0 : isNext ? buyRun + 1 : 1;
            sellRun = !isSell ? 0 : isNext ? sellRun + 1 : 1;
            buys += isBuy ? 1 : 0;
            sells += isSell ? 1 : 0;
            buyStacked |= buyRun >= StackedLevels;
            sellStacked |= sellRun >= StackedLevels;
        }

        var volume = sold + bought;
        var poc = PointOfControl(close);
        var (low, high) = poc < 0 ? (-1, -1) : ValueArea(poc, volume);
        return new FootprintSummary
        {
            Volume = Units(volume),
            Delta = Units(bought - sold),
            Imbalance = volume == 0 ? 0 : (double)(bought - sold) / (double)volume,
            PocPrice = Price(poc, close),
            PocShare = poc < 0 ? 0 : _levels[poc].Volume / (double)volume,
            ValueAreaLow = Price(low, close),
            ValueAreaHigh = Price(high, close),
            BuyImbalances = buys,
            SellImbalances = sells,
            IsBuyStacked = buyStacked,
            IsSellStacked = sellStacked,
            Step = Scaled.ToDouble(_step),
            IsAggregated = _step > _tick,
        };
    }

    private static double Units(Int128 scaled) => (double)scaled / Scaled.One;

    private double Price(int level, long otherwise) => Scaled.ToDouble(level < 0 ? otherwise : _levels[level].Price);

    private bool IsImbalance(long quantity, long opposite) => quantity >= minQuantity && quantity >= ratio * Math.Max(Scaled.One, opposite);

    private long Floor(long price) => price - (price % _step);

    private int Find(long price)
    {
        var floor = Floor(price);
        var (low, high) = (0, _levels.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_levels[middle].Price < floor)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < _levels.Count && _levels[low].Price == floor ? low : ~low;
    }

    private void Coarsen()
    {
        _step *= 2;
        var kept = 0;
        for (var i = 0; i < _levels.Count; i++)
        {
            var level = _levels[i] with { Price = Floor(_levels[i].Price) };
            if (kept > 0 && _levels[kept - 1] is var last && last.Price == level.Price)
            {
                _levels[kept - 1] = last with { Sold = last.Sold + level.Sold, Bought = last.Bought + level.Bought };
            }
            else
            {
                _levels[kept++] = level;
            }
        }

        _levels.RemoveRange(kept, _levels.Count - kept);
    }

    private int PointOfControl(long close)
    {
        var best = -1;
        for (var i = 0; i < _levels.Count; i++)
        {
            var (volume, distance) = (_levels[i].Volume, Math.Abs(_levels[i].Price - close));
            var most = best < 0 ? -1 : _levels[best].Volume;
            if (volume > most || (volume == most && distance <= Math.Abs(_levels[best].Price - close)))
            {
                best = i; // from low to high, so of two that are equally near the higher one stays
            }
        }

        return best;
    }

    // Neighbours are the next levels that traded: steps without a trade have no volume and would only be walked over.
    private (int Low, int High) ValueArea(int poc, Int128 volume)
    {
        var (low, high) = (poc, poc);
        Int128 inside = _levels[poc].Volume;
        while (inside * 10 < volume * 7)
        {
            var below = low > 0 ? _levels[low - 1].Volume : -1;
            var above = high + 1 < _levels.Count ? _levels[high + 1].Volume : -1;
            inside += Math.Max(below, above);
            (low, high) = above >= below ? (low, high + 1) : (low - 1, high);
        }

        return (low, high);
    }
}
