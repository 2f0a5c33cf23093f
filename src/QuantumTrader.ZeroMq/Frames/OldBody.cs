using System.Globalization;
using System.Text;
using System.Text.Json;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ZeroMq;

/// <summary>
/// Market events in the words of the old system. Its <c>timestamp_ms</c> was the publisher's clock, so that a replay landed on today; here it
/// is the event's time. A quote is two messages, the best bid and the best ask, at position 0; a level that comes without its position in
/// the book has position -1.
/// </summary>
internal sealed class OldBody(Dialect dialect, MarketContext market) : IBodyWriter<MarketEvent>
{
    private const int BuyerAggressor = 2;
    private const int SellerAggressor = 3;

    public int CountOf(in MarketEvent value) => value.Kind switch
    {
        EventKind.Trade or EventKind.BookLevel => 1,
        EventKind.Quote or EventKind.BookTop => 2,
        _ => 0,
    };

    public void Write(Utf8JsonWriter json, in MarketEvent value, int index, in EventAddress address, long number)
    {
        json.WriteStartObject();
        if (value.Kind == EventKind.Trade)
        {
            WriteTrade(json, in value, address.Symbol);
        }
        else
        {
            WriteLevel(json, in value, index, address.Symbol);
        }

        json.WriteNumber("seq"u8, number);
        json.WriteEndObject();
    }

    private void WriteTrade(Utf8JsonWriter json, in MarketEvent e, string symbol)
    {
        if (dialect == Dialect.Hmarl)
        {
            json.WriteString("symbol"u8, symbol);
            WriteTimestamp(json, e.EventTime, "yyyy-MM-dd'T'HH:mm:ss.ffffff");
            WriteFixed(json, "price"u8, e.Price);
            WriteFixed(json, "volume"u8, e.Quantity);
        }
        else
        {
            json.WriteString("type"u8, "tick"u8);
            json.WriteString("symbol"u8, symbol);
            WriteTimestamp(json, e.EventTime, "dd/MM/yyyy HH:mm:ss.fff");
            json.WriteNumber("timestamp_ms"u8, e.EventTime / 1_000_000);
            json.WriteNumber("trade_id"u8, e.TradeNumber);
            WriteFixed(json, "price"u8, e.Price);
            json.WriteNumber("volume"u8, Scaled.ToDecimal(e.Price) * Scaled.ToDecimal(e.Quantity) * market.Instrument(e.Symbol).Multiplier);
            WriteFixed(json, "quantity"u8, e.Quantity);
            json.WriteNumber("buyer"u8, e.Buyer);
            json.WriteNumber("seller"u8, e.Seller);
            json.WriteBoolean("is_edit"u8, e.Has(EventFlags.Edit));
        }

        json.WriteNumber("trade_type"u8, e.Side switch { Side.Buy => BuyerAggressor, Side.Sell => SellerAggressor, _ => 0 });
    }

    private static void WriteLevel(Utf8JsonWriter json, in MarketEvent e, int index, string symbol)
    {
        var isTop = e.Kind != EventKind.BookLevel;
        var isAsk = isTop ? index == 1 : e.Side == Side.Sell;
        var price = isTop && isAsk ? e.AskPrice : e.Price;
        json.WriteString("symbol"u8, symbol);
        json.WriteNumber("timestamp_ms"u8, e.EventTime / 1_000_000);
        json.WriteNumber("side"u8, isAsk ? 1 : 0);
        json.WriteNumber("position"u8, isTop ? 0 : -1);
        WriteFixed(json, "quantity"u8, isTop && isAsk ? e.AskQuantity : e.Quantity);
        json.WriteNumber("count"u8, 0);
        WriteFixed(json, "price"u8, price);
        json.WriteNumber("stop_qty"u8, 0);
        WriteFixed(json, "avg_price"u8, price);
    }

    // The exchange's clock, without zone, as the old system has it.
    private void WriteTimestamp(Utf8JsonWriter json, long time, string format)
    {
        Span<char> text = stackalloc char[40];
        DateTime.UnixEpoch.AddTicks(market.Calendar.ToLocal(time) / 100).TryFormat(text, out var length, format, CultureInfo.InvariantCulture);
        json.WriteString("timestamp"u8, text[..length]);
    }

    private static void WriteFixed(Utf8JsonWriter json, ReadOnlySpan<byte> name, long scaled)
    {
        Span<byte> text = stackalloc byte[Scaled.MaxTextLength];
        json.WritePropertyName(name);
        json.WriteRawValue(text[..Scaled.Format(scaled, text)], skipInputValidation: true);
    }

    /// <summary>
    /// Reads a tick, or a level of a book at position 0 as half of a quote, of either dialect. The time is the text of the exchange's clock where
    /// it can be read, because the old publisher's <c>timestamp_ms</c> is its own.
    /// </summary>
    /// <exception cref="FieldException">A field cannot be read.</exception>
    public static MarketEvent Read(JsonFieldReader fields, MarketContext market, int symbol)
    {
        var e = new MarketEvent { Symbol = symbol, EventTime = ReadTime(fields, market.Calendar), Price = fields.Fixed("price") };
        if (fields.Has("side"))
        {
            e.Kind = EventKind.BookLevel;
            e.Side = fields.Whole("side") switch { 0 => Side.Buy, 1 => Side.Sell, var other => throw new FieldException("side", $"found {other}. Legal: 0 (bid), 1 (ask).") };
            e.Quantity = fields.Fixed("quantity");
            e.Flags = EventFlags.EndOfMessage;
            return e;
        }

        e.Kind = EventKind.Trade;
        // Where there is a quantity, volume is money; where there is none, volume is the quantity.
        e.Quantity = fields.Fixed(fields.Has("quantity") ? "quantity" : "volume");
        e.TradeNumber = fields.Whole("trade_id");
        e.Buyer = (int)fields.Whole("buyer");
        e.Seller = (int)fields.Whole("seller");
        e.Side = fields.Whole("trade_type") switch { BuyerAggressor => Side.Buy, SellerAggressor => Side.Sell, _ => Side.None };
        e.SideSource = e.Side == Side.None ? SideSource.Unknown : SideSource.Flag;
        e.Flags = EventFlags.EndOfMessage | (fields.Flag("is_edit") ? EventFlags.Edit : 0);
        return e.Price > 0 && e.Quantity > 0 ? e : throw new FieldException("price", "a tick needs a price and a quantity above 0.");
    }

    private static long ReadTime(JsonFieldReader fields, TradingCalendar calendar)
    {
        if (fields.IsText("timestamp"))
        {
            var text = fields.Text("timestamp");
            string[] formats = ["dd/MM/yyyy HH:mm:ss.FFFFFFF", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd HH:mm:ss.FFFFFFF"];
            if (DateTime.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local))
            {
                return calendar.ToUtc((local - DateTime.UnixEpoch).Ticks * 100);
            }

            if (DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment))
            {
                return (moment - DateTimeOffset.UnixEpoch).Ticks * 100;
            }
        }

        return fields.Whole("timestamp_ms") is > 0 and < 9_000_000_000_000 and var milliseconds
            ? milliseconds * 1_000_000
            : throw new FieldException("timestamp", "neither timestamp nor timestamp_ms is a time.");
    }
}
