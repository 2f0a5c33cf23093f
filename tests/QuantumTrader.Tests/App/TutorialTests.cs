using System.Text.Json;
using System.Text.RegularExpressions;

namespace QuantumTrader.Tests.App;

/// <summary>The whole way that docs/tutorial-train-to-shadow.md shows: every command of the page, in its order.</summary>
public sealed partial class TutorialTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Qt.Root, "docs", "tutorial-train-to-shadow.md"));

    [Fact]
    public void The_way_from_data_to_a_model_in_the_shadow_runs()
    {
        using var folder = new TemporaryFolder();
        var outputs = new Dictionary<string, string>();
        foreach (var line in Blocks().Matches(Page).SelectMany(m => m.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)))
        {
            // Its files go to a folder of their own, also where the overlay names one.
            string[] words = [.. line.Split(' ')[1..].Select(w => w.Replace(".qt/tutorial", folder.Path, StringComparison.Ordinal))];
            string[] model = words.Contains("--overlay") ? ["--set", $"blocks.candidate.model={folder.Path}/new.onnx"] : [];
            var (code, output, error) = Qt.Run([.. words, .. model]);
            code.ShouldBe(0, $"{line}\n{output}{error}");
            outputs[string.Join(' ', words.TakeWhile(w => !w.Contains('/')))] = output;
        }

        outputs.Keys.ShouldBe(["export", "train --from", "models inspect", "models verify", "models diff", "validate", "run"], ignoreOrder: true);
        outputs["train --from"].ShouldContain("Learned: ");
        outputs["models verify"].ShouldEndWith("1 good, 0 refused.\n");

        var blocks = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.Path, "shadow.json"))).RootElement.GetProperty("blocks");
        var counts = blocks.GetProperty("rollout/new_model").GetProperty("details");
        long Count(string name) => name.Split('.').Aggregate(counts, (element, key) => element.GetProperty(key)).GetInt64();
        Named().Matches(Page.Split("| `details` | |")[1].Split("\nand ")[0]).Select(m => Count(m.Groups[1].Value)).Count().ShouldBe(6, "the page names what the report holds");
        Count("original_calls").ShouldBeGreaterThan(2000);
        Count("enhanced_calls").ShouldBe(0);
        (Count("outcomes.match") + Count("outcomes.mismatch")).ShouldBe(Count("original_calls"));
        Count("outcomes.match").ShouldBeGreaterThan(Count("outcomes.mismatch"));
        blocks.GetProperty("model").GetProperty("details").GetProperty("drift").GetProperty("comparisons").GetInt64().ShouldBeGreaterThan(10);

        // Nobody acts on the candidate.
        var run = Blocks().Matches(Page).Select(m => m.Groups[1].Value.Trim()).First(l => l.Contains("--report", StringComparison.Ordinal)).Split(' ')[1..];
        var alone = Path.Combine(folder.Path, "alone.json");
        Qt.Run([.. run.Where(w => w != "--overlay" && !w.EndsWith("shadow.yml", StringComparison.Ordinal)).SkipLast(1), alone]).Code.ShouldBe(0);
        var orders = JsonDocument.Parse(File.ReadAllText(alone)).RootElement.GetProperty("blocks").GetProperty("orders").GetProperty("details").GetRawText();
        blocks.GetProperty("orders").GetProperty("details").GetRawText().ShouldBe(orders);
    }

    [GeneratedRegex("^```sh\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("`([a-z_.]+)`")]
    private static partial Regex Named();
}
