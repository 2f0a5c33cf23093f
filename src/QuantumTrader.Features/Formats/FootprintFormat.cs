using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>The outside form of <see cref="Footprint"/>. Yes and no are 1 and 0.</summary>
[EventFormat("footprint")]
public sealed class FootprintFormat(MarketContext market) : EventFormat<Footprint>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields { get; } =
    [
        .. Envelope.Fields, "start", "volume", "delta", "imbalance", "poc_price", "poc_share", "value_area_low", "value_area_high", "buy_imbalances", "sell_imbalances",
        "buy_stacked", "sell_stacked", "absorption", "absorption_warm", "step", "aggregated", "prices", "sold", "bought",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Channels { get; } = ["footprint"];

    /// <inheritdoc/>
    public override void Write(in Footprint value, IFieldWriter fields)
    {
        var s = value.Summary;
        fields.Envelop(market, value.Symbol, value.EventTime, value.Sequence);
        fields.Time("start", value.StartTime);
        fields.Real("volume", s.Volume);
        fields.Real("delta", s.Delta);
        fields.Real("imbalance", s.Imbalance);
        fields.Real("poc_price", s.PocPrice);
        fields.Real("poc_share", s.PocShare);
        fields.Real("value_area_low", s.ValueAreaLow);
        fields.Real("value_area_high", s.ValueAreaHigh);
        fields.Whole("buy_imbalances", s.BuyImbalances);
        fields.Whole("sell_imbalances", s.SellImbalances);
        fields.Whole("buy_stacked", s.IsBuyStacked ? 1 : 0);
        fields.Whole("sell_stacked", s.IsSellStacked ? 1 : 0);
        fields.Real("absorption", s.Absorption);
        fields.Whole("absorption_warm", s.IsAbsorptionWarm ? 1 : 0);
        fields.Real("step", s.Step);
        fields.Whole("aggregated", s.IsAggregated ? 1 : 0);
        fields.Reals("prices", value.Prices);
        fields.Reals("sold", value.Sold);
        fields.Reals("bought", value.Bought);
    }

    /// <inheritdoc/>
    public override Footprint Read(IFieldReader fields)
    {
        var summary = new FootprintSummary
        {
            Volume = fields.Real("volume"),
            Delta = fields.Real("delta"),
            Imbalance = fields.Real("imbalance"),
            PocPrice = fields.Real("poc_price"),
            PocShare = fields.Real("poc_share"),
            ValueAreaLow = fields.Real("value_area_low"),
            ValueAreaHigh = fields.Real("value_area_high"),
            BuyImbalances = fields.Whole32("buy_imbalances"),
            SellImbalances = fields.Whole32("sell_imbalances"),
            IsBuyStacked = fields.Whole("buy_stacked") != 0,
            IsSellStacked = fields.Whole("sell_stacked") != 0,
            Absorption = fields.Real("absorption"),
            IsAbsorptionWarm = fields.Whole("absorption_warm") != 0,
            Step = fields.Real("step"),
            IsAggregated = fields.Whole("aggregated") != 0,
        };
        var (prices, sold, bought) = (fields.Reals("prices"), fields.Reals("sold"), fields.Reals("bought"));
        if (sold.Length != prices.Length || bought.Length != prices.Length)
        {
            throw new FieldException("prices", $"found {prices.Length} prices, {sold.Length} sold and {bought.Length} bought quantities. Legal: as many of each.");
        }

        return new Footprint(fields.Whole("seq"), fields.Time("ts"), fields.Symbol(market), fields.Time("start"), summary, prices, sold, bought);
    }

    /// <summary>A footprint is named by its candle: by the end, which is its time, and its length.</summary>
    public override EventAddress AddressOf(in Footprint value) =>
        new("footprint", market.Symbols.Name(value.Symbol), value.EventTime, value.EventTime - value.StartTime);
}
