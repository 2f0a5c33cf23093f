using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Features;

/// <summary>Options of the block <c>tape</c>.</summary>
public sealed record TapeOptions
{
    /// <summary>Trades of a sweep.</summary>
    [Range(2, 90)]
    public int SweepTrades { get; init; } = 5;

    /// <summary>The trades of a sweep must come faster than this many per second.</summary>
    [Range(0, 1_000_000)]
    public double SweepSpeed { get; init; } = 5;

    /// <summary>Different prices that a sweep must have; 2 asks that a level was consumed.</summary>
    [Range(1, 1000)]
    public int SweepMinLevels { get; init; } = 1;

    /// <summary>Trades among which an iceberg is looked for.</summary>
    [Range(2, 1000)]
    public int IcebergWindow { get; init; } = 20;

    /// <summary>How old these trades may be, in seconds.</summary>
    [Range(0, 86_400)]
    public double IcebergSeconds { get; init; } = 60;

    /// <summary>Trades of an iceberg at one price and side.</summary>
    [Range(2, 1000)]
    public int IcebergTrades { get; init; } = 5;

    /// <summary>Their mean quantity is below this.</summary>
    [Range(0, 1_000_000)]
    public double IcebergMeanBelow { get; init; } = 10;

    /// <summary>The population standard deviation of their quantities is below this.</summary>
    [Range(0, 1_000_000)]
    public double IcebergDeviationBelow { get; init; } = 2;

    /// <summary>Looks for icebergs in the book too: needs book messages in the input.</summary>
    public bool BookIceberg { get; init; }

    /// <summary>Quantity traded at a level, in units of the largest one displayed there, from which on it is an iceberg.</summary>
    [Range(0, 1000)]
    public double BookIcebergRatio { get; init; } = 1.5;

    /// <summary>A candle whose absorption is above this is a pattern.</summary>
    [Range(0, 1)]
    public double AbsorptionAbove { get; init; } = 0.7;

    /// <summary>Length of these candles in seconds.</summary>
    [Range(1, 86_400)]
    public int CandleSeconds { get; init; } = 60;
}

/// <summary>
/// Finds patterns on the tape: sweeps, icebergs, absorption, block trades (what counts as one: block_trade_quantity in
/// config/instruments.yml). Several may be found at one trade. The trades are those of the candles. An edit does not reach back into the
/// tape: what was printed was seen.
/// </summary>
[Block("tape", "Finds sweeps, icebergs, absorption and block trades.")]
[Partitioned]
public sealed class Tape : Operator<MarketEvent, TapePattern>
{
    private const int MaxLevels = 65_536;

    private readonly TapeOptions _options;
    private readonly MarketContext _market;
    private readonly SymbolState[] _symbols;

    /// <summary>A block that has seen nothing.</summary>
    public Tape(TapeOptions options, MarketContext market)
    {
        _options = options;
        _market = market;
        _symbols = [.. Enumerable.Range(1, market.Symbols.Count).Select(symbol => new SymbolState(symbol, options, market))];
    }

    /// <inheritdoc/>
    public override void Process(Run<MarketEvent> run, Output<TapePattern> output)
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
                    LookAtCandle(state, in candle, output);
                }
            }

            if (e.Kind != EventKind.Trade)
            {
                state.BookIcebergs?.Process(in e);
            }
            else if (state.Candles.Add(in e) == CandleChange.Added)
            {
                LookAtTrade(state, in e, output);
            }
        }
    }

    /// <inheritdoc/>
    public override object Report() => _symbols.Where(s => s.Found.Any(n => n > 0)).ToDictionary(
        s => _market.Symbols.Name(s.Symbol),
        s => new TapeReport(
            s.Found[(int)TapeKind.Sweep], s.Found[(int)TapeKind.Iceberg], s.Found[(int)TapeKind.BookIceberg],
            s.Found[(int)TapeKind.Absorption], s.Found[(int)TapeKind.BlockTrade], s.BookIcebergs?.Untracked ?? 0),
        StringComparer.Ordinal);

    private void LookAtCandle(SymbolState state, in Candle candle, Output<TapePattern> output)
    {
        if (!state.Absorption.Add(in candle, out var absorption) || absorption <= _options.AbsorptionAbove)
        {
            return;
        }

        // The aggressors that moved nothing: who absorbed them stands on the other side.
        var side = (Side)Math.Sign(candle.BuyVolume - candle.SellVolume);
        state.Found[(int)TapeKind.Absorption]++;
        output.Add(new TapePattern(
            candle.Sequence, candle.EndTime, state.Symbol, TapeKind.Absorption, side, absorption, candle.Close, candle.Volume, candle.Trades, 0, 0));
    }

    private static void LookAtTrade(SymbolState state, in MarketEvent e, Output<TapePattern> output)
    {
        var trade = new TapeTrade(e.EventTime, e.TradeNumber, e.Price, e.Quantity, e.Side);
        if (state.Sizes.IsBlockTrade(e.Quantity))
        {
            Send(state, in e, TapeKind.BlockTrade, new TapeFinding(1, e.Quantity, 1, trade, trade), output);
        }

        if (state.Sweeps.Add(in trade, out var sweep))
        {
            Send(state, in e, TapeKind.Sweep, sweep, output);
        }

        foreach (var iceberg in state.Icebergs.Add(in trade))
        {
            Send(state, in e, TapeKind.Iceberg, iceberg, output);
        }

        if (state.BookIcebergs is { } book && book.Add(in trade, out var hidden))
        {
            Send(state, in e, TapeKind.BookIceberg, hidden, output);
        }
    }

    private static void Send(SymbolState state, in MarketEvent e, TapeKind kind, TapeFinding finding, Output<TapePattern> output)
    {
        state.Found[(int)kind]++;
        output.Add(new TapePattern(
            e.Sequence, e.EventTime, e.Symbol, kind, finding.Last.Side, finding.Confidence, finding.Last.Price, finding.Quantity, finding.Trades,
            finding.First.Number, finding.Last.Number));
    }

    private sealed class SymbolState(int symbol, TapeOptions options, MarketContext market)
    {
        public int Symbol { get; } = symbol;

        public CandleBuilder Candles { get; } = new(market.Calendar, symbol, options.CandleSeconds * 1_000_000_000L);

        public AbsorptionWindow Absorption { get; } = new((long)(market.Instrument(symbol).Tick * Scaled.One));

        public TradeSizes Sizes { get; } = new(market.Instrument(symbol));

        public SweepDetector Sweeps { get; } = new(options.SweepTrades, options.SweepSpeed, options.SweepMinLevels);

        public IcebergDetector Icebergs { get; } = new(
            options.IcebergWindow, (long)(options.IcebergSeconds * 1e9), options.IcebergTrades,
            Scaled.FromDouble(options.IcebergMeanBelow), Scaled.FromDouble(options.IcebergDeviationBelow));

        public BookIcebergDetector? BookIcebergs { get; } = options.BookIceberg ? new(options.BookIcebergRatio, MaxLevels) : null;

        public long[] Found { get; } = new long[Enum.GetValues<TapeKind>().Length];
    }
}

/// <summary>How many patterns were found for one symbol.</summary>
/// <param name="Sweeps">Sweeps.</param>
/// <param name="Icebergs">Icebergs on the tape.</param>
/// <param name="BookIcebergs">Icebergs in the book.</param>
/// <param name="Absorptions">Candles that absorbed.</param>
/// <param name="BlockTrades">Block trades.</param>
/// <param name="UntrackedLevels">Book levels that were not followed because there were too many.</param>
public sealed record TapeReport(long Sweeps, long Icebergs, long BookIcebergs, long Absorptions, long BlockTrades, long UntrackedLevels);
