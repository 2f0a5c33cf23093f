using System.Text.RegularExpressions;
using QuantumTrader.Tests.App;

namespace QuantumTrader.Tests.Storage;

/// <summary>docs/journal.md: its pipeline runs, and so does every command that it names.</summary>
public sealed partial class JournalPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Qt.Root, "docs", "journal.md"));

    [Fact]
    public void The_pipeline_of_the_page_records_what_its_commands_then_use()
    {
        using var folder = new TemporaryFolder();
        var journal = Path.Combine(folder.Path, "journal");
        var yaml = Page[(Page.IndexOf("```yaml\n", StringComparison.Ordinal) + 8)..];
        var pipeline = folder.Write("keep.yml", yaml[..yaml.IndexOf("```", StringComparison.Ordinal)].Replace(".qt/journal", journal, StringComparison.Ordinal));
        string[] brief = ["--set", "blocks.feed.days=1", "--set", "blocks.feed.rate=0.2"];
        var ran = Qt.Run(["run", pipeline, .. brief]);
        ran.Code.ShouldBe(0, ran.Output + ran.Error);

        var overlay = Overlay().Match(Page).Groups[1].Value.Replace(".qt/journal", journal, StringComparison.Ordinal).Replace("10x", "max", StringComparison.Ordinal);
        var replay = Qt.Run("validate", pipeline, "--overlay", folder.Write("replay.yml", overlay.Replace(" }", ", seed: null }", StringComparison.Ordinal)));
        replay.Code.ShouldBe(0, replay.Output + replay.Error);

        Directory.Delete(journal, recursive: true); // the first of the commands records it again
        var commands = Command().Matches(Page).Select(m => m.Groups[1].Value).ToList();
        commands.Count.ShouldBe(8);
        foreach (var command in commands)
        {
            // A copy is put back where there is no journal.
            var target = command.StartsWith("store restore", StringComparison.Ordinal) ? Path.Combine(folder.Path, "restored") : journal;
            var arguments = command.Replace(".qt/journal", target, StringComparison.Ordinal).Replace("/backups/monday", Path.Combine(folder.Path, "monday"), StringComparison.Ordinal).Split(' ');
            var (code, output, error) = Qt.Run([.. arguments, .. arguments[0] == "record" ? brief : []]);
            code.ShouldBe(0, $"qt {command}\n{output}{error}");
            (output + error).ShouldNotContain(" 0 events", customMessage: $"qt {command}");
        }
    }

    [GeneratedRegex(@"^\|.*\| `qt ([^`]+)` \|$", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex("`--overlay` with `([^`]+)`")]
    private static partial Regex Overlay();
}
