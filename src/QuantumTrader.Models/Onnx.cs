using QuantumTrader.Dataflow;
using QuantumTrader.Features;
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

/// <summary>Options of the block <c>model.onnx</c>.</summary>
public sealed record OnnxOptions
{
    /// <summary>The .onnx file, as <c>qt train</c> writes it; its manifest must lie beside it under the same name with <c>.json</c> behind.</summary>
    [Required]
    public string Model { get; init; } = "";

    /// <summary>What happens to a vector with a feature that is not warm: <c>skip</c> or <c>predict</c>.</summary>
    public OnNotWarm OnNotWarm { get; init; } = OnNotWarm.Skip;
}

/// <summary>
/// Asks an ONNX model for the probability that the price rises, once per vector. The model is refused unless file, manifest, tensors,
/// golden rows and the names of the features all fit together.
/// </summary>
[Block("model.onnx", "Predicts from feature vectors with an ONNX model.")]
[Partitioned]
public sealed class Onnx : Operator<FeatureVector, Prediction>, IUpstreamCheck
{
    private readonly OnnxModel _model;
    private readonly bool _skipsNotWarm;
    private readonly int _up;
    private readonly int _down;
    private readonly int _price;
    private FeatureSchema? _checked;
    private long _predictions;

    /// <summary>Loads the model.</summary>
    /// <exception cref="ConfigurationException">It is missing or does not fit.</exception>
    public Onnx(OnnxOptions options, BlockContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _model = OnnxModel.Load(context.Files.Resolve(options.Model));
        _skipsNotWarm = options.OnNotWarm == OnNotWarm.Skip;
        _up = IndexOf(_model.Classes, "up");
        _down = IndexOf(_model.Classes, "down");
        _price = IndexOf(_model.Manifest.Features, "price_current");
    }

    /// <summary>Hash of the feature names that must arrive; see <see cref="FeatureSchema.Hash"/>.</summary>
    public string ExpectedFeatureHash => _model.FeatureHash;

    /// <inheritdoc/>
    public void CheckUpstream(Block sender)
    {
        if (sender is IFeatureBlock features)
        {
            Check(features.Sends);
        }
    }

    /// <inheritdoc/>
    public override void Process(Run<FeatureVector> run, Output<Prediction> output)
    {
        foreach (ref readonly var vector in run)
        {
            if (!ReferenceEquals(vector.Schema, _checked))
            {
                Check(vector.Schema);
            }

            if (_skipsNotWarm && !vector.AllWarm)
            {
                run.Drop("not_warm");
                continue;
            }

            var probabilities = _model.Predict(vector.Values);
            var up = probabilities[_up];
            var down = _down >= 0 ? probabilities[_down] : 1 - up;

            // Written so that NaN is refused too.
            if (!(up is >= 0 and <= 1 && down is >= 0 and <= 1))
            {
                run.Reject("output_is_no_probability");
                continue;
            }

            _predictions++;
            var price = _price >= 0 ? vector.Values[_price] : 0;
            output.Add(new Prediction(vector.Sequence, vector.EventTime, vector.Symbol, up, up - down, Math.Max(up, down), price, _model.Name));
        }
    }

    /// <inheritdoc/>
    public override object Report() => new OnnxReport(_model.Name, _model.Manifest.ModelSha256, _model.Manifest.Training?.Learned, _predictions);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _model.Dispose();
        base.Dispose();
    }

    private void Check(FeatureSchema schema)
    {
        if (schema.Hash != _model.FeatureHash)
        {
            var expected = _model.Manifest.Features;
            throw new ConfigurationException(
                "model",
                $"Model '{_model.Name}' was trained on {expected.Count} features with the hash {_model.FeatureHash}; the vectors that come here have {schema.Names.Count} with the hash {schema.Hash}"
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

    private static int IndexOf(IReadOnlyList<string> names, string name)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
            {
                return i;
            }
        }

        return -1;
    }
}

/// <summary>What the report says of a model.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Sha256">Hash of its file.</param>
/// <param name="Learned">Whether its folds showed skill; null when its manifest does not say.</param>
/// <param name="Predictions">Predictions made.</param>
public sealed record OnnxReport(string Model, string Sha256, bool? Learned, long Predictions);
