using System.Text.Json;
using QuantumTrader.Models;

namespace QuantumTrader.Tests.App;

public sealed class ModelsCommandTests
{
    private const string Demo = "pipelines/models/demo.onnx";
    private static readonly string[] Vectors = ["pipelines/demo.yml", "--set", "blocks.feed.days=1", "--set", "blocks.feed.rate=0.5", "--block", "features"];

    [Fact]
    public void A_folder_is_listed_with_what_each_model_is_and_why_one_is_refused()
    {
        using var folder = new TemporaryFolder();
        Copy(folder, "a.onnx");
        Copy(folder, "b.onnx");
        File.AppendAllText(Path.Combine(folder.Path, "b.onnx"), "more");
        var (code, output, _) = Qt.Run("models", "list", folder.Path);
        code.ShouldBe(0);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(2);
        lines[0].ShouldStartWith("demo ");
        lines[0].ShouldContain("11 features -> probability_up; learned, 28,775 rows from 2024-01-02T00:20:00Z to 2024-01-21T23:54:00Z; sha256 8e016697c625; ");
        lines[1].ShouldStartWith($"REFUSED {folder.Path}/b.onnx: Model {folder.Path}/b.onnx was refused: the file's SHA-256 is ");

        var rows = Json("models", "list", folder.Path, "--json");
        rows[0].GetProperty("learned").GetBoolean().ShouldBeTrue();
        rows[0].GetProperty("inputs")[0].GetProperty("shape").GetArrayLength().ShouldBe(2);
        rows[0].TryGetProperty("refused", out _).ShouldBeFalse();
        rows[1].GetProperty("refused").GetString()!.ShouldContain("copy both again");
    }

    [Fact]
    public void The_models_of_a_pipeline_are_listed_with_their_blocks()
    {
        var (code, output, error) = Qt.Run("models", "list", "pipelines/demo.yml");
        (code, error).ShouldBe((0, ""));
        output.TrimEnd().ShouldEndWith("; pipelines/models/demo.onnx (block 'model')");

        // An overlay or a set decides, as for a run.
        Qt.Run("models", "list", "pipelines/demo.yml", "--set", "blocks.model.model=models/demo-history.onnx").Output.ShouldContain("demo-history.onnx (block 'model')");
    }

    [Fact]
    public void A_model_is_described_with_operators_folds_and_calibration()
    {
        var (code, output, _) = Qt.Run("models", "inspect", Demo);
        code.ShouldBe(0);
        output.ShouldContain("parameters");
        output.ShouldContain("  input       features: double [any, 11]\n  output      probability_up: double [any, 1], probability\n  classes     up\n");
        output.ShouldContain("  training    learned\n");
        output.ShouldContain("  fold    train     test  log-loss    base    AUC   Brier  accuracy  trades  net return\n     1 ");
        output.ShouldContain("  calibration of up: 0.");

        var json = Json("models", "inspect", Demo, "--json");
        json.GetProperty("bytes").GetInt64().ShouldBe(new FileInfo(Path.Combine(Qt.Root, Demo)).Length);
        var file = ModelFile.Read(Path.Combine(Qt.Root, Demo));
        json.GetProperty("parameters").GetInt64().ShouldBe(file.Contents.Parameters);
        json.GetProperty("operators").EnumerateObject().Sum(o => o.Value.GetInt32()).ShouldBe(file.Contents.Operators.Values.Sum());
        json.GetProperty("manifest").GetProperty("folds").GetArrayLength().ShouldBe(file.Manifest.Folds.Count);
    }

    [Fact]
    public void Models_that_still_do_what_they_did_are_good()
    {
        var (code, output, _) = Qt.Run("models", "verify", "pipelines/models", "--batch", "4");
        code.ShouldBe(0);
        output.ShouldContain("good    pipelines/models/demo.onnx: 'demo' answers 8 golden rows within ");
        output.ShouldEndWith("4 good, 0 refused.\n");
    }

    [Fact]
    public void Each_thing_that_can_be_wrong_with_a_model_has_its_exit_code()
    {
        using var folder = new TemporaryFolder();
        var model = Copy(folder, "a.onnx");
        Qt.Run("models", "verify", model).Code.ShouldBe(0);

        // Its manifest promises another answer.
        var manifest = Manifest.Parse(File.ReadAllBytes(model + ".json"));
        File.WriteAllBytes(model + ".json", (manifest with { Golden = [manifest.Golden[0] with { Output = [0.123] }] }).ToJson());
        var (code, output, _) = Qt.Run("models", "verify", model);
        code.ShouldBe(1);
        output.ShouldContain("it answers golden row 0 with ");
        output.ShouldEndWith("0 good, 1 refused.\n");

        File.Delete(model + ".json");
        Qt.Run("models", "verify", model).Code.ShouldBe(4);
        Json(4, "models", "verify", model, "--json")[0].GetProperty("refused").GetString()!.ShouldContain("copy both files");
        Qt.Run("models", "verify", "pipelines/demo.yml", "--set", "blocks.model.batch=0").Code.ShouldBe(3);
        Qt.Run("models", "verify", folder.Path, "--batch", "0").Code.ShouldBe(2);
        Qt.Run("models", "inspect", model).Code.ShouldBe(4);
        var (none, _, error) = Qt.Run("models", "list", Path.Combine(folder.Path, "nowhere"));
        (none, error).ShouldBe((4, $"'{folder.Path}/nowhere' does not exist. Name an .onnx file, a folder of them, or a pipeline.\n"));
    }

    [Fact]
    public void A_model_does_not_differ_from_itself()
    {
        var json = Json(["models", "diff", Demo, Demo, .. Vectors, "--json"]);
        var comparison = json.GetProperty("comparison");
        comparison.GetProperty("same_side").GetDouble().ShouldBe(1);
        comparison.GetProperty("largest_difference").GetDouble().ShouldBe(0);
        comparison.GetProperty("score_index").GetDouble().ShouldBe(0);
        comparison.GetProperty("both").GetInt32().ShouldBeGreaterThan(1000);
        comparison.GetProperty("worst").GetArrayLength().ShouldBe(0);
        json.GetProperty("timings")[1].GetProperty("microseconds").GetDouble().ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Two_models_are_compared_on_a_recording_and_the_comparison_repeats()
    {
        using var folder = new TemporaryFolder();
        var (file, other) = (Path.Combine(folder.Path, "v.npz"), Path.Combine(folder.Path, "other.onnx"));
        Qt.Run(["export", .. Vectors, "--to", file]).Code.ShouldBe(0);
        Qt.Run("train", "--from", file, "--out", other, "--learner", "trees", "--rounds", "5", "--folds", "1").Code.ShouldBe(0);
        string[] diff = ["models", "diff", Demo, other, "--from", file, "--worst", "3"];
        var (code, output, error) = Qt.Run(diff);
        (code, error).ShouldBe((0, ""));
        output.ShouldStartWith("first   demo (8e016697c625), 11 features: ");
        output.Split("furthest apart: ").Length.ShouldBe(4);

        JsonElement Comparison() => Json([.. diff, "--json"]).GetProperty("comparison");
        var comparison = Comparison();
        Comparison().GetRawText().ShouldBe(comparison.GetRawText());
        comparison.GetProperty("same_side").GetDouble().ShouldBeInRange(0.3, 0.999);
        comparison.GetProperty("score_index").GetDouble().ShouldBeGreaterThan(0);
        comparison.GetProperty("ranges").EnumerateArray().Sum(r => r.GetProperty("vectors").GetInt32()).ShouldBe(comparison.GetProperty("both").GetInt32());
        var worst = comparison.GetProperty("worst").EnumerateArray().Select(w => Math.Abs(w.GetProperty("first").GetDouble() - w.GetProperty("second").GetDouble())).ToArray();
        worst.ShouldBe(worst.OrderDescending());
        worst[0].ShouldBe(comparison.GetProperty("largest_difference").GetDouble());
    }

    [Fact]
    public void What_cannot_be_compared_is_said()
    {
        Qt.Run("models", "diff", Demo, Demo, "pipelines/demo.yml").ShouldBe((2, "", "Give either a pipeline and --block, or --from with a file.\n"));
        Qt.Run("models", "diff", Demo, Demo, "pipelines/demo.yml", "--block", "rings").Code.ShouldBe(2);
        Qt.Run("models", "diff", Demo, "nowhere.onnx", "pipelines/demo.yml", "--block", "features").Code.ShouldBe(4);
        using var folder = new TemporaryFolder();
        var (code, _, error) = Qt.Run("models", "diff", Demo, Demo, "--from", folder.Write("v.csv", "sequence,time,symbol,price_current,warm", "1,2,3,0.1,1"));
        (code, error).ShouldBe((1, "Model 'demo' takes the feature 'price_mean_5', which the vectors do not hold. Compare on vectors of the features that it was trained on.\n"));
    }

    private static string Copy(TemporaryFolder folder, string name)
    {
        var path = Path.Combine(folder.Path, name);
        File.Copy(Path.Combine(Qt.Root, Demo), path);
        File.Copy(Path.Combine(Qt.Root, Demo + ".json"), path + ".json");
        return path;
    }

    private static JsonElement Json(params string[] arguments) => Json(0, arguments);

    private static JsonElement Json(int expected, params string[] arguments)
    {
        var (code, output, error) = Qt.Run(arguments);
        code.ShouldBe(expected, output + error);
        return JsonDocument.Parse(output).RootElement;
    }
}
