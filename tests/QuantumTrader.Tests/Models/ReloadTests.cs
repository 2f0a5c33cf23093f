using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Models;
using QuantumTrader.Tests.Storage.Valkey;

namespace QuantumTrader.Tests.Models;

public sealed class ReloadTests : IDisposable
{
    private static readonly OnnxOptions Watching = new() { Reload = ModelReload.OnChange, ReloadEveryMs = 10 };
    private readonly OnnxFixture _files = new();

    public void Dispose() => _files.Dispose();

    // The same model with another bias and name, written as qt train writes it.
    private void Exchange(string name, double bias, FeatureSchema? schema = null)
    {
        var onnx = (OnnxFixture.Reference with { Bias = bias }).ToOnnx(name, (schema ?? OnnxFixture.Schema).Hash);
        var answer = (OnnxFixture.Reference with { Bias = bias }).Predict([102, 1]);
        var manifest = OnnxFixture.ManifestOf(onnx) with { Name = name, Golden = [new GoldenRow([102, 1], [answer])] };
        File.WriteAllBytes(_files.Path + ".part", onnx);
        File.Move(_files.Path + ".part", _files.Path, overwrite: true);
        File.WriteAllBytes(_files.Path + ".json.part", (schema is null ? manifest : manifest with { Features = schema.Names, FeatureHash = schema.Hash }).ToJson());
        File.Move(_files.Path + ".json.part", Manifest.PathOf(_files.Path), overwrite: true);
    }

    [Fact]
    public async Task A_changed_model_answers_from_one_event_to_the_next_and_no_event_is_lost()
    {
        var source = new UntilSwapped();
        var seen = new Seen(source);
        using var graph = new GraphBuilder()
            .Add("source", source)
            .Add("model", _ => _files.Block(Watching with { Batch = 16 }), [("from", ["source"])], new BlockSettings())
            .Add("seen", seen, ["model"])
            .Build();
        var run = graph.RunAsync(CancellationToken.None);
        Eventually.Holds(() => Volatile.Read(ref seen.Count) > 0, "the first model must answer");
        Exchange("second", bias: 3);
        var report = await run.WaitAsync(TimeSpan.FromSeconds(60));
        report.Completed.ShouldBeTrue(report.Fault);
        report.Balanced.ShouldBeTrue();
        seen.Count.ShouldBe(source.Sent);
        seen.Changes.ShouldBe(["small", "second"]);
        seen.IsConsistent.ShouldBeTrue("each answer must be that of the model it names");
        report.NoteCounts["model.model_loaded"].ShouldBe(1);
        ((OnnxReport)report.Blocks.Single(b => b.Name == "model").Details!).ShouldSatisfyAllConditions(r => r.Swaps.ShouldBe(1), r => r.Model.ShouldBe("second"));
    }

    public static TheoryData<string, Action<ReloadTests>> BadFiles => new()
    {
        { "SHA-256", t => File.WriteAllText(t._files.Path, "no model") },
        { "was not found", t => File.Delete(Manifest.PathOf(t._files.Path)) },
        { "its features have the hash", t => t.Exchange("other", 0, new FeatureSchema("price_current", "volume")) },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void A_new_file_that_is_refused_leaves_the_old_model_in_place(string said, Action<ReloadTests> spoil)
    {
        using var block = _files.Block(Watching);
        block.Start();
        spoil(this);
        Eventually.Holds(() => block.Accounts.NoteCounts.ContainsKey("model_refused"), "it must be said");
        block.Accounts.Notes.ShouldContain(n => n.Code == "model_refused" && n.Message.Contains(said, StringComparison.Ordinal), string.Join('\n', block.Accounts.Notes));
        OnnxFixture.Run(block, OnnxFixture.Vector(1, 102, 1)).ShouldHaveSingleItem().Probability.ShouldBe(0.668187772168166, 1e-12);

        // A good one after it is taken.
        Exchange("third", bias: 5);
        Eventually.Holds(() => OnnxFixture.Run(block, OnnxFixture.Vector(1, 102, 1))[0].Model == "third", "the good one must be taken");
        block.Accounts.NoteCounts["model_refused"].ShouldBe(1);
    }

    [Fact]
    public void A_run_keeps_the_model_that_it_started_with_unless_told_otherwise()
    {
        new OnnxOptions().Reload.ShouldBe(ModelReload.Never);
        using var block = _files.Block();
        block.Start();
        Exchange("second", bias: 3);
        OnnxFixture.Run(block, OnnxFixture.Vector(1, 102, 1))[0].Model.ShouldBe("small");
    }

    private sealed class UntilSwapped : Source<FeatureVector>
    {
        public volatile bool IsSwapped;

        public long Sent { get; private set; }

        public override bool Read(Output<FeatureVector> output, int limit, CancellationToken stop)
        {
            for (var i = 0; i < 100; i++)
            {
                Sent++;
                output.Add(OnnxFixture.Vector(Sent, 90 + (Sent % 20), Sent % 7));
            }

            return !IsSwapped && !stop.IsCancellationRequested;
        }
    }

    private sealed class Seen(UntilSwapped source) : Observer<Prediction>
    {
        public long Count;

        public List<string> Changes { get; } = [];

        public bool IsConsistent { get; private set; } = true;

        public override void Observe(Run<Prediction> run)
        {
            foreach (ref readonly var p in run)
            {
                Count++;
                if (Changes.Count == 0 || Changes[^1] != p.Model)
                {
                    Changes.Add(p.Model);
                    source.IsSwapped = p.Model == "second";
                }

                var reference = p.Model == "second" ? OnnxFixture.Reference with { Bias = 3 } : OnnxFixture.Reference;
                IsConsistent &= Math.Abs(reference.Predict([90 + (p.Sequence % 20), p.Sequence % 7]) - p.Probability) < 1e-12;
            }
        }
    }
}
