using System.Text.Json;

namespace QuantumTrader.Tests.App;

public sealed class CommandTests
{
    [Fact]
    public void The_demo_runs_from_the_simulator_to_paper_orders_and_balances()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "reports", "r.json");
        var (code, output, _) = Qt.Run("run", "pipelines/demo.yml", "--report", file);

        code.ShouldBe(0);
        output.ShouldEndWith("Balanced: every event is accounted for.\n");
        var report = JsonDocument.Parse(File.ReadAllText(file)).RootElement;
        report.GetProperty("balanced").GetBoolean().ShouldBeTrue();
        report.GetProperty("throughput_events_per_second").GetDouble().ShouldBeGreaterThan(0);
        var blocks = report.GetProperty("blocks");
        blocks.GetProperty("normalize").GetProperty("in").GetInt64().ShouldBe(blocks.GetProperty("feed").GetProperty("out").GetInt64());
        blocks.GetProperty("orders").GetProperty("out").GetInt64().ShouldBeGreaterThan(0);
        report.GetProperty("edges").GetArrayLength().ShouldBe(9);
        report.GetProperty("latency")[0].GetProperty("p99").GetDouble().ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Hashes_are_equal_whatever_the_workers_the_capacity_and_the_islands()
    {
        string[] Hashes(params string[] sets)
        {
            var (code, output, error) = Qt.Run(["run", "pipelines/demo.yml", "--hashes", "--set", "blocks.feed.days=1", "--set", "blocks.feed.rate=1", .. sets.SelectMany(s => new[] { "--set", s })]);
            code.ShouldBe(0, error);
            return [.. output.Split('\n').Where(l => l.StartsWith("hash ", StringComparison.Ordinal))];
        }

        var expected = Hashes();
        expected.Length.ShouldBe(9);
        expected.Distinct().Count().ShouldBe(9);
        Hashes().ShouldBe(expected);
        Hashes("engine.workers=1").ShouldBe(expected);
        Hashes("engine.workers=4", "engine.fuse=false").ShouldBe(expected);
        Hashes("engine.fuse=false", "engine.capacity=1").ShouldBe(expected);
        Hashes("engine.batch=7").ShouldBe(expected);
        Hashes("blocks.features.parallelism=4", "blocks.book.parallelism=2").ShouldBe(expected);
        Hashes("blocks.feed.seed=8").ShouldNotBe(expected);
    }

    [FileFact("/dev/full")]
    public void A_full_disk_costs_the_report_and_not_the_run()
    {
        var (code, output, error) = Qt.Run("run", "pipelines/demo.yml", "--set", "blocks.feed.days=1", "--report", "/dev/full");

        code.ShouldBe(4);
        output.ShouldContain("Balanced: every event is accounted for.");
        error.ShouldContain("The report could not be written to '/dev/full'");
    }

    [Fact]
    public void A_missing_model_is_said_at_its_place_in_the_file()
    {
        var (code, _, error) = Qt.Run("run", "pipelines/demo.yml", "--set", "blocks.model.model=nowhere.onnx");

        code.ShouldBe(4);
        error.ShouldStartWith("--set:1:20: QT0601 blocks.model.model: The model ");
        error.ShouldContain("Train one with qt train, or correct the path.");
    }

    [Fact]
    public void Wrong_words_on_the_command_line_end_with_2_and_a_wrong_pipeline_with_3()
    {
        Qt.Run("walk").Code.ShouldBe(2);
        Qt.Run("run", "pipelines/nowhere.yml").Code.ShouldBe(3);
    }

    [Fact]
    public void Ten_mistakes_are_ten_findings_with_their_places()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "bad.yml");
        File.WriteAllText(file, """
            version: 2
            pipeline: bad
            market: { calendar: crypto, symbols: [DEMO], exchange: none }
            blocks:
              feed:      { type: source.simulator, days: many }
              normalize: { type: normalise, from: feed }
              book:      { type: book, from: fed }
              features:  { type: features.basic }
              signal:    { type: signal, from: features, min_confidence: 2 }
              Risk:      { type: risk, from: signal, max_postion: 1 }
              orders:    { type: execution.paper, from: Risk, market: book, prices: books }
            """);
        var (code, output, _) = Qt.Run("validate", file);

        code.ShouldBe(3);
        var lines = output.Replace(file, "bad.yml", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines[^1].ShouldBe($"{lines.Length - 1} findings.");
        (lines.Length - 1).ShouldBe(11, "ten mistakes, and one of them breaks two rules");
        foreach (var place in new[] { "1:10: QT0104", "3:46: QT0101", "5:46: QT0201", "6:22: QT0106", "7:34: QT0107", "8:3: QT0110", "9:62: QT0202", "10:3: QT0105", "10:42: QT0101", "11:73: QT0204" })
        {
            lines.ShouldContain(l => l.StartsWith("bad.yml:" + place, StringComparison.Ordinal), $"{place} in:\n{output}");
        }
    }

    [Fact]
    public void Findings_can_be_read_by_programs()
    {
        var (code, output, _) = Qt.Run("validate", "pipelines/demo.yml", "--json", "--set", "blocks.book.from=normalise");

        code.ShouldBe(3);
        var finding = JsonDocument.Parse(output).RootElement.EnumerateArray().First(f => f.GetProperty("code").GetString() == "QT0107");
        finding.GetProperty("severity").GetString().ShouldBe("error");
        (finding.GetProperty("file").GetString(), finding.GetProperty("line").GetInt32(), finding.GetProperty("column").GetInt32()).ShouldBe(("--set", 1, 18));
        (finding.GetProperty("path").GetString(), finding.GetProperty("nearest").GetString()).ShouldBe(("blocks.book.from", "normalize"));
        var (good, none, _) = Qt.Run("validate", "pipelines/demo.yml", "--json");
        (good, none).ShouldBe((0, "[]\n"));
    }

    [Fact]
    public void A_model_that_was_trained_on_other_features_is_found_before_a_run()
    {
        using var folder = new TemporaryFolder();
        var model = Path.Combine(folder.Path, "other.onnx");
        foreach (var end in new[] { "", ".json" })
        {
            var text = Path.Combine(Qt.Root, "pipelines", "models", "demo.onnx" + end);
            File.Copy(text, model + end);
        }

        var manifest = File.ReadAllText(model + ".json");
        var names = JsonDocument.Parse(manifest).RootElement.GetProperty("features").EnumerateArray().Select(f => f.GetString()!).ToList();
        var hash = new QuantumTrader.Features.FeatureSchema(names).Hash;
        names[1] = "other";
        File.WriteAllText(model + ".json", manifest.Replace("\"price_mean_5\"", "\"other\"", StringComparison.Ordinal).Replace(hash, new QuantumTrader.Features.FeatureSchema(names).Hash, StringComparison.Ordinal));
        var (code, output, _) = Qt.Run("validate", "pipelines/demo.yml", "--set", $"blocks.model.model={model}");

        code.ShouldBe(3, output);
        output.ShouldStartWith("--set:1:20: QT0601 blocks.model.model: Model ");
        output.ShouldContain("(first difference: place 2 expects 'other', found ");
    }

    [Fact]
    public void A_model_that_answers_otherwise_than_its_golden_rows_is_found_when_models_are_checked()
    {
        using var folder = new TemporaryFolder();
        var model = Path.Combine(folder.Path, "demo.onnx");
        File.Copy(Path.Combine(Qt.Root, "pipelines", "models", "demo.onnx"), model);
        var manifest = QuantumTrader.Models.Manifest.Parse(File.ReadAllBytes(Path.Combine(Qt.Root, "pipelines", "models", "demo.onnx.json")));
        File.WriteAllBytes(model + ".json", (manifest with { Golden = [manifest.Golden[0] with { Output = [0.5] }] }).ToJson());
        string[] pipeline = ["validate", "pipelines/demo.yml", "--set", $"blocks.model.model={model}"];

        Qt.Run(pipeline).Code.ShouldBe(0);
        var (code, output, _) = Qt.Run([.. pipeline, "--model"]);
        code.ShouldBe(3);
        output.ShouldContain("QT0601 blocks.model.model: Model ");
        output.ShouldContain("it answers golden row 0 with");
    }

    [Fact]
    public void The_graph_shows_which_blocks_run_fused()
    {
        var (code, output, _) = Qt.Run("graph", "pipelines/demo.yml");

        code.ShouldBe(0);
        output.ShouldContain("normalize");
        Qt.Run("graph", "pipelines/demo.yml", "--format", "mermaid").Output.ShouldStartWith("flowchart");
        Qt.Run("graph", "pipelines/demo.yml", "--format", "dot").Output.ShouldStartWith("digraph");
    }

    [Fact]
    public void The_schema_is_json_and_the_reference_in_docs_is_up_to_date()
    {
        JsonDocument.Parse(Qt.Run("blocks", "--schema").Output).RootElement.GetProperty("$schema").GetString()!.ShouldContain("2020-12");
        var (_, output, _) = Qt.Run("blocks", "--markdown");
        File.ReadAllText(Path.Combine(Qt.Root, "docs", "blocks.md")).ShouldBe(output, "run: ./qt blocks --markdown > docs/blocks.md");
    }

    [Fact]
    public void The_demo_model_is_what_training_writes()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "demo.onnx");
        var (code, output, error) = Qt.Run("train", "pipelines/demo.yml", "--set", "blocks.feed.days=20", "--block", "features", "--out", file, "--code-version", "demo");

        code.ShouldBe(0, error);
        output.ShouldContain("\nLearned: ");
        File.ReadAllBytes(file).ShouldBe(File.ReadAllBytes(Path.Combine(Qt.Root, "pipelines", "models", "demo.onnx")));
        File.ReadAllText(file + ".json").ShouldBe(File.ReadAllText(Path.Combine(Qt.Root, "pipelines", "models", "demo.onnx.json")));
    }
}
