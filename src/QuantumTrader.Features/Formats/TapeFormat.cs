using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>The outside form of <see cref="TapePattern"/>.</summary>
[EventFormat("tape")]
public sealed class TapeFormat(MarketContext market) : EventFormat<TapePattern>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields { get; } =
        [.. Envelope.Fields, "pattern", "side", "confidence", "price", "qty", "trades", "first_trade", "last_trade"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["tape"];

    /// <inheritdoc/>
    public override void Write(in TapePattern value, IFieldWriter fields)
    {
        fields.Envelop(market, value.Symbol, value.EventTime, value.Sequence);
        fields.Choice("pattern", value.Kind);
        fields.Choice("side", value.Side);
        fields.Real("confidence", value.Confidence);
        fields.Fixed("price", value.Price);
        fields.Fixed("qty", value.Quantity);
        fields.Whole("trades", value.Trades);
        fields.Whole("first_trade", value.FirstTrade);
        fields.Whole("last_trade", value.LastTrade);
    }

    /// <inheritdoc/>
    public override TapePattern Read(IFieldReader fields) => new(
        fields.Whole("seq"), fields.Time("ts"), fields.Symbol(market), fields.Choice("pattern", TapeKind.Sweep), fields.Choice("side", Side.None),
        fields.Real("confidence"), fields.Fixed("price"), fields.Fixed("qty"), fields.Whole32("trades"), fields.Whole("first_trade"), fields.Whole("last_trade"));

    /// <summary>One trade may complete several patterns; kind, side and price tell them apart.</summary>
    public override EventAddress AddressOf(in TapePattern value) => new(
        "tape", market.Symbols.Name(value.Symbol), value.EventTime, StableHash.Mix(StableHash.Mix(value.Sequence, ((long)value.Kind << 8) ^ (long)value.Side), value.Price));
}
