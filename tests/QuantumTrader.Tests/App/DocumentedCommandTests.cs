using System.Text.RegularExpressions;

namespace QuantumTrader.Tests.App;

/// <summary>What README.md and docs/ tell users to type.</summary>
public sealed partial class DocumentedCommandTests
{
    private static readonly (string Page, string Text)[] Pages =
        [.. new[] { Path.Combine(Qt.Root, "README.md") }.Concat(Directory.GetFiles(Path.Combine(Qt.Root, "docs"), "*.md", SearchOption.AllDirectories)).Order(StringComparer.Ordinal)
            .Select(f => (Path.GetFileName(f), File.ReadAllText(f)))];

    /// <summary>The lines of the blocks that begin with <c>```sh run</c>.</summary>
    public static TheoryData<string, string> Runnable
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var (page, text) in Pages)
            {
                foreach (var line in RunnableBlock().Matches(text).SelectMany(m => m.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)))
                {
                    data.Add(page, line);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Runnable))]
    public void A_command_that_is_marked_as_runnable_runs(string page, string line)
    {
        line.ShouldStartWith("./qt ", customMessage: $"{page}: only ./qt can be run here");
        var (code, output, error) = Qt.Run(line.Split(' ')[1..]);
        code.ShouldBe(0, $"{page}: {line}\n{output}{error}");
    }

    [Fact]
    public void Every_command_that_is_shown_exists_with_its_options()
    {
        var shown = Pages.SelectMany(p => ShownCommand().Matches(p.Text).Select(m => (p.Page, Command: m.Groups[1].Value, Arguments: m.Groups[2].Value))).ToList();
        shown.ShouldNotBeEmpty();
        foreach (var command in shown.GroupBy(s => s.Command))
        {
            var (code, help, _) = Qt.Run([.. command.Key.Split(' '), "--help"]);
            code.ShouldBe(0, $"{command.First().Page}: qt {command.Key}");
            foreach (var (page, _, options) in command)
            {
                Option().Matches(options).Select(m => m.Value).ShouldAllBe(o => help.Contains(o + " ", StringComparison.Ordinal), $"{page}: qt {command.Key}{options}\n{help}");
            }
        }
    }

    [GeneratedRegex("^```sh run\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex RunnableBlock();

    [GeneratedRegex(@"(?:^|`)\./qt ((?:check |store |models |rollout )?[a-z]+)([^`\n]*)", RegexOptions.Multiline)]
    private static partial Regex ShownCommand();

    [GeneratedRegex(@"(?<= )--[a-z-]+")]
    private static partial Regex Option();
}
