using System.Globalization;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Runs;

/// <summary>Runs the part of a pipeline that some of its feature blocks need, with observers behind them; it publishes and stores nothing.</summary>
internal static class PartialRun
{
    private const string Inserted = "inserted by the command";

    /// <summary>The blocks of a pipeline that make feature vectors, not those that only read them.</summary>
    public static IReadOnlyList<BlockPlan> FeatureBlocks(PipelinePlan plan) => [.. plan.Blocks.Where(b => b.Type.Output == typeof(FeatureVector) && b.Type.Shape != BlockShape.Observer)];

    /// <summary>The block of a name, if it makes feature vectors; says what is wrong otherwise.</summary>
    public static bool TryFind(PipelinePlan plan, string name)
    {
        if (FeatureBlocks(plan).Any(b => b.Name == name))
        {
            return true;
        }

        var legal = string.Join(", ", FeatureBlocks(plan).Select(b => b.Name));
        Console.Error.WriteLine($"'{name}' is no block of {plan.File} that makes feature vectors. {(legal.Length > 0 ? $"Name one with --block: {legal}." : "Add one to the pipeline.")}");
        return false;
    }

    /// <summary>Runs to the end of the sources, as fast as it goes.</summary>
    /// <param name="plan">The pipeline.</param>
    /// <param name="observers">The observers by the block that each stands behind.</param>
    /// <param name="insert">A block to put behind another one, before all that read it; null for none.</param>
    /// <param name="token">Stops the sources.</param>
    public static async Task<GraphReport> RunAsync(PipelinePlan plan, IReadOnlyDictionary<string, Observer<FeatureVector>> observers, (string Behind, Block Block)? insert, CancellationToken token)
    {
        var part = PartialPlan.Of(PartialPlan.AtFullSpeed(plan), observers.Keys);
        if (insert is var (behind, _))
        {
            part = part with { Blocks = [.. part.Blocks.Select(b => b with { Inputs = [.. b.Inputs.Select(i => i with { From = [.. i.From.Select(f => f == behind ? Inserted : f)] })] })] };
        }

        using var factory = new BlockFactory(part, TimeProvider.System);
        var builder = PipelineBuilder.Begin(part, factory);
        if (insert is var (feeder, block))
        {
            builder.Add(Inserted, block, [feeder]);
        }

        foreach (var (name, observer) in observers)
        {
            builder.Add($"observer of {name}", observer, [name]);
        }

        using var graph = builder.Build();
        return await WatchAsync(plan.Name, graph, token).ConfigureAwait(false);
    }

    private static async Task<GraphReport> WatchAsync(string name, Graph graph, CancellationToken token)
    {
        var run = graph.RunAsync(token);
        while (!Console.IsErrorRedirected && await Task.WhenAny(run, Task.Delay(500, CancellationToken.None)).ConfigureAwait(false) != run)
        {
            var now = graph.Snapshot();
            Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{name}:{(now.Progress is { } p ? $" {100 * p:0} %," : "")} {now.Events:N0} events").PadRight(60));
        }

        if (!Console.IsErrorRedirected)
        {
            Console.Error.Write("\r".PadRight(61) + "\r");
        }

        return await run.ConfigureAwait(false);
    }

    /// <summary>Why a run is not one to build on; null when it is.</summary>
    public static string? Problem(GraphReport report) => report.Completed && report.Balanced
        ? null
        : $"The pipeline did not run to its end: {report.Fault ?? string.Join("; ", report.Imbalances)}";
}
