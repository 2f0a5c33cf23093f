using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;

namespace QuantumTrader.App.Benchmarks;

/// <summary>What a phase that is off costs, and how soon a rollback is felt.</summary>
internal static class RollbackBenchmark
{
    // A rollback that takes longer than a blink of the market is none.
    private const double MostMicroseconds = 50_000;

    // Where no server listens.
    private const int Nobody = 1;

    private const string Effects = ", { name: store, kind: effect, rollback_level: 3, candidate: { block: stored }, at: complete }"
        + ", { name: publish, kind: effect, rollback_level: 4, candidate: { block: published }, at: complete }";

    private const string Features = """
          book:      { type: book, from: baseline }
          features:  { type: features.model65, from: book }
        """;

    private const string Work = "type: bench.work";

    public static IEnumerable<BenchmarkCase> Run(BenchmarkRequest request)
    {
        yield return AllOff("from normalizer to features", "type: normalize, max_lateness_ms: 0", Features, 0.98, request.IsQuick);
        // What there is to see of it at all: two more blocks, beside three that do next to nothing.
        yield return AllOff("of a block that copies", "type: bench.work, turns: 0", "", null, request.IsQuick);

        var count = request.IsQuick ? 2 : 12;
        var drills = Drills(count, isCutOff: false);
        yield return Case("rollback: to the last candidate answer (worst)", drills.Max(d => d.Microseconds));
        yield return new BenchmarkCase("rollback: the same (median)", Rounds.Median(drills.Select(d => d.Microseconds)), "us", null, null);
        yield return new BenchmarkCase("rollback: candidate answers behind it (worst)", drills.Max(d => d.Answers), "operations", null, null);
        yield return Case("rollback: of all levels, with store and bus out of reach (worst)", Drills(count, isCutOff: true).Max(d => d.Microseconds));
        yield return Case("rollback: of one that hangs, to the next answer", Enumerable.Range(0, count).Select(_ => DrillOfOneThatHangs()).Skip(1).Max());
    }

    private static BenchmarkCase Case(string name, double microseconds) => new(name, microseconds, "us", MostMicroseconds, null) { AtMost = true };

    /// <summary>A percent of an operation is less than a nanosecond, and drowns in what else goes on in a machine: so short runs in turn, and very many of them.</summary>
    private static BenchmarkCase AllOff(string what, string block, string behind, double? limit, bool isQuick)
    {
        var runs = Rounds.Run(isQuick ? 5 : 800, () => PerSecond(block, behind, "off"), () => PerSecond(block, behind, null));
        return new BenchmarkCase($"phases: all off, throughput {what}", Rounds.Median(runs[0]), "operations/s", isQuick ? null : limit, Rounds.Ratio(runs[0], runs[1])) { Against = "without phases" };
    }

    // Behind the first quarter of the operations: what it takes to start a graph is not asked.
    private static double PerSecond(string block, string behind, string? at)
    {
        const int Operations = 400_000;
        using var factory = ShadowBenchmark.Load(Yaml($"operations: {Operations}, pace_microseconds: 0", block, at, behind: behind));
        using var graph = PipelineBuilder.Build(factory.Plan, factory);
        graph.RunAsync().GetAwaiter().GetResult();
        return Operations * 0.75 / Stopwatch.GetElapsedTime(((ShadowFeed)graph.Blocks["feed"]).QuarterAt).TotalSeconds;
    }

    // The first one compiles the code.
    private static List<(double Microseconds, double Answers)> Drills(int count, bool isCutOff) => [.. Enumerable.Range(0, count).Select(_ => Drill(isCutOff)).Skip(1)];

    /// <summary>Five thousand operations a second, all of them the candidate's, until a rollback.</summary>
    private static (double Microseconds, double Answers) Drill(bool isCutOff)
    {
        using var factory = ShadowBenchmark.Load(Yaml("operations: 1500, pace_microseconds: 200", Work, "complete", ", says: 2", isCutOff));
        using var graph = PipelineBuilder.Build(factory.Plan, factory);
        var end = (ShadowEnd)graph.Blocks["end"];
        var run = graph.RunAsync();
        Waiting.Until(() => end.Marked.Count >= 500);
        var (began, before) = (Stopwatch.GetTimestamp(), end.Marked.Count);
        TakeBack(factory);
        run.GetAwaiter().GetResult();
        return (Math.Max(0, end.Marked.At - began) * 1e6 / Stopwatch.Frequency, end.Marked.Count - before);
    }

    /// <summary>The same of a candidate for whose first answer everybody waits, because nothing states a deadline.</summary>
    private static double DrillOfOneThatHangs()
    {
        using var factory = ShadowBenchmark.Load(Yaml("operations: 500, pace_microseconds: 200", Work, "complete", ", says: 2, is: hangs"));
        using var graph = PipelineBuilder.Build(factory.Plan, factory);
        var end = (ShadowEnd)graph.Blocks["end"];
        var run = graph.RunAsync();
        Waiting.Until(() => factory.Section<RolloutSection>()!.Phases[0].Evidence.Count().ShadowStarted > 0);
        var began = Stopwatch.GetTimestamp();
        TakeBack(factory);
        run.GetAwaiter().GetResult();
        return (end.Arrived[0] - began) * 1e6 / Stopwatch.Frequency;
    }

    private static void TakeBack(BlockFactory factory) =>
        factory.Section<RolloutSection>()!.Control.Send(new PhaseCommand(PhaseAction.Rollback) { Level = 4, Reason = "drill" });

    private static string Yaml(string feed, string block, string? at, string candidate = "", bool isCutOff = false, string behind = "") => $$"""
        version: 1
        pipeline: rollback
        market: { symbols: [DEMO] }
        {{(isCutOff ? $"store: {{ kind: valkey, valkey: {{ host: 127.0.0.1, port: {Nobody} }} }}" : "")}}
        blocks:
          feed:      { type: bench.feed, {{feed}} }
          baseline:  { {{block}}, from: feed }
          {{(at is null ? "" : $"candidate: {{ {block}, from: feed, phase: new{candidate} }}")}}
          end:       { type: bench.end, from: baseline }
        {{behind}}
          {{(isCutOff ? "stored: { type: sink.store, from: baseline, phase: store }" : "")}}
          {{(isCutOff ? $"published: {{ type: sink.zeromq, from: baseline, endpoint: \"tcp://127.0.0.1:{Nobody}\", connect: true, linger_ms: 0, phase: publish }}" : "")}}
        {{(at is null ? "" : $"rollout: {{ phases: [ {{ name: new, baseline: {{ block: baseline }}, candidate: {{ block: candidate }}, shadow: {{ overload: wait, hang_after: 10s }}, at: {at} }}{(isCutOff ? Effects : "")} ] }}")}}
        """;
}
