using System.Text.Json;
using QuantumTrader.App.Exports;
using QuantumTrader.Models;

namespace QuantumTrader.Tests.App;

public sealed class TrainCommandTests
{
    private static readonly string[] Demo = ["pipelines/demo.yml", "--set", "blocks.feed.days=1", "--set", "blocks.feed.rate=1"];

    [Fact]
    public void An_exported_file_trains_the_same_model_as_the_pipeline()
    {
        using var folder = new TemporaryFolder();
        var direct = Path.Combine(folder.Path, "a", "m.onnx");
        string[] how = ["--label", "barriers", "--take", "4t", "--stop", "4t", "--cost", "1t", "--horizon", "10", "--folds", "2"];
        Good(Qt.Run(["train", .. Demo, "--block", "features", "--out", direct, .. how]));
        foreach (var end in new[] { ".csv", ".npz" })
        {
            var (vectors, indirect) = (Path.Combine(folder.Path, "v" + end), Path.Combine(folder.Path, end[1..], "m.onnx"));
            Good(Qt.Run(["export", .. Demo, "--block", "features", "--to", vectors]));
            Good(Qt.Run(["train", "--from", vectors, "--out", indirect, "--tick-size", "0.5", .. how]));
            File.ReadAllBytes(indirect).ShouldBe(File.ReadAllBytes(direct));
            File.ReadAllText(indirect + ".json").ShouldBe(File.ReadAllText(direct + ".json"));
            File.ReadAllText(indirect + ".html").ShouldBe(File.ReadAllText(direct + ".html"));
        }
    }

    [Fact]
    public void A_training_that_was_killed_goes_on_and_gives_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        var (whole, killed) = (Path.Combine(folder.Path, "a", "m.onnx"), Path.Combine(folder.Path, "b", "m.onnx"));
        string[] Command(string file) => ["train", .. Demo, "--block", "features", "--out", file, "--learner", "mlp", "--hidden", "64,32", "--epochs", "15", "--folds", "8"];
        Good(Qt.Run(Command(whole)));

        using (var process = Qt.Start(Command(killed)))
        {
            // Its head takes 32 bytes: beyond them lies the first fold.
            var deadline = DateTime.UtcNow.AddSeconds(60);
            while (!(new FileInfo(killed + ".training") is { Exists: true, Length: > 32 }))
            {
                process.HasExited.ShouldBeFalse("the command must be killed before it ends");
                DateTime.UtcNow.ShouldBeLessThan(deadline);
            }

            process.Kill();
            process.WaitForExit(10_000).ShouldBeTrue();
        }

        File.Exists(killed).ShouldBeFalse("it was killed before its end");
        // On one processor: sums of several threads would come in another order.
        using var again = Qt.Start([("DOTNET_PROCESSOR_COUNT", "1")], Command(killed));
        var output = again.StandardOutput.ReadToEndAsync();
        again.StandardError.ReadToEnd().ShouldContain("Going on behind ");
        again.WaitForExit(60_000).ShouldBeTrue();
        again.ExitCode.ShouldBe(0, output.Result);
        File.ReadAllBytes(killed).ShouldBe(File.ReadAllBytes(whole));
        File.ReadAllText(killed + ".json").ShouldBe(File.ReadAllText(whole + ".json"));
        Directory.GetFiles(Path.GetDirectoryName(killed)!).Length.ShouldBe(3, "the state is removed at the end");
    }

    [Fact]
    public void A_model_of_trees_over_barriers_runs_in_the_pipeline_that_it_was_trained_on()
    {
        using var folder = new TemporaryFolder();
        var model = Path.Combine(folder.Path, "trees.onnx");
        Good(Qt.Run(["train", .. Demo, "--block", "features", "--out", model, "--learner", "trees", "--label", "barriers", "--folds", "2"]));
        var manifest = Manifest.Parse(File.ReadAllBytes(model + ".json"));
        manifest.Training!.Options["take"].ShouldBe("8t");
        manifest.Training.Options["tick_size"].ShouldBe("0.5", "it is the instrument's");
        var (_, output, _) = Good(Qt.Run(["run", .. Demo, "--set", $"blocks.model.model={model}"]));
        output.ShouldContain("Balanced: every event is accounted for.");
    }

    [Theory]
    [InlineData("Give either a pipeline and --block, or --from with a file.", "pipelines/demo.yml")]
    [InlineData("Give either a pipeline and --block, or --from with a file.", "--from", "v.csv", "--block", "features")]
    [InlineData("--depth means nothing with --learner logistic. Leave it out.", "pipelines/demo.yml", "--block", "features", "--depth", "3")]
    [InlineData("--take means nothing with --label horizon. Leave it out.", "pipelines/demo.yml", "--block", "features", "--take", "3t")]
    [InlineData("--cost was 'much'; it is a number of ticks such as 8t, or a share of the price such as 0.2% or 0.002.", "--from", "v.csv", "--cost", "much")]
    [InlineData("--hidden was '8,a'; it is one or two numbers such as 32,16.", "--from", "v.csv", "--learner", "mlp", "--hidden", "8,a")]
    public void What_cannot_be_meant_is_refused_before_anything_runs(string message, params string[] arguments)
    {
        var (code, _, error) = Qt.Run(["train", .. arguments, "--out", "m.onnx"]);
        (code, error).ShouldBe((2, message + "\n"));
    }

    [Fact]
    public void Files_that_no_export_wrote_are_refused_with_their_place()
    {
        using var folder = new TemporaryFolder();
        string Refusal(string name, params string[] lines) => Should.Throw<InvalidDataException>(() => VectorReader.Read(folder.Write(name, lines))).Message;

        Refusal("a.txt").ShouldContain("ends neither in .csv nor in .npz");
        Refusal("a.csv", "time,price").ShouldContain("a.csv:1: the header was 'time,price'");
        Refusal("b.csv", "sequence,time,symbol,price,warm", "1,2,1,5").ShouldContain("b.csv:2: the line has 4 cells");
        Refusal("c.csv", "sequence,time,symbol,price,warm", "1,2,1,5,1", "1,2,1,NaN,1").ShouldContain("c.csv:3: 'price' was 'NaN'");
        Refusal("d.npz", "no zip").ShouldContain("d.npz");
        VectorReader.Read(folder.Write("e.csv", "sequence,time,symbol,price,warm", "1,2,3,0.1,0")).ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            v => (v.Sequence, v.EventTime, v.Symbol, v.Values[0], v.AllWarm).ShouldBe((1, 2, 3, 0.1, false)));
        folder.Write("e.csv.json", JsonSerializer.Serialize(new { data_hash = "other" }));
        Should.Throw<InvalidDataException>(() => VectorReader.Read(Path.Combine(folder.Path, "e.csv"))).Message.ShouldContain("its manifest");
    }

    private static (int Code, string Output, string Error) Good((int Code, string Output, string Error) result)
    {
        result.Code.ShouldBe(0, result.Output + result.Error);
        return result;
    }
}
