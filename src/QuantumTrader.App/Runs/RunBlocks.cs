using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Runs;

/// <summary>Which blocks of a pipeline have what a page shows.</summary>
internal static class RunBlocks
{
    /// <summary>
    /// The blocks whose output is the market as the rest of the pipeline sees it: the books, else the normalizers, else the sources. They
    /// pass every trade on, so one kind of them is enough.
    /// </summary>
    public static IReadOnlyList<string> Market(PipelinePlan plan)
    {
        var events = plan.Blocks.Where(b => b.Type.Output == typeof(MarketEvent)).ToList();
        return Names(events.Where(b => b.Type.Class == typeof(BookOperator))) is { Count: > 0 } books ? books
            : Names(events.Where(b => b.Type.Class == typeof(NormalizeOperator))) is { Count: > 0 } normalized ? normalized
            : Names(events.Where(b => b.Inputs.Count == 0));
    }

    /// <summary>The options of the pipeline's book; the usual ones when it has none.</summary>
    public static BookOptions Book(PipelinePlan plan) => plan.Blocks.Select(b => b.Options).OfType<BookOptions>().FirstOrDefault() ?? new BookOptions();

    /// <summary>The blocks that send an event type.</summary>
    public static IReadOnlyList<string> Sending<T>(PipelinePlan plan) => Names(plan.Blocks.Where(b => b.Type.Output == typeof(T)));

    /// <summary>The blocks that make predictions, from features or from each other's; not those that only pass them on.</summary>
    public static IReadOnlyList<string> Models(PipelinePlan plan) => Names(plan.Blocks.Where(b => b.Type.Output == typeof(Prediction) && b.Type.Inputs.Any(i => i.EventType == typeof(FeatureVector))));

    /// <summary>
    /// The blocks whose predictions are acted on: those that feed a signal, also where a rollout has put a switch between; else the last
    /// one that sends any.
    /// </summary>
    public static IReadOnlyList<string> Deciding(PipelinePlan plan, Graph graph)
    {
        var signals = Names(plan.Blocks.Where(b => b.Type.Class == typeof(Trading.SignalBlock)));
        var acted = graph.Snapshot().Edges.Where(e => signals.Contains(e.To)).Select(e => e.From).Distinct().ToList();
        return acted.Count > 0 ? acted : [.. Sending<Prediction>(plan).TakeLast(1)];
    }

    /// <summary>The blocks that feed the models.</summary>
    public static IReadOnlyList<string> ModelInputs(PipelinePlan plan)
    {
        var models = Models(plan);
        return [.. plan.Blocks.Where(b => models.Contains(b.Name)).SelectMany(b => b.Inputs).SelectMany(i => i.From).Where(f => plan[f].Type.Output == typeof(FeatureVector)).Distinct()];
    }

    private static List<string> Names(IEnumerable<BlockPlan> blocks) => [.. blocks.Select(b => b.Name)];
}
