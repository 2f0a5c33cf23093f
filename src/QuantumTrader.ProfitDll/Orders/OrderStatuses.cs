using QuantumTrader.Trading;

namespace QuantumTrader.ProfitDll.Orders;

/// <summary>What ProfitDLL's codes say of an order.</summary>
internal static class OrderStatuses
{
    /// <summary>What a status says, besides how much has traded. One that is not known says no more than that somebody has the order.</summary>
    public static OrderNews Read(byte status) => status switch
    {
        // New, partial, filled, replaced, pending cancel, stopped, suspended, calculated, accepted for bidding, pending replace.
        0 or 1 or 2 or 5 or 6 or 7 or 9 or 11 or 13 or 14 => OrderNews.Working,

        // Done for day, cancelled, expired, partial and cancelled, partial and expired, cancelled by the administrator.
        3 or 4 or 12 or 15 or 17 or 205 => OrderNews.Cancelled,

        // Rejected, partial and rejected, not created.
        8 or 18 or 204 => OrderNews.Rejected,
        _ => OrderNews.Received,
    };

    /// <summary>Why a message about an order was refused on its way; null when it was not.</summary>
    public static string? Refusal(byte result) => result switch
    {
        1 => "not connected",
        3 => "rejected by the vendor's gateway",
        5 => "rejected by the vendor's server",
        7 => "rejected by the broker",
        9 => "rejected by the market",
        24 => "blocked by the risk control",
        _ => null,
    };
}
