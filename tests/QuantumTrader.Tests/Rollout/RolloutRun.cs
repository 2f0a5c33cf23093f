using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Storage;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.Tests.Rollout;

/// <summary>A pipeline with one phase, run to its end.</summary>
internal sealed record RolloutRun(GraphReport Report, IReadOnlyList<Answer> Answers, IReadOnlyList<Phase> Phases)
{
    private static readonly BlockRegistry Registry = BlockRegistry.Scan(
        [typeof(Feed).Assembly, typeof(RolloutSection).Assembly, typeof(MarketContext).Assembly, typeof(StoreSection).Assembly, typeof(Bus).Assembly]);

    public PhaseCounts Counts => Phases[0].Evidence.Count();

    /// <summary>Feed, a baseline, and a candidate that the phase holds.</summary>
    public static string Yaml(string candidate = "", string phase = "", string feed = "", string engine = "", string baseline = "") => $$"""
        version: 1
        pipeline: rollout
        engine: { hashes: true{{(engine.Length > 0 ? ", " + engine : "")}} }
        blocks:
          feed:      { type: rollout.feed{{(feed.Length > 0 ? ", " + feed : "")}} }
          baseline:  { type: rollout.answer, from: feed, by: baseline{{(baseline.Length > 0 ? ", " + baseline : "")}} }
          candidate: { type: rollout.answer, from: feed, by: candidate, phase: new{{(candidate.Length > 0 ? ", " + candidate : "")}} }
          keep:      { type: rollout.keep, from: baseline }
        rollout:
          phases:
            - { name: new, baseline: { block: baseline }, candidate: { block: candidate }{{(phase.Length > 0 ? ", " + phase : "")}} }
        """;

    /// <summary>The same without a phase.</summary>
    public static string Without(string feed = "") => $$"""
        version: 1
        pipeline: rollout
        engine: { hashes: true }
        blocks:
          feed:      { type: rollout.feed{{(feed.Length > 0 ? ", " + feed : "")}} }
          baseline:  { type: rollout.answer, from: feed, by: baseline }
          keep:      { type: rollout.keep, from: baseline }
        """;

    /// <summary>Runs one with a candidate that cannot begin, and sees that it is given up for that, with these words, and that the baseline answers everything.</summary>
    public static async Task ThatCannotBeginAsync(string isolation, string mode, string within, string words)
    {
        var run = await OfAsync(Yaml($"mode: {mode}", $"at: 100%, shadow: {{ isolation: {isolation}, overload: wait, start_within: {within}, max_abandoned: 0 }}"));

        run.Counts.Lost[LossReason.Start].ShouldBe(1);
        run.Answers.ShouldAllBe(a => a.By == "baseline");
        run.Report.Notes.Single(n => n.Code == "candidate_lost").Message.ShouldContain(words);
    }

    /// <summary>Runs it to the end of its feed, or, if asked, until what is done meanwhile is done.</summary>
    public static async Task<RolloutRun> OfAsync(string yaml, Action<IReadOnlyList<Phase>>? meanwhile = null, bool isOverThen = false, Func<string, string?>? environment = null)
    {
        var plan = Load(yaml, environment);
        using var factory = new BlockFactory(plan, TimeProvider.System);
        using var graph = PipelineBuilder.Build(plan, factory);
        var rollout = factory.Section<RolloutSection>();
        var phases = rollout?.Phases ?? [];
        rollout?.Begin();
        var keep = (Keep)graph.Blocks["keep"];
        using var stop = new CancellationTokenSource();
        var run = graph.RunAsync(stop.Token);
        if (meanwhile is not null)
        {
            await Task.Run(() => meanwhile(phases));
            if (isOverThen)
            {
                await stop.CancelAsync();
            }
        }

        var report = await run.WaitAsync(TimeSpan.FromSeconds(60));
        report.Fault.ShouldBeNull();
        report.Imbalances.ShouldBeEmpty();
        return new RolloutRun(report, keep.Answers, phases);
    }

    /// <summary>Runs a pipeline whose feed holds at some event; when all before it came to the end, does something, and lets it go on.</summary>
    public static Task<RolloutRun> HeldAsync(string yaml, int heldAt, Action<BlockFactory> meanwhile) => HeldAsync(yaml, heldAt, (factory, _) => meanwhile(factory));

    /// <inheritdoc cref="HeldAsync(string, int, Action{BlockFactory})"/>
    public static async Task<RolloutRun> HeldAsync(string yaml, int heldAt, Action<BlockFactory, Graph> meanwhile)
    {
        var plan = Load(yaml);
        using var factory = new BlockFactory(plan, TimeProvider.System);
        using var graph = PipelineBuilder.Build(plan, factory);
        factory.Section<RolloutSection>()?.Begin();
        var run = graph.RunAsync();
        UntilKept(graph, heldAt);
        meanwhile(factory, graph);
        (graph.Blocks["feed"] as Feed)?.GoOn();
        (graph.Blocks["feed"] as BusFeed)?.GoOn();
        var report = await run.WaitAsync(TimeSpan.FromSeconds(60));
        report.Fault.ShouldBeNull();
        report.Imbalances.ShouldBeEmpty();
        return new RolloutRun(report, ((Keep)graph.Blocks["keep"]).Answers, factory.Section<RolloutSection>()?.Phases ?? []);
    }

    /// <summary>Waits until so many answers came to the end.</summary>
    public static void UntilKept(Graph graph, int count) =>
        SpinWait.SpinUntil(() => graph.Snapshot().Blocks.Single(b => b.Name == "keep").In >= count, TimeSpan.FromSeconds(30)).ShouldBeTrue();

    public static PipelinePlan Load(string yaml, Func<string, string?>? environment = null)
    {
        var loaded = new PipelineLoader(Registry).LoadText(yaml, "p.yml", null, null, environment ?? (_ => null));
        loaded.Findings.ShouldBeEmpty();
        return loaded.Plan!;
    }

    public string Hash(string block) => Report.Blocks.Single(b => b.Name == block).Hash!;
}
