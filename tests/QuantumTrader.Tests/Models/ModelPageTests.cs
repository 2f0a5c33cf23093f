using System.Diagnostics;
using QuantumTrader.Models;
using QuantumTrader.Tests.App;

namespace QuantumTrader.Tests.Models;

public sealed class ModelPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Qt.Root, "docs", "models.md"));

    private static string Shown(string language)
    {
        var start = Page.IndexOf($"```{language}\n", StringComparison.Ordinal) + language.Length + 4;
        return Page[start..Page.IndexOf("```", start, StringComparison.Ordinal)];
    }

    [Fact]
    public void The_page_shows_a_pipeline_that_is_good()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "shown.yml");
        File.WriteAllText(file, Shown("yaml").Replace("models/demo.onnx", $"'{Path.Combine(Qt.Root, "pipelines", "models", "demo.onnx")}'", StringComparison.Ordinal));
        var (code, output, error) = Qt.Run("validate", file, "--model");
        code.ShouldBe(0, output + error);
        output.ShouldEndWith("nobody uses the output of 'signal'.\n1 finding.\n");
    }

    [Fact]
    public void The_described_model_is_loaded_with_the_manifest_that_the_script_writes()
    {
        using var folder = new TemporaryFolder();
        var model = Path.Combine(folder.Path, "tree.onnx");
        var description = Path.Combine(folder.Path, "tree.json");
        File.Copy(Path.Combine(Qt.Root, "tests", "QuantumTrader.Tests", "Models", "Made", "tree.onnx"), model);
        File.WriteAllText(description, Shown("json"));
        try
        {
            using var python = Process.Start(new ProcessStartInfo("python3", [Path.Combine(Qt.Root, "docs", "examples", "write_manifest.py"), model, description]) { RedirectStandardOutput = true })!;
            python.StandardOutput.ReadToEnd().ShouldStartWith("Wrote ");
            python.WaitForExit();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return; // only where there is a Python
        }

        using var loaded = OnnxModel.Load(model);
        loaded.Predict([100, 2]).Up.ShouldBe(0.625);
    }

    [Theory]
    [InlineData("not_warm")]
    [InlineData("window_not_full")]
    [InlineData("output_not_finite")]
    [InlineData("output_is_no_probability")]
    [InlineData("unknown_label")]
    [InlineData("return_out_of_range")]
    public void The_page_names_every_reason(string reason) => Page.ShouldContain($"| `{reason}` |");
}
