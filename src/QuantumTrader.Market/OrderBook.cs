namespace QuantumTrader.Market;

/// <summary>The price levels of one symbol. Knows nothing of messages: <see cref="BookBuilder"/> decides what is applied.</summary>
public sealed class OrderBook
{
    private readonly BookSide _bids = new(1);
    private readonly BookSide _asks = new(-1);

    /// <summary>The highest bid; the default value when there is none.</summary>
    public PriceLevel BestBid => _bids.Best;

    /// <summary>The lowest ask; the default value when there is none.</summary>
    public PriceLevel BestAsk => _asks.Best;

    /// <summary>Bid levels.</summary>
    public int BidCount => _bids.Count;

    /// <summary>Ask levels.</summary>
    public int AskCount => _asks.Count;

    /// <summary>True when the best bid is not below the best ask.</summary>
    public bool IsCrossed => _bids.Count > 0 && _asks.Count > 0 && BestBid.Price >= BestAsk.Price;

    /// <summary>Sets the total quantity at a price (scaled); 0 removes the level, also one that is not there. <see cref="Side.None"/> does nothing.</summary>
    public void Apply(Side side, long price, long quantity)
    {
        if (side == Side.Buy)
        {
            _bids.Apply(price, quantity);
        }
        else if (side == Side.Sell)
        {
            _asks.Apply(price, quantity);
        }
    }

    /// <summary>Total quantity at a price (scaled); 0 when there is no such level.</summary>
    public long QuantityAt(Side side, long price) => (side == Side.Buy ? _bids : _asks).QuantityAt(price);

    /// <summary>Copies the best bids, best first, as many as fit; returns how many.</summary>
    public int CopyBids(Span<PriceLevel> target) => _bids.CopyTo(target);

    /// <summary>Copies the best asks, best first, as many as fit; returns how many.</summary>
    public int CopyAsks(Span<PriceLevel> target) => _asks.CopyTo(target);

    /// <summary>Removes all levels.</summary>
    public void Clear()
    {
        _bids.Clear();
        _asks.Clear();
    }
}
