namespace QuantumTrader.Market;

/// <summary>
/// Infers who was the aggressor of a trade from prices: up from the symbol's trade before is a buyer, down a seller, equal the last
/// direction (Lee and Ready 1991, "Inferring trade direction from intraday data"). It must see the trades in their order.
/// </summary>
/// <param name="symbols">Numbers of symbols, 0 included.</param>
/// <param name="infers">False to leave trades without a side as they are.</param>
internal sealed class TickRule(int symbols, bool infers)
{
    private readonly (long Price, Side Direction)[] _last = new (long, Side)[symbols];

    /// <summary>Gives the trade a side if it has none, and says where its side came from.</summary>
    public void Apply(ref MarketEvent trade)
    {
        if (trade.Side != Side.None && trade.SideSource == SideSource.Unknown)
        {
            trade.SideSource = SideSource.Flag;
        }

        // Neither corrections nor transfers are moves of the market.
        if ((trade.Flags & (EventFlags.Edit | EventFlags.OffMarket)) != 0)
        {
            return;
        }

        ref var last = ref _last[trade.Symbol];
        if (last.Price != 0 && trade.Price != last.Price)
        {
            last.Direction = trade.Price > last.Price ? Side.Buy : Side.Sell;
        }

        last.Price = trade.Price;
        if (trade.Side == Side.None && infers && last.Direction != Side.None)
        {
            trade.Side = last.Direction;
            trade.SideSource = SideSource.TickRule;
        }
    }
}
