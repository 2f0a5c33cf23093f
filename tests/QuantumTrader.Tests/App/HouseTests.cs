using System.Reflection;
using System.Threading.Channels;
using System.Threading.Tasks.Dataflow;
using System.Xml.Linq;

namespace QuantumTrader.Tests.App;

public sealed class HouseTests
{
    // From the ground floor up; a project may refer only to those before it.
    private static readonly string[] Floors =
    [
        "Microsoft.ML.OnnxRuntime", "QuantumTrader.Dataflow", "QuantumTrader.Pipelines", "QuantumTrader.Market", "QuantumTrader.Storage",
        "QuantumTrader.ZeroMq", "QuantumTrader.Features", "QuantumTrader.Models", "QuantumTrader.Trading", "QuantumTrader.ProfitDll", "QuantumTrader.Rollout", "QuantumTrader.App",
    ];

    [Fact]
    public void References_point_only_downwards()
    {
        Projects.Select(Path.GetFileNameWithoutExtension).ShouldBe(Floors, ignoreOrder: true);
        foreach (var project in Projects)
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
    public void The_analyzer_of_forbidden_calls_watches_every_project_of_ours()
    {
        var wiring = XDocument.Load(Path.Combine(Qt.Root, "src", "Directory.Build.props"));
        wiring.Descendants("PackageReference").Single().Attribute("Include")!.Value.ShouldBe("Microsoft.CodeAnalysis.BannedApiAnalyzers");
        wiring.Descendants("AdditionalFiles").Select(f => f.Attribute("Include")!.Value.Split(')')[^1]).ShouldBe(["BannedSymbols.txt", "BannedSymbols.BelowApp.txt"]);
        Projects.Where(p => Path.GetFileName(Path.GetDirectoryName(p)) != "Microsoft.ML.OnnxRuntime").Select(File.ReadAllText)
            .ShouldAllBe(p => !p.Contains("RunAnalyzers", StringComparison.Ordinal) && !p.Contains("NoWarn", StringComparison.Ordinal));
    }

    [Fact]
    public void Socket_options_have_names()
    {
        // The number of an option of one system is another option, or none, on the next.
        var sources = Projects.SelectMany(p => Directory.EnumerateFiles(Path.GetDirectoryName(p)!, "*.cs", SearchOption.AllDirectories)).Where(f => !f.Contains("/obj/", StringComparison.Ordinal)).ToList();

        sources.Count.ShouldBeGreaterThan(100);
        sources.Where(f => System.Text.RegularExpressions.Regex.IsMatch(File.ReadAllText(f), @"SetRawSocketOption|\(SocketOption(Name|Level)?\)|IOControl")).ShouldBeEmpty();
    }

    [Fact]
    public void Every_forbidden_call_exists_and_comes_with_a_remedy()
    {
        // The analyzer ignores a line that names nothing, such as one with a slip of the pen.
        foreach (var line in Directory.GetFiles(Path.Combine(Qt.Root, "src"), "BannedSymbols*.txt").SelectMany(File.ReadLines))
        {
            var (symbol, remedy) = (line[..line.IndexOf(';', StringComparison.Ordinal)], line[(line.IndexOf(';', StringComparison.Ordinal) + 1)..]);
            remedy.ShouldEndWith(".");
            DocumentedNames.ShouldContain(symbol);
        }
    }

    [Fact]
    public void An_exception_to_a_forbidden_call_says_why()
    {
        // What the analyzer cannot see: that it was switched off.
        foreach (var (file, line) in Sources().Where(l => l.Line.Contains("RS0030", StringComparison.Ordinal)))
        {
            line.ShouldMatch(@"\[SuppressMessage\(""ApiDesign"", ""RS0030"", Justification = "".{20,}""\)\]", file);
        }
    }

    private static IEnumerable<string> Projects => Directory.GetFiles(Path.Combine(Qt.Root, "src"), "*.csproj", SearchOption.AllDirectories);

    private static HashSet<string> DocumentedNames { get; } =
    [
        .. new[] { typeof(Channel<>), typeof(BroadcastBlock<>), typeof(DateTime), typeof(Random), typeof(Thread), typeof(Console), typeof(TimeProvider) }
            .Select(t => t.Assembly).Distinct().SelectMany(a => a.GetExportedTypes()).SelectMany(t => t.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
                .Select(m => m switch
                {
                    PropertyInfo => $"P:{t.FullName}.{m.Name}",
                    MethodBase method => $"M:{t.FullName}.{m.Name.Replace('.', '#')}{Parameters(method)}",
                    _ => "",
                }).Append($"T:{t.FullName}")),
    ];

    private static string Parameters(MethodBase method) =>
        method.GetParameters() is { Length: > 0 } parameters ? $"({string.Join(',', parameters.Select(p => p.ParameterType.FullName))})" : "";

    private static IEnumerable<(string File, string Line)> Sources() => Directory.GetFiles(Path.Combine(Qt.Root, "src"), "*.*", SearchOption.AllDirectories)
        .Where(f => Path.GetExtension(f) is ".cs" or ".csproj" or ".props" && !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .SelectMany(f => File.ReadLines(f).Select(l => (Path.GetFileName(f), l)));
}
