using QuantumTrader.Market;

namespace QuantumTrader.Tests.Market.Sources;

/// <summary>A book in the plainest form, to check what sources send.</summary>
internal sealed class PlainBook
{
    private readonly SortedDictionary<long, long> _bids = new(Comparer<long>.Create((a, b) => b.CompareTo(a)));
    private readonly SortedDictionary<long, long> _asks = [];

    public long BestBid => _bids.Keys.First();

    public long BestAsk => _asks.Keys.First();

    public long BestBidQuantity => _bids.Values.First();

    public long BestAskQuantity => _asks.Values.First();

    public int Bids => _bids.Count;

    public int Asks => _asks.Count;

    public bool IsCrossed => BestBid >= BestAsk;

    /// <summary>True when the event ended a message of the book.</summary>
    public bool Apply(in MarketEvent e)
    {
        if (e.Kind == EventKind.BookSnapshot)
        {
            _bids.Clear();
            _asks.Clear();
        }
        else if (e.Kind == EventKind.BookLevel)
        {
            var side = e.Side == Side.Buy ? _bids : _asks;
            if (e.Quantity == 0)
            {
                side.Remove(e.Price);
            }
            else
            {
                side[e.Price] = e.Quantity;
            }
        }

        return e.Kind is EventKind.BookLevel or EventKind.BookUpdate or EventKind.BookSnapshot && e.Has(EventFlags.EndOfMessage);
    }
}
