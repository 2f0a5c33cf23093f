using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Trading;

/// <summary>The outside form of <see cref="Signal"/>.</summary>
[EventFormat("signal")]
public sealed class SignalFormat(MarketContext market) : EventFormat<Signal>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields { get; } = [.. Envelope.Fields, "side", "direction", "confidence", "price", "model", "stop_ticks", "take_ticks"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["signal"];

    /// <inheritdoc/>
    public override void Write(in Signal value, IFieldWriter fields)
    {
        fields.Envelop(market, value.Symbol, value.EventTime, value.Sequence);
        fields.Choice("side", value.Side);
        fields.Real("direction", value.Direction);
        fields.Real("confidence", value.Confidence);
        fields.Real("price", value.Price);
        fields.Text("model", value.Model);
        if (value.StopTicks != 0 || value.TakeTicks != 0)
        {
            fields.Whole("stop_ticks", value.StopTicks);
            fields.Whole("take_ticks", value.TakeTicks);
        }
    }

    /// <inheritdoc/>
    public override Signal Read(IFieldReader fields) => new(
        fields.Whole("seq"), fields.Time("ts"), fields.Symbol(market), fields.Choice("side", Side.None),
        fields.Real("direction"), fields.Real("confidence"), fields.Real("price"), fields.Text("model"))
    {
        StopTicks = fields.Whole("stop_ticks"),
        TakeTicks = fields.Whole("take_ticks"),
    };

    /// <summary>Signals of several models may stand for the same event; the models' names tell them apart.</summary>
    public override EventAddress AddressOf(in Signal value) =>
        new("signal", market.Symbols.Name(value.Symbol), value.EventTime, StableHash.Mix(value.Sequence, value.Model));
}
