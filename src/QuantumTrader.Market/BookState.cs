namespace QuantumTrader.Market;

/// <summary>All that a <see cref="BookBuilder"/> knows of a valid book between two messages, so that another one can go on from there.</summary>
/// <param name="LastUpdateId">Last update id of the message that led here; 0 when the feed has none.</param>
/// <param name="Bids">The bids, best first.</param>
/// <param name="Asks">The asks, best first.</param>
public sealed record BookState(long LastUpdateId, PriceLevel[] Bids, PriceLevel[] Asks);
