using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using QuantumTrader.Features;

namespace QuantumTrader.Models.Training;

/// <summary>Trains a model on recorded vectors and tests it on the future of each of its parts. Same input, same bytes.</summary>
public sealed class TrainingRun
{
    private const int GoldenRows = 8;
    private const int MinRowsPerPart = 20;

    private readonly IReadOnlyList<FeatureVector> _vectors;
    private readonly IReadOnlyList<FeatureVector> _priced;
    private readonly TrainingOptions _options;

    /// <summary>Checks what is given.</summary>
    /// <param name="vectors">Vectors of one schema as they were recorded; of each symbol in the order of time.</param>
    /// <param name="options">How.</param>
    /// <param name="priced">Vectors of the same times with the feature <c>price_current</c>; null when the vectors have it themselves.</param>
    /// <exception cref="TrainingException">There is nothing to train on, or the options make no sense.</exception>
    public TrainingRun(IReadOnlyList<FeatureVector> vectors, TrainingOptions options, IReadOnlyList<FeatureVector>? priced = null)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentNullException.ThrowIfNull(options);
        Check(options);
        Check(vectors);
        (_vectors, _priced, _options) = (vectors, priced ?? vectors, options);
    }

    /// <summary>File that keeps what is done, so that a run that was killed goes on behind it; null for none. Whoever names it deletes it.</summary>
    public string? StatePath { get; init; }

    /// <summary>Told how far it is.</summary>
    public Action<TrainingProgress> Progress { get; init; } = _ => { };

    /// <summary>Told how many folds of an earlier run are used again.</summary>
    public Action<int> Continued { get; init; } = _ => { };

    /// <summary>Trains with default settings.</summary>
    /// <exception cref="TrainingException">There is too little data, it cannot be labelled, or the options make no sense.</exception>
    public static TrainedModel Fit(IReadOnlyList<FeatureVector> vectors, TrainingOptions options) => new TrainingRun(vectors, options).Fit(CancellationToken.None);

    /// <summary>Labels the vectors, walks forward over them, and fits the final model on all rows.</summary>
    /// <exception cref="TrainingException">There is too little data, or it cannot be labelled.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public TrainedModel Fit(CancellationToken token)
    {
        var labels = Labels.Make(_vectors, _priced, _options);
        var rows = RowsOf(labels);
        var dataHash = DataHash();
        using var state = new TrainingState(StatePath, RunHash(dataHash));
        if (state.Folds > 0)
        {
            Continued(state.Folds);
        }

        var evaluation = Evaluation.Of(WalkForward.Run(rows, _options, state, Progress, token), _options);
        var learned = _options.Learner.Create(_options.Seed).Fit(
            rows, share => Progress(new TrainingProgress("final model", (_options.Folds + share) / (_options.Folds + 1))), token);
        var onnx = learned.ToOnnx(_options.Name, _vectors[0].Schema.Hash);
        var manifest = ManifestOf(rows, learned, evaluation, dataHash) with { ModelSha256 = Convert.ToHexStringLower(SHA256.HashData(onnx)) };
        return new TrainedModel(
            onnx, manifest, TrainingReport.Write(labels, _options, manifest), HtmlReport.Write(labels, _options, manifest, evaluation.Gains), evaluation.Skill.Learned);
    }

    private static void Check(TrainingOptions options)
    {
        var labels = options.Labels;
        Require(labels.HorizonCandles >= 1 && options.CandleSeconds >= 1, $"the horizon was {labels.HorizonCandles} candles of {options.CandleSeconds} s; both must be above 0");
        Require(options.Folds >= 1, $"there were {options.Folds} folds; there must be at least 1");
        Require(options.EmbargoCandles is null or >= 0, $"the embargo was {options.EmbargoCandles} candles; it must be at least 0");
        Require(options.Name.Length is >= 1 and <= 60, $"the name was '{options.Name}'; it must have 1 to 60 characters");
        Require(options.SignalConfidence is > 0 and <= 1, $"the signal's confidence was {options.SignalConfidence}; it must be above 0 and at most 1");
        Require(options.Level is > 0 and < 1, $"the level was {options.Level}; it must lie between 0 and 1");
        Require(labels.Cost.Value >= 0, $"the cost was {labels.Cost}; it must be at least 0");
        var barriers = labels as TripleBarrierOptions;
        Require(barriers is null || (barriers.Take.Value > 0 && barriers.Stop.Value > 0), $"take was {barriers?.Take} and stop {barriers?.Stop}; both must be above 0");
        Distance?[] distances = [labels.Cost, barriers?.Take, barriers?.Stop];
        Require(
            options.TickSize > 0 || distances.All(d => d is not { Unit: DistanceUnit.Ticks, Value: > 0 }),
            $"take, stop or cost is in ticks, and the size of a tick was {options.TickSize}; name it, or give fractions of the price");
        if (options.Learner.FindFault() is { } fault)
        {
            throw new TrainingException($"The options do not fit: {fault}.");
        }

        static void Require(bool isGood, FormattableString found)
        {
            if (!isGood)
            {
                throw new TrainingException($"The options do not fit: {FormattableString.Invariant(found)}.");
            }
        }
    }

    private static void Check(IReadOnlyList<FeatureVector> vectors)
    {
        if (vectors.Count == 0)
        {
            throw new TrainingException("There are no vectors to train on. Record some first.");
        }

        var last = new Dictionary<int, long>();
        foreach (var vector in vectors)
        {
            if (vector.Schema.Hash != vectors[0].Schema.Hash)
            {
                throw new TrainingException($"The vectors have two schemas, {vectors[0].Schema.Hash} and {vector.Schema.Hash}. Train on one recording at a time.");
            }

            if (last.TryGetValue(vector.Symbol, out var time) && vector.EventTime <= time)
            {
                throw new TrainingException(FormattableString.Invariant($"The vector of symbol {vector.Symbol} at {vector.EventTime} does not lie behind the one before it at {time}. Give each symbol's vectors once and in the order of time."));
            }

            last[vector.Symbol] = vector.EventTime;
        }
    }

    private TrainingRows RowsOf(Labels labels)
    {
        var rows = labels.Rows;
        var (horizon, needed) = (_options.Labels.HorizonCandles, MinRowsPerPart * (_options.Folds + 1));
        if (rows.Length < needed)
        {
            throw new TrainingException(FormattableString.Invariant(
                $"Of {_vectors.Count} vectors {rows.Length} can be used ({labels.NotWarm} are not warm, {labels.NoLabel} have no price {horizon} candles of {_options.CandleSeconds} s ahead); {_options.Folds} folds need {needed}.{StepHint()} Record more, or use fewer folds."));
        }

        var outcomes = Math.Max(2, _options.Labels.Classes.Count);
        var ups = rows.Count(r => r.Outcome == outcomes - 1);
        if (rows.All(r => r.Outcome == rows[0].Outcome))
        {
            throw new TrainingException(FormattableString.Invariant($"The price rose in {ups} of {rows.Length} rows: there is nothing to tell apart. Use other data or another horizon."));
        }

        return new TrainingRows(rows, outcomes, _options.EffectiveEmbargo * _options.CandleSeconds * 1_000_000_000L);
    }

    private string StepHint()
    {
        var steps = _vectors.Zip(_vectors.Skip(1)).Where(p => p.First.Symbol == p.Second.Symbol).Select(p => (p.Second.EventTime - p.First.EventTime) / 1e9);
        var usual = steps.GroupBy(s => s).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).FirstOrDefault();
        return usual is null || usual.Key == _options.CandleSeconds ? "" : FormattableString.Invariant($" Most vectors lie {usual.Key} s apart, not {_options.CandleSeconds}: is that the length of their candles (--candle-seconds)?");
    }

    private Manifest ManifestOf(TrainingRows rows, ILearned learned, Evaluation evaluation, string dataHash)
    {
        var schema = _vectors[0].Schema;
        var columns = TrainedTensors.Columns(rows.Outcomes);
        return new Manifest
        {
            Format = Manifest.CurrentFormat,
            Name = _options.Name,
            ModelSha256 = "",
            Features = schema.Names,
            FeatureHash = schema.Hash,
            Inputs = [new ModelInput(TrainedTensors.Input, ElementType.Double, [-1, schema.Names.Count])],
            Outputs = [new ModelOutput(TrainedTensors.Output(rows.Outcomes), ElementType.Double, [-1, columns], OutputRole.Probability)],
            Classes = _options.Labels.Classes,
            Training = new TrainingInfo(
                dataHash, _options.CodeVersion ?? CodeVersion, rows.Rows.Length, rows.Rows[0].Time, rows.Rows[^1].Time, _options.Describe(), evaluation.Skill, evaluation.Skill.Learned),
            Folds = evaluation.Folds,
            Calibration = evaluation.Calibration,
            Bins = new TrainingBins(
                [.. schema.Names.Select((name, i) => TrainingBins.Of(name, [.. rows.Rows.Select(r => r.Values[i])]))],
                TrainingBins.Of("probability_up", evaluation.UpProbabilities)),
            Golden = [.. Enumerable.Range(0, GoldenRows).Select(i => Golden(rows.Rows[(int)((long)(rows.Rows.Length - 1) * i / (GoldenRows - 1))].Values, rows.Outcomes, columns, learned))],
            GoldenTolerance = learned.Tolerance,
        };
    }

    private static GoldenRow Golden(double[] values, int outcomes, int columns, ILearned learned)
    {
        var probabilities = new double[outcomes];
        learned.Predict(values, probabilities);
        return new GoldenRow(values, probabilities[^columns..]);
    }

    private string DataHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(_vectors[0].Schema.Hash + "\n"));
        foreach (var (name, value) in _options.Describe())
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}={value}\n"));
        }

        FeatureVector.AppendTo([.. _vectors], hash);
        if (!ReferenceEquals(_vectors, _priced))
        {
            FeatureVector.AppendTo([.. _priced], hash);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // Another build may compute something else, even when it calls itself the same.
    private static byte[] RunHash(string dataHash) => SHA256.HashData(Encoding.UTF8.GetBytes($"{dataHash} {CodeVersion} {typeof(TrainingRun).Module.ModuleVersionId}"));

    private static string CodeVersion { get; } =
        typeof(TrainingRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}

/// <summary>What a training run made.</summary>
/// <param name="Onnx">The .onnx file.</param>
/// <param name="Manifest">What goes beside it.</param>
/// <param name="Report">For people: data, folds, and whether anything was learned.</param>
/// <param name="Html">The same as a page.</param>
/// <param name="Learned">False when the folds show no skill; the model is still whole, but worth nothing.</param>
public sealed record TrainedModel(byte[] Onnx, Manifest Manifest, string Report, string Html, bool Learned)
{
    /// <summary>Where the page of a model file lies.</summary>
    public static string ReportPathOf(string modelPath) => modelPath + ".html";

    /// <summary>Writes the model, its manifest and its page, each complete or not at all.</summary>
    /// <param name="path">Where the .onnx file goes.</param>
    public void Save(string path)
    {
        Write(path, Onnx);
        Write(Manifest.PathOf(path), Manifest.ToJson());
        Write(ReportPathOf(path), Encoding.UTF8.GetBytes(Html));
    }

    private static void Write(string path, byte[] bytes)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory)
        {
            Directory.CreateDirectory(directory);
        }

        var part = path + ".part";
        File.WriteAllBytes(part, bytes);
        File.Move(part, path, overwrite: true);
    }
}
