namespace QuantumTrader.Models.Training;

/// <summary>How a model is trained.</summary>
public sealed record TrainingOptions
{
    /// <summary>Name that the model's predictions carry.</summary>
    public string Name { get; init; } = "model";

    /// <summary>What is to be foretold.</summary>
    public LabelOptions Labels { get; init; } = new FixedHorizonOptions();

    /// <summary>What learns it.</summary>
    public LearnerOptions Learner { get; init; } = new LogisticOptions();

    /// <summary>Length of the candles that the vectors were made from.</summary>
    public int CandleSeconds { get; init; } = 60;

    /// <summary>Price of one tick, for distances in ticks; 0 when not known.</summary>
    public double TickSize { get; init; }

    /// <summary>Walk-forward folds: each is fitted on rows before its test rows only.</summary>
    public int Folds { get; init; } = 5;

    /// <summary>
    /// Candles between the last label that a fit may know and the first row that it is tested on; null for as many as the label's time
    /// limit. Labels that end later are purged whatever this says.
    /// </summary>
    public int? EmbargoCandles { get; init; }

    /// <summary>Where every random choice of a learner comes from.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Probability of a side from which on the report counts a trade in its direction.</summary>
    public double SignalConfidence { get; init; } = 0.6;

    /// <summary>Chance of calling noise a skill: the model counts as learned when its p-value is below.</summary>
    public double Level { get; init; } = 0.01;

    /// <summary>Version of the code, for the manifest; null for that of this assembly.</summary>
    public string? CodeVersion { get; init; }

    internal int EffectiveEmbargo => EmbargoCandles ?? Labels.HorizonCandles;

    /// <summary>All of them as text, by name: what the manifest keeps, and what tells one run from another.</summary>
    internal SortedDictionary<string, string> Describe()
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in Labels.Describe().Concat(Learner.Describe()))
        {
            all.Add(name, value);
        }

        all.Add("candle_seconds", Text($"{CandleSeconds}"));
        all.Add("embargo_candles", Text($"{EffectiveEmbargo}"));
        all.Add("folds", Text($"{Folds}"));
        all.Add("horizon_candles", Text($"{Labels.HorizonCandles}"));
        all.Add("level", Text($"{Level}"));
        all.Add("seed", Text($"{Seed}"));
        all.Add("signal_confidence", Text($"{SignalConfidence}"));
        all.Add("tick_size", Text($"{TickSize}"));
        return all;
    }

    internal static string Text(FormattableString text) => FormattableString.Invariant(text);
}

/// <summary>What a row is labelled with.</summary>
public abstract record LabelOptions
{
    /// <summary>Candles that the label looks ahead at most.</summary>
    public int HorizonCandles { get; init; } = 5;

    /// <summary>What entering and leaving cost together.</summary>
    public Distance Cost { get; init; }

    /// <summary>Names of the classes that a model of these labels answers with, in the order of its columns.</summary>
    internal abstract IReadOnlyList<string> Classes { get; }

    /// <summary>In a few words, for the report.</summary>
    internal abstract string Summary(int candleSeconds);

    internal abstract IEnumerable<(string Name, string Value)> Describe();
}

/// <summary>Up when the price is higher after exactly the horizon, else not.</summary>
public sealed record FixedHorizonOptions : LabelOptions
{
    internal override IReadOnlyList<string> Classes { get; } = ["up"];

    internal override string Summary(int candleSeconds) => TrainingOptions.Text($"price up after {HorizonCandles} candles of {candleSeconds} s");

    internal override IEnumerable<(string, string)> Describe() => [("label", "fixed_horizon"), ("cost", $"{Cost}")];
}

/// <summary>
/// Up when a long trade reaches its take before its stop and within the horizon, down when a short trade does, else flat: the triple
/// barrier of Lopez de Prado, Advances in Financial Machine Learning, chapter 3.
/// </summary>
public sealed record TripleBarrierOptions : LabelOptions
{
    /// <summary>Profit to take, after <see cref="LabelOptions.Cost"/>.</summary>
    public Distance Take { get; init; } = new(8, DistanceUnit.Ticks);

    /// <summary>Move against the trade that ends it.</summary>
    public Distance Stop { get; init; } = new(8, DistanceUnit.Ticks);

    // Flat stands first: it is the one that the others are measured against.
    internal override IReadOnlyList<string> Classes { get; } = ["flat", "down", "up"];

    internal override string Summary(int candleSeconds) =>
        TrainingOptions.Text($"take {Take} after costs of {Cost} or stop {Stop}, whichever comes first within {HorizonCandles} candles of {candleSeconds} s");

    internal override IEnumerable<(string, string)> Describe() => [("label", "triple_barrier"), ("cost", $"{Cost}"), ("take", $"{Take}"), ("stop", $"{Stop}")];
}

/// <summary>Which learner, and its own options.</summary>
public abstract record LearnerOptions
{
    internal abstract ILearner Create(ulong seed);

    internal abstract IEnumerable<(string Name, string Value)> Describe();

    /// <summary>What is wrong with them; null when nothing is.</summary>
    internal abstract string? FindFault();
}

/// <summary>Thrown when no model can be trained from what was given: says what was found and what is needed.</summary>
public sealed class TrainingException(string message) : Exception(message);
