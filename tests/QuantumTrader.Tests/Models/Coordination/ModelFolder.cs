using QuantumTrader.Features;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Models.Coordination;

/// <summary>A folder of small models: each sums its features with weights.</summary>
internal sealed class ModelFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public string Path => _folder.Path;

    public BlockContext Context(TimeProvider? clock = null) => new("block", new SectionContext(Path, Path), clock ?? TimeProvider.System);

    /// <summary>Writes name.onnx with p(up) = 1 / (1 + exp(-(bias + sum of weight times feature))); returns its path.</summary>
    public string Save(string name, double bias, params (string Feature, double Weight)[] inputs)
    {
        var schema = new FeatureSchema(inputs.Select(i => i.Feature));
        var logistic = new Logistic([.. inputs.Select(_ => 0.0)], [.. inputs.Select(_ => 1.0)], [.. inputs.Select(i => i.Weight)], bias);
        var zeros = new double[inputs.Length];
        var onnx = logistic.ToOnnx(name, schema.Hash, rows: 1);
        return Write(name, onnx, OnnxFixture.ManifestOf(onnx) with
        {
            Name = name,
            Features = schema.Names,
            FeatureHash = schema.Hash,
            Inputs = [new ModelInput("features", ElementType.Double, [1, inputs.Length])],
            Golden = [new GoldenRow(zeros, [logistic.Predict(zeros)])],
        });
    }

    /// <summary>Writes name.onnx, which answers with its only feature: no probability when that is none.</summary>
    public string SaveEcho(string name, string feature)
    {
        var graph = new ProtoBytes().Message(1, new ProtoBytes().Text(1, "in").Text(2, "out").Text(4, "Identity"));
        return WriteOfOne(name, feature, graph, golden: 0.5);
    }

    /// <summary>Writes name.onnx, which answers one half when its only feature is 0 or 1, and fails at anything else.</summary>
    public string SaveFragile(string name, string feature)
    {
        var graph = new ProtoBytes()
            .Message(1, new ProtoBytes().Text(1, "in").Text(2, "place").Text(4, "Cast").Message(5, new ProtoBytes().Text(1, "to").Number(3, 7).Number(20, 2)))
            .Message(1, new ProtoBytes().Text(1, "halves").Text(1, "place").Text(2, "out").Text(4, "Gather"))

            // Two floats of one half, as raw bytes.
            .Message(5, new ProtoBytes().Number(1, 2).Number(2, 1).Text(8, "halves").Text(9, "\0\0\0\x3f\0\0\0\x3f"));
        return WriteOfOne(name, feature, graph, golden: 0);
    }

    /// <summary>Says in the manifest of name.onnx how its features and, last, its answers were spread in training.</summary>
    public void SaveBins(string name, params (string Name, double[] Values)[] spread)
    {
        ValueBins[] bins = [.. spread.Select(s => TrainingBins.Of(s.Name, s.Values))];
        var path = Manifest.PathOf(System.IO.Path.Combine(Path, name + ".onnx"));
        var manifest = Manifest.Parse(File.ReadAllBytes(path)) with { Bins = new TrainingBins(bins[..^1], bins[^1]) };
        File.WriteAllBytes(path, manifest.ToJson());
    }

    /// <summary>Writes name.onnx, which adds to its only feature for ever.</summary>
    public string SaveEndless(string name, string feature)
    {
        ProtoBytes Value(string value, int type) => new ProtoBytes().Text(1, value).Message(2, new ProtoBytes().Message(1, new ProtoBytes().Number(1, type).Message(2, new ProtoBytes())));
        var body = new ProtoBytes()
            .Message(1, new ProtoBytes().Text(1, "goes").Text(2, "goes_on").Text(4, "Identity"))
            .Message(1, new ProtoBytes().Text(1, "before").Text(1, "before").Text(2, "after").Text(4, "Add"))
            .Text(2, "body").Message(11, Value("round", 7)).Message(11, Value("goes", 9)).Message(11, Value("before", 1)).Message(12, Value("goes_on", 9)).Message(12, Value("after", 1));
        var graph = new ProtoBytes()
            .Message(1, new ProtoBytes().Text(1, "").Text(1, "yes").Text(1, "in").Text(2, "out").Text(4, "Loop").Message(5, new ProtoBytes().Text(1, "body").Message(6, body).Number(20, 5)))
            .Message(5, new ProtoBytes().Number(2, 9).Text(8, "yes").Text(9, "\x01"));
        return WriteOfOne(name, feature, graph, golden: 0);
    }

    public void Dispose() => _folder.Dispose();

    // A model that takes one value of single precision and gives one; its golden answer is one half.
    private string WriteOfOne(string name, string feature, ProtoBytes graph, double golden)
    {
        ProtoBytes dimensions = new ProtoBytes().Message(1, new ProtoBytes().Number(1, 1)).Message(1, new ProtoBytes().Number(1, 1));
        ProtoBytes Tensor(string tensor) => new ProtoBytes().Text(1, tensor).Message(2, new ProtoBytes().Message(1, new ProtoBytes().Number(1, 1).Message(2, dimensions)));
        graph = graph.Text(2, "g").Message(11, Tensor("in")).Message(12, Tensor("out"));
        var onnx = new ProtoBytes().Number(1, 8).Message(7, graph).Message(8, new ProtoBytes().Text(1, "").Number(2, 13)).ToArray();
        var schema = new FeatureSchema(feature);
        return Write(name, onnx, OnnxFixture.ManifestOf(onnx) with
        {
            Name = name,
            Features = schema.Names,
            FeatureHash = schema.Hash,
            Inputs = [new ModelInput("in", ElementType.Float, [1, 1])],
            Outputs = [new ModelOutput("out", ElementType.Float, [1, 1], OutputRole.Probability)],
            Golden = [new GoldenRow([golden], [0.5])],
        });
    }

    private string Write(string name, byte[] onnx, Manifest manifest)
    {
        var path = System.IO.Path.Combine(Path, name + ".onnx");
        File.WriteAllBytes(path, onnx);
        File.WriteAllBytes(Manifest.PathOf(path), manifest.ToJson());
        return path;
    }
}
