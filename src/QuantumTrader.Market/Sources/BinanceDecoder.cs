namespace QuantumTrader.Market.Sources;

/// <summary>Decodes messages of Binance: those in its own compact form fast, all others in general.</summary>
internal static class BinanceDecoder
{
    private const long LargestMilliseconds = long.MaxValue / BinanceEvents.NanosecondsPerMillisecond;

    /// <summary>False when the message is broken or has a time that does not fit. An unknown stream is decoded as such.</summary>
    /// <param name="json">The message.</param>
    /// <param name="message">What it says.</param>
    /// <param name="fast">False only in tests, which check that the general decoder says the same.</param>
    public static bool TryDecode(ReadOnlySpan<byte> json, BinanceMessage message, bool fast = true) =>
        ((fast && BinanceFastDecoder.TryDecode(json, message)) || BinanceJsonDecoder.TryDecode(json, message))
        && IsTime(message, BinanceField.EventTime) && IsTime(message, BinanceField.TransactionTime);

    private static bool IsTime(BinanceMessage message, BinanceField field) =>
        !message.Has(field) || message[field] is >= -LargestMilliseconds and <= LargestMilliseconds;
}
