using System.Security.Cryptography;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Models;

/// <summary>A folder with one small valid model, which a test may then spoil.</summary>
public sealed class OnnxFixture : IDisposable
{
    public static readonly FeatureSchema Schema = new("price_current", "slope");

    // p = 1 / (1 + exp(-(0.2 + 1.5 (price - 100) / 4 - 0.5 slope / 2)))
    public static readonly Logistic Reference = new([100, 0], [4, 2], [1.5, -0.5], 0.2);

    private static readonly double[] GoldenValues = [102, 1];

    public OnnxFixture()
    {
        Bytes = Reference.ToOnnx("small", Schema.Hash, rows: 1);
        Manifest = ManifestOf(Bytes);
        Write();
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("qt-models-").FullName;

    public string Path => System.IO.Path.Combine(Folder, "small.onnx");

    public byte[] Bytes { get; set; }

    public Manifest Manifest { get; set; }

    public static Manifest ManifestOf(byte[] onnx) => new()
    {
        Format = 1,
        Name = "small",
        ModelSha256 = Convert.ToHexStringLower(SHA256.HashData(onnx)),
        Features = Schema.Names,
        FeatureHash = Schema.Hash,
        Inputs = [new ModelInput("features", ElementType.Double, [1, 2])],
        Outputs = [new ModelOutput("probability_up", ElementType.Double, [1, 1], OutputRole.Probability)],
        Classes = ["up"],
        Golden = [new GoldenRow(GoldenValues, [Reference.Predict(GoldenValues)])],
    };

    /// <summary>Puts other bytes in, with a manifest that has their checksum.</summary>
    public void Replace(byte[] onnx)
    {
        Bytes = onnx;
        Manifest = Manifest with { ModelSha256 = Convert.ToHexStringLower(SHA256.HashData(onnx)) };
        Write();
    }

    public void Write()
    {
        File.WriteAllBytes(Path, Bytes);
        File.WriteAllBytes(Manifest.PathOf(Path), Manifest.ToJson());
    }

    public Onnx Block(OnNotWarm onNotWarm = OnNotWarm.Skip) => Block(new OnnxOptions { OnNotWarm = onNotWarm });

    public Onnx Block(OnnxOptions options, TimeProvider? clock = null) =>
        new(options with { Model = "small.onnx" }, new BlockContext("fast", new SectionContext(Folder, Folder), clock ?? TimeProvider.System));

    public ConfigurationException Refusal()
    {
        var refusal = Should.Throw<ConfigurationException>(() => Block());
        refusal.Option.ShouldBe("model");
        return refusal;
    }

    public static FeatureVector Vector(long sequence, double price, double slope, ulong warm = 3) => new(sequence, sequence * 1000, 1, Schema, [price, slope], [warm]);

    public static Prediction[] Run(Onnx block, params FeatureVector[] vectors)
    {
        var output = new Output<Prediction>();
        block.Process(Run<FeatureVector>.Of(vectors, block.Accounts), output);
        return output.ToArray();
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
