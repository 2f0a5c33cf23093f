using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>The outside form of <see cref="OrderRequest"/>.</summary>
[EventFormat("order")]
public sealed class OrderFormat(MarketContext market) : EventFormat<OrderRequest>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields { get; } = [.. Envelope.Fields, "side", "qty", "order"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["order"];

    /// <inheritdoc/>
    public override void Write(in OrderRequest value, IFieldWriter fields)
    {
        fields.Envelop(market, value.Symbol, value.EventTime, value.Sequence);
        fields.Choice("side", value.Side);
        fields.Fixed("qty", value.Quantity);
        fields.Whole("order", value.Order);
    }

    /// <inheritdoc/>
    public override OrderRequest Read(IFieldReader fields) => new(
        fields.Whole("seq"), fields.Time("ts"), fields.Symbol(market), fields.Choice("side", Side.None), fields.Fixed("qty"), fields.Whole("order"));

    /// <inheritdoc/>
    public override EventAddress AddressOf(in OrderRequest value) => new("order", market.Symbols.Name(value.Symbol), value.EventTime, value.Order);
}
