using System.Globalization;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Storage;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.App.Reports;

/// <summary>
/// How far a pipeline has moved from its original path to the new one. Operations are those of the phases that replace an answer:
/// <c>original_calls + enhanced_calls = ops</c>, <c>enhanced_calls + fallback_count = enhanced_attempts</c>.
/// </summary>
internal sealed record MigrationReport
{
    /// <summary>Answers given.</summary>
    public long Ops => OriginalCalls + EnhancedCalls;

    /// <summary>Answers of the baselines, fallbacks included.</summary>
    public required long OriginalCalls { get; init; }

    /// <summary>Answers of the candidates.</summary>
    public required long EnhancedCalls { get; init; }

    /// <summary>Operations that a candidate should have served.</summary>
    public long EnhancedAttempts => EnhancedCalls + FallbackCount;

    /// <summary>Those that it did not.</summary>
    public long FallbackCount => Fallbacks.Values.Sum();

    /// <summary>By reason.</summary>
    public required IReadOnlyDictionary<FallbackReason, long> Fallbacks { get; init; }

    /// <summary>Fallbacks of the attempts; 0 without any.</summary>
    public double FallbackRate => EnhancedAttempts == 0 ? 0 : Math.Round((double)FallbackCount / EnhancedAttempts, 6);

    /// <summary>Percent of the answers that candidates gave; 0 without any.</summary>
    public double MigrationProgress => Ops == 0 ? 0 : Math.Round(100.0 * EnhancedCalls / Ops, 4);

    /// <summary>Part of the way that the shares of all phases have gone, from 0 to 1; the shadow counts as 0.</summary>
    public required double RolloutProgress { get; init; }

    /// <summary>Events that the bus took.</summary>
    public required long ZmqPublished { get; init; }

    /// <summary>Events that a store acknowledged.</summary>
    public required long ValkeyStored { get; init; }

    /// <summary>Events for which history was asked.</summary>
    public required long TimeTravelQueries { get; init; }

    /// <summary>Mean latency of all answers, in milliseconds.</summary>
    public required double AverageLatencyMs { get; init; }

    /// <summary>The phases in the order of the file.</summary>
    public required IReadOnlyList<MigrationPhase> Phases { get; init; }

    /// <summary>The figures of one instant.</summary>
    public static MigrationReport Of(IReadOnlyList<Phase> rolledOut, PipelinePlan plan, IReadOnlyList<BlockReport> blocks)
    {
        List<MigrationPhase> phases = [.. rolledOut.Select(p => new MigrationPhase(p.Options.Name, p.Options.Kind, p.State.ToString(), p.State.Share.Fraction, p.Evidence.Count()))];
        var values = phases.Where(p => p.Kind == PhaseKind.Value).Select(p => p.Counts).ToList();
        var latency = values.SelectMany(v => v.Latency.Values).ToList();
        return new MigrationReport
        {
            OriginalCalls = values.Sum(v => v.OriginalCalls),
            EnhancedCalls = values.Sum(v => v.EnhancedCalls),
            Fallbacks = Enum.GetValues<FallbackReason>().ToDictionary(r => r, r => values.Sum(v => v.Fallbacks[r])),
            RolloutProgress = Progress(rolledOut),
            ZmqPublished = blocks.Select(b => b.Details).OfType<ZeroMqSinkReport>().Sum(s => s.Channels.Values.Sum(c => c.Published)),
            ValkeyStored = blocks.Select(b => b.Details).OfType<StoreSinkReport>().Sum(s => s.Stored),
            TimeTravelQueries = blocks.Where(b => plan.Blocks.Any(p => p.Name == b.Name && p.Type.Name == "features.time_travel")).Sum(b => b.In),
            AverageLatencyMs = latency.Count == 0 ? 0 : Math.Round(latency.Sum(l => l.Average * l.Count) / latency.Sum(l => l.Count), 6),
            Phases = phases,
        };
    }

    /// <summary>Part of the way that the shares of all phases have gone, from 0 to 1.</summary>
    public static double Progress(IReadOnlyList<Phase> rolledOut) => rolledOut.Count == 0 ? 0 : Math.Round(rolledOut.Average(p => p.State.Serves ? p.State.Share.Fraction : 0), 6);

    /// <summary>For people.</summary>
    public IEnumerable<string> ToLines()
    {
        yield return Line($"operations {Ops:N0} = original {OriginalCalls:N0} + enhanced {EnhancedCalls:N0}; migration {MigrationProgress:0.##} %, rollout {100 * RolloutProgress:0.##} %");
        yield return Line($"fallbacks {FallbackCount:N0} of {EnhancedAttempts:N0} attempts ({100 * FallbackRate:0.###} %){string.Concat(Fallbacks.Where(f => f.Value > 0).Select(f => Line($"; {SnakeCase.From(f.Key.ToString())} {f.Value:N0}")))}");
        yield return Line($"zmq published {ZmqPublished:N0}, valkey stored {ValkeyStored:N0}, time travel queries {TimeTravelQueries:N0}; average latency {AverageLatencyMs:0.####} ms");
        yield return Line($"{"phase",-16} {"state",-22} {"ops",12} {"enhanced",12} {"fallbacks",10} {"compared",10} {"differ",8} {"p50 ms",9} {"p95 ms",9} {"p99 ms",9}");
        foreach (var phase in Phases)
        {
            var c = phase.Counts;
            yield return Line($"{phase.Name,-16} {phase.State,-22} {c.Ops,12:N0} {c.EnhancedCalls,12:N0} {c.FallbackCount,10:N0} {c.Outcomes.Values.Sum(),10:N0} {c.Outcomes[Outcome.Mismatch],8:N0}");
            foreach (var (side, l) in c.Latency)
            {
                yield return Line($"  {SnakeCase.From(side.ToString()),-37} {l.Count,12:N0} {"",43} {l.P50,9:0.####} {l.P95,9:0.####} {l.P99,9:0.####}");
            }
        }
    }

    private static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A phase in the report of a migration.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it changes.</param>
/// <param name="State">Where it stands, in words.</param>
/// <param name="Share">Share of the operations that its candidate serves, from 0 to 1.</param>
/// <param name="Counts">What was counted of it in this run.</param>
internal sealed record MigrationPhase(string Name, PhaseKind Kind, string State, double Share, PhaseCounts Counts);
