using System.Text.Json.Serialization;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Models.Drift;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models.Coordination;

/// <summary>What an ensemble does when a member has no prediction for a vector.</summary>
public enum MissingMember
{
    /// <summary>It sends nothing; the vector is counted as <c>member_missing</c>.</summary>
    Skip,

    /// <summary>The others share its weight; not with <c>stack</c>.</summary>
    LeaveOut,

    /// <summary>The member counts as undecided: probability one half, no move.</summary>
    Neutral,
}

/// <summary>Options of the block <c>model.ensemble</c>.</summary>
public sealed record EnsembleOptions
{
    /// <summary>Names of the models whose predictions are combined, as their manifests give them.</summary>
    [Required]
    public IReadOnlyList<string> Members { get; init; } = [];

    /// <summary>Weight of each member; 1 for one that is not named.</summary>
    public IReadOnlyDictionary<string, double> Weights { get; init; } = new Dictionary<string, double>();

    /// <summary>Weights in a regime, where <c>regime.join</c> has written one into the members' predictions: by <c>trend_up</c>, <c>trend_down</c>, <c>range</c>, <c>volatile</c>, <c>undefined</c>, then by member.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> RegimeWeights { get; init; } = new Dictionary<string, IReadOnlyDictionary<string, double>>();

    /// <summary>An .onnx file that combines instead of the weights: its features are the members' names, its values their probabilities of a rise.</summary>
    public string? Stack { get; init; }

    /// <summary>What happens when a member has no prediction for a vector: <c>skip</c>, <c>leave_out</c> or <c>neutral</c>.</summary>
    public MissingMember OnMissing { get; init; } = MissingMember.Skip;

    /// <summary>Name that the combined predictions carry.</summary>
    public string Name { get; init; } = "ensemble";

    /// <summary>
    /// Only with <c>stack</c>: holds the members' probabilities and what the model makes of them against the bins of its manifest, as
    /// <c>drift</c> of <c>model.onnx</c> does.
    /// </summary>
    public DriftOptions? Drift { get; init; }
}

/// <summary>
/// Combines the predictions that several models made from the same vector: their weighted mean, or what a further model makes of them. It
/// reads the vectors too: when one arrives, every prediction from it is there already, so nothing is ever waited for. A vector without any
/// prediction is dropped as <c>no_member</c>, one that lacks some as <c>on_missing</c> says; one whose members weigh nothing as <c>no_weight</c>.
/// </summary>
[Block("model.ensemble", "Combines the predictions of several models for the same vector.")]
[SidePort("predictions")]
[Partitioned]
public sealed class Ensemble : Operator<FeatureVector, Prediction, Prediction>
{
    private readonly EnsembleOptions _options;
    private readonly double[][] _weights;
    private readonly HostedModel? _stack;
    private readonly int[] _stackMembers = [];
    private readonly double[] _row;
    private readonly List<Slot> _slots = [];
    private readonly long[] _missing;
    private int _used;
    private long _sequence = long.MinValue;
    private long _combined;
    private long _withoutVector;

    /// <summary>A block that has seen nothing.</summary>
    /// <exception cref="ConfigurationException">A name is no member, a weight is none, or the stacking model does not fit.</exception>
    public Ensemble(EnsembleOptions options, BlockContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _options = options;
        if (options.Members.Count < 2 || options.Members.Distinct(StringComparer.Ordinal).Count() != options.Members.Count)
        {
            throw new ConfigurationException("members", $"[{string.Join(", ", options.Members)}] was given; name at least two models, each once.");
        }

        var plain = WeightsOf("weights", options.Weights);
        _weights = [.. Enum.GetValues<RegimeClass>().Select(_ => plain)];
        foreach (var (name, weights) in options.RegimeWeights.OrderBy(w => w.Key, StringComparer.Ordinal))
        {
            var kind = Enum.GetValues<RegimeClass>().FirstOrDefault(k => SnakeCase.From(k.ToString()) == name);
            _weights[(int)kind] = kind != RegimeClass.None
                ? WeightsOf("regime_weights", weights)
                : throw new ConfigurationException("regime_weights", $"'{name}' is no regime. Legal: trend_up, trend_down, range, volatile, undefined.");
        }

        _row = new double[options.Members.Count];
        _missing = new long[options.Members.Count];
        if (options.Stack is { } stack)
        {
            if (options.OnMissing == MissingMember.LeaveOut)
            {
                throw new ConfigurationException("on_missing", "leave_out was given beside stack, whose model needs a value of every member. Legal with stack: skip, neutral.");
            }

            _stack = new HostedModel("stack", stack, context, options.Drift, Note);
            _stackMembers = [.. _stack.Features.Select(f => IndexOf(f))];
            if (!_stack.Features.Order(StringComparer.Ordinal).SequenceEqual(options.Members.Order(StringComparer.Ordinal), StringComparer.Ordinal))
            {
                throw new ConfigurationException(
                    "stack", $"Model '{_stack.Name}' takes [{string.Join(", ", _stack.Features)}]; expected the members, [{string.Join(", ", options.Members)}]. Train it on their probabilities, or name other members.");
            }
        }
        else if (options.Drift is not null)
        {
            throw new ConfigurationException("drift", "drift was given without stack, and weights were not trained. Write drift in the members' own blocks.");
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<BlockGauge> Gauges => [.. _stack?.Gauges ?? []];

    /// <inheritdoc/>
    public override void Start() => _stack?.WarmUp();

    /// <inheritdoc/>
    public override void ProcessSide(Run<Prediction> run, Output<Prediction> output)
    {
        foreach (ref readonly var prediction in run)
        {
            var member = IndexOf(prediction.Model);
            if (member < 0)
            {
                run.Reject("unknown_member");
                continue;
            }

            ForgetBefore(prediction.Sequence);
            var slot = SlotOf(prediction.Symbol, prediction.EventTime) ?? NewSlot(prediction.Symbol, prediction.EventTime);
            if (slot.Has[member])
            {
                run.Drop("twice");
                continue;
            }

            slot.Has[member] = true;
            slot.Predictions[member] = prediction;
        }
    }

    /// <inheritdoc/>
    public override void Process(Run<FeatureVector> run, Output<Prediction> output)
    {
        foreach (ref readonly var vector in run)
        {
            ForgetBefore(vector.Sequence);
            var slot = SlotOf(vector.Symbol, vector.EventTime);
            var missing = CountMissing(slot);
            if (slot is null)
            {
                run.Drop("no_member");
                continue;
            }

            slot.IsTaken = true;
            if (missing > 0 && _options.OnMissing == MissingMember.Skip)
            {
                run.Drop("member_missing");
                continue;
            }

            var reason = _stack is null ? Mean(slot, out var forecast) : Stack(slot, vector.EventTime, out forecast);
            if (reason is not null)
            {
                run.Drop(reason);
                continue;
            }

            _combined++;
            output.Add(Combined(in vector, slot, in forecast));
        }
    }

    /// <inheritdoc/>
    public override void Complete(Output<Prediction> output) => ForgetBefore(long.MaxValue);

    /// <inheritdoc/>
    public override object Report() => new EnsembleReport(
        _combined, _withoutVector, new SortedDictionary<string, long>(_options.Members.Select((m, i) => (m, i)).ToDictionary(x => x.m, x => _missing[x.i], StringComparer.Ordinal), StringComparer.Ordinal))
    {
        Drift = _stack?.Drift,
    };

    /// <inheritdoc/>
    public override void Dispose()
    {
        _stack?.Dispose();
        base.Dispose();
    }

    private string? Mean(Slot slot, out Forecast forecast)
    {
        var weights = _weights[(int)RegimeOf(slot).Class];
        var (sum, up, down, magnitude) = (0.0, 0.0, 0.0, 0.0);
        for (var i = 0; i < weights.Length; i++)
        {
            if (!slot.Has[i] && _options.OnMissing == MissingMember.LeaveOut)
            {
                continue;
            }

            ref readonly var p = ref slot.Predictions[i];
            sum += weights[i];
            up += weights[i] * (slot.Has[i] ? p.Probability : 0.5);
            down += weights[i] * (slot.Has[i] ? p.Probability - p.Direction : 0.5);
            magnitude += weights[i] * (slot.Has[i] ? p.Magnitude : 0);
        }

        forecast = new Forecast(up / sum, down / sum, (up - down) / sum, magnitude / sum);
        return sum > 0 ? null : "no_weight";
    }

    private string? Stack(Slot slot, long eventTime, out Forecast forecast)
    {
        for (var i = 0; i < _row.Length; i++)
        {
            var member = _stackMembers[i];
            _row[i] = slot.Has[member] ? slot.Predictions[member].Probability : 0.5;
        }

        return _stack!.Ask(_row, eventTime, out forecast);
    }

    private Prediction Combined(in FeatureVector vector, Slot slot, in Forecast forecast)
    {
        var (price, isStale) = (0.0, false);
        for (var i = 0; i < _row.Length; i++)
        {
            if (slot.Has[i])
            {
                price = price > 0 ? price : slot.Predictions[i].Price;
                isStale |= slot.Predictions[i].IsStale;
            }
        }

        return new Prediction(
            vector.Sequence, vector.EventTime, vector.Symbol, forecast.Up, forecast.Direction, forecast.Confidence, forecast.Magnitude, price, _options.Name)
        {
            Regime = RegimeOf(slot),
            IsStale = isStale,
        };
    }

    private static KnownRegime RegimeOf(Slot slot)
    {
        for (var i = 0; i < slot.Has.Length; i++)
        {
            if (slot.Has[i] && slot.Predictions[i].Regime.IsJoined)
            {
                return slot.Predictions[i].Regime;
            }
        }

        return default;
    }

    private int CountMissing(Slot? slot)
    {
        var missing = 0;
        for (var i = 0; i < _missing.Length; i++)
        {
            if (slot is null || !slot.Has[i])
            {
                missing++;
                _missing[i]++;
            }
        }

        return missing;
    }

    // Sequences never decrease, so nothing more belongs to an earlier one.
    private void ForgetBefore(long sequence)
    {
        if (sequence == _sequence)
        {
            return;
        }

        for (var i = 0; i < _used; i++)
        {
            _withoutVector += _slots[i].IsTaken ? 0 : _slots[i].Has.Count(h => h);
            Array.Clear(_slots[i].Has);
        }

        (_used, _sequence) = (0, sequence);
    }

    private Slot? SlotOf(int symbol, long time)
    {
        for (var i = 0; i < _used; i++)
        {
            if (_slots[i].Symbol == symbol && _slots[i].Time == time)
            {
                return _slots[i];
            }
        }

        return null;
    }

    private Slot NewSlot(int symbol, long time)
    {
        if (_used == _slots.Count)
        {
            _slots.Add(new Slot(_row.Length));
        }

        var slot = _slots[_used++];
        (slot.Symbol, slot.Time, slot.IsTaken) = (symbol, time, false);
        return slot;
    }

    private int IndexOf(string name)
    {
        for (var i = 0; i < _options.Members.Count; i++)
        {
            if (_options.Members[i] == name)
            {
                return i;
            }
        }

        return -1;
    }

    private double[] WeightsOf(string option, IReadOnlyDictionary<string, double> weights)
    {
        if (weights.Keys.Order(StringComparer.Ordinal).FirstOrDefault(k => IndexOf(k) < 0) is { } other)
        {
            throw new ConfigurationException(option, $"'{other}' is no member. Legal: {string.Join(", ", _options.Members)}.");
        }

        if (weights.Values.Any(w => !(w >= 0 && double.IsFinite(w))))
        {
            throw new ConfigurationException(option, "a weight is below 0 or not finite; legal are numbers from 0 on.");
        }

        return [.. _options.Members.Select(m => weights.TryGetValue(m, out var weight) ? weight : 1)];
    }

    /// <summary>What the members said of one vector.</summary>
    private sealed class Slot(int members)
    {
        public readonly Prediction[] Predictions = new Prediction[members];
        public readonly bool[] Has = new bool[members];
        public int Symbol;
        public long Time;
        public bool IsTaken;
    }
}

/// <summary>What the report says of an ensemble.</summary>
/// <param name="Combined">Predictions sent.</param>
/// <param name="WithoutVector">Members' predictions for which no vector came.</param>
/// <param name="Missing">Vectors for which a member had no prediction, by member; why it had none is counted at the member.</param>
public sealed record EnsembleReport(long Combined, long WithoutVector, IReadOnlyDictionary<string, long> Missing)
{
    /// <summary>How far the stacking model has moved away from its training; null when that is not watched.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DriftReport? Drift { get; init; }
}
