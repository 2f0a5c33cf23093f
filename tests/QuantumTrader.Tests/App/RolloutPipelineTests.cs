using System.Text.RegularExpressions;

namespace QuantumTrader.Tests.App;

public sealed partial class RolloutPipelineTests
{
    private static readonly string Pipeline = Path.Combine(Qt.Root, "pipelines", "rollout-demo.yml");

    [Fact]
    public void The_good_candidate_is_promoted_and_the_bad_one_aborted_as_the_page_tells()
    {
        var page = File.ReadAllText(Path.Combine(Qt.Root, "docs", "rollout.md"));
        var told = Story().Match(page).Groups[1].Value;

        var (code, output, error) = Qt.Run("run", Pipeline, "--hashes");

        code.ShouldBe(0, error);
        string.Concat(output.Split('\n').Where(l => l.StartsWith("rollout: ", StringComparison.Ordinal) && l.Contains("->", StringComparison.Ordinal)).Select(l => l + "\n")).ShouldBe(told);
        output.ShouldContain("rollout: hasty is aborted: 0 of 8,620 operations by the candidate");
        output.ShouldContain("Balanced");
    }

    [Fact]
    public void The_story_and_every_hash_are_the_same_whatever_the_workers_and_batches()
    {
        static string[] Told(params string[] sets) =>
            [.. Qt.Run(["run", Pipeline, "--hashes", .. sets.SelectMany(s => (string[])["--set", s])]).Output.Split('\n').Where(l => l.StartsWith("rollout: ", StringComparison.Ordinal) || l.StartsWith("hash ", StringComparison.Ordinal))];

        var expected = Told("blocks.feed.days=1");
        expected.ShouldContain(l => l.Contains("aborted", StringComparison.Ordinal));

        Told("blocks.feed.days=1", "engine.workers=4", "engine.fuse=false", "engine.batch=7").ShouldBe(expected);
    }

    [Theory]
    [InlineData("inner", 0, "")]
    [InlineData("model", 3, "the candidate 'other' branches off at 'rollout/inner', which the baseline 'signal' does not read")]
    public void A_phase_may_stand_before_another_one_but_not_inside_its_candidate(string read, int code, string finding)
    {
        using var folder = new TemporaryFolder();
        var models = Path.Combine(Qt.Root, "pipelines", "models");
        var file = folder.Write(
            "p.yml",
            "version: 1",
            "pipeline: two",
            "market: { calendar: crypto, symbols: [DEMO] }",
            "blocks:",
            "  feed:      { type: source.simulator, seed: 11, start: 2024-02-01, days: 1, rate: 1 }",
            "  features:  { type: features.basic, from: feed }",
            $"  model:     {{ type: model.onnx, from: features, model: {models}/demo.onnx }}",
            $"  inner:     {{ type: model.onnx, from: features, model: {models}/demo.onnx }}",
            $"  retrained: {{ type: model.onnx, from: features, model: {models}/demo-retrained.onnx, phase: inner }}",
            $"  signal:    {{ type: signal, from: {read}, min_confidence: 0.52, min_direction: 0.04 }}",
            "  other:     { type: signal, from: inner, min_confidence: 0.6, min_direction: 0.04, phase: outer }",
            "  risk:      { type: risk, from: signal, max_position: 1 }",
            "  orders:    { type: execution.paper, from: risk, market: feed }",
            "rollout:",
            "  phases:",
            "    - { name: inner, baseline: { block: inner }, candidate: { block: retrained }, at: 100%, shadow: { overload: wait } }",
            "    - { name: outer, baseline: { block: signal }, candidate: { block: other }, at: shadow, shadow: { overload: wait } }");

        var (ended, output, error) = Qt.Run("run", file);

        ended.ShouldBe(code, output + error);
        (output + error).ShouldContain(code == 0 ? "rollout: inner is serving 100%: 1,420 of 1,420 operations by the candidate" : finding);
    }

    [GeneratedRegex("^```text\n((?:rollout: .*\n)+)```", RegexOptions.Multiline)]
    private static partial Regex Story();
}
