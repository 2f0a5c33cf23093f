using QuantumTrader.Market;

namespace QuantumTrader.Features;

/// <summary>
/// Icebergs that the book gives away, of one symbol: features.md, section 4.3. More was traded at a price since its level appeared than the
/// level ever displayed, and it is still there. Fires once per level.
/// </summary>
/// <param name="ratio">Traded quantity in units of the largest one displayed from which on it fires.</param>
/// <param name="maxLevels">Levels followed at most; others are counted and left out.</param>
public sealed class BookIcebergDetector(double ratio, int maxLevels)
{
    private readonly Dictionary<long, Level> _bids = [];
    private readonly Dictionary<long, Level> _asks = [];

    /// <summary>Levels that were not followed because there were too many.</summary>
    public long Untracked { get; private set; }

    /// <summary>Takes in a book event.</summary>
    public void Process(in MarketEvent e)
    {
        if (e.Kind == EventKind.BookSnapshot)
        {
            _bids.Clear();
            _asks.Clear();
        }

        if (e.Kind != EventKind.BookLevel)
        {
            return;
        }

        var levels = e.Side == Side.Buy ? _bids : _asks;
        if (e.Quantity == 0)
        {
            levels.Remove(e.Price);
        }
        else if (levels.TryGetValue(e.Price, out var level))
        {
            levels[e.Price] = level with { Displayed = Math.Max(level.Displayed, e.Quantity) };
        }
        else if (_bids.Count + _asks.Count < maxLevels)
        {
            levels.Add(e.Price, new Level(e.Quantity, 0, default, 0, false));
        }
        else
        {
            Untracked++;
        }
    }

    /// <summary>Takes in the next trade; true when it shows an iceberg. A trade without a side hits the level that has its price.</summary>
    public bool Add(in TapeTrade trade, out TapeFinding finding)
    {
        finding = default;
        var levels = trade.Side == Side.Sell || (trade.Side == Side.None && _bids.ContainsKey(trade.Price)) ? _bids : _asks;
        if (!levels.TryGetValue(trade.Price, out var level))
        {
            return false;
        }

        level = level with { Traded = level.Traded + trade.Quantity, Trades = level.Trades + 1, First = level.Trades == 0 ? trade : level.First };
        var share = (double)level.Traded / level.Displayed;
        var isNew = !level.HasFired && share >= ratio;
        levels[trade.Price] = level with { HasFired = level.HasFired || isNew };
        if (isNew)
        {
            finding = new TapeFinding(Math.Min(1, share / 3), level.Traded, level.Trades, level.First, trade);
        }

        return isNew;
    }

    private readonly record struct Level(long Displayed, long Traded, TapeTrade First, int Trades, bool HasFired);
}
