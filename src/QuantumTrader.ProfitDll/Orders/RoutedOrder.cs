using QuantumTrader.Market;
using QuantumTrader.Trading;

namespace QuantumTrader.ProfitDll.Orders;

/// <summary>An order on its way: its number in this run, its number at ProfitDLL, and how far it is.</summary>
internal sealed class RoutedOrder(long order, long localId, int symbol, Side side, long quantity)
{
    /// <summary>Its number in this run; below 0 for one that this run did not send.</summary>
    public long Order { get; } = order;

    /// <summary>Its number in ProfitDLL's session; 0 for one of an earlier session.</summary>
    public long LocalId { get; } = localId;

    /// <summary>Its permanent number; empty as long as it is not known.</summary>
    public string ClOrderId { get; init; } = "";

    public int Symbol { get; } = symbol;

    public Side Side { get; } = side;

    public OrderLife Life { get; set; } = OrderLife.Begin(quantity);

    /// <summary>Money per unit of quantity that its trades came to so far, times their units: what is new of it is the price of the next fill.</summary>
    public decimal Paid { get; set; }

    /// <summary>When something was asked of the broker that has no answer yet; 0 when nothing was.</summary>
    public long AskedAt { get; set; }

    /// <summary>What was asked is to take it back.</summary>
    public bool IsCancelling { get; set; }

    /// <summary>Times that it was asked after.</summary>
    public int Inquiries { get; set; }

    /// <summary>There is news of it that could not be read yet.</summary>
    public bool HasNews { get; set; }

    /// <summary>What came of it, when that was not seen by itself.</summary>
    public string Reason { get; set; } = "";

    public override string ToString() => Order > 0 ? FormattableString.Invariant($"Order {Order} (ProfitDLL {LocalId})") : FormattableString.Invariant($"The order {(LocalId > 0 ? LocalId : ClOrderId)} of before");
}

/// <summary>A part of an order that traded.</summary>
internal readonly record struct Execution(RoutedOrder Order, long Units, long Price, long Remaining);
