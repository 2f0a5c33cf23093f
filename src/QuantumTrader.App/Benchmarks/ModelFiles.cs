using System.Security.Cryptography;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using QuantumTrader.Features;
using QuantumTrader.Features.Model65;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Benchmarks;

/// <summary>A folder with the model that is measured: a perceptron of 65 features, 64 and 32 hidden units and three classes, in single precision.</summary>
internal sealed class ModelFiles : IDisposable
{
    public const int Width = 65;
    public const int Classes = 3;
    public const string Input = "features";
    public const string Output = "probabilities";

    private static readonly int[] Layers = [Width, 64, 32, Classes];
    private readonly string _folder = Directory.CreateTempSubdirectory("qt-bench-models-").FullName;

    public ModelFiles() => Write("first", 1);

    private string Model => Path.Combine(_folder, "perceptron.onnx");

    /// <summary>The block, as a pipeline makes it.</summary>
    public Onnx Block(OnnxOptions options) => new(options with { Model = Model, OnNotWarm = OnNotWarm.Predict }, new BlockContext("model", new SectionContext(_folder, _folder), TimeProvider.System));

    /// <summary>Puts another model of the same shape in its place, each file at once.</summary>
    public void Write(string name, int seed)
    {
        var onnx = Make(seed);
        var golden = Enumerable.Range(1, 8).Select(i => Row(i)).ToArray();
        using var bare = new BareModel(onnx, 1);
        var manifest = new Manifest
        {
            Format = Manifest.CurrentFormat,
            Name = name,
            ModelSha256 = Convert.ToHexStringLower(SHA256.HashData(onnx)),
            Features = Model65Block.Schema.Names,
            FeatureHash = Model65Block.Schema.Hash,
            Inputs = [new ModelInput(Input, ElementType.Float, [-1, Width])],
            Outputs = [new ModelOutput(Output, ElementType.Float, [-1, Classes], OutputRole.Probability)],
            Classes = ["down", "flat", "up"],
            Golden = [.. golden.Select(row => new GoldenRow(row, bare.Answer(row)))],
            GoldenTolerance = 1e-5,
        };
        Replace(Model, onnx);
        Replace(Manifest.PathOf(Model), manifest.ToJson());
    }

    /// <summary>The same model for ONNX Runtime alone.</summary>
    public PlainModel AsDocumented() => new(File.ReadAllBytes(Model));

    public BareModel Bare(int rows) => new(File.ReadAllBytes(Model), rows);

    /// <summary>Values as standardised features have them.</summary>
    public static double[] Row(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Width).Select(_ => (4 * random.NextDouble()) - 2)];
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[] Make(int seed)
    {
        var random = new Random(seed);
        var writer = new OnnxWriter(ElementType.Float).Input(Input, -1, Width).Output(Output, -1, Classes);
        var from = Input;
        for (var i = 1; i < Layers.Length; i++)
        {
            var (rows, columns, isLast) = (Layers[i - 1], Layers[i], i == Layers.Length - 1);
            double[] weights = [.. Enumerable.Range(0, rows * columns).Select(_ => ((2 * random.NextDouble()) - 1) / Math.Sqrt(rows))];
            writer.Constant($"w{i}", weights, rows, columns).Constant($"b{i}", new double[columns], columns)
                .Node("Gemm", $"sum{i}", from, $"w{i}", $"b{i}")
                .Node(isLast ? "Softmax" : "Relu", isLast ? Output : $"hidden{i}", $"sum{i}");
            from = $"hidden{i}";
        }

        return writer.ToBytes("perceptron");
    }

    private static void Replace(string path, byte[] bytes)
    {
        File.WriteAllBytes(path + ".part", bytes);
        File.Move(path + ".part", path, overwrite: true);
    }
}

/// <summary>ONNX Runtime as fast as its C# interface allows: one thread, values that were allocated and bound before.</summary>
internal sealed class BareModel : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly OrtIoBinding _binding;
    private readonly OrtValue _in;
    private readonly OrtValue _out;
    private readonly float[] _values;
    private readonly float[] _answers;

    public BareModel(byte[] onnx, int rows)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, EnableCpuMemArena = false };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        _options.AddRunConfigEntry("disable_synchronize_execution_providers", "1");
        _session = new InferenceSession(onnx, options);
        (_values, _answers) = (new float[rows * ModelFiles.Width], new float[rows * ModelFiles.Classes]);
        _in = OrtValue.CreateTensorValueFromMemory(_values, [rows, ModelFiles.Width]);
        _out = OrtValue.CreateTensorValueFromMemory(_answers, [rows, ModelFiles.Classes]);
        _binding = _session.CreateIoBinding();
        _binding.BindInput(ModelFiles.Input, _in);
        _binding.BindOutput(ModelFiles.Output, _out);
    }

    /// <summary>Predicts what stands in the input.</summary>
    public void Run() => _session.RunWithBinding(_options, _binding);

    /// <summary>Predicts from vectors, whose values are copied in from where they lie.</summary>
    public float Run(ReadOnlySpan<FeatureVector> vectors)
    {
        for (var row = 0; row < vectors.Length; row++)
        {
            Copy(vectors[row].Values, row);
        }

        Run();
        return _answers[^1];
    }

    /// <summary>The plain call on this session, which was opened for speed.</summary>
    public float[] RunPlain(double[] row) => PlainModel.Run(_session, row);

    public double[] Answer(double[] row)
    {
        Copy(row, 0);
        Run();
        return [.. _answers.Select(a => (double)a)];
    }

    public void Dispose()
    {
        _binding.Dispose();
        _in.Dispose();
        _out.Dispose();
        _options.Dispose();
        _session.Dispose();
    }

    private void Copy(ReadOnlySpan<double> from, int row)
    {
        var to = _values.AsSpan(row * ModelFiles.Width, ModelFiles.Width);
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = (float)from[i];
        }
    }
}

/// <summary>ONNX Runtime as its documentation shows it: a session with its default options, and tensors made for each call.</summary>
internal sealed class PlainModel(byte[] onnx) : IDisposable
{
    private readonly InferenceSession _session = new(onnx);

    public float[] Run(double[] row) => Run(_session, row);

    public static float[] Run(InferenceSession session, double[] row)
    {
        var tensor = new DenseTensor<float>(Array.ConvertAll(row, v => (float)v), [1, ModelFiles.Width]);
        using var results = session.Run([NamedOnnxValue.CreateFromTensor(ModelFiles.Input, tensor)]);
        return [.. results[0].AsEnumerable<float>()];
    }

    public void Dispose() => _session.Dispose();
}
