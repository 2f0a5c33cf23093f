using System.Text.Json;
using System.Text.RegularExpressions;

namespace QuantumTrader.Tests.App.Dashboard;

public sealed class BuildTests
{
    private static readonly string Shipped = Path.Combine(DashboardSources.Folder, "dist");
    private static readonly string Sources = Path.Combine(DashboardSources.Folder, "src");

    [NpmFact]
    public void What_is_shipped_is_what_the_sources_build_to_byte_for_byte()
    {
        using var folder = new TemporaryFolder();
        var built = DashboardSources.Build(Path.Combine(folder.Path, "dashboard"));

        FilesIn(built).Keys.ShouldBe(FilesIn(Shipped).Keys, "build the dashboard: npm ci --ignore-scripts && npm run build, in src/QuantumTrader.App/Dashboard");
        foreach (var (name, content) in FilesIn(built))
        {
            content.AsSpan().SequenceEqual(FilesIn(Shipped)[name]).ShouldBeTrue($"{name} was not built from these sources: npm run build, in src/QuantumTrader.App/Dashboard");
        }
    }

    [Fact]
    public void The_pages_are_small_and_name_no_other_host_no_path_and_no_source_map()
    {
        var files = FilesIn(Shipped);
        files.Values.Sum(f => f.Length).ShouldBeLessThan(350_000);
        foreach (var name in files.Keys.Where(n => Path.GetExtension(n) is ".js" or ".css" or ".html" or ".svg"))
        {
            var text = File.ReadAllText(Path.Combine(Shipped, name));
            Regex.Matches(text, @"https?://[\w.]+").Select(m => m.Value).ShouldAllBe(u => u == "http://www.w3.org", name);
            text.ShouldNotContain("sourceMappingURL");
            text.ShouldNotContain(Qt.Root);
            text.ShouldNotContain("/node_modules/");
        }

        Regex.IsMatch(File.ReadAllText(Path.Combine(Shipped, "index.html")), @"<script(?![^>]* src=)|\son\w+=|style=").ShouldBeFalse("the page's policy allows no script or style in the page");
    }

    [Fact]
    public void Both_languages_have_the_same_words_and_arguments()
    {
        var (english, portuguese) = (Words("en"), Words("pt"));

        portuguese.Keys.ShouldBe(english.Keys);
        foreach (var (word, text) in english)
        {
            text.ShouldNotBeNullOrWhiteSpace(word);
            Arguments(portuguese[word]).ShouldBe(Arguments(text), word);
        }
    }

    [Fact]
    public void Every_word_of_the_dictionary_is_used()
    {
        var code = string.Concat(Directory.EnumerateFiles(Sources, "*.ts*", SearchOption.AllDirectories).Select(File.ReadAllText));

        // Words for codes of the host are looked up by their group: code('state', ...), t(`page.${page}`).
        var groups = Regex.Matches(code, @"code\('(\w+)'|t\(`([\w.]+)[._]\$\{").Select(m => m.Groups[1].Value + m.Groups[2].Value).ToHashSet();
        groups.Count.ShouldBeGreaterThan(10);
        Words("en").Keys.Where(w => !Regex.IsMatch(code, $"['\"]{Regex.Escape(w)}['\"]") && !groups.Any(g => w.StartsWith($"{g}.", StringComparison.Ordinal) || w.StartsWith($"{g}_", StringComparison.Ordinal))).ShouldBeEmpty();
    }

    private static SortedDictionary<string, byte[]> FilesIn(string folder) =>
        new(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(folder, f), File.ReadAllBytes), StringComparer.Ordinal);

    private static Dictionary<string, string> Words(string language)
    {
        using var dictionary = JsonDocument.Parse(File.ReadAllText(Path.Combine(Sources, "look", "words.json")));
        return dictionary.RootElement.GetProperty(language).Deserialize<Dictionary<string, string>>()!;
    }

    private static string[] Arguments(string text) => [.. Regex.Matches(text, @"\{\w+\}").Select(m => m.Value).Order(StringComparer.Ordinal)];
}
