using System.Security.Cryptography;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;

namespace QuantumTrader.Trading;

/// <summary>A prediction that is strong enough to act on.</summary>
/// <param name="Sequence">Sequence of the prediction.</param>
/// <param name="EventTime">Its time: ns UTC.</param>
/// <param name="Symbol">Interned symbol.</param>
/// <param name="Side">Which way.</param>
/// <param name="Direction">The prediction's, from -1 to 1.</param>
/// <param name="Confidence">The prediction's, from 0 to 1.</param>
/// <param name="Price">The prediction's price; 0 when it has none.</param>
/// <param name="Model">Name of the model.</param>
public readonly record struct Signal(
    long Sequence, long EventTime, int Symbol, Side Side, double Direction, double Confidence, double Price, string Model) : IEvent<Signal>
{
    /// <summary>Distance of the stop from the entry, in ticks; 0 when no regime was joined.</summary>
    public long StopTicks { get; init; }

    /// <summary>Distance of the take from the entry, in ticks; 0 when no regime was joined.</summary>
    public long TakeTicks { get; init; }

    /// <inheritdoc/>
    public long PartitionKey => Symbol;

    /// <inheritdoc/>
    public long ConflationKey => Symbol;

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<Signal> events, IncrementalHash hash)
    {
        foreach (ref readonly var e in events)
        {
            hash.Append(e.Sequence).Append(e.EventTime).Append(e.Symbol).Append((long)e.Side).Append(e.Direction).Append(e.Confidence).Append(e.Price).Append(e.Model).Append(e.StopTicks).Append(e.TakeTicks);
        }
    }
}

/// <summary>What is to be done.</summary>
public enum OrderAction : byte
{
    /// <summary>Send a new order: at the market, at a limit, or, with a stop price too, at the limit once the stop is reached.</summary>
    Send,

    /// <summary>Give an order that is open this quantity and these prices.</summary>
    Change,

    /// <summary>Take back an order that is open.</summary>
    Cancel,

    /// <summary>Take back all open orders of the symbol, whoever sent them.</summary>
    CancelAll,

    /// <summary>Close the position in the symbol, whoever opened it.</summary>
    Zero,
}

/// <summary>An order that passed all limits: a new one at the market, unless it says otherwise.</summary>
/// <param name="Sequence">Sequence of the signal.</param>
/// <param name="EventTime">Its time: ns UTC.</param>
/// <param name="Symbol">Interned symbol.</param>
/// <param name="Side">Buy or sell.</param>
/// <param name="Quantity">Units of the instrument, scaled by 1e-8.</param>
/// <param name="Order">Client order id: the number of the order in this run, from 1. The same input gives the same ids. A change or cancellation has that of the order it means.</param>
public readonly record struct OrderRequest(long Sequence, long EventTime, int Symbol, Side Side, long Quantity, long Order) : IEvent<OrderRequest>
{
    /// <summary>What is to be done.</summary>
    public OrderAction Action { get; init; }

    /// <summary>Limit, scaled by 1e-8; 0 for an order at the market.</summary>
    public long Price { get; init; }

    /// <summary>Price from which on the order is at its limit, scaled by 1e-8; 0 for an order that is there at once.</summary>
    public long StopPrice { get; init; }

    /// <summary>A new order at the market.</summary>
    public bool IsMarket => Action == OrderAction.Send && Price == 0 && StopPrice == 0;

    /// <inheritdoc/>
    public long PartitionKey => Symbol;

    /// <summary>Orders never replace each other.</summary>
    public long ConflationKey => Order;

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<OrderRequest> events, IncrementalHash hash)
    {
        foreach (ref readonly var e in events)
        {
            hash.Append(e.Sequence).Append(e.EventTime).Append(e.Symbol).Append((long)e.Side).Append(e.Quantity).Append(e.Order);
            if (!e.IsMarket)
            {
                hash.Append((long)e.Action).Append(e.Price).Append(e.StopPrice);
            }
        }
    }
}

/// <summary>An order, or a part of it, that was executed.</summary>
/// <param name="Sequence">Sequence of the market event that it was executed against.</param>
/// <param name="EventTime">Time of that event: ns UTC.</param>
/// <param name="Symbol">Interned symbol.</param>
/// <param name="Side">Bought or sold.</param>
/// <param name="Quantity">Units of the instrument, scaled by 1e-8.</param>
/// <param name="Price">Price with slippage, scaled by 1e-8.</param>
/// <param name="Fee">Costs, in money.</param>
/// <param name="Order">Client order id.</param>
/// <param name="Remaining">Units of the order that are still open, scaled by 1e-8.</param>
public readonly record struct Fill(
    long Sequence, long EventTime, int Symbol, Side Side, long Quantity, long Price, decimal Fee, long Order, long Remaining) : IEvent<Fill>
{
    /// <inheritdoc/>
    public long PartitionKey => Symbol;

    /// <summary>Fills never replace each other.</summary>
    public long ConflationKey => (Order << 32) ^ Remaining;

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<Fill> events, IncrementalHash hash)
    {
        foreach (ref readonly var e in events)
        {
            hash.Append(e.Sequence).Append(e.EventTime).Append(e.Symbol).Append((long)e.Side).Append(e.Quantity).Append(e.Price).Append(e.Fee).Append(e.Order).Append(e.Remaining);
        }
    }
}
