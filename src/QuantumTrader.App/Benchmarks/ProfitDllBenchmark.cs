using System.Diagnostics;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Benchmarks;

/// <summary>What a callback of ProfitDLL costs the vendor's thread with a whole pipeline behind it, against one that does nothing; and bursts.</summary>
internal static class ProfitDllBenchmark
{
    // Ten times the peak of B3: 20,000 trades a second.
    private const long PeakGap = 50_000;

    // A burst that fits in the ring, as fast as calls can be made.
    private const int BurstCalls = 50_000;

    private const int SustainedRate = 1_000_000;

    // What the source has not read of a burst by its end; 80 bytes each.
    private const int BurstRing = 4_194_304;

    private static readonly TimeSpan Drained = TimeSpan.FromMilliseconds(300);

    /// <summary>Runs it; null when the simulator cannot be built.</summary>
    public static BenchmarkResult? Run(BenchmarkRequest request)
    {
        var root = Repository.Find() ?? Directory.GetCurrentDirectory();
        try
        {
            var cases = new List<BenchmarkCase>();
            Callback(cases, root, "callback.peak", request.IsQuick ? 2_000 : 20_000, PeakGap);
            Callback(cases, root, "callback.burst", BurstCalls, 0);
            var calls = request.IsQuick ? 500_000 : 5_000_000;
            Burst(cases, root, "sustained", calls, FormattableString.Invariant($"burst WDOU25 {calls} {SustainedRate}"));
            Burst(cases, root, "burst", calls, FormattableString.Invariant($"burst WDOU25 {calls}"), FormattableString.Invariant($"blocks.feed.ring={BurstRing}"));
            return new BenchmarkResult("profitdll", cases);
        }
        catch (ConfigurationException missing) when (missing.Outside)
        {
            Console.Error.WriteLine(missing.Message);
            return null;
        }
    }

    private static void Callback(List<BenchmarkCase> cases, string root, string name, int calls, long gap)
    {
        using var feed = new SimulatedFeed(root, "blocks.feed.idle_end_ms=4000");
        feed.Simulator.Run("poison 0");
        feed.Wait();
        long[] ours = new long[calls], empty = new long[calls];
        var allocated = 0L;
        var figures = Rounds.Run(
            () => Measure(empty, isEmpty: true),
            () =>
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var time = Measure(ours, isEmpty: false);
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                return time;
            });
        var more = Rounds.Median(figures[1].Zip(figures[0], (a, b) => a - b));
        cases.Add(new BenchmarkCase($"{name}.more_p50", more, "ns", 150, null) { AtMost = true });
        foreach (var (times, who) in new[] { (ours, ""), (empty, ".empty") })
        {
            cases.AddRange(new[] { (0.5, "p50"), (0.99, "p99"), (0.999, "p99_9") }.Select(p => new BenchmarkCase($"{name}{who}.{p.Item2}", At(times, p.Item1), "ns", null, null)));
        }

        cases.Add(new BenchmarkCase($"{name}.allocated", Math.Round(Math.Max(0, allocated - 1024) / (double)calls, 3), "B/call", 0, null) { AtMost = true });
        if (feed.End().Feed.Received["trade"] != (Rounds.Count + 1) * (long)calls)
        {
            throw new InvalidOperationException("Invariant: the pipeline must get every callback that is measured.");
        }

        double Measure(long[] times, bool isEmpty)
        {
            feed.Simulator.Register(isEmpty);
            feed.Simulator.Measure("WDOU25", gap, times);
            Waiting.For(Drained);
            Array.Sort(times);
            return At(times, 0.5);
        }
    }

    // What the pipeline cannot take waits on disk, and comes back.
    private static void Burst(List<BenchmarkCase> cases, string root, string name, int calls, string script, params string[] sets)
    {
        using var feed = new SimulatedFeed(root, sets);
        var start = Stopwatch.GetTimestamp();
        feed.Simulator.Run($"poison 0\n{script}");
        feed.Wait();
        var called = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var (run, report) = feed.End();
        cases.Add(new BenchmarkCase(name, calls / called, "callbacks/s", null, null));
        cases.Add(new BenchmarkCase($"{name}.handled", run.EventsPerSecond, "events/s", null, null));
        cases.Add(new BenchmarkCase($"{name}.spilled", run.Edges.Where(e => e.From == "feed").Sum(e => e.SpilledTotal), "events", null, null));
        cases.Add(new BenchmarkCase($"{name}.lost", calls - report.Received["trade"], "events", 0, null) { AtMost = true });
    }

    private static double At(long[] sorted, double share) => sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
}
