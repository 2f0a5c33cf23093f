using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>Options of the block <c>footprint</c>.</summary>
public sealed record FootprintOptions
{
    /// <summary>Length of a candle in seconds.</summary>
    [Range(1, 86_400)]
    public int CandleSeconds { get; init; } = 60;

    /// <summary>Levels that a footprint may have; with more, neighbours are put together and it is marked as aggregated.</summary>
    [Range(1, 10_000)]
    public int MaxLevels { get; init; } = 200;

    /// <summary>Smallest quantity of an imbalance.</summary>
    [Range(0, 1_000_000_000)]
    public double ImbalanceQuantity { get; init; } = 10;

    /// <summary>How many times the quantity on the other side of the next level an imbalance is.</summary>
    [Range(1, 1000)]
    public double ImbalanceRatio { get; init; } = 3;
}

/// <summary>
/// Sends the footprint of each closed candle: bought and sold per price, point of control, value area, imbalances, absorption. The trades
/// are those of the candle, edits included.
/// </summary>
[Block("footprint", "What was bought and sold at each price of each closed candle.")]
[Partitioned]
public sealed class FootprintBlock : Operator<MarketEvent, Footprint>
{
    private readonly SymbolState[] _symbols;

    /// <summary>A block that has seen nothing.</summary>
    public FootprintBlock(FootprintOptions options, MarketContext market) =>
        _symbols = [.. Enumerable.Range(1, market.Symbols.Count).Select(symbol => new SymbolState(symbol, options, market))];

    /// <inheritdoc/>
    public override void Process(Run<MarketEvent> run, Output<Footprint> output)
    {
        foreach (ref readonly var e in run)
        {
            var index = e.Symbol - 1;
            if ((uint)index >= (uint)_symbols.Length)
            {
                continue;
            }

            var state = _symbols[index];
            if (e.EventTime >= state.Candles.NextBoundary)
            {
                state.Candles.Advance(e.EventTime, e.Sequence);
                foreach (ref readonly var candle in state.Candles.Closed)
                {
                    output.Add(Make(state, in candle));
                }

                state.Levels.Clear();
            }

            switch (state.Candles.Add(in e))
            {
                case CandleChange.Added:
                    state.Levels.Add(e.Price, e.Quantity, e.Side);
                    break;
                case CandleChange.Edited or CandleChange.Removed:
                    Rebuild(state);
                    break;
            }
        }
    }

    // Only the first of the candles that close together can have trades: those behind it are flat.
    private static Footprint Make(SymbolState state, in Candle candle)
    {
        var isWarm = state.Absorption.Add(in candle, out var absorption);
        var levels = state.Levels;
        var summary = levels.Summarise(candle.Close) with { Absorption = absorption, IsAbsorptionWarm = isWarm };
        var (prices, sold, bought) = (new double[levels.Levels.Count], new double[levels.Levels.Count], new double[levels.Levels.Count]);
        for (var i = 0; i < prices.Length; i++)
        {
            (prices[i], sold[i], bought[i]) = (Scaled.ToDouble(levels.Levels[i].Price), Scaled.ToDouble(levels.Levels[i].Sold), Scaled.ToDouble(levels.Levels[i].Bought));
        }

        levels.Clear();
        return new Footprint(candle.Sequence, candle.EndTime, candle.Symbol, candle.StartTime, summary, prices, sold, bought);
    }

    private static void Rebuild(SymbolState state)
    {
        state.Levels.Clear();
        foreach (ref readonly var trade in state.Candles.Trades)
        {
            state.Levels.Add(trade.Price, trade.Quantity, trade.Side);
        }
    }

    private sealed class SymbolState(int symbol, FootprintOptions options, MarketContext market)
    {
        public CandleBuilder Candles { get; } = new(market.Calendar, symbol, options.CandleSeconds * 1_000_000_000L);

        public AbsorptionWindow Absorption { get; } = new((long)(market.Instrument(symbol).Tick * Scaled.One));

        public FootprintLevels Levels { get; } = new(
            (long)(market.Instrument(symbol).Tick * Scaled.One), options.MaxLevels, Scaled.FromDouble(options.ImbalanceQuantity), options.ImbalanceRatio);
    }
}
