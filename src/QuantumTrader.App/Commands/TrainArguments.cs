using System.CommandLine;
using System.Globalization;
using QuantumTrader.Models.Training;

namespace QuantumTrader.App.Commands;

/// <summary>The options of <c>qt train</c> that say what is learned and how.</summary>
internal sealed class TrainArguments
{
    private static readonly TrainingOptions Defaults = new();
    private static readonly TripleBarrierOptions Barriers = new();
    private static readonly PerceptronOptions Network = new();
    private static readonly TreesOptions Trees = new();

    private readonly Option<string> _label = new Option<string>("--label") { Description = "horizon: up when the price is higher after it. barriers: which of take, stop and horizon a trade meets first.", DefaultValueFactory = _ => "horizon" }.AcceptOnlyFromAmong("horizon", "barriers");
    private readonly Option<int> _horizon = Of("--horizon", "Candles that the label looks ahead at most.", Defaults.Labels.HorizonCandles);
    private readonly Option<string> _take = Of("--take", "Profit after costs that ends a trade: 8t is ticks, 0.2% or 0.002 of the price.", $"{Barriers.Take}");
    private readonly Option<string> _stop = Of("--stop", "Move against a trade that ends it.", $"{Barriers.Stop}");
    private readonly Option<string> _cost = Of("--cost", "What entering and leaving cost together.", "0");
    private readonly Option<double> _tick = Of("--tick-size", "Price of one tick; by default the pipeline's instrument's.", 0.0);
    private readonly Option<int> _candle = Of("--candle-seconds", "Length of the candles that the vectors stand for.", Defaults.CandleSeconds);
    private readonly Option<int> _folds = Of("--folds", "Parts of the walk-forward test.", Defaults.Folds);
    private readonly Option<int?> _embargo = new("--embargo") { Description = "Candles between what is learned and what it is tested on; by default the horizon." };
    private readonly Option<double> _confidence = Of("--confidence", "Probability of a side from which on the report counts a trade.", Defaults.SignalConfidence);
    private readonly Option<double> _level = Of("--level", "Chance of calling noise a skill.", Defaults.Level);
    private readonly Option<ulong> _seed = Of("--seed", "Decides every random choice.", Defaults.Seed);
    private readonly Option<string> _learner = new Option<string>("--learner") { Description = "logistic (softmax with barriers), mlp or trees.", DefaultValueFactory = _ => "logistic" }.AcceptOnlyFromAmong("logistic", "mlp", "trees");
    private readonly Option<double> _l2 = Of("--l2", "logistic, trees: penalty on squared weights.", 1.0);
    private readonly Option<string> _hidden = Of("--hidden", "mlp: units of one or two hidden layers, such as 32,16.", string.Join(",", Network.Hidden));
    private readonly Option<int> _epochs = Of("--epochs", "mlp: most times through all rows.", Network.Epochs);
    private readonly Option<double?> _rate = new("--learning-rate") { Description = FormattableString.Invariant($"mlp, trees: size of a step (mlp {Network.LearningRate}, trees {Trees.LearningRate}).") };
    private readonly Option<int> _rounds = Of("--rounds", "trees: most rounds.", Trees.Rounds);
    private readonly Option<int> _depth = Of("--depth", "trees: most questions to a leaf.", Trees.Depth);
    private readonly Option<int> _leaves = Of("--leaves", "trees: most leaves of a tree.", Trees.Leaves);
    private readonly Option<int> _leafRows = Of("--leaf-rows", "trees: fewest rows of a leaf.", Trees.LeafRows);
    private readonly Option<double> _subsample = Of("--subsample", "trees: share of the rows that a round looks at.", Trees.Subsample);
    private readonly Option<string?> _version = new("--code-version") { Description = "Written into the manifest instead of the program's own version." };

    private Option[] All => [_label, _horizon, _take, _stop, _cost, _tick, _candle, _folds, _embargo, _confidence, _level, _seed, _learner, _l2, _hidden, _epochs, _rate, _rounds, _depth, _leaves, _leafRows, _subsample, _version];

    public void AddTo(Command command)
    {
        foreach (var option in All)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What cannot be meant; null when all can.</summary>
    public string? Problem(ParseResult arguments)
    {
        foreach (var option in new[] { _take, _stop, _cost }.Where(o => !Distance.TryParse(arguments.GetValue(o)!, out _)))
        {
            return $"{option.Name} was '{arguments.GetValue(option)}'; it is a number of ticks such as 8t, or a share of the price such as 0.2% or 0.002.";
        }

        if (arguments.GetValue(_hidden)!.Split(',').Any(h => !int.TryParse(h, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
        {
            return $"--hidden was '{arguments.GetValue(_hidden)}'; it is one or two numbers such as 32,16.";
        }

        var (label, learner) = (arguments.GetValue(_label)!, arguments.GetValue(_learner)!);
        var others = new Dictionary<string, Option[]>
        {
            ["logistic"] = [_hidden, _epochs, _rate, _rounds, _depth, _leaves, _leafRows, _subsample],
            ["mlp"] = [_l2, _rounds, _depth, _leaves, _leafRows, _subsample],
            ["trees"] = [_hidden, _epochs],
            ["horizon"] = [_take, _stop],
            ["barriers"] = [],
        };
        return new[] { (Choice: $"--learner {learner}", Key: learner), (Choice: $"--label {label}", Key: label) }
            .SelectMany(c => others[c.Key].Where(o => arguments.GetResult(o) is { Implicit: false }).Select(o => $"{o.Name} means nothing with {c.Choice}. Leave it out."))
            .FirstOrDefault();
    }

    public TrainingOptions Read(ParseResult arguments, string modelFile)
    {
        var (horizon, cost) = (arguments.GetValue(_horizon), DistanceOf(_cost));
        return new TrainingOptions
        {
            Name = Path.GetFileNameWithoutExtension(modelFile),
            Labels = arguments.GetValue(_label) == "barriers"
                ? new TripleBarrierOptions { HorizonCandles = horizon, Cost = cost, Take = DistanceOf(_take), Stop = DistanceOf(_stop) }
                : new FixedHorizonOptions { HorizonCandles = horizon, Cost = cost },
            Learner = arguments.GetValue(_learner) switch
            {
                "mlp" => Network with
                {
                    Hidden = [.. arguments.GetValue(_hidden)!.Split(',').Select(h => int.Parse(h, CultureInfo.InvariantCulture))],
                    Epochs = arguments.GetValue(_epochs),
                    LearningRate = arguments.GetValue(_rate) ?? Network.LearningRate,
                },
                "trees" => Trees with
                {
                    Rounds = arguments.GetValue(_rounds),
                    Depth = arguments.GetValue(_depth),
                    Leaves = arguments.GetValue(_leaves),
                    LeafRows = arguments.GetValue(_leafRows),
                    LearningRate = arguments.GetValue(_rate) ?? Trees.LearningRate,
                    Subsample = arguments.GetValue(_subsample),
                    L2 = arguments.GetValue(_l2),
                },
                _ => new LogisticOptions { L2 = arguments.GetValue(_l2) },
            },
            TickSize = arguments.GetValue(_tick),
            CandleSeconds = arguments.GetValue(_candle),
            Folds = arguments.GetValue(_folds),
            EmbargoCandles = arguments.GetValue(_embargo),
            SignalConfidence = arguments.GetValue(_confidence),
            Level = arguments.GetValue(_level),
            Seed = arguments.GetValue(_seed),
            CodeVersion = arguments.GetValue(_version),
        };

        Distance DistanceOf(Option<string> option) => Distance.TryParse(arguments.GetValue(option)!, out var distance) ? distance : default;
    }

    private static Option<T> Of<T>(string name, string description, T value) => new(name) { Description = description, DefaultValueFactory = _ => value };
}
