namespace QuantumTrader.Trading;

/// <summary>
/// The position in one symbol, by average cost. Exact decimals: what a trade is worth is never rounded, and when the position is flat,
/// <see cref="Realised"/> is exactly what was received less what was paid.
/// </summary>
/// <param name="multiplier">Money per 1.0 of price and unit of quantity.</param>
public sealed class Position(decimal multiplier)
{
    private decimal _cost;

    /// <summary>Units held; negative when short.</summary>
    public decimal Quantity { get; private set; }

    /// <summary>Mean price of the open units; 0 when flat.</summary>
    public decimal AveragePrice => Quantity == 0 ? 0 : _cost / Quantity;

    /// <summary>Profit of the closed units before fees, in money.</summary>
    public decimal Realised { get; private set; }

    /// <summary>Profit of the open units at the last <see cref="Mark"/>, in money.</summary>
    public decimal Unrealised { get; private set; }

    /// <summary>Fees paid, in money.</summary>
    public decimal Fees { get; private set; }

    /// <summary>Size of the open units at the last mark, in money.</summary>
    public decimal Exposure { get; private set; }

    /// <summary>All of it: realised and unrealised profit less fees.</summary>
    public decimal Profit => Realised + Unrealised - Fees;

    /// <summary>Takes in a trade, which also marks the position at its price.</summary>
    /// <param name="quantity">Units; negative when sold.</param>
    /// <param name="price">Price of a unit.</param>
    /// <param name="fee">In money.</param>
    public void Apply(decimal quantity, decimal price, decimal fee)
    {
        Fees += fee;
        if (Math.Sign(quantity) == -Math.Sign(Quantity))
        {
            var closed = Math.Sign(quantity) * Math.Min(Math.Abs(quantity), Math.Abs(Quantity));

            // All that is left is taken whole: its share of the cost must not be rounded.
            var cost = closed == -Quantity ? _cost : _cost * -closed / Quantity;
            Realised += -((closed * price) + cost) * multiplier;
            _cost -= cost;
            Quantity += closed;
            quantity -= closed;
        }

        Quantity += quantity;
        _cost += quantity * price;
        Mark(price);
    }

    /// <summary>Values the open units at this price.</summary>
    public void Mark(decimal price)
    {
        var value = Quantity * price;
        Unrealised = (value - _cost) * multiplier;
        Exposure = Math.Abs(value) * multiplier;
    }
}
