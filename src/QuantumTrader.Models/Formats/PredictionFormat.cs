using QuantumTrader.Market;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models;

/// <summary>The outside form of <see cref="Prediction"/>.</summary>
[EventFormat("prediction")]
public sealed class PredictionFormat(MarketContext market) : EventFormat<Prediction>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields { get; } =
    [
        .. Envelope.Fields, "probability", "direction", "confidence", "magnitude", "price", "model",
        "regime", "regime_confidence", "place", "atr", "close", "stale",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["prediction"];

    /// <inheritdoc/>
    public override void Write(in Prediction value, IFieldWriter fields)
    {
        fields.Envelop(market, value.Symbol, value.EventTime, value.Sequence);
        fields.Real("probability", value.Probability);
        fields.Real("direction", value.Direction);
        fields.Real("confidence", value.Confidence);
        fields.Real("magnitude", value.Magnitude);
        fields.Real("price", value.Price);
        fields.Text("model", value.Model);
        if (value.Regime.IsJoined)
        {
            fields.Choice("regime", value.Regime.Class);
            fields.Real("regime_confidence", value.Regime.Confidence);
            fields.Choice("place", value.Regime.Place);
            fields.Real("atr", value.Regime.Atr);
            fields.Real("close", value.Regime.Close);
        }

        if (value.IsStale)
        {
            fields.Whole("stale", 1);
        }
    }

    /// <inheritdoc/>
    public override Prediction Read(IFieldReader fields) => new(
        fields.Whole("seq"), fields.Time("ts"), fields.Symbol(market),
        fields.Real("probability"), fields.Real("direction"), fields.Real("confidence"), fields.Real("magnitude"),
        fields.Real("price"), fields.Text("model"))
    {
        Regime = new KnownRegime(
            fields.Choice("regime", RegimeClass.None), fields.Real("regime_confidence"), fields.Choice("place", RangePlace.None), fields.Real("atr"), fields.Real("close")),
        IsStale = fields.Whole("stale") != 0,
    };

    /// <summary>Several models may predict from the same vector; their names tell them apart.</summary>
    public override EventAddress AddressOf(in Prediction value) =>
        new("prediction", market.Symbols.Name(value.Symbol), value.EventTime, StableHash.Mix(value.Sequence, value.Model));
}
