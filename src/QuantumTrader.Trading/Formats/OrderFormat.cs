using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>The outside form of <see cref="OrderRequest"/>.</summary>
[EventFormat("order")]
public sealed class OrderFormat(MarketContext market) : EventFormat<OrderRequest>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields { get; } = [.. Envelope.Fields, "side", "qty", "order", "action", "price", "stop"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["order"];

    /// <inheritdoc/>
    public override void Write(in OrderRequest value, IFieldWriter fields)
    {
        fields.Envelop(market, value.Symbol, value.EventTime, value.Sequence);
        fields.Choice("side", value.Side);
        fields.Fixed("qty", value.Quantity);
        fields.Whole("order", value.Order);
        if (!value.IsMarket)
        {
            fields.Choice("action", value.Action);
            fields.Fixed("price", value.Price);
            fields.Fixed("stop", value.StopPrice);
        }
    }

    /// <inheritdoc/>
    public override OrderRequest Read(IFieldReader fields) => new(
        fields.Whole("seq"), fields.Time("ts"), fields.Symbol(market), fields.Choice("side", Side.None), fields.Fixed("qty"), fields.Whole("order"))
    {
        Action = fields.Choice("action", OrderAction.Send),
        Price = fields.Fixed("price"),
        StopPrice = fields.Fixed("stop"),
    };

    /// <summary>A cancellation has the number of the order that it means; what is done tells them apart.</summary>
    public override EventAddress AddressOf(in OrderRequest value) => new(
        "order", market.Symbols.Name(value.Symbol), value.EventTime, value.Action == OrderAction.Send ? value.Order : StableHash.Mix(value.Order, (long)value.Action));
}
