using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features.Model65;

/// <summary>Windows in which the largest buyers and sellers are found, and in which they are looked for.</summary>
public sealed record TopParticipantsOptions
{
    /// <summary>The newest trades, in which a participant counts as active.</summary>
    [Range(1, 100_000)]
    public int Active { get; init; } = 20;

    /// <summary>The trades before these, by which participants are ranked.</summary>
    [Range(1, 1_000_000)]
    public int Ranking { get; init; } = 1000;
}

/// <summary>Options of the block <c>features.model65</c>.</summary>
public sealed record Model65Options : CadenceOptions
{
    /// <summary>Windows of the features <c>top_buyer_*</c> and <c>top_seller_*</c>.</summary>
    public TopParticipantsOptions TopParticipants { get; init; } = new();

    /// <summary>Trades of the feature <c>agent_turnover</c>.</summary>
    [Range(1, 1_000_000)]
    public int TurnoverTrades { get; init; } = 100;
}

/// <summary>
/// Sends vectors of the 65 model features of each symbol, computed from trades; docs/features.md has every formula. Candles count from the
/// first one that was seen whole. Trades outside the trading day and trades that did not come from the market count nowhere; an edit
/// replaces its trade while the candle is open.
/// </summary>
[Block("features.model65", "The 65 model features.")]
[Partitioned]
public sealed class Model65Block(Model65Options options, MarketContext market) : FeatureBlock(options, market, symbol => new Model65State(options, market, symbol)), IFeatureBlock
{
    /// <inheritdoc/>
    public static FeatureSchema Schema => Model65State.Schema;

    /// <inheritdoc/>
    public override object Report() => Symbols.ToDictionary(
        s => Market.Symbols.Name(s.Symbol),
        s => new CandlesReport(s.Candles.OutsideDay, s.Candles.Late, s.Candles.Edits, s.Candles.EditsIgnored),
        StringComparer.Ordinal);
}
