using System.Buffers.Binary;
using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Models.Drift;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models.Coordination;

/// <summary>Options of the block <c>model.coordinator</c>.</summary>
public sealed record CoordinatorOptions
{
    /// <summary>The .onnx file of the fast model; its columns are found by name in the vectors.</summary>
    [Required]
    public string Fast { get; init; } = "";

    /// <summary>The .onnx file of the enhanced model; without it the fast one answers everything.</summary>
    public string? Enhanced { get; init; }

    /// <summary>Whether the enhanced model may be asked; the switches <c>ENHANCED_ML_ENABLED</c> and <c>TIME_TRAVEL_ENABLED</c> go before it.</summary>
    public bool EnhancedEnabled { get; init; } = true;

    /// <summary>Asks the fast model only, whatever else is set; the switch <c>FORCE_FAST_MODE</c> goes before it.</summary>
    public bool ForceFast { get; init; }

    /// <summary>Hours of the exchange's clock in which the fast model answers.</summary>
    public IReadOnlyList<int> FastHours { get; init; } = [9, 10, 11, 14, 15, 16];

    /// <summary>Share of requests that go to the enhanced model, always the same ones; the switch <c>TIME_TRAVEL_PERCENTAGE</c> goes before it.</summary>
    [Range(0, 1)]
    public double TimeTravelPercentage { get; init; } = 1;

    /// <summary>Name under which the share is drawn: shares of two names are independent.</summary>
    public string Salt { get; init; } = "time_travel";

    /// <summary>Lowers the enhanced model's confidence where history is thin, volatility high or the time of day quiet.</summary>
    public bool AdjustConfidence { get; init; } = true;

    /// <summary>Goes on with the next level when a model fails at a vector; with false the vector is refused. The switch <c>FALLBACK_ON_ERROR</c> goes before it.</summary>
    public bool FallbackOnError { get; init; } = true;

    /// <summary>Age in seconds of event time up to which the last good prediction is sent again, marked stale, when no model can answer; 0 for never.</summary>
    [Range(0, 86_400)]
    public int MaxStaleSeconds { get; init; } = 60;

    /// <summary>Answers a vector that equals the one before of its symbol, within the same minute, without asking again.</summary>
    public bool Cache { get; init; } = true;

    /// <summary>Leaves the enhanced model alone while it is slow.</summary>
    public BreakerOptions Breaker { get; init; } = new();

    /// <summary>Holds what each model was asked and answered against the bins of its manifest, as <c>drift</c> of <c>model.onnx</c> does.</summary>
    public DriftOptions? Drift { get; init; }
}

/// <summary>
/// Holds a fast and an enhanced model and asks one of them about each vector. The first rule that applies decides: <c>force_fast</c>,
/// <c>phase_off</c>, <c>no_history</c> (a column of the enhanced model is not warm), <c>fast_hours</c>, <c>breaker_open</c>,
/// <c>not_in_share</c>, else <c>enhanced</c>. Where the chosen model has no answer the next level does: enhanced, fast, the last good
/// prediction of the symbol marked stale, none (<c>no_prediction</c>). The report counts every rule and the cause of every fallback;
/// the switch <c>ALERT_ON_FALLBACK</c> notes the first of a burst.
/// </summary>
[Block("model.coordinator", "Asks a fast or an enhanced model about each vector, and falls back when one cannot answer.")]
[RunEvent("QT2503", "breaker_open", "The enhanced model was too slow and is left out for a while.", "Look at its cost with `qt models inspect`.")]
[RunEvent("QT2504", "model_fallback", "A model had no answer and the next level took over; told at the first of a burst, with ALERT_ON_FALLBACK.", "Look at the causes in the report of the block.")]
public sealed class Coordinator : Operator<FeatureVector, Prediction>, IUpstreamCheck
{
    private const long Minute = 60_000_000_000;
    private const long Hour = 60 * Minute;
    private const string NotWarm = "fast_not_warm";

    private static readonly string[] QualityColumns = ["data_quality", "data_points", "volatility_regime", "intraday_seasonality"];

    private readonly CoordinatorOptions _options;
    private readonly MarketContext _market;
    private readonly TimeProvider _clock;
    private readonly HostedModel _fast;
    private readonly HostedModel? _enhanced;
    private readonly Switches _switches;
    private readonly FallbackBurst _burst;
    private readonly LatencyBreaker _breaker;
    private readonly Route _route;
    private readonly int _basisPoints;
    private readonly long _maxStale;
    private readonly byte[][] _keys;
    private readonly SymbolState[] _symbols;
    private readonly CoordinatorCounts _counts = new();
    private FeatureSchema? _bound;
    private int[] _quality = [];
    private int _price;

    /// <summary>Loads the models.</summary>
    /// <exception cref="ConfigurationException">One is missing or does not fit, or an hour is none.</exception>
    public Coordinator(CoordinatorOptions options, MarketContext market, BlockContext context)
    {
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(context);
        if (options.FastHours.Any(h => h is < 0 or > 23))
        {
            throw new ConfigurationException("fast_hours", $"[{string.Join(", ", options.FastHours)}] holds an hour that is none; legal are 0 to 23.");
        }

        _options = options;
        _market = market;
        (_clock, _switches, _burst) = (context.Clock, context.Switches, new FallbackBurst(context.Switches));
        _breaker = new LatencyBreaker(options.Breaker);
        _route = new Route(options.Salt, "operation");
        _basisPoints = (int)Math.Round(options.TimeTravelPercentage * Route.Whole);
        _maxStale = options.MaxStaleSeconds * 1_000_000_000L;
        _keys = [.. market.Instruments.Select(i => (byte[])[.. Encoding.UTF8.GetBytes(i.Symbol), .. new byte[8]])];
        _symbols = [.. market.Instruments.Select(_ => new SymbolState())];
        _fast = new HostedModel("fast", options.Fast, context, options.Drift, Note);
        _enhanced = options.Enhanced is { } enhanced ? new HostedModel("enhanced", enhanced, context, options.Drift, Note) : null;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<BlockGauge> Gauges => [.. _counts.Gauges(_breaker), .. _fast.Gauges, .. _enhanced?.Gauges ?? []];

    /// <inheritdoc/>
    public void CheckUpstream(Block sender)
    {
        if (sender is Join join)
        {
            Bind(join.Schema);
        }
        else if (sender is IFeatureBlock features)
        {
            Bind(features.Sends);
        }
    }

    /// <inheritdoc/>
    public override void Start()
    {
        _fast.WarmUp();
        _enhanced?.WarmUp();
    }

    /// <inheritdoc/>
    public override void Process(Run<FeatureVector> run, Output<Prediction> output)
    {
        foreach (ref readonly var vector in run)
        {
            if ((uint)(vector.Symbol - 1) >= (uint)_symbols.Length)
            {
                run.Reject("unknown_symbol");
                continue;
            }

            if (!ReferenceEquals(vector.Schema, _bound))
            {
                Bind(vector.Schema);
            }

            var rule = Choose(in vector);
            _counts.Rule(rule);
            var state = _symbols[vector.Symbol - 1];
            var isEnhanced = rule == CoordinatorRule.Enhanced;
            string? cause = null;
            if (_options.Cache && state.IsSame(in vector, isEnhanced))
            {
                _counts.CacheHits++;
            }
            else
            {
                cause = Answer(in vector, state, isEnhanced);
            }

            if (cause is null)
            {
                state.Prediction = state.Prediction with { Sequence = vector.Sequence, EventTime = vector.EventTime };
                Send(state.Prediction, output);
            }
            else if (!FallsBack && cause != NotWarm)
            {
                run.Reject(cause);
            }
            else if (state.HasPrediction && _maxStale > 0 && vector.EventTime - state.Prediction.EventTime <= _maxStale)
            {
                _counts.Stale++;
                Send(state.Prediction with { Sequence = vector.Sequence, EventTime = vector.EventTime, IsStale = true }, output);
            }
            else
            {
                run.Drop("no_prediction");
            }
        }
    }

    /// <inheritdoc/>
    public override object Report() => _counts.Report(_breaker) with { FastDrift = _fast.Drift, EnhancedDrift = _enhanced?.Drift };

    /// <inheritdoc/>
    public override void Dispose()
    {
        _fast.Dispose();
        _enhanced?.Dispose();
        base.Dispose();
    }

    private bool FallsBack => _switches.Now.FallbackOnError ?? _options.FallbackOnError;

    private CoordinatorRule Choose(in FeatureVector vector)
    {
        // All of one moment: a change counts from the next vector on.
        var now = _switches.Now;
        return now.ForceFastMode ?? _options.ForceFast ? CoordinatorRule.ForceFast
            : _enhanced is null || now.TimeTravelEnabled == false || !(now.EnhancedMlEnabled ?? _options.EnhancedEnabled) ? CoordinatorRule.PhaseOff
            : !_enhanced.IsWarm(in vector) ? CoordinatorRule.NoHistory
            : _options.FastHours.Contains((int)(_market.Calendar.TimeOfDay(vector.EventTime) / Hour)) ? CoordinatorRule.FastHours
            : _breaker.Refuses(vector.EventTime) ? CoordinatorRule.BreakerOpen
            : !IsInShare(in vector, now.TimeTravelPercentage?.BasisPoints ?? _basisPoints) ? CoordinatorRule.NotInShare
            : CoordinatorRule.Enhanced;
    }

    // The request is named by its symbol and the sequence of its vector: in a replay it is the same one.
    private bool IsInShare(in FeatureVector vector, int basisPoints)
    {
        var key = _keys[vector.Symbol - 1];
        BinaryPrimitives.WriteInt64LittleEndian(key.AsSpan(key.Length - 8), vector.Sequence);
        return Route.IsIn(_route.Hash(key), basisPoints);
    }

    private void Send(in Prediction prediction, Output<Prediction> output)
    {
        _counts.Sent++;
        output.Add(in prediction);
    }

    // Leaves the answer in the symbol's state; returns the last cause when no model has one.
    private string? Answer(in FeatureVector vector, SymbolState state, bool isEnhanced)
    {
        var forecast = default(Forecast);
        if (isEnhanced)
        {
            if (AskEnhanced(in vector, out forecast) is not { } failure)
            {
                state.Keep(in vector, isEnhanced, ToPrediction(in vector, in forecast, _enhanced!.Name, Adjusted(in vector, forecast.Confidence)));
                return null;
            }

            failure = "enhanced_" + failure;
            Fallback(failure, vector.EventTime);
            if (!FallsBack)
            {
                return failure;
            }
        }

        var reason = _fast.IsWarm(in vector) ? AskFast(in vector, out forecast) : "not_warm";
        if (reason is null)
        {
            state.Keep(in vector, isEnhanced, ToPrediction(in vector, in forecast, _fast.Name, forecast.Confidence));
            return null;
        }

        reason = "fast_" + reason;
        Fallback(reason, vector.EventTime);
        return reason;
    }

    // A stream that begins is not warm, and nobody needs to be told.
    private void Fallback(string cause, long eventTime)
    {
        _counts.Fallback(cause);
        if (cause != NotWarm && _burst.Add(eventTime) is > 0 and var told)
        {
            Note("model_fallback", $"{IsoTime.ToText(eventTime)} a model had no answer{(told == 1 ? "" : $", {told} times since it was last told")}; now because of {cause}.");
        }
    }

    private string? AskEnhanced(in FeatureVector vector, out Forecast forecast)
    {
        var start = _clock.GetTimestamp();
        var reason = _enhanced!.Ask(in vector, out forecast);
        var milliseconds = _clock.GetElapsedTime(start).TotalMilliseconds;
        _counts.Enhanced.Add(milliseconds);
        if (_breaker.Add(milliseconds, vector.EventTime))
        {
            Note("breaker_open", FormattableString.Invariant(
                $"The enhanced model took longer than {_options.Breaker.P95Ms} ms; the fast one answers, and one request every {_options.Breaker.ProbeSeconds} s tries it. From here on which model answered depends on the machine."));
        }

        return reason;
    }

    private string? AskFast(in FeatureVector vector, out Forecast forecast)
    {
        var start = _clock.GetTimestamp();
        var reason = _fast.Ask(in vector, out forecast);
        _counts.Fast.Add(_clock.GetElapsedTime(start).TotalMilliseconds);
        return reason;
    }

    private Prediction ToPrediction(in FeatureVector vector, in Forecast forecast, string model, double confidence) => new(
        vector.Sequence, vector.EventTime, vector.Symbol, forecast.Up, forecast.Direction, confidence, forecast.Magnitude, _price >= 0 ? vector.Values[_price] : 0, model);

    private double Adjusted(in FeatureVector vector, double confidence) => _options.AdjustConfidence
        ? ConfidenceInHistory.Adjust(confidence, vector.Values[_quality[0]], vector.Values[_quality[1]], vector.Values[_quality[2]], vector.Values[_quality[3]])
        : confidence;

    private void Bind(FeatureSchema schema)
    {
        _fast.Bind(schema);
        _enhanced?.Bind(schema);
        _quality = [.. QualityColumns.Select(schema.IndexOf)];
        if (_enhanced is not null && _options.AdjustConfidence && Array.IndexOf(_quality, -1) is >= 0 and var missing)
        {
            throw new ConfigurationException(
                "adjust_confidence",
                $"The confidence is adjusted by the feature '{QualityColumns[missing]}', which is not in the vectors that come here. Join features.time_travel, or set adjust_confidence: false.");
        }

        _price = schema.IndexOf("price_current");
        _bound = schema;
    }

    private sealed class SymbolState
    {
        private double[] _values = [];
        private long _minute;
        private bool _wasEnhanced;

        public bool HasPrediction { get; private set; }

        public Prediction Prediction { get; set; }

        public void Keep(in FeatureVector vector, bool isEnhanced, Prediction prediction)
        {
            if (_values.Length != vector.Values.Length)
            {
                _values = new double[vector.Values.Length];
            }

            vector.Values.CopyTo(_values);
            (_minute, _wasEnhanced, HasPrediction, Prediction) = (vector.EventTime / Minute, isEnhanced, true, prediction);
        }

        // Equal values give an equal answer, so that a hit is exact whichever trade came last.
        public bool IsSame(in FeatureVector vector, bool isEnhanced) =>
            HasPrediction && _wasEnhanced == isEnhanced && _minute == vector.EventTime / Minute && vector.Values.SequenceEqual(_values);
    }
}
