using System.Buffers.Binary;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using QuantumTrader.Features;

namespace QuantumTrader.Models.Training;

/// <summary>Trains a model on recorded vectors and tests it on the future of each of its parts. Same input, same bytes.</summary>
public static class TrainingRun
{
    private const int GoldenRows = 8;
    private const int MinRowsPerPart = 20;

    /// <summary>Labels the vectors, walks forward over them, and fits the final model on all rows.</summary>
    /// <param name="vectors">Vectors of one schema as they were recorded; of each symbol in the order of time.</param>
    /// <param name="options">How.</param>
    /// <exception cref="TrainingException">There is too little data, it cannot be labelled, or the options make no sense.</exception>
    public static TrainedModel Fit(IReadOnlyList<FeatureVector> vectors, TrainingOptions options)
    {
        Check(vectors, options);
        var labels = Labels.Make(vectors, options);
        var rows = labels.Rows;
        if (rows.Length < MinRowsPerPart * (options.Folds + 1))
        {
            throw new TrainingException(FormattableString.Invariant(
                $"Of {vectors.Count} vectors {rows.Length} can be used ({labels.NotWarm} are not warm, {labels.NoLabel} have no price {options.HorizonCandles} candles of {options.CandleSeconds} s ahead); {options.Folds} folds need {MinRowsPerPart * (options.Folds + 1)}. Record more, or use fewer folds."));
        }

        var ups = rows.Count(r => r.Up);
        if (ups == 0 || ups == rows.Length)
        {
            throw new TrainingException(FormattableString.Invariant($"The price rose in {ups} of {rows.Length} rows: there is nothing to tell apart. Use other data or another horizon."));
        }

        var result = WalkForward.Run(rows, options);
        var model = LogisticTrainer.Fit([.. rows.Select(r => r.Values)], [.. rows.Select(r => r.Up)], options.L2);
        var schema = vectors[0].Schema;
        var onnx = model.ToOnnx(options.Name, schema.Hash);
        var manifest = new Manifest
        {
            Format = Manifest.CurrentFormat,
            Name = options.Name,
            ModelSha256 = Convert.ToHexStringLower(SHA256.HashData(onnx)),
            Features = schema.Names,
            FeatureHash = schema.Hash,
            Inputs = [new ModelInput(Logistic.InputName, ElementType.Double, [1, schema.Names.Count])],
            Outputs = [new ModelOutput(Logistic.OutputName, ElementType.Double, [1, 1], OutputRole.Probability)],
            Classes = ["up"],
            Training = new TrainingInfo(
                HashOf(vectors, options), options.CodeVersion ?? CodeVersion(), rows.Length, rows[0].Time, rows[^1].Time,
                options.CandleSeconds, options.HorizonCandles, options.L2, result.Learned),
            Folds = result.Folds,
            Golden = [.. GoldenOf(rows).Select(values => new GoldenRow(values, [model.Predict(values)]))],
        };
        return new TrainedModel(onnx, manifest, TrainingReport.Write(labels, manifest, result), result.Learned);
    }

    private static void Check(IReadOnlyList<FeatureVector> vectors, TrainingOptions options)
    {
        if (vectors.Count == 0)
        {
            throw new TrainingException("There are no vectors to train on. Record some first.");
        }

        if (options.HorizonCandles < 1 || options.CandleSeconds < 1 || options.Folds < 1 || !(options.L2 > 0 && double.IsFinite(options.L2)) || options.Name.Length is 0 or > 60)
        {
            throw new TrainingException(FormattableString.Invariant(
                $"Options were name '{options.Name}', horizon {options.HorizonCandles} candles, candles of {options.CandleSeconds} s, {options.Folds} folds, l2 {options.L2}; all numbers must be above 0 and the name 1 to 60 characters."));
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

    private static IEnumerable<double[]> GoldenOf(LabelledRow[] rows)
    {
        for (var i = 0; i < GoldenRows; i++)
        {
            yield return rows[(int)((long)(rows.Length - 1) * i / (GoldenRows - 1))].Values;
        }
    }

    private static string HashOf(IReadOnlyList<FeatureVector> vectors, TrainingOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(vectors[0].Schema.Hash));
        Span<byte> numbers = stackalloc byte[20];
        BinaryPrimitives.WriteInt32LittleEndian(numbers, options.HorizonCandles);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[4..], options.CandleSeconds);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[8..], options.Folds);
        BinaryPrimitives.WriteDoubleLittleEndian(numbers[12..], options.L2);
        hash.AppendData(numbers);
        FeatureVector.AppendTo([.. vectors], hash);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string CodeVersion() =>
        typeof(TrainingRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}

/// <summary>What a training run made.</summary>
/// <param name="Onnx">The .onnx file.</param>
/// <param name="Manifest">What goes beside it.</param>
/// <param name="Report">For people: data, folds, and whether anything was learned.</param>
/// <param name="Learned">False when the folds show no skill; the model is still whole, but worth nothing.</param>
public sealed record TrainedModel(byte[] Onnx, Manifest Manifest, string Report, bool Learned)
{
    /// <summary>Writes the model and its manifest, each complete or not at all.</summary>
    /// <param name="path">Where the .onnx file goes.</param>
    public void Save(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory)
        {
            Directory.CreateDirectory(directory);
        }

        Write(path, Onnx);
        Write(Manifest.PathOf(path), Manifest.ToJson());
    }

    private static void Write(string path, byte[] bytes)
    {
        var part = path + ".part";
        File.WriteAllBytes(part, bytes);
        File.Move(part, path, overwrite: true);
    }
}
