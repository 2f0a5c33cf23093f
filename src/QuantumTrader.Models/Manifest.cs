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

/// <summary>Where a model came from.</summary>
/// <param name="DataSha256">Hash of all vectors given and of the options.</param>
/// <param name="CodeVersion">Version of the code that trained it.</param>
/// <param name="Rows">Rows that the final model was fitted on.</param>
/// <param name="FirstTime">Time of the first one, ns UTC.</param>
/// <param name="LastTime">Time of the last one, ns UTC.</param>
/// <param name="CandleSeconds">Length of the candles.</param>
/// <param name="HorizonCandles">Candles that the label looks ahead.</param>
/// <param name="L2">Penalty on the squared weights.</param>
/// <param name="Learned">False when the folds show no skill.</param>
public sealed record TrainingInfo(
    string DataSha256, string CodeVersion, int Rows, long FirstTime, long LastTime, int CandleSeconds, int HorizonCandles, double L2, bool Learned);

/// <summary>How a model that was fitted on the past did on the rows behind it.</summary>
/// <param name="Fold">Number, from 1.</param>
/// <param name="TrainRows">Rows fitted on.</param>
/// <param name="PurgedRows">Rows left out because their label reaches into the test rows.</param>
/// <param name="TestRows">Rows tested on.</param>
/// <param name="BaseRate">Share of test rows whose price rose.</param>
/// <param name="Accuracy">Share of test rows on the right side of one half.</param>
/// <param name="LogLoss">Mean of -ln(probability given to what happened).</param>
/// <param name="BaseLogLoss">The same for a constant probability: the training rows' own rate.</param>
/// <param name="Auc">Chance that a row that rose was ranked above one that did not; null when the test rows hold only one kind.</param>
public sealed record FoldResult(int Fold, int TrainRows, int PurgedRows, int TestRows, double BaseRate, double Accuracy, double LogLoss, double BaseLogLoss, double? Auc);
