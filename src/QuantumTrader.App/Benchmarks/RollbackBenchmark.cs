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

    public static IEnumerable<BenchmarkCase> Run(BenchmarkRequest request)
    {
        var operations = request.IsQuick ? 200_000 : 4_000_000;
        var seconds = Rounds.Run(request.IsQuick ? 1 : 41, () => Seconds(operations, null), () => Seconds(operations, "off"));
        var (without, off) = (Rounds.Quiet(seconds[0]), Rounds.Quiet(seconds[1]));
        yield return new BenchmarkCase("phases: all off, throughput, quiet runs", operations / off, "operations/s", request.IsQuick ? null : 0.98, without / off) { Against = "without phases" };

        var count = request.IsQuick ? 2 : 12;
        var drills = Drills(count, isCutOff: false);
        yield return Case("rollback: to the last candidate answer (worst)", drills.Max(d => d.Microseconds));
        yield return new BenchmarkCase("rollback: the same (median)", Rounds.Median(drills.Select(d => d.Microseconds)), "us", null, null);
        yield return new BenchmarkCase("rollback: candidate answers behind it (worst)", drills.Max(d => d.Answers), "operations", null, null);
        yield return Case("rollback: of all levels, with store and bus out of reach (worst)", Drills(count, isCutOff: true).Max(d => d.Microseconds));
        yield return Case("rollback: of one that hangs, to the next answer", Enumerable.Range(0, count).Select(_ => DrillOfOneThatHangs()).Skip(1).Max());
    }

    private static BenchmarkCase Case(string name, double microseconds) => new(name, microseconds, "us", MostMicroseconds, null) { AtMost = true };

    private static double Seconds(int operations, string? at)
    {
        using var factory = ShadowBenchmark.Load(Yaml($"operations: {operations}, pace_microseconds: 0", 0, at));
        using var graph = PipelineBuilder.Build(factory.Plan, factory);
        var watch = Stopwatch.StartNew();
        graph.RunAsync().GetAwaiter().GetResult();
        return watch.Elapsed.TotalSeconds;
    }

    // The first one compiles the code.
    private static List<(double Microseconds, double Answers)> Drills(int count, bool isCutOff) => [.. Enumerable.Range(0, count).Select(_ => Drill(isCutOff)).Skip(1)];

    /// <summary>Five thousand operations a second, all of them the candidate's, until a rollback.</summary>
    private static (double Microseconds, double Answers) Drill(bool isCutOff)
    {
        using var factory = ShadowBenchmark.Load(Yaml("operations: 1500, pace_microseconds: 200", 200, "complete", isCutOff: isCutOff));
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
        using var factory = ShadowBenchmark.Load(Yaml("operations: 500, pace_microseconds: 200", 200, "complete", ", is: hangs"));
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

    private static string Yaml(string feed, int turns, string? at, string candidate = "", bool isCutOff = false) => $$"""
        version: 1
        pipeline: rollback
        market: { symbols: [DEMO] }
        {{(isCutOff ? $"store: {{ kind: valkey, valkey: {{ host: 127.0.0.1, port: {Nobody} }} }}" : "")}}
        blocks:
          feed:      { type: bench.feed, {{feed}} }
          baseline:  { type: bench.work, from: feed, turns: {{turns}} }
          {{(at is null ? "" : $"candidate: {{ type: bench.work, from: feed, turns: {turns}, says: 2, phase: new{candidate} }}")}}
          end:       { type: bench.end, from: baseline }
          {{(isCutOff ? "stored: { type: sink.store, from: baseline, phase: store }" : "")}}
          {{(isCutOff ? $"published: {{ type: sink.zeromq, from: baseline, endpoint: \"tcp://127.0.0.1:{Nobody}\", connect: true, linger_ms: 0, phase: publish }}" : "")}}
        {{(at is null ? "" : $"rollout: {{ phases: [ {{ name: new, baseline: {{ block: baseline }}, candidate: {{ block: candidate }}, shadow: {{ overload: wait, hang_after: 10s }}, at: {at} }}{(isCutOff ? Effects : "")} ] }}")}}
        """;
}
