using System.Text.Json;
using QuantumTrader.App.Commands;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout.Serving;
using QuantumTrader.Tests.App;
using QuantumTrader.Tests.Rollout;

namespace QuantumTrader.Tests.Pipelines;

public sealed class PlanExcerptTests
{
    [Fact]
    public void Each_block_of_the_shipped_pipelines_has_the_same_options_in_another_process()
    {
        var blocks = 0;
        foreach (var file in Directory.GetFiles(Path.Combine(Qt.Root, "pipelines"), "*.yml"))
        {
            var loaded = new PipelineLoader(PipelineArguments.Registry).Load(file, null, null, _ => null);
            foreach (var block in loaded.Plan?.Blocks.Where(b => b.Inputs.Count == 1 && PipelineArguments.Registry.FormatOf(b.Type.Inputs[0].EventType) is not null) ?? [])
            {
                var again = Reload(loaded.Plan!, block.Name);

                JsonSerializer.Serialize(again[block.Name].Options, block.Options?.GetType() ?? typeof(object)).ShouldBe(JsonSerializer.Serialize(block.Options, block.Options?.GetType() ?? typeof(object)), $"{file}: {block.Name}");
                again[block.Name].Settings.ShouldBe(block.Settings);
                again.Blocks.Count.ShouldBe(2);
                blocks++;
            }
        }

        blocks.ShouldBeGreaterThan(30);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("'yes'", "yes")]
    [InlineData("'null'", "null")]
    [InlineData("'007'", "007")]
    [InlineData("\"a: b # c, [d] {e}\"", "a: b # c, [d] {e}")]
    [InlineData("\"$${HOME} $$5 \\\" \\\\ \\n é 😀\"", "${HOME} $5 \" \\ \n é 😀")]
    [InlineData("\"${SECRET}\"", "${OTHER} $$ null")]
    [InlineData("'-'", "-")]
    public void A_text_stays_what_it_is(string written, string meant)
    {
        var plan = RolloutRun.Load(RolloutRun.Yaml().Replace("by: candidate", $"by: {written}", StringComparison.Ordinal), name => name == "SECRET" ? "${OTHER} $$ null" : null);

        ((AnswerOptions)Reload(plan, "candidate")["candidate"].Options!).By.ShouldBe(meant);
    }

    [Fact]
    public void Nothing_else_of_the_pipeline_is_in_it()
    {
        var plan = RolloutRun.Load(RolloutRun.Yaml(baseline: "every: 1 ").Replace("by: baseline", "by: \"${SECRET}\"", StringComparison.Ordinal), name => name == "SECRET" ? "hush" : null);

        Excerpt(plan, "candidate").Text.ShouldNotContain("hush");
        Excerpt(plan, "baseline").Text.ShouldContain("hush");
    }

    private static PlanExcerpt Excerpt(PipelinePlan plan, string block)
    {
        var part = new GraphPart(block, _ => null!, [.. plan[block].Inputs.Select(i => (i.Port, i.From))], plan[block].Settings);
        return PlanExcerpt.Of(plan, [part], "operations", CandidateProcess.SourceType, plan[block].Type.Inputs[0].EventType);
    }

    private static PipelinePlan Reload(PipelinePlan plan, string block)
    {
        var excerpt = Excerpt(plan, block);
        var loaded = new PipelineLoader(BlockRegistry.Scan([], [.. excerpt.Classes, typeof(Operations<>)])).LoadText(excerpt.Text, "excerpt.yml", null, null, _ => null);
        loaded.Findings.ShouldBeEmpty(excerpt.Text);
        return loaded.Plan!;
    }
}
