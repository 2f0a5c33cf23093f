using System.Xml.Linq;

namespace QuantumTrader.Tests.App;

public sealed class HouseTests
{
    // From the ground floor up; a project may refer only to those before it.
    private static readonly string[] Floors =
    [
        "Microsoft.ML.OnnxRuntime", "QuantumTrader.Dataflow", "QuantumTrader.Pipelines", "QuantumTrader.Market", "QuantumTrader.Storage",
        "QuantumTrader.ZeroMq", "QuantumTrader.Features", "QuantumTrader.Models", "QuantumTrader.Trading", "QuantumTrader.App",
    ];

    [Fact]
    public void References_point_only_downwards()
    {
        var projects = Directory.GetFiles(Path.Combine(Qt.Root, "src"), "*.csproj", SearchOption.AllDirectories);
        projects.Select(Path.GetFileNameWithoutExtension).ShouldBe(Floors, ignoreOrder: true);
        foreach (var project in projects)
        {
            var floor = Array.IndexOf(Floors, Path.GetFileNameWithoutExtension(project));
            foreach (var reference in XDocument.Load(project).Descendants("ProjectReference"))
            {
                var name = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'));
                Array.IndexOf(Floors, name).ShouldBeInRange(0, floor - 1, $"{Floors[floor]} refers to {name}");
            }
        }
    }

    [Fact]
    public void No_code_on_the_main_path_reads_a_wall_clock_or_an_unseeded_random()
    {
        // Pacing and measuring go through TimeProvider and Stopwatch; an escape is a comment that says why.
        string[] banned = ["DateTime.Now", "DateTime.UtcNow", "DateTimeOffset.Now", "DateTimeOffset.UtcNow", "Random.Shared", "new Random()", "Thread.Sleep", "new BroadcastBlock", "Guid.NewGuid"];
        string[] rooms = ["QuantumTrader.Dataflow", "QuantumTrader.Pipelines", "QuantumTrader.Market", "QuantumTrader.Storage",
        "QuantumTrader.ZeroMq", "QuantumTrader.Features", "QuantumTrader.Models", "QuantumTrader.Trading"];
        var found = rooms.SelectMany(r => Directory.GetFiles(Path.Combine(Qt.Root, "src", r), "*.cs", SearchOption.AllDirectories))
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(f => File.ReadLines(f).Where(l => banned.Any(b => l.Contains(b, StringComparison.Ordinal)) && !l.Contains("// allowed:", StringComparison.Ordinal)).Select(l => $"{Path.GetFileName(f)}: {l.Trim()}"));

        found.ShouldBeEmpty();
    }
}
