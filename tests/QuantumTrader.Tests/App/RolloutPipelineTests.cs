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

    [GeneratedRegex("^```text\n((?:rollout: .*\n)+)```", RegexOptions.Multiline)]
    private static partial Regex Story();
}
