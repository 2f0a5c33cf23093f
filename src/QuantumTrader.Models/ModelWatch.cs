using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models;

/// <summary>
/// Looks for a changed model file from time to time, on the clock's thread. A changed one is loaded and checked there; the block takes it
/// when it is between two events.
/// </summary>
[RunEvent("QT2501", "model_loaded", "A new model file was taken up.", "Nothing.", Level = RunEventLevel.Information)]
[RunEvent("QT2502", "model_refused", "A new model file was refused.", "Run `qt models verify` on it; the run goes on with the model that it has.", Level = RunEventLevel.Error)]
internal sealed class ModelWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly OnnxOptions _options;
    private readonly TimeProvider _clock;
    private readonly Action<string, string> _note;
    private readonly Manifest _first;
    private readonly int _maxRows;
    private Stamp _loaded;
    private Stamp _seen;
    private ITimer? _timer;
    private OnnxModel? _new;
    private OnnxModel? _retired;
    private bool _isDisposed;

    /// <summary>Watches the file of a model that was just loaded.</summary>
    public ModelWatch(OnnxModel model, string path, OnnxOptions options, TimeProvider clock, Action<string, string> note)
    {
        (_path, _options, _clock, _note) = (path, options, clock, note);
        (_first, _maxRows) = (model.Manifest, model.MaxRows);
        _loaded = _seen = Stamp.Of(path);
    }

    /// <summary>Begins to look.</summary>
    public void Start()
    {
        var period = TimeSpan.FromMilliseconds(_options.ReloadEveryMs);
        _timer = _clock.CreateTimer(_ => Look(), null, period, period);
    }

    /// <summary>A model that was loaded since the last call; null when there is none. The caller owns it.</summary>
    public OnnxModel? TakeNew() => Volatile.Read(ref _new) is null ? null : Interlocked.Exchange(ref _new, null);

    /// <summary>Takes a model that is no longer used; closing its session takes longer than the block should stand still.</summary>
    public void Retire(OnnxModel model) => Interlocked.Exchange(ref _retired, model)?.Dispose();

    /// <summary>Waits for a load under way and closes what was not taken.</summary>
    public void Dispose()
    {
        _timer?.Dispose();
        lock (_gate)
        {
            _isDisposed = true;
            _new?.Dispose();
            _retired?.Dispose();
        }
    }

    private void Look()
    {
        // A load may take longer than the period.
        if (!_gate.TryEnter())
        {
            return;
        }

        try
        {
            if (_isDisposed)
            {
                return;
            }

            Interlocked.Exchange(ref _retired, null)?.Dispose();

            // File and manifest are two: only when neither has changed between two looks is the second one written as well.
            var now = Stamp.Of(_path);
            if (now != _loaded && now == _seen)
            {
                _loaded = now;
                Load();
            }

            _seen = now;
        }
        finally
        {
            _gate.Exit();
        }
    }

    private void Load()
    {
        try
        {
            var model = OnnxModel.Load(_path, _options.Batch);
            if (model.FeatureHash != _first.FeatureHash || model.Window != _first.Window || model.MaxRows != _maxRows)
            {
                using (model)
                {
                    throw ModelFile.Refuse(
                        _path, FormattableString.Invariant($"its features have the hash {model.FeatureHash}, its window is {model.Window}, it takes {model.MaxRows} rows at once"),
                        FormattableString.Invariant($"{_first.FeatureHash}, {_first.Window} and {_maxRows} as the running one"), "Start the pipeline again to use it.");
                }
            }

            if (_options.Drift is not null && model.Manifest.Bins is null)
            {
                using (model)
                {
                    throw ModelFile.Refuse(_path, "its manifest has no 'bins', but the block watches for drift", "how its values were spread in training", "Train it with qt train.");
                }
            }

            Interlocked.Exchange(ref _new, model)?.Dispose();
            _note("model_loaded", $"Model '{model.Name}' with the SHA-256 {model.Manifest.ModelSha256} was read from {_path}; it answers from the next event on.");
        }
        catch (ConfigurationException refused)
        {
            _note("model_refused", $"{refused.Message} The run goes on with the model that it has.");
        }
    }

    private readonly record struct Stamp(DateTime Model, long ModelBytes, DateTime Manifest, long ManifestBytes)
    {
        public static Stamp Of(string path)
        {
            var (model, manifest) = (new FileInfo(path), new FileInfo(Models.Manifest.PathOf(path)));
            return new Stamp(model.LastWriteTimeUtc, model.Exists ? model.Length : -1, manifest.LastWriteTimeUtc, manifest.Exists ? manifest.Length : -1);
        }
    }
}
