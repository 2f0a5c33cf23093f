using Microsoft.ML.OnnxRuntime;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models;

/// <summary>
/// A model run by ONNX Runtime on the caller's thread: <see cref="Write"/> the rows, <see cref="Run"/> them at once, <see cref="Read"/> each.
/// Inputs and outputs are bound once to memory that stays in place, so a prediction allocates nothing. One thread at a time; sessions are
/// not shared, because two threads on one are slower than one thread.
/// </summary>
public sealed class OnnxModel : IDisposable
{
    /// <summary>Most rows that are run at once.</summary>
    public const int MostRows = 512;

    // Per tensor: 64 MiB of doubles, far above any batch of rows that is still answered in time.
    private const long MostElements = 8L << 20;
    private const int RowsCompared = 4;

    // Far above what any model takes for a few rows that is to answer within a candle.
    private static readonly TimeSpan GoldenDeadline = TimeSpan.FromSeconds(30);

    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly (ModelTensor Tensor, int[]? Places, int Window)[] _inputs;
    private readonly ModelTensor[] _outputs;
    private readonly AnswerReader _answers;
    private readonly int _width;
    private readonly double[] _row;
    private readonly double[] _picked;
    private Batch[] _batches;

    private OnnxModel(ModelFile file, InferenceSession session, int maxRows)
    {
        // Waiting for devices after a run is 5 % of a small one, and there is no device.
        _runOptions.AddRunConfigEntry("disable_synchronize_execution_providers", "1");
        Manifest = file.Manifest;
        Window = Manifest.Window;
        _width = Manifest.Features.Count;
        _session = session;
        var fixedRows = Manifest.FixedRows;
        MaxRows = Math.Min(maxRows, fixedRows ?? maxRows);
        int[] sizes = fixedRows is { } size ? [size] : [.. Enumerable.Range(0, 10).Select(i => 1 << i).Where(s => s < maxRows), maxRows];
        if (sizes[^1] * (long)Window * Manifest.Features.Count > MostElements)
        {
            throw ModelFile.Refuse(
                file.Path, FormattableString.Invariant($"{sizes[^1]} rows of {Window} vectors of {Manifest.Features.Count} features are too many values"),
                FormattableString.Invariant($"at most {MostElements}"), "Set a smaller batch, or use a model with a shorter window.");
        }

        _inputs = [.. Manifest.Inputs.Select(i => (ModelTensor.Of(i.Type, sizes[^1], i.Window * (i.Features ?? Manifest.Features).Count), PlacesOf(i), i.Window))];
        _outputs = [.. Manifest.Outputs.Select(o => ModelTensor.Of(o.Type, sizes[^1], o.Columns))];
        _batches = [.. sizes.Select(Bind)];
        _answers = new AnswerReader(Manifest);
        _row = new double[_answers.Columns];
        _picked = new double[_inputs.Max(i => i.Tensor.RowLength)];
    }

    /// <summary>What the model says of itself.</summary>
    public Manifest Manifest { get; }

    /// <summary>Name that predictions carry.</summary>
    public string Name => Manifest.Name;

    /// <summary>Hash of the feature names that the model was trained on; see <see cref="Features.FeatureSchema.Hash"/>.</summary>
    public string FeatureHash => Manifest.FeatureHash;

    /// <summary>Vectors of a symbol that make a row.</summary>
    public int Window { get; }

    /// <summary>Rows that can be run at once.</summary>
    public int MaxRows { get; }

    /// <summary>The largest difference between an answer to a golden row and the manifest; at most its tolerance.</summary>
    public double LargestGoldenDifference { get; private set; }

    /// <summary>The numbers of rows that ONNX Runtime is really called with; a run of another number is filled up to the next.</summary>
    public IEnumerable<int> BatchSizes => _batches.Select(b => b.Size);

    /// <summary>Reads, checks and loads a model, and lets it answer its golden rows.</summary>
    /// <param name="path">The .onnx file; its manifest lies beside it.</param>
    /// <param name="maxRows">Rows that are to be run at once, at most <see cref="MostRows"/>.</param>
    /// <exception cref="ConfigurationException">Something is missing or does not fit.</exception>
    public static OnnxModel Load(string path, int maxRows = 1) => Load(ModelFile.Read(path), maxRows);

    /// <summary>Loads a model that was read before.</summary>
    /// <exception cref="ConfigurationException">It does not fit its manifest, or ONNX Runtime is missing.</exception>
    public static OnnxModel Load(ModelFile file, int maxRows = 1) => Load(file, maxRows, GoldenDeadline);

    internal static OnnxModel Load(ModelFile file, int maxRows, TimeSpan deadline)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxRows, MostRows);
        OnnxRuntimeLibrary.Require();
        InferenceSession? session = null;
        OnnxModel? model = null;
        try
        {
            session = Open(file.Bytes);
            TensorCheck.Check(file, session);
            model = new OnnxModel(file, session, maxRows);
            model.CheckGoldenWithin(deadline, file.Path);
            return model;
        }
        catch (Exception e)
        {
            model?.Dispose();
            session?.Dispose();
            if (e is OnnxRuntimeException)
            {
                throw ModelFile.Refuse(file.Path, $"ONNX Runtime says: {e.Message}", "a model that it can run", "Export or train the model again.");
            }

            throw;
        }
    }

    /// <summary>Puts a row in.</summary>
    /// <param name="row">Its number, below <see cref="MaxRows"/>.</param>
    /// <param name="vectors">The last <see cref="Window"/> vectors of a symbol, oldest first: one finite value per feature name each.</param>
    public void Write(int row, ReadOnlySpan<double> vectors)
    {
        var width = _width;
        if (vectors.Length != Window * width || (uint)row >= (uint)MaxRows)
        {
            throw new ArgumentException($"Condition failed: row {row} has {vectors.Length} values, the model takes {MaxRows} rows of {Window * width}.", nameof(vectors));
        }

        foreach (ref readonly var input in _inputs.AsSpan())
        {
            var (tensor, places, window) = input;
            var newest = vectors[^(window * width)..];
            tensor.Write(row, places is null ? newest : Pick(newest, places, width));
        }
    }

    /// <summary>Lets the model answer the first rows that were put in.</summary>
    /// <exception cref="OnnxRuntimeException">It fails at one of them.</exception>
    public void Run(int rows)
    {
        var i = 0;
        while (_batches[i].Size < rows)
        {
            i++;
        }

        var batch = _batches[i];
        if (batch.Size > rows)
        {
            // What else stands there is of another time; a model that looks across its rows must not see it.
            foreach (var (tensor, _, _) in _inputs)
            {
                tensor.RepeatFirst(rows, batch.Size);
            }
        }

        _session.RunWithBinding(_runOptions, batch.Binding);
    }

    /// <summary>Reads the answer to a row of the last run.</summary>
    /// <returns>Why it is refused, a name of a short list; null when it is good.</returns>
    public string? Read(int row, out Forecast forecast) => _answers.Read(Answer(row), out forecast);

    /// <summary>Predicts one row.</summary>
    /// <exception cref="ArgumentException">The answer is refused.</exception>
    public Forecast Predict(ReadOnlySpan<double> vectors)
    {
        Write(0, vectors);
        Run(1);
        return Read(0, out var forecast) is { } reason ? throw new ArgumentException($"The model's answer is refused: {reason}.", nameof(vectors)) : forecast;
    }

    /// <summary>Runs golden rows in every size of batch, so that the first event does not pay for what happens only once.</summary>
    public void WarmUp(int rounds)
    {
        for (var i = 0; i < rounds; i++)
        {
            foreach (var batch in _batches)
            {
                WriteGolden(0, i);
                Run(Math.Min(batch.Size, MaxRows));
                Read(0, out _);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var batch in _batches)
        {
            batch.Dispose();
        }

        _runOptions.Dispose();
        _session.Dispose();
    }

    private static InferenceSession Open(byte[] bytes)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            // The arena's lock is what makes sessions on several threads wait for each other.
            EnableCpuMemArena = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        return new InferenceSession(bytes, options);
    }

    private int[]? PlacesOf(ModelInput input)
    {
        var all = Manifest.Features.ToList();
        return input.Features is { } names ? [.. names.Select(name => all.IndexOf(name))] : null;
    }

    private Batch Bind(int size)
    {
        var batch = new Batch(size, _session.CreateIoBinding());
        for (var i = 0; i < _inputs.Length; i++)
        {
            var value = _inputs[i].Tensor.Show(size, Manifest.Inputs[i].Shape.Skip(1));
            batch.Values.Add(value);
            batch.Binding.BindInput(Manifest.Inputs[i].Name, value);
        }

        for (var i = 0; i < _outputs.Length; i++)
        {
            var value = _outputs[i].Show(size, Manifest.Outputs[i].Shape.Skip(1));
            batch.Values.Add(value);
            batch.Binding.BindOutput(Manifest.Outputs[i].Name, value);
        }

        return batch;
    }

    private ReadOnlySpan<double> Pick(ReadOnlySpan<double> vectors, int[] places, int width)
    {
        var count = 0;
        for (var at = 0; at < vectors.Length; at += width)
        {
            foreach (var place in places)
            {
                _picked[count++] = vectors[at + place];
            }
        }

        return _picked.AsSpan(0, count);
    }

    private ReadOnlySpan<double> Answer(int row)
    {
        var at = 0;
        foreach (var output in _outputs)
        {
            output.Read(row, _row.AsSpan(at, output.RowLength));
            at += output.RowLength;
        }

        return _row;
    }

    private void WriteGolden(int row, int number) => Write(row, [.. Manifest.Golden[number % Manifest.Golden.Count].Features]);

    // A graph may loop for ever. ONNX Runtime looks at the mark between two of its steps.
    private void CheckGoldenWithin(TimeSpan deadline, string path)
    {
        using var late = new CancellationTokenSource(deadline);
        using (late.Token.Register(() => _runOptions.Terminate = true))
        {
            try
            {
                CheckGolden(path);
                KeepSizesThatAgree(path);
            }
            catch (OnnxRuntimeException) when (late.IsCancellationRequested)
            {
            }
        }

        if (late.IsCancellationRequested)
        {
            throw ModelFile.Refuse(
                path, FormattableString.Invariant($"it has not answered its golden rows after {deadline.TotalSeconds} s"), "a model that answers in time for the next event",
                "Look for a loop that does not end, or use a smaller model.");
        }
    }

    private void CheckGolden(string path)
    {
        for (var number = 0; number < Manifest.Golden.Count; number++)
        {
            WriteGolden(0, number);
            Run(1);
            var answer = Answer(0);
            var expected = Manifest.Golden[number].Output;
            for (var i = 0; i < answer.Length; i++)
            {
                var difference = Math.Abs(answer[i] - expected[i]);
                LargestGoldenDifference = Math.Max(LargestGoldenDifference, difference);
                if (!(difference <= Manifest.GoldenTolerance))
                {
                    throw ModelFile.Refuse(
                        path,
                        FormattableString.Invariant($"it answers golden row {number} with {answer[i]:R} in column {i + 1}"),
                        FormattableString.Invariant($"{expected[i]:R}, within {Manifest.GoldenTolerance:R}"),
                        "The model does not do here what it did where it was made; train it again on this machine.");
                }
            }

            if (_answers.Read(answer, out _) is { } reason)
            {
                throw ModelFile.Refuse(path, $"its answer to golden row {number} is refused: {reason}", "probabilities from 0 to 1, known labels and returns within -1 and 1", "Correct roles, labels and scale in the manifest.");
            }
        }
    }

    /// <summary>
    /// How many rows wait depends on timing, and a kernel may round differently with their number: a product of one row is computed in
    /// another order than one of several. So sizes of batches are only used when they give every row, at every place, the same bits.
    /// </summary>
    private void KeepSizesThatAgree(string path)
    {
        if (MaxRows == 1)
        {
            return;
        }

        var expected = new double[Manifest.Golden.Count][];
        if (!Agrees(_batches[^1], expected))
        {
            throw ModelFile.Refuse(path, "its answer to a row depends on the place of the row in a batch, or on the other rows", "a model that answers each row alone", "Set batch: 1.");
        }

        var kept = _batches.Where(b => Agrees(b, expected)).ToArray();
        foreach (var batch in _batches.Except(kept))
        {
            batch.Dispose();
        }

        _batches = kept;
    }

    // Rows that are all the same find what depends on the place, different ones what depends on the neighbours.
    private bool Agrees(Batch batch, double[][] expected)
    {
        var numbers = Manifest.Golden.Count;
        for (var first = 0; first <= Math.Min(numbers, RowsCompared); first++)
        {
            var mixed = first == Math.Min(numbers, RowsCompared);
            for (var row = 0; row < batch.Size; row++)
            {
                WriteGolden(row, mixed ? row : first);
            }

            _session.RunWithBinding(_runOptions, batch.Binding);
            for (var row = 0; row < batch.Size; row++)
            {
                var answer = Answer(row);
                ref var known = ref expected[(mixed ? row : first) % numbers];
                known ??= answer.ToArray();
                if (!answer.SequenceEqual(known))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private sealed class Batch(int size, OrtIoBinding binding) : IDisposable
    {
        public int Size { get; } = size;

        public OrtIoBinding Binding { get; } = binding;

        public List<OrtValue> Values { get; } = [];

        public void Dispose()
        {
            Binding.Dispose();
            Values.ForEach(v => v.Dispose());
        }
    }
}
