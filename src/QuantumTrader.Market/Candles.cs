using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>Options of the block <c>candles</c>.</summary>
public sealed record CandlesOptions
{
    /// <summary>Length of a candle in seconds.</summary>
    [Range(1, 86_400)]
    public int Seconds { get; init; } = 60;
}

/// <summary>
/// Makes candles from trades. The candles of all symbols close together, when the time of any event reaches their end, in the order in
/// which the section <c>market</c> names the symbols. The candle that is still open when the input ends is not sent.
/// </summary>
[Block("candles", "Makes candles of a fixed length from trades.")]
public sealed class CandlesOperator : Operator<MarketEvent, Candle>
{
    private readonly MarketContext _market;
    private readonly CandleClock _clock;

    /// <summary>A block that has seen nothing.</summary>
    public CandlesOperator(CandlesOptions options, MarketContext market)
    {
        _market = market;
        _clock = new CandleClock(market, options.Seconds);
    }

    /// <inheritdoc/>
    public override void Process(Run<MarketEvent> run, Output<Candle> output)
    {
        foreach (ref readonly var e in run)
        {
            if (e.EventTime >= _clock.NextBoundary)
            {
                _clock.Advance(in e);
                foreach (var builder in _clock.Builders)
                {
                    foreach (ref readonly var candle in builder.Closed)
                    {
                        output.Add(in candle);
                    }
                }
            }

            if (e.Kind == EventKind.Trade)
            {
                _clock.Add(in e);
            }
        }
    }

    /// <inheritdoc/>
    public override object Report() => _clock.Builders.ToArray()
        .Select((b, i) => (Symbol: _market.Symbols.Name(i + 1), Report: new CandlesReport(b.OutsideDay, b.Late, b.Edits, b.EditsIgnored)))
        .ToDictionary(r => r.Symbol, r => r.Report, StringComparer.Ordinal);
}

/// <summary>What the report says of the candles of one symbol.</summary>
/// <param name="OutsideDay">Trades outside the trading day.</param>
/// <param name="Late">Trades older than the open candle.</param>
/// <param name="Edits">Edits applied.</param>
/// <param name="EditIgnored">Edits of trades that were not in the open candle.</param>
public sealed record CandlesReport(long OutsideDay, long Late, long Edits, long EditIgnored);
