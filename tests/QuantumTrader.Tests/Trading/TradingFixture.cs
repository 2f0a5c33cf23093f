using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;
using QuantumTrader.Trading;

namespace QuantumTrader.Tests.Trading;

/// <summary>Two symbols with ticks of 0.5 and 10 of money per point, and events about them.</summary>
internal static class TradingFixture
{
    public const long Second = 1_000_000_000;

    public static MarketContext MakeMarket() => MarketContext.Of(new TradingCalendar(), new Instrument("WDOX", 0.5m, 10m, 1m), new Instrument("WDOZ", 0.5m, 10m, 1m));

    public static Prediction Prediction(double direction, double confidence = 1, long seconds = 0, int symbol = 1, string model = "m") =>
        new(seconds + 1, seconds * Second, symbol, (direction + 1) / 2, direction, confidence, 0, 5000, model);

    public static Signal Signal(Side side, long seconds = 0, int symbol = 1) => new(seconds + 1, seconds * Second, symbol, side, (int)side, 1, 5000, "m");

    public static OrderRequest Order(long sequence, Side side, double quantity, int symbol = 1, long order = 1) =>
        new(sequence, sequence * Second, symbol, side, Scaled.FromDouble(quantity), order);

    public static MarketEvent Top(long sequence, double bid, double bidQuantity, double ask, double askQuantity, EventKind kind = EventKind.BookTop, int symbol = 1, EventFlags flags = 0) => new()
    {
        Sequence = sequence,
        EventTime = sequence * Second,
        Kind = kind,
        Symbol = symbol,
        Price = Scaled.FromDouble(bid),
        Quantity = Scaled.FromDouble(bidQuantity),
        AskPrice = Scaled.FromDouble(ask),
        AskQuantity = Scaled.FromDouble(askQuantity),
        Flags = flags,
    };

    public static MarketEvent Trade(long sequence, double price, double quantity, EventFlags flags = 0) => new()
    {
        Sequence = sequence,
        EventTime = sequence * Second,
        Kind = EventKind.Trade,
        Symbol = 1,
        Price = Scaled.FromDouble(price),
        Quantity = Scaled.FromDouble(quantity),
        Flags = flags,
    };

    public static Fill Fill(Side side, double quantity, double price, decimal fee) =>
        new(1, 1, 1, side, Scaled.FromDouble(quantity), Scaled.FromDouble(price), fee, 1, 0);
}
