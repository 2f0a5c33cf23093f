using System.Globalization;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>The outside form of <see cref="Fill"/>. The fee is a text, because it may have more decimals than prices have.</summary>
[EventFormat("fill")]
public sealed class FillFormat(MarketContext market) : EventFormat<Fill>
{
    // 5.0 and 5 are the same fee, so they are written the same: dividing by this 1 takes off trailing zeros.
    private const decimal WithoutTrailingZeros = 1.000000000000000000000000000000000m;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields { get; } = [.. Envelope.Fields, "side", "qty", "price", "fee", "order", "remaining"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["fill"];

    /// <inheritdoc/>
    public override void Write(in Fill value, IFieldWriter fields)
    {
        fields.Envelop(market, value.Symbol, value.EventTime, value.Sequence);
        fields.Choice("side", value.Side);
        fields.Fixed("qty", value.Quantity);
        fields.Fixed("price", value.Price);
        fields.Text("fee", (value.Fee / WithoutTrailingZeros).ToString(CultureInfo.InvariantCulture));
        fields.Whole("order", value.Order);
        fields.Fixed("remaining", value.Remaining);
    }

    /// <inheritdoc/>
    public override Fill Read(IFieldReader fields) => new(
        fields.Whole("seq"), fields.Time("ts"), fields.Symbol(market), fields.Choice("side", Side.None),
        fields.Fixed("qty"), fields.Fixed("price"), ReadFee(fields), fields.Whole("order"), fields.Fixed("remaining"));

    /// <summary>An order may be filled in parts; what remains of it tells them apart.</summary>
    public override EventAddress AddressOf(in Fill value) =>
        new("fill", market.Symbols.Name(value.Symbol), value.EventTime, StableHash.Mix(value.Order, value.Remaining));

    private static decimal ReadFee(IFieldReader fields) =>
        !fields.Has("fee") ? 0
        : decimal.TryParse(fields.Text("fee"), NumberStyles.Float, CultureInfo.InvariantCulture, out var fee) ? fee
        : throw new FieldException("fee", $"'{fields.Text("fee")}' is not an amount of money, such as 0.25.");
}
