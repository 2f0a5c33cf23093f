namespace QuantumTrader.ProfitDll.Decoding;

/// <summary>The vendor's types of trades.</summary>
internal static class TradeTypes
{
    /// <summary>The buyer was the aggressor.</summary>
    public const byte Buyer = 2;

    /// <summary>The seller was the aggressor. Only these two types have one.</summary>
    public const byte Seller = 3;

    /// <summary>Expit (6), exercise of options (7), over the counter (8), term (9), stock lending (11), off exchange (35): no trade between orders of the book.</summary>
    public static bool IsOffMarket(byte type) => type is 6 or 7 or 8 or 9 or 11 or 35;
}
