using QuantumTrader.App.Commands;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App;

public sealed class GuidePageTests
{
    [Theory]
    [InlineData("profitdll.md")]
    [InlineData("websocket.md")]
    public void The_pipeline_that_a_page_of_a_live_feed_shows_is_valid(string page)
    {
        var text = File.ReadAllText(Path.Combine(Qt.Root, "docs", page));
        using var folder = new TemporaryFolder();
        foreach (var (name, target) in new[] { ("config", "config"), ("models", "pipelines/models") })
        {
            Directory.CreateSymbolicLink(Path.Combine(folder.Path, name), Path.Combine(Qt.Root, target));
        }

        var file = folder.Write("guide.yml", text.Split("```yaml\n").Skip(1).Select(part => part.Split("```")[0]).ShouldHaveSingleItem());
        var loaded = new PipelineLoader(PipelineArguments.Registry).Load(file, null, []);
        loaded.Findings.ShouldBeEmpty();
        ConstructionCheck.Check(loaded.Plan!, TimeProvider.System, withModels: false).ShouldBeEmpty();
    }
}
