namespace QuantumTrader.Market.Sources;

/// <summary>A level that changed: its side, price in ticks, and new total in lots.</summary>
internal readonly record struct SimulatedLevel(Side Side, int Ticks, int Lots);

/// <summary>A fill of a market order at one level.</summary>
internal readonly record struct SimulatedFill(int Ticks, int Lots);

/// <summary>
/// A book that lives of random limit, cancel and market orders. It has at least one level a side and its best bid is below its best ask,
/// always. After an order, <see cref="Changes"/> and <see cref="Fills"/> say what it did.
/// </summary>
internal sealed class SimulatedBook(StableRandom random, int depth)
{
    private readonly BookSide _bids = new(Side.Buy, depth);
    private readonly BookSide _asks = new(Side.Sell, depth);

    public List<SimulatedLevel> Changes { get; } = [];

    public List<SimulatedFill> Fills { get; } = [];

    /// <summary>Side of the last market order; only meaningful with fills.</summary>
    public Side Aggressor { get; private set; }

    public SimulatedLevel BestBid => _bids[0];

    public SimulatedLevel BestAsk => _asks[0];

    /// <summary>Fills the book anew, from a best bid at this price down and from one tick above it up.</summary>
    public void Open(int bestBidTicks)
    {
        _bids.Clear();
        _asks.Clear();
        Changes.Clear();
        for (var i = 0; i < depth; i++)
        {
            Add(_bids, bestBidTicks - i, 5 + random.Below(20));
            Add(_asks, bestBidTicks + 1 + i, 5 + random.Below(20));
        }
    }

    /// <summary>Takes in one random order.</summary>
    public void TakeOrder()
    {
        Changes.Clear();
        Fills.Clear();
        var isBuy = random.Below(2) == 0;
        var kind = random.Below(100);
        var side = isBuy ? _bids : _asks;
        if (kind >= 85 && Other(side).Count > depth / 2)
        {
            TakeMarketOrder(isBuy ? Side.Buy : Side.Sell, Other(side));
        }
        else if (kind >= 50 && side.Count > depth / 2)
        {
            TakeCancel(side);
        }
        else
        {
            TakeLimitOrder(side);
        }
    }

    private BookSide Other(BookSide side) => ReferenceEquals(side, _bids) ? _asks : _bids;

    // Into the spread if there is room, else near the best of its own side.
    private void TakeLimitOrder(BookSide side)
    {
        var away = side.Side == Side.Buy ? -1 : 1;
        var spread = BestAsk.Ticks - BestBid.Ticks;
        var steps = spread > 1 && random.Chance(0.4) ? -1 : random.Geometric(0.3);
        var ticks = side[0].Ticks + (away * steps);
        var worst = side[side.Count - 1].Ticks;
        var isBehindAFullBook = side.Count == depth && (ticks - worst) * away > 0;
        Add(side, isBehindAFullBook ? worst : Math.Max(1, ticks), 1 + random.Geometric(0.2));
    }

    // A share of the level's total and not an order's size, so that totals stay in bounds however the flow goes.
    private void TakeCancel(BookSide side)
    {
        var index = Math.Min(random.Geometric(0.25), side.Count - 1);
        var level = side[index];
        Set(side, index, level.Lots - 1 - random.Below(level.Lots));
    }

    private void TakeMarketOrder(Side aggressor, BookSide resting)
    {
        Aggressor = aggressor;
        var lots = 1 + (random.Geometric(0.25) * (random.Below(20) == 0 ? 10 : 1));
        while (lots > 0 && resting.Count > 1)
        {
            var best = resting[0];
            var filled = Math.Min(lots, best.Lots);
            Fills.Add(new SimulatedFill(best.Ticks, filled));
            Set(resting, 0, best.Lots - filled);
            lots -= filled;
        }
    }

    private void Add(BookSide side, int ticks, int lots)
    {
        var index = side.IndexOf(ticks);
        if (index < side.Count && side[index].Ticks == ticks)
        {
            Set(side, index, side[index].Lots + lots);
            return;
        }

        if (side.Count == depth)
        {
            Set(side, depth - 1, 0);
        }

        var level = new SimulatedLevel(side.Side, ticks, lots);
        side.Insert(index, level);
        Changes.Add(level);
    }

    private void Set(BookSide side, int index, int lots)
    {
        var level = side[index] with { Lots = lots };
        Changes.Add(level);
        if (lots == 0)
        {
            side.RemoveAt(index);
        }
        else
        {
            side[index] = level;
        }
    }

    /// <summary>Levels of one side, best first.</summary>
    private sealed class BookSide(Side side, int capacity)
    {
        private readonly SimulatedLevel[] _levels = new SimulatedLevel[capacity];

        public Side Side { get; } = side;

        public int Count { get; private set; }

        public SimulatedLevel this[int index]
        {
            get => _levels[index];
            set => _levels[index] = value;
        }

        public void Clear() => Count = 0;

        /// <summary>Where this price stands, or would stand.</summary>
        public int IndexOf(int ticks)
        {
            var index = 0;
            while (index < Count && (Side == Side.Buy ? _levels[index].Ticks > ticks : _levels[index].Ticks < ticks))
            {
                index++;
            }

            return index;
        }

        public void Insert(int index, SimulatedLevel level)
        {
            Array.Copy(_levels, index, _levels, index + 1, Count - index);
            _levels[index] = level;
            Count++;
        }

        public void RemoveAt(int index)
        {
            Count--;
            Array.Copy(_levels, index + 1, _levels, index, Count - index);
        }
    }
}
