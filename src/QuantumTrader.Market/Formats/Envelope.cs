using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>The fields that the outside form of every event about a symbol begins with.</summary>
public static class Envelope
{
    /// <summary>Their names: the symbol's name, the event's time, its sequence.</summary>
    public static readonly IReadOnlyList<string> Fields = ["symbol", "ts", "seq"];

    /// <summary>Writes them.</summary>
    public static void Envelop(this IFieldWriter fields, MarketContext market, int symbol, long eventTime, long sequence)
    {
        fields.Text("symbol", market.Symbols.Name(symbol));
        fields.Time("ts", eventTime);
        fields.Whole("seq", sequence);
    }

    /// <summary>The interned symbol. An event that names none is about the only symbol of the market, or about nobody's (0) when there are several.</summary>
    /// <exception cref="FieldException">The market does not have it.</exception>
    public static int Symbol(this IFieldReader fields, MarketContext market)
    {
        if (!fields.Has("symbol"))
        {
            return market.Symbols.Count == 1 ? 1 : 0;
        }

        var name = fields.Text("symbol");
        var symbol = market.Symbols.Find(name);
        return symbol > 0 || name.Length == 0
            ? symbol
            : throw new FieldException("symbol", $"the section market does not have the symbol '{name}'. It has: {string.Join(", ", market.Instruments.Select(i => i.Symbol))}.");
    }
}
