using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.Features.TimeTravel;

/// <summary>Options of the block <c>features.time_travel</c>.</summary>
public sealed record TimeTravelOptions
{
    /// <summary>Past trading days that are compared.</summary>
    [Range(1, 250)]
    public int Days { get; init; } = 30;

    /// <summary>Past trading days of <c>volume_pattern_score</c>.</summary>
    [Range(1, 250)]
    public int PatternDays { get; init; } = 7;

    /// <summary>Past trading days of <c>momentum_percentile</c>.</summary>
    [Range(1, 250)]
    public int PercentileDays { get; init; } = 14;

    /// <summary>Minutes of <c>volume_pattern_score</c>.</summary>
    [Range(2, 1440)]
    public int PatternMinutes { get; init; } = 60;

    /// <summary>Minutes of <c>historical_momentum_rank</c>.</summary>
    [Range(1, 1440)]
    public int WindowMinutes { get; init; } = 60;

    /// <summary>Minutes of <c>volatility_regime</c>.</summary>
    [Range(2, 1440)]
    public int RegimeMinutes { get; init; } = 120;

    /// <summary>Minutes of today that the features of trades look at.</summary>
    [Range(10, 1440)]
    public int LookbackMinutes { get; init; } = 120;

    /// <summary>Asks the section <c>store</c> for the 1-minute bars (channel <c>bar:1m</c>) of days before the stream began, once per day.</summary>
    public bool UseStore { get; init; }

    /// <summary>Names three features as older models do: <c>volume_pattern_similarity</c>, <c>historical_momentum_percentile</c>, <c>volatility_regime_score</c>.</summary>
    public bool UseAliases { get; init; }
}

/// <summary>
/// Compares today with the same minutes of past trading days: a vector of 8 features and 4 of quality per symbol and closed minute, made
/// from 1-minute bars that the block builds itself and keeps per trading day. Without history they are neutral and not warm.
/// </summary>
[Block("features.time_travel", "Compares today with the same clock minutes of past trading days.")]
[Partitioned]
[RunEvent("QT2402", "no_history", "Bars of the past could not be read.", "Check the store; the features that need them stay neutral.")]
public sealed class TimeTravelBlock : Operator<MarketEvent, FeatureVector>, IFeatureBlock
{
    private readonly MarketContext _market;
    private readonly TimeTravelState[] _states;
    private readonly CandleFormat _format;
    private readonly IEventStore? _store;

    /// <summary>A block that has seen nothing.</summary>
    public TimeTravelBlock(TimeTravelOptions options, MarketContext market, StoreSection store)
        : this(options, market, options.UseStore ? store.Open() : null)
    {
    }

    private TimeTravelBlock(TimeTravelOptions options, MarketContext market, IEventStore? store)
    {
        _market = market;
        _store = store;
        _format = new CandleFormat(market);
        var schema = options.UseAliases ? AliasSchema : Schema;
        _states = [.. Enumerable.Range(1, market.Symbols.Count).Select(s => new TimeTravelState(options, schema, market.Calendar, s, Scaled.FromDouble((double)market.Instrument(s).Tick), day => Ask(s, day)))];
    }

    /// <inheritdoc/>
    public static FeatureSchema Schema { get; } = new("time_travel", TimeTravelGroups.Features, TimeTravelGroups.Quality);

    private static FeatureSchema AliasSchema { get; } = new("time_travel", TimeTravelGroups.WithAliases(TimeTravelGroups.Features), TimeTravelGroups.Quality);

    /// <summary>A block outside a pipeline, for tests and tools.</summary>
    public static TimeTravelBlock Of(TimeTravelOptions options, MarketContext market, IEventStore? store = null) => new(options, market, store);

    /// <summary>The state of a symbol.</summary>
    internal TimeTravelState StateOf(int symbol) => _states[symbol - 1];

    /// <inheritdoc/>
    public override void Process(Run<MarketEvent> run, Output<FeatureVector> output)
    {
        foreach (ref readonly var e in run)
        {
            var index = e.Symbol - 1;
            if ((uint)index >= (uint)_states.Length)
            {
                continue;
            }

            var state = _states[index];
            if (e.EventTime >= state.Candles.NextBoundary)
            {
                state.Begin(e.EventTime);
                state.Candles.Advance(e.EventTime, e.Sequence);
                foreach (ref readonly var candle in state.Candles.Closed)
                {
                    state.Close(in candle);
                    state.Evaluate();
                    FeatureVector.Write(ref output.Next(), e.Sequence, candle.EndTime, state.Symbol, state.Schema, state.Values, state.Warm);
                }
            }

            if (e.Kind == EventKind.Trade)
            {
                Add(state, in e);
            }
        }
    }

    /// <inheritdoc/>
    public override object Report() => _states.ToDictionary(
        s => _market.Symbols.Name(s.Symbol), s => new TimeTravelReport(s.Computed, s.Regime.Regime, s.Regime.Now, s.Regime.Past), StringComparer.Ordinal);

    private static void Add(TimeTravelState state, in MarketEvent e)
    {
        // A row that cannot be a trade is counted for the quality and reaches no bar.
        var isSound = e.Price > 0 && e.Quantity > 0;
        if (!isSound && !e.Has(EventFlags.Edit))
        {
            state.Add(in e, isGood: false);
        }
        else if (state.Candles.Add(in e) is CandleChange.Added)
        {
            state.Add(in e, isGood: true);
        }
    }

    // Once per day and symbol; a store that cannot be asked costs the day's history, not the run.
    private DayBars? Ask(int symbol, TradingDay day)
    {
        if (_store is null)
        {
            return null;
        }

        var bars = new DayBars(day, TimeTravelState.OpenMinute(_market.Calendar, day));
        try
        {
            _store.Query<Candle>(new StoreQuery("bar:1m", _market.Symbols.Name(symbol), day.Open + 1, day.Close + 1), _format, page =>
            {
                foreach (ref readonly var candle in page)
                {
                    bars.Add(in candle);
                }

                return true;
            });
        }
        catch (StoreException e)
        {
            Note("no_history", $"{_market.Symbols.Name(symbol)}: the bars of day {day.Day} could not be read: {e.Message} The features that need them are not warm.");
            return null;
        }

        return bars;
    }
}

/// <summary>What the report says of one symbol.</summary>
/// <param name="Computed">Vectors computed.</param>
/// <param name="Regime">HIGH, NORMAL, LOW or UNKNOWN at the end.</param>
/// <param name="Volatility">Volatility of the last window, per year.</param>
/// <param name="PastVolatility">Mean of the past days' same window, per year.</param>
public sealed record TimeTravelReport(long Computed, string Regime, double Volatility, double PastVolatility);
