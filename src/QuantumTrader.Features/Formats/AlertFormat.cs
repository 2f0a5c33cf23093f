using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>The outside form of <see cref="Alert"/>.</summary>
[EventFormat("alert")]
public sealed class AlertFormat(MarketContext market) : EventFormat<Alert>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields { get; } = [.. Envelope.Fields, "rule", "severity", "side", "value", "limit"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["event"];

    /// <inheritdoc/>
    public override void Write(in Alert value, IFieldWriter fields)
    {
        fields.Envelop(market, value.Symbol, value.EventTime, value.Sequence);
        fields.Text("rule", value.Rule);
        fields.Choice("severity", value.Severity);
        fields.Choice("side", value.Side);
        fields.Real("value", value.Value);
        fields.Real("limit", value.Limit);
    }

    /// <inheritdoc/>
    public override Alert Read(IFieldReader fields) => new(
        fields.Whole("seq"), fields.Time("ts"), fields.Symbol(market), fields.Text("rule"), fields.Choice("severity", AlertSeverity.Info),
        fields.Choice("side", Side.None), fields.Real("value"), fields.Real("limit"));

    /// <summary>One event may meet several rules; their names tell the alerts apart.</summary>
    public override EventAddress AddressOf(in Alert value) =>
        new("event", market.Symbols.Name(value.Symbol), value.EventTime, StableHash.Mix(value.Sequence, value.Rule));
}
