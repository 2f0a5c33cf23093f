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
