using System.Text.RegularExpressions;
using QuantumTrader.App.Commands;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage.Valkey;
using QuantumTrader.Tests.App;

namespace QuantumTrader.Tests.Storage.Valkey;

public sealed class StoreDocumentTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Qt.Root, "docs", "store.md"));

    [Fact]
    public void The_pipeline_in_the_document_is_right()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "config"), Path.Combine(Qt.Root, "config"));
        var file = folder.Write("store.yml", Regex.Match(Text, "```yaml\n(.*?)```", RegexOptions.Singleline).Groups[1].Value);

        new PipelineLoader(PipelineArguments.Registry).Load(file).Findings.Where(f => f.Severity == Severity.Error).ShouldBeEmpty();
    }

    [Fact]
    public void Every_known_defect_names_tests_that_exist()
    {
        var tests = typeof(StoreDocumentTests).Assembly.GetTypes().SelectMany(t => t.GetMethods()).Select(m => m.Name).ToHashSet();
        var rows = Text[Text.IndexOf("## Known defects", StringComparison.Ordinal)..].Split('\n').Where(l => Regex.IsMatch(l, @"^\| \d")).ToList();

        rows.Select(r => int.Parse(r.Split('|')[1], System.Globalization.CultureInfo.InvariantCulture)).ShouldBe([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14]);
        rows.ShouldAllBe(r => Regex.Count(r, "`(.*?)`") > 0);
        rows.SelectMany(r => Regex.Matches(r, "`(.*?)`").Select(m => m.Groups[1].Value)).Where(name => !tests.Contains(name)).ShouldBeEmpty();
    }

    [Fact]
    public void The_table_of_keys_is_what_the_store_uses()
    {
        var channels = new Dictionary<string, string> { ["trades"] = "tick", ["book"] = "book", ["candles"] = "bar:1m", ["features"] = "features", ["signals"] = "signal", ["predictions"] = "prediction", ["flow"] = "flow" };
        var profiles = new[] { KeyProfile.Default, KeyProfile.Guide, KeyProfile.Code, KeyProfile.Hmarl };
        var rows = Text.Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal)).Select(l => l.Split('|', StringSplitOptions.TrimEntries)).Where(c => channels.ContainsKey(c[1])).ToList();

        rows.Count.ShouldBe(channels.Count);
        foreach (var row in rows)
        {
            foreach (var (profile, cell) in profiles.Zip(row[2..6]).Where(x => x.Second.Length > 0))
            {
                cell.Trim('`').ShouldBe(new ValkeyKeys(profile, isCluster: false).Stream(channels[row[1]], "WDOU25"));
            }
        }
    }
}
