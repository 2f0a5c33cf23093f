using Microsoft.ML.OnnxRuntime;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Models.Drift;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models.Coordination;

/// <summary>A model inside another block: it takes its columns by name from vectors that hold more than it needs.</summary>
internal sealed class HostedModel : IDisposable
{
    private const int WarmUpRounds = 32;

    private readonly string _option;
    private readonly Manifest _manifest;
    private readonly OnnxModel? _model;
    private readonly double[] _row;
    private readonly ModelColumns _columns;
    private readonly DriftWindow? _drift;

    /// <summary>Loads the model, or only reads what it says of itself when the block is made for a check.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">The .onnx file.</param>
    /// <param name="context">Of the block.</param>
    /// <param name="drift">How it is watched for moving away from its training; null for not.</param>
    /// <param name="note">Told what is found.</param>
    /// <exception cref="ConfigurationException">It is missing, does not fit, or needs more than one vector.</exception>
    public HostedModel(string option, string path, BlockContext context, DriftOptions? drift, Action<string, string> note)
    {
        _option = option;
        try
        {
            var file = ModelFile.Read(context.Files.Resolve(path));
            _manifest = file.Manifest;
            if (_manifest.Window != 1)
            {
                throw ModelFile.Refuse(file.Path, FormattableString.Invariant($"it takes the last {_manifest.Window} vectors"), "a model that takes one", "Use it in a block model.onnx.");
            }

            _model = context.IsForCheck ? null : OnnxModel.Load(file);
        }
        catch (ConfigurationException e) when (e.Option != option)
        {
            throw new ConfigurationException(option, e.Message) { Outside = e.Outside };
        }

        _drift = drift is null ? null : new DriftWindow(_manifest, drift, note);
        _row = new double[_manifest.Features.Count];
        _columns = new ModelColumns(_manifest.Features);
    }

    /// <summary>Name that predictions carry.</summary>
    public string Name => _manifest.Name;

    /// <summary>Names of the columns.</summary>
    public IReadOnlyList<string> Features => _manifest.Features;

    /// <summary>How far each column and the score have moved away from training; empty when that is not watched.</summary>
    public IEnumerable<BlockGauge> Gauges => (_drift?.Gauges ?? []).Select(g => g with { Of = $"{_option}.{g.Of}" });

    /// <summary>The same for the report; null when it is not watched.</summary>
    public DriftReport? Drift => _drift?.Report();

    /// <summary>Lets the model answer before the first vector, which then does not pay for what happens only once.</summary>
    public void WarmUp() => _model?.WarmUp(WarmUpRounds);

    /// <summary>Finds the columns in the vectors that come.</summary>
    /// <exception cref="ConfigurationException">One is not there.</exception>
    public void Bind(FeatureSchema schema)
    {
        if (_columns.Bind(schema) is { } missing)
        {
            throw new ConfigurationException(
                _option,
                $"Model '{Name}' needs the feature '{missing}', which is not in the vectors that come here ({schema.Names.Count} features{(schema.Name.Length > 0 ? $", '{schema.Name}'" : "")}). Join the features that it was trained on.");
        }
    }

    /// <summary>Whether all its columns are computed from enough data.</summary>
    public bool IsWarm(in FeatureVector vector) => _columns.IsWarm(in vector);

    /// <summary>Asks the model about a vector of the schema that it was bound to.</summary>
    /// <returns>Why there is no answer, a name of a short list; null when there is one.</returns>
    public string? Ask(in FeatureVector vector, out Forecast forecast)
    {
        _columns.Pick(in vector, _row);
        return Ask(_row, vector.EventTime, out forecast);
    }

    /// <summary>Asks the model about a row of its own columns.</summary>
    public string? Ask(ReadOnlySpan<double> row, long eventTime, out Forecast forecast)
    {
        var model = _model ?? throw new InvalidOperationException("Invariant: a block that was made for a check is run.");
        forecast = default;
        model.Write(0, row);
        try
        {
            model.Run(1);
        }
        catch (OnnxRuntimeException)
        {
            return "error";
        }

        var refused = model.Read(0, out forecast);
        if (refused is null)
        {
            _drift?.Add(row, forecast.Up, eventTime);
        }

        return refused;
    }

    public void Dispose() => _model?.Dispose();
}
