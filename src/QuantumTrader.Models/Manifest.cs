using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace QuantumTrader.Models;

/// <summary>What a model is: lies beside <c>x.onnx</c> as <c>x.onnx.json</c>. A model without it is not loaded.</summary>
public sealed record Manifest
{
    /// <summary>The only format there is.</summary>
    public const int CurrentFormat = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Version of this layout.</summary>
    public required int Format { get; init; }

    /// <summary>Name that predictions carry.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the .onnx file, lower-case hex.</summary>
    public required string ModelSha256 { get; init; }

    /// <summary>Feature names in vector order.</summary>
    public required IReadOnlyList<string> Features { get; init; }

    /// <summary>SHA-256 of the names, as <see cref="QuantumTrader.Features.FeatureSchema.Hash"/>.</summary>
    public required string FeatureHash { get; init; }

    /// <summary>The model's inputs, each of them.</summary>
    public required IReadOnlyList<ModelInput> Inputs { get; init; }

    /// <summary>The outputs that are read.</summary>
    public required IReadOnlyList<ModelOutput> Outputs { get; init; }

    /// <summary>What the columns of probabilities or scores are: <c>[up]</c>, or any order of <c>up</c>, <c>down</c> and perhaps <c>flat</c>.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>What the model was trained on; null for a model from elsewhere.</summary>
    public TrainingInfo? Training { get; init; }

    /// <summary>Out-of-sample results of each walk-forward fold.</summary>
    public IReadOnlyList<FoldResult> Folds { get; init; } = [];

    /// <summary>Out of sample, per class, how often what was given a probability came.</summary>
    public IReadOnlyList<ClassCalibration> Calibration { get; init; } = [];

    /// <summary>How features and answers were spread in training; null for a model from elsewhere.</summary>
    public TrainingBins? Bins { get; init; }

    /// <summary>Rows and what the model must answer; checked whenever it is loaded, in every size of batch that is used.</summary>
    public required IReadOnlyList<GoldenRow> Golden { get; init; }

    /// <summary>Largest difference to a golden answer.</summary>
    public double GoldenTolerance { get; init; } = 1e-9;

    /// <summary>Vectors of a symbol that one prediction needs.</summary>
    [JsonIgnore]
    public int Window => Inputs.Max(i => i.Window);

    /// <summary>Rows of a tensor that leaves no choice; null when all take any number.</summary>
    [JsonIgnore]
    public int? FixedRows => (int?)Inputs.Select(i => i.Shape[0]).Concat(Outputs.Select(o => o.Shape[0])).Where(rows => rows > 0).Select(rows => (long?)rows).FirstOrDefault();

    /// <summary>Where the manifest of a model file lies.</summary>
    public static string PathOf(string modelPath) => modelPath + ".json";

    /// <summary>The manifest as UTF-8 JSON: same manifest, same bytes.</summary>
    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, Json), (byte)'\n'];

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">It is no manifest; the message says where.</exception>
    public static Manifest Parse(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize<Manifest>(json, Json) ?? throw new JsonException("The manifest is null.");
}

/// <summary>One row with the answer that a model must give.</summary>
/// <param name="Features">Values in vector order; with a window, those of all its vectors, oldest first.</param>
/// <param name="Output">What stands in the outputs, column by column in the order of the manifest, before scores become probabilities.</param>
public sealed record GoldenRow(IReadOnlyList<double> Features, IReadOnlyList<double> Output);
