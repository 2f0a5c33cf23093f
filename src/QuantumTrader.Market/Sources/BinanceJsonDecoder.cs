using System.Text.Json;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>Decodes messages of a Binance recording in any legal JSON form: the judge of what is good and what is broken.</summary>
internal static class BinanceJsonDecoder
{
    /// <summary>False when the text is no JSON, lacks a field or holds a number that cannot be read. An unknown stream is decoded as such.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> json, BinanceMessage message)
    {
        try
        {
            return TryDecodeAny(json, message);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a value of another type than the field has, or broken text inside a string.
            return false;
        }
    }

    private static bool TryDecodeAny(ReadOnlySpan<byte> json, BinanceMessage message)
    {
        var hasStream = false;
        var hasData = false;
        var isSnapshot = false;
        var data = default(Utf8JsonReader);
        message.Clear(BinanceStream.Unknown);
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isName = reader.ValueTextEquals("stream"u8);
            var isData = reader.ValueTextEquals("data"u8);
            isSnapshot |= reader.ValueTextEquals("lastUpdateId"u8);
            reader.Read();
            if (isName)
            {
                hasStream = true;
                if (!message.TryBegin(Text(ref reader)))
                {
                    return false;
                }
            }
            else if (isData)
            {
                hasData = true;
                data = reader;
            }

            reader.Skip();
        }

        if (reader.Read())
        {
            return false;
        }

        if (hasStream)
        {
            return message.Stream == BinanceStream.Unknown || (hasData && TryDecodeFields(ref data, message));
        }

        if (isSnapshot)
        {
            message.Clear(BinanceStream.Snapshot);
            var whole = new Utf8JsonReader(json);
            whole.Read();
            return TryDecodeFields(ref whole, message);
        }

        return true;
    }

    private static bool TryDecodeFields(ref Utf8JsonReader reader, BinanceMessage message)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = BinanceFields.Of(message.Stream, Text(ref reader));
            reader.Read();
            if (!TryDecodeField(field, ref reader, message))
            {
                return false;
            }
        }

        return message.IsComplete;
    }

    private static bool TryDecodeField(BinanceField field, ref Utf8JsonReader reader, BinanceMessage message)
    {
        switch (field)
        {
            case <= BinanceField.AskQuantity:
                return TryReadDecimal(ref reader, out var scaled) && message.Set(field, scaled);
            case <= BinanceField.PreviousUpdateId:
                return reader.TryGetInt64(out var number) && message.Set(field, number);
            case BinanceField.IsBuyerMaker:
                return message.Set(field, reader.GetBoolean() ? 1 : 0);
            case BinanceField.Symbol:
                return message.TrySetSymbol(Text(ref reader));
            case BinanceField.Origin:
                message.IsOffMarket = !Text(ref reader).SequenceEqual("MARKET"u8);
                return true;
            case BinanceField.Bids or BinanceField.Asks:
                return TryReadLevels(ref reader, message.Begin(field));
            default:
                reader.Skip();
                return true;
        }
    }

    private static bool TryReadLevels(ref Utf8JsonReader reader, LevelList levels)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            if (!reader.Read() || !TryReadDecimal(ref reader, out var price) || !reader.Read() || !TryReadDecimal(ref reader, out var quantity))
            {
                return false;
            }

            levels.Add(price, quantity);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                reader.Skip();
            }
        }

        return reader.TokenType == JsonTokenType.EndArray;
    }

    private static bool TryReadDecimal(ref Utf8JsonReader reader, out long scaled)
    {
        scaled = 0;
        return reader.TokenType is JsonTokenType.String or JsonTokenType.Number && Scaled.TryParse(Text(ref reader), out scaled);
    }

    // The bytes as they stand; a copy where escapes have to be undone.
    private static ReadOnlySpan<byte> Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName or JsonTokenType.Number))
        {
            throw new InvalidOperationException("Condition failed: the value must be text.");
        }

        if (!reader.ValueIsEscaped)
        {
            return reader.ValueSpan;
        }

        var copy = new byte[reader.ValueSpan.Length];
        return copy.AsSpan(0, reader.CopyString(copy));
    }
}
