using System.Diagnostics;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Rollout.Gates;

namespace QuantumTrader.App.Benchmarks;

/// <summary>What a rollout costs, and what its gates are worth.</summary>
internal static class RolloutBenchmark
{
    public static BenchmarkResult? Run(BenchmarkRequest request)
    {
        var streams = request.IsQuick ? 60 : 600;
        return new BenchmarkResult("rollout", [.. Gates(streams), Routing(), .. RollbackBenchmark.Run(request), .. ShadowBenchmark.Run(request)]);
    }

    private static IEnumerable<BenchmarkCase> Gates(int streams)
    {
        // A margin of 1 % and an alpha of 1 %, looked at after every operation; three standard deviations of the count above alpha.
        var most = 0.01 + (3 * Math.Sqrt(0.01 * 0.99 / streams));
        yield return FalseAborts("gates: false aborts at the margin", GateTrials.Betting(0.01, streams), most);
        yield return FalseAborts("gates: the same, a z-test every 100 operations", GateTrials.PeekedTest(0.01, streams), null);
        yield return FalseAborts("gates: the same in bursts of 50, blocks of 500", GateTrials.Betting(0.01, streams, burst: 50, block: 500), most);
        yield return FalseAborts("gates: the same in bursts of 50, no blocks", GateTrials.Betting(0.01, streams, burst: 50), null);
        foreach (var rate in (double[])[0.02, 0.05, 0.20])
        {
            var trial = GateTrials.Betting(rate, streams / 3);
            yield return new BenchmarkCase(FormattableString.Invariant($"gates: abort of {100 * rate:0} % (median)"), trial.MedianOperations, "operations", null, null);
        }

        yield return new BenchmarkCase("gates: 0 % passes (median)", GateTrials.Betting(0, 1, operations: 5000).MedianPass, "operations", null, null);
    }

    private static BenchmarkCase Routing()
    {
        const int Decisions = 2_000_000;
        var (route, chosen) = (new Route("bench", "operation"), 0);
        var figures = Rounds.Run(() =>
        {
            var began = Stopwatch.GetTimestamp();
            for (var key = 0L; key < Decisions; key++)
            {
                chosen += Route.IsIn(route.Hash(key), 1000) ? 1 : 0;
            }

            return Stopwatch.GetElapsedTime(began).TotalNanoseconds / Decisions;
        });
        GC.KeepAlive(chosen);
        return new BenchmarkCase("routing: a decision", Rounds.Median(figures[0]), "ns", 50, null) { AtMost = true };
    }

    private static BenchmarkCase FalseAborts(string name, GateTrials trials, double? limit) => new(name, trials.Aborted, "of streams", limit, null) { AtMost = true };
}

/// <summary>What a gate did with many streams of operations.</summary>
/// <param name="Aborted">Share of the streams that it aborted.</param>
/// <param name="MedianOperations">Operations until then; all of them where it did not.</param>
/// <param name="MedianPass">Operations until it passed; all of them where it did not.</param>
internal sealed record GateTrials(double Aborted, double MedianOperations, double MedianPass)
{
    private const double Margin = 0.01;
    private const double Alpha = 0.01;
    private const int Seed = 20_250_912;

    /// <summary>The gate of this program, asked after every operation.</summary>
    /// <param name="rate">True rate of errors.</param>
    /// <param name="streams">Number of streams.</param>
    /// <param name="operations">Operations in each.</param>
    /// <param name="burst">Errors come in so many operations in a row.</param>
    /// <param name="block">Operations in a block of the gate.</param>
    public static GateTrials Betting(double rate, int streams, int operations = 20_000, int burst = 1, int block = 1) => Of(rate, streams, operations, burst, () =>
    {
        var gate = new RateGate("errors", new GateOptions { Metric = GateMetric.FallbackRate, Max = new Share((int)(Margin * 10_000)), Block = block }, Alpha, inShadow: false);
        return isBad =>
        {
            gate.Observe(isBad);
            return gate.Verdict;
        };
    });

    /// <summary>The usual one-sided test of a rate at the same alpha, looked at every 100 operations.</summary>
    public static GateTrials PeekedTest(double rate, int streams, int operations = 20_000) => Of(rate, streams, operations, 1, () =>
    {
        const double Critical = 2.326;
        var (seen, bad) = (0, 0);
        return isBad =>
        {
            seen++;
            bad += isBad ? 1 : 0;
            var isLooked = seen % 100 == 0;
            return isLooked && (bad - (Margin * seen)) / Math.Sqrt(seen * Margin * (1 - Margin)) > Critical ? GateVerdict.Failed : GateVerdict.Inconclusive;
        };
    });

    private static GateTrials Of(double rate, int streams, int operations, int burst, Func<Func<bool, GateVerdict>> gate)
    {
        var random = new Random(Seed);
        var (aborts, passes) = (new double[streams], new double[streams]);
        for (var stream = 0; stream < streams; stream++)
        {
            var (observe, left) = (gate(), 0);
            (aborts[stream], passes[stream]) = (operations, operations);
            // A burst begins at an operation that is in none, or at the last of one; so often that the rate of errors is the one asked for.
            var begin = rate / (burst - (rate * (burst - 1)));
            for (var i = 1; i <= operations; i++)
            {
                left = left > 1 ? left - 1 : random.NextDouble() < begin ? burst : 0;
                var verdict = observe(left > 0);
                if (verdict == GateVerdict.Passed && passes[stream] == operations)
                {
                    passes[stream] = i;
                }
                else if (verdict == GateVerdict.Failed)
                {
                    aborts[stream] = i;
                    break;
                }
            }
        }

        return new GateTrials((double)aborts.Count(a => a < operations) / streams, Rounds.Median(aborts), Rounds.Median(passes));
    }
}
