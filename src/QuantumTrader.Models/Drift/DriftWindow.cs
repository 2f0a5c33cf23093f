using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models.Drift;

/// <summary>
/// The newest predictions of a model, as bins of its training: each one comes in, and the oldest goes out, without a look at the others.
/// </summary>
internal sealed class DriftWindow
{
    private readonly Manifest _manifest;
    private readonly DriftOptions _options;
    private readonly Action<string, string> _note;

    // The features in the order of the manifest, then the score.
    private readonly DriftingValue[] _values;
    private readonly byte[] _bins;
    private int _place;
    private long _predictions;
    private long _comparisons;

    /// <summary>A window without predictions.</summary>
    /// <param name="manifest">Of the model.</param>
    /// <param name="options">How many, how often.</param>
    /// <param name="note">Told when a value enters or leaves a band.</param>
    /// <exception cref="ConfigurationException">The manifest does not say how values were spread in training.</exception>
    public DriftWindow(Manifest manifest, DriftOptions options, Action<string, string> note)
    {
        (_manifest, _options, _note) = (manifest, options, note);
        var bins = manifest.Bins ?? throw new ConfigurationException(
            "drift", $"The manifest of model '{manifest.Name}' has no 'bins': nothing says how its features and answers were spread in training. Train it with qt train, or leave 'drift' out.");
        _values = [.. bins.Features.Append(bins.Score).Select(b => new DriftingValue(b, options.Window))];
        _bins = new byte[options.Window * _values.Length];
    }

    /// <summary>The index of each value, for whoever watches.</summary>
    public IReadOnlyList<BlockGauge> Gauges => [.. _values.Select(v =>
        new BlockGauge("qt_model_drift_index", "Population stability index of a feature or score against training; NaN until the window is full.", v.Index) { Of = v.Name, TakesLargest = true })];

    /// <summary>Takes a prediction in.</summary>
    public void Add(ReadOnlySpan<double> features, double score, long eventTime)
    {
        var isFull = _predictions++ >= _options.Window;
        var row = _bins.AsSpan(_place * _values.Length, _values.Length);
        for (var i = 0; i < row.Length; i++)
        {
            var value = _values[i];
            if (isFull)
            {
                value.Forget(row[i]);
            }

            row[i] = value.Take(i < features.Length ? features[i] : score);
        }

        _place = _place + 1 == _options.Window ? 0 : _place + 1;
        var behind = _predictions - _options.Window;
        if (behind >= 0 && behind % _options.Every == 0)
        {
            Compare(eventTime);
        }
    }

    public DriftReport Report()
    {
        DriftFigure[] figures = [.. _values.Select(v => v.Figure())];
        return new DriftReport(_options.Window, _comparisons, figures[^1], figures[..^1]);
    }

    private void Compare(long eventTime)
    {
        _comparisons++;
        foreach (var value in _values)
        {
            if (value.Compare(eventTime))
            {
                Tell(value, eventTime);
            }
        }
    }

    private void Tell(DriftingValue value, long eventTime)
    {
        var kind = value == _values[^1] ? "score" : "feature";
        var found = FormattableString.Invariant(
            $"The {kind} '{value.Name}' of model '{_manifest.Name}' has a population stability index of {value.Index:0.000} over the {_options.Window} predictions up to {IsoTime.ToText(eventTime)}");
        var (code, follows) = value.Told switch
        {
            DriftBand.Shifted => ("shifted", $"from {PopulationStability.ShiftedFrom} on it is spread otherwise than in training. Find out why, and train on newer data if it stays so."),
            DriftBand.Moved => ("moved", $"from {PopulationStability.MovedFrom} on it is worth a look."),
            _ => ("back", $"it is back below {PopulationStability.MovedFrom}."),
        };
        _note($"{kind}_{code}", $"{found}; {follows}");
    }
}
