using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using Microsoft.ML.OnnxRuntime;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Models.Drift;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models;

/// <summary>What a model does with a vector that is not yet computed from enough data.</summary>
public enum OnNotWarm
{
    /// <summary>The vector is dropped and counted as <c>not_warm</c>.</summary>
    Skip,

    /// <summary>The model is asked all the same; features that are not warm have their neutral value.</summary>
    Predict,
}

/// <summary>When a model file is read again.</summary>
public enum ModelReload
{
    /// <summary>Never: the run keeps the model that it started with.</summary>
    Never,

    /// <summary>When the file or its manifest was changed.</summary>
    OnChange,
}

/// <summary>Options of the block <c>model.onnx</c>.</summary>
public sealed record OnnxOptions
{
    /// <summary>The .onnx file; its manifest must lie beside it under the same name with <c>.json</c> behind. See docs/models.md.</summary>
    [Required]
    public string Model { get; init; } = "";

    /// <summary>What happens to a vector with a feature that is not warm: <c>skip</c> or <c>predict</c>.</summary>
    public OnNotWarm OnNotWarm { get; init; } = OnNotWarm.Skip;

    /// <summary>
    /// Most vectors that are predicted at once when so many wait; it never waits for more. Above 1, only sizes of batches are used that
    /// answer the golden rows with the same bits.
    /// </summary>
    [Range(1, OnnxModel.MostRows)]
    public int Batch { get; init; } = 1;

    /// <summary>
    /// When a changed model is taken into the run: <c>never</c>, or <c>on_change</c> for live runs. A new file that is refused leaves the old
    /// model in place and counts the note <c>model_refused</c>.
    /// </summary>
    public ModelReload Reload { get; init; } = ModelReload.Never;

    /// <summary>How often a changed file is looked for, in milliseconds.</summary>
    [Range(10, 3_600_000)]
    public int ReloadEveryMs { get; init; } = 1000;

    /// <summary>
    /// Holds the newest predictions against the bins of the manifest, and tells when features or score are spread otherwise than in training:
    /// as metric, in the report, and as the notes <c>score_moved</c>, <c>score_shifted</c>, <c>score_back</c>, and the same of features.
    /// </summary>
    public DriftOptions? Drift { get; init; }
}

/// <summary>
/// Asks an ONNX model about each vector: how likely the price rises and falls, and by how much if the model tells. The model is refused
/// unless file, manifest, tensors, golden rows and the names of the features all fit together. Vectors are dropped as <c>not_warm</c> or
/// <c>window_not_full</c>; answers are refused as <c>output_not_finite</c>, <c>output_is_no_probability</c>, <c>unknown_label</c> or
/// <c>return_out_of_range</c>.
/// </summary>
[Block("model.onnx", "Predicts from feature vectors with an ONNX model.")]
[Partitioned]
public sealed class Onnx : Operator<FeatureVector, Prediction>, IUpstreamCheck
{
    private const int WarmUpRounds = 32;
    private const int NotWarm = -1;
    private const int WindowNotFull = -2;

    private readonly Manifest _manifest;
    private readonly Dictionary<int, VectorHistory> _histories = [];
    private readonly bool _skipsNotWarm;
    private readonly int _price;

    // What is known of the vectors that were predicted together: the row of each one's answer, or why it has none, and its price, which is
    // read when the vector is.
    private readonly int[] _rows;
    private readonly double[] _prices;
    private readonly VectorHistory?[] _added;
    private readonly ModelWatch? _watch;
    private readonly DriftOptions? _driftOptions;
    private OnnxModel? _model;
    private DriftWindow? _drift;
    private FeatureSchema? _checked;
    private long _predictions;
    private long _swaps;

    /// <summary>Loads the model.</summary>
    /// <exception cref="ConfigurationException">It is missing or does not fit.</exception>
    public Onnx(OnnxOptions options, BlockContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var file = ModelFile.Read(context.Files.Resolve(options.Model));
        _manifest = file.Manifest;
        _skipsNotWarm = options.OnNotWarm == OnNotWarm.Skip;
        _price = new FeatureSchema(_manifest.Features).IndexOf("price_current");
        _rows = new int[options.Batch];
        _prices = new double[options.Batch];
        _added = new VectorHistory?[options.Batch];
        _driftOptions = options.Drift;
        _drift = DriftOf(_manifest);
        _model = context.IsForCheck ? null : OnnxModel.Load(file, options.Batch);
        _watch = options.Reload == ModelReload.OnChange && _model is not null
            ? new ModelWatch(_model, file.Path, options, context.Clock, Note)
            : null;
    }

    /// <summary>Hash of the feature names that must arrive; see <see cref="FeatureSchema.Hash"/>.</summary>
    public string ExpectedFeatureHash => _manifest.FeatureHash;

    /// <inheritdoc/>
    public override IReadOnlyList<BlockGauge> Gauges => _drift?.Gauges ?? [];

    private OnnxModel Model => _model ?? throw new InvalidOperationException("Invariant: a block that was made for a check is run.");

    /// <inheritdoc/>
    public void CheckUpstream(Block sender)
    {
        if (sender is IFeatureBlock features)
        {
            Check(features.Sends);
        }
    }

    /// <inheritdoc/>
    public override void Start()
    {
        Model.WarmUp(WarmUpRounds);
        _watch?.Start();
    }

    /// <inheritdoc/>
    public override void Process(Run<FeatureVector> run, Output<Prediction> output)
    {
        var (next, prepared) = (0, 0);
        foreach (ref readonly var vector in run)
        {
            if (next == prepared)
            {
                if (_watch?.TakeNew() is { } model)
                {
                    Swap(model);
                }

                if (!ReferenceEquals(vector.Schema, _checked))
                {
                    Check(vector.Schema);
                }

                (next, prepared) = (0, Prepare(run.Rest));
            }

            var (row, price) = (_rows[next], _prices[next++]);
            if (row < 0)
            {
                run.Drop(row == NotWarm ? "not_warm" : "window_not_full");
                continue;
            }

            if (_model!.Read(row, out var forecast) is { } refused)
            {
                run.Reject(refused);
                continue;
            }

            _predictions++;
            _drift?.Add(vector.Values, forecast.Up, vector.EventTime);
            output.Next() = new Prediction(
                vector.Sequence, vector.EventTime, vector.Symbol, forecast.Up, forecast.Direction, forecast.Confidence, forecast.Magnitude, price, _model.Name);
        }
    }

    /// <inheritdoc/>
    public override object Report()
    {
        var manifest = _model?.Manifest ?? _manifest;
        return new OnnxReport(manifest.Name, manifest.ModelSha256, manifest.Training?.Learned, _predictions, _swaps, _drift?.Report());
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _watch?.Dispose();
        _model?.Dispose();
        base.Dispose();
    }

    /// <summary>Predicts from the first vectors of those that wait, at once; says of how many it knows the outcome.</summary>
    private int Prepare(ReadOnlySpan<FeatureVector> waiting)
    {
        for (var limit = Model.MaxRows; ; limit = 1)
        {
            var (count, rows) = Fill(waiting[..Math.Min(waiting.Length, limit)]);
            try
            {
                if (rows > 0)
                {
                    _model!.Run(rows);
                }

                return count;
            }
            catch (OnnxRuntimeException)
            {
                // A row that fails must be the only one that does: the others are tried again, alone.
                TakeBack(count);
                if (count == 1)
                {
                    throw;
                }
            }
        }
    }

    private (int Count, int Rows) Fill(ReadOnlySpan<FeatureVector> vectors)
    {
        var (count, rows) = (0, 0);
        foreach (ref readonly var vector in vectors)
        {
            // One that has to be checked first must be the current one: what is wrong with it is its own fault.
            if (!ReferenceEquals(vector.Schema, _checked))
            {
                break;
            }

            if (_skipsNotWarm && !vector.AllWarm)
            {
                (_rows[count], _added[count++]) = (NotWarm, null);
                continue;
            }

            var values = vector.Values;
            _prices[count] = _price >= 0 ? values[_price] : 0;
            if (_model!.Window == 1)
            {
                _model.Write(rows, values);
                _rows[count++] = rows++;
                continue;
            }

            var history = HistoryOf(vector.Symbol);
            history.Add(values);
            _added[count] = history;
            if (history.IsFull)
            {
                _model.Write(rows, history.Window);
                _rows[count++] = rows++;
            }
            else
            {
                _rows[count++] = WindowNotFull;
            }
        }

        return (count, rows);
    }

    // A vector at which the model failed is not part of later windows; those behind it are added again.
    private void TakeBack(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _added[i]?.RemoveLast();
        }
    }

    private VectorHistory HistoryOf(int symbol)
    {
        ref var history = ref CollectionsMarshal.GetValueRefOrAddDefault(_histories, symbol, out _);
        return history ??= new VectorHistory(_manifest.Window, _manifest.Features.Count, _added.Length);
    }

    private void Swap(OnnxModel model)
    {
        _watch!.Retire(_model!);
        _model = model;
        _swaps++;

        // What it was trained on is another past: the window begins anew.
        _drift = DriftOf(model.Manifest);
    }

    private DriftWindow? DriftOf(Manifest manifest) => _driftOptions is null ? null : new DriftWindow(manifest, _driftOptions, Note);

    private void Check(FeatureSchema schema)
    {
        if (schema.Hash != _manifest.FeatureHash)
        {
            var expected = _manifest.Features;
            throw new ConfigurationException(
                "model",
                $"Model '{_manifest.Name}' was trained on {expected.Count} features with the hash {_manifest.FeatureHash}; the vectors that come here have {schema.Names.Count} with the hash {schema.Hash}"
                + $"{FirstDifference(expected, schema.Names)}. Connect the block to the features that the model was trained on, or train one on these.");
        }

        _checked = schema;
    }

    private static string FirstDifference(IReadOnlyList<string> expected, IReadOnlyList<string> found)
    {
        for (var i = 0; i < Math.Max(expected.Count, found.Count); i++)
        {
            var (e, f) = (i < expected.Count ? $"'{expected[i]}'" : "nothing", i < found.Count ? $"'{found[i]}'" : "nothing");
            if (e != f)
            {
                return $" (first difference: place {i + 1} expects {e}, found {f})";
            }
        }

        return "";
    }
}

/// <summary>What the report says of a model.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Sha256">Hash of its file.</param>
/// <param name="Learned">Whether its folds showed skill; null when its manifest does not say.</param>
/// <param name="Predictions">Predictions made.</param>
/// <param name="Swaps">Changed models that were taken into the run.</param>
/// <param name="Drift">How far features and score have moved away from training; null when that is not watched.</param>
public sealed record OnnxReport(
    string Model, string Sha256, bool? Learned, long Predictions, long Swaps, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DriftReport? Drift);
