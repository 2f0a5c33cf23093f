using QuantumTrader.Market;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models;

/// <summary>The outside form of <see cref="Regime"/>.</summary>
[EventFormat("regime")]
public sealed class RegimeFormat(MarketContext market) : EventFormat<Regime>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields { get; } =
    [
        .. Envelope.Fields, "regime", "confidence", "strength", "strategy", "risk_reward", "place", "candles", "close", "adx", "ema9", "ema20", "ema50", "atr",
        "support", "resistance",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["regime"];

    /// <inheritdoc/>
    public override void Write(in Regime value, IFieldWriter fields)
    {
        fields.Envelop(market, value.Symbol, value.EventTime, value.Sequence);
        fields.Choice("regime", value.Class);
        fields.Real("confidence", value.Confidence);
        fields.Choice("strength", value.Strength);
        fields.Choice("strategy", value.Strategy);
        fields.Real("risk_reward", value.RiskReward);
        fields.Choice("place", value.Place);
        fields.Whole("candles", value.Candles);
        fields.Real("close", value.Close);
        fields.Real("adx", value.Adx);
        fields.Real("ema9", value.Ema9);
        fields.Real("ema20", value.Ema20);
        fields.Real("ema50", value.Ema50);
        fields.Real("atr", value.Atr);
        fields.Real("support", value.Support);
        fields.Real("resistance", value.Resistance);
    }

    /// <inheritdoc/>
    public override Regime Read(IFieldReader fields) => new()
    {
        Sequence = fields.Whole("seq"),
        EventTime = fields.Time("ts"),
        Symbol = fields.Symbol(market),
        Class = fields.Choice("regime", RegimeClass.None),
        Confidence = fields.Real("confidence"),
        Strength = fields.Choice("strength", RegimeStrength.Weak),
        Strategy = fields.Choice("strategy", RegimeStrategy.NoTrade),
        RiskReward = fields.Real("risk_reward"),
        Place = fields.Choice("place", RangePlace.None),
        Candles = fields.Whole32("candles"),
        Close = fields.Real("close"),
        Adx = fields.Real("adx"),
        Ema9 = fields.Real("ema9"),
        Ema20 = fields.Real("ema20"),
        Ema50 = fields.Real("ema50"),
        Atr = fields.Real("atr"),
        Support = fields.Real("support"),
        Resistance = fields.Real("resistance"),
    };

    /// <summary>A regime is named by its candle's end and its sequence.</summary>
    public override EventAddress AddressOf(in Regime value) => new("regime", market.Symbols.Name(value.Symbol), value.EventTime, value.Sequence);
}
