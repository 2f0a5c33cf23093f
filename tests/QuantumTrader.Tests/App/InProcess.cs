using QuantumTrader.App.Commands;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App;

/// <summary>Runs pipelines in this process, to look at what their blocks report.</summary>
internal static class InProcess
{
    public static async Task<GraphReport> Run(string file, params string[] sets)
    {
        var loaded = new PipelineLoader(PipelineArguments.Registry).Load(file, null, sets);
        loaded.Findings.ShouldBeEmpty();
        using var factory = new BlockFactory(loaded.Plan!, TimeProvider.System);
        var builder = new GraphBuilder(loaded.Plan!.Engine);
        foreach (var part in PipelineBuilder.Parts(loaded.Plan!, factory))
        {
            builder.Add(part.Name, part.Make, part.Inputs, part.Settings);
        }

        using var graph = builder.Build();
        var report = await graph.RunAsync();
        report.Fault.ShouldBeNull();
        report.Imbalances.ShouldBeEmpty();
        return report;
    }

    /// <summary>Runs the only pipeline that a page of docs/ shows.</summary>
    public static async Task<GraphReport> RunGuide(string page, params string[] sets)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Qt.Root, "docs", page));
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "guide.yml");
        await File.WriteAllTextAsync(file, text.Split("```yaml\n").Skip(1).Select(part => part.Split("```")[0]).ShouldHaveSingleItem());
        return await Run(file, sets);
    }

    public static T Details<T>(GraphReport report, string block) => (T)report.Blocks.Single(b => b.Name == block).Details!;

    /// <summary>The hashes of all blocks but the instances of a parallel one.</summary>
    public static string[] Hashes(GraphReport report) => [.. report.Blocks.Select(b => $"{b.Name} {b.Hash}").Where(h => !h.Contains('#'))];
}
