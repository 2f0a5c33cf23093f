using System.Text;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Models.Coordination;

namespace QuantumTrader.Tests.Models;

public sealed class RefusalTests : IDisposable
{
    private readonly OnnxFixture _files = new();

    public void Dispose() => _files.Dispose();

    private static byte[] Model(string input = "features", int width = 2, string output = "probability_up") => new OnnxWriter()
        .Node("Gemm", output, input, "w")
        .Constant("w", new double[width], width, 1)
        .Input(input, 1, width)
        .Output(output, 1, 1)
        .ToBytes("g");

    [Fact]
    public void A_missing_model_is_something_outside()
    {
        File.Delete(_files.Path);
        var e = _files.Refusal();
        e.Outside.ShouldBeTrue();
        e.Message.ShouldContain("small.onnx was not found");
        e.Message.ShouldContain("qt train");
    }

    [Fact]
    public void A_missing_manifest_is_something_outside()
    {
        File.Delete(Manifest.PathOf(_files.Path));
        var e = _files.Refusal();
        e.Outside.ShouldBeTrue();
        e.Message.ShouldContain("small.onnx.json was not found");
    }

    [Theory]
    [InlineData("{", "cannot be read")]
    [InlineData("{}", "required")]
    [InlineData("null", "null")]
    public void A_broken_manifest_is_refused(string json, string said)
    {
        File.WriteAllText(Manifest.PathOf(_files.Path), json);
        _files.Refusal().Message.ShouldContain(said);
    }

    [Fact]
    public void An_unknown_key_in_the_manifest_is_refused()
    {
        var json = Encoding.UTF8.GetString(_files.Manifest.ToJson()).Replace("\"format\": 1", "\"format\": 1, \"fromat\": 2", StringComparison.Ordinal);
        File.WriteAllText(Manifest.PathOf(_files.Path), json);
        _files.Refusal().Message.ShouldContain("fromat");
    }

    [Fact]
    public void A_changed_file_is_refused_with_both_checksums()
    {
        var before = _files.Manifest.ModelSha256;
        _files.Bytes[^1] ^= 1;
        _files.Write();
        var message = _files.Refusal().Message;
        message.ShouldContain(before);
        message.ShouldContain("SHA-256");
    }

    [Fact]
    public void A_feature_hash_that_is_not_that_of_the_names_is_refused()
    {
        _files.Manifest = _files.Manifest with { Features = ["slope", "price_current"] };
        _files.Write();
        _files.Refusal().Message.ShouldContain("feature_hash");
    }

    public static TheoryData<string, Func<Manifest, Manifest>> BadManifests => new()
    {
        { "format is 2", m => m with { Format = 2 } },
        { "name is empty", m => m with { Name = "" } },
        { "hold a name twice", m => m with { Features = ["a", "a"] } },
        { "classes are [yes]", m => m with { Classes = ["yes"] } },
        { "golden rows are missing", m => m with { Golden = [] } },
        { "golden rows", m => m with { Golden = [new GoldenRow([1], [1])] } },
        { "golden_tolerance is 1", m => m with { GoldenTolerance = 1 } },
        { "answers golden row 0", m => m with { Golden = [new GoldenRow([102, 1], [0.668187])] } },
        { "has no input 'x' but 'features'", m => m with { Inputs = [m.Inputs[0] with { Name = "x" }] } },
        { "has no output 'x' but 'probability_up'", m => m with { Outputs = [m.Outputs[0] with { Name = "x" }] } },
        { "is double; expected float", m => m with { Inputs = [m.Inputs[0] with { Type = ElementType.Float }] } },
        { "has the shape [1, 2], its manifest says [-1, 2]", m => m with { Inputs = [m.Inputs[0] with { Shape = [-1, 2] }] } },
        { "has the shape [1, 2]; expected [rows, 1] or [rows]", m => m with { Outputs = [m.Outputs[0] with { Shape = [1, 2] }] } },
    };

    [Theory]
    [MemberData(nameof(BadManifests))]
    public void A_manifest_that_does_not_fit_is_refused(string said, Func<Manifest, Manifest> spoil)
    {
        _files.Manifest = spoil(_files.Manifest);
        _files.Write();
        var e = _files.Refusal();
        e.Message.ShouldContain(said);
        e.Message.ShouldContain("expected");
        e.Outside.ShouldBeFalse();
    }

    [Fact]
    public void A_model_of_another_width_is_refused()
    {
        _files.Replace(Model(width: 3));
        _files.Refusal().Message.ShouldContain("has the shape [1, 3], its manifest says [1, 2]");
    }

    [Theory]
    [InlineData("no model at all, only text")]
    [InlineData("")]
    [InlineData("PK\u0003\u0004 a zip file")]
    public void A_foreign_file_is_refused(string content)
    {
        _files.Replace(Encoding.UTF8.GetBytes(content));
        _files.Refusal().Message.ShouldContain("not an ONNX file");
    }

    [Fact]
    public void A_file_cut_short_is_refused_wherever_it_is_cut()
    {
        var whole = _files.Bytes;
        for (var part = 0; part < 50; part++)
        {
            _files.Replace(whole[..(whole.Length * part / 50)]);

            // Behind the graph only metadata follows: a cut between two of its entries leaves a whole model.
            try
            {
                using var block = _files.Block();
                _files.Bytes.Length.ShouldBeGreaterThan(whole.Length - 120);
            }
            catch (ConfigurationException e)
            {
                e.Option.ShouldBe("model");
            }
        }
    }

    [Theory]
    [InlineData(1L << 40)]
    [InlineData(1L << 62)]
    [InlineData(-1)]
    public void A_tensor_that_claims_more_than_the_file_holds_is_refused(long rows)
    {
        var single = new ProtoBytes().Number(1, rows).Number(1, 2).Number(2, 11).Text(8, "w").Text(9, new string('\0', 16));
        var packed = new ProtoBytes().Packed(1, rows, 2).Number(2, 11).Text(8, "w").Text(9, new string('\0', 16));
        foreach (var tensor in new[] { single, packed })
        {
            _files.Replace(new ProtoBytes().Number(1, 8).Message(7, new ProtoBytes().Message(5, tensor)).ToArray());
            _files.Refusal().Message.ShouldContain(rows < 0 ? "negative" : "claims");
        }

        var sparse = new ProtoBytes().Message(15, new ProtoBytes().Number(3, rows));
        _files.Replace(new ProtoBytes().Number(1, 8).Message(7, sparse).ToArray());
        _files.Refusal().Message.ShouldContain(rows < 0 ? "negative" : "sparse tensor of");
    }

    [Fact]
    public void A_tensor_that_would_only_be_made_while_it_runs_and_is_too_large_is_refused()
    {
        var shape = new ProtoBytes().Number(1, 1).Number(2, 7).Number(7, 1L << 45).Text(8, "shape");
        ProtoBytes Value(string name, long columns) => new ProtoBytes().Text(1, name).Message(2, new ProtoBytes().Message(1, new ProtoBytes()
            .Number(1, 11).Message(2, new ProtoBytes().Message(1, new ProtoBytes().Number(1, 1)).Message(1, new ProtoBytes().Number(1, columns)))));
        var graph = new ProtoBytes()
            .Message(1, new ProtoBytes().Text(1, "shape").Text(2, "huge").Text(4, "ConstantOfShape"))
            .Message(1, new ProtoBytes().Text(1, "features").Text(1, "huge").Text(2, "probability_up").Text(4, "Add"))
            .Text(2, "g").Message(5, shape).Message(11, Value("features", 2)).Message(12, Value("probability_up", 1));
        _files.Replace(new ProtoBytes().Number(1, 8).Message(7, graph).Message(8, new ProtoBytes().Text(1, "").Number(2, 13)).ToArray());
        _files.Refusal().Message.ShouldContain("ONNX Runtime says");
    }

    [Theory]
    [InlineData(1L << 40, 2)]
    [InlineData(-2, 2)]
    [InlineData(1, 1L << 40)]
    [InlineData(1, 0)]
    public void A_manifest_with_an_absurd_shape_is_refused(long rows, long columns)
    {
        _files.Manifest = _files.Manifest with { Inputs = [_files.Manifest.Inputs[0] with { Shape = [rows, columns] }] };
        _files.Write();
        _files.Refusal().Message.ShouldContain(FormattableString.Invariant($"has the shape [{rows}, {columns}]"));
    }

    [Fact]
    public void Operators_that_come_in_a_library_of_their_own_are_refused()
    {
        foreach (var (domain, own) in new[] { ("evil.ops", false), ("pkg.functions", true) })
        {
            var graph = new ProtoBytes().Message(1, new ProtoBytes().Text(1, "features").Text(2, "probability_up").Text(4, "Load").Text(7, domain));
            var model = new ProtoBytes().Number(1, 8).Message(7, graph);
            if (own)
            {
                model.Message(25, new ProtoBytes().Text(1, "Load").Text(10, domain)); // a function that the file defines itself
            }

            _files.Replace(model.ToArray());
            _files.Refusal().Message.ShouldContain(own ? "ONNX Runtime says" : "operators of the domain 'evil.ops'");
        }
    }

    [Fact]
    public void An_operator_that_onnx_runtime_does_not_know_is_refused()
    {
        _files.Replace(new OnnxWriter().Node("Oracle", "probability_up", "features").Input("features", 1, 2).Output("probability_up", 1, 1).ToBytes("g"));
        _files.Refusal().Message.ShouldContain("ONNX Runtime says");
    }

    [Fact]
    public void A_model_with_weights_in_another_file_is_refused_before_it_is_loaded()
    {
        ProtoBytes Entry(string key, string value) => new ProtoBytes().Text(1, key).Text(2, value);
        var tensor = new ProtoBytes().Number(1, 2).Number(2, 11).Text(8, "w").Message(13, Entry("location", "/etc/passwd")).Number(14, 1);
        foreach (var graph in new[]
        {
            new ProtoBytes().Message(5, tensor),
            new ProtoBytes().Message(1, new ProtoBytes().Text(4, "Constant").Message(5, new ProtoBytes().Text(1, "value").Message(5, tensor))),
            new ProtoBytes().Message(1, new ProtoBytes().Message(5, new ProtoBytes().Message(6, new ProtoBytes().Message(15, new ProtoBytes().Message(1, tensor))))),
        })
        {
            _files.Replace(new ProtoBytes().Number(1, 8).Message(7, graph).ToArray());
            _files.Refusal().Message.ShouldContain("weights in another file");
        }
    }

    [Fact]
    public void A_huge_file_is_refused_without_being_read()
    {
        using (var file = File.Open(_files.Path, FileMode.Open))
        {
            file.SetLength(ModelFile.MaxBytes + 1); // sparse: takes no room
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        _files.Refusal().Message.ShouldContain("at most 268435456");
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(10_000_000);
    }

    [Fact]
    public async Task A_model_that_never_answers_is_refused()
    {
        using var folder = new ModelFolder();
        var file = ModelFile.Read(folder.SaveEndless("endless", "x"));
        var loading = Task.Run(() => OnnxModel.Load(file, 1, TimeSpan.FromMilliseconds(300)));
        var refused = await Should.ThrowAsync<ConfigurationException>(loading.WaitAsync(TimeSpan.FromSeconds(60)));
        refused.Message.ShouldContain("it has not answered its golden rows after 0.3 s");
    }

    [Fact]
    public void A_missing_native_library_is_named_with_its_remedy()
    {
        var e = Should.Throw<ConfigurationException>(() => OnnxRuntimeLibrary.Require(_files.Folder));
        e.Outside.ShouldBeTrue();
        e.Message.ShouldContain("libonnxruntime.so");
        e.Message.ShouldContain("restore.sh");
        File.WriteAllText(Path.Combine(_files.Folder, "libonnxruntime.so"), "no library");
        Should.Throw<ConfigurationException>(() => OnnxRuntimeLibrary.Require(_files.Folder)).Message.ShouldContain("cannot be loaded");
    }
}
