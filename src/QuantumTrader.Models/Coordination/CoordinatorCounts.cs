using System.Text.Json.Serialization;
using QuantumTrader.Dataflow;
using QuantumTrader.Models.Drift;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models.Coordination;

/// <summary>Why a model was chosen, in the order in which it is asked.</summary>
public enum CoordinatorRule
{
    /// <summary>Fast: it is forced.</summary>
    ForceFast,

    /// <summary>Fast: there is no enhanced model, or it is switched off.</summary>
    PhaseOff,

    /// <summary>Fast: a column that the enhanced model needs is not warm.</summary>
    NoHistory,

    /// <summary>Fast: the hour of the day asks for it.</summary>
    FastHours,

    /// <summary>Fast: the enhanced model is too slow.</summary>
    BreakerOpen,

    /// <summary>Fast: the request does not belong to the share.</summary>
    NotInShare,

    /// <summary>Enhanced.</summary>
    Enhanced,
}

/// <summary>What a coordinator counts.</summary>
internal sealed class CoordinatorCounts
{
    private static readonly string[] RuleNames = [.. Enum.GetNames<CoordinatorRule>().Select(SnakeCase.From)];

    private readonly long[] _rules = new long[RuleNames.Length];
    private readonly SortedDictionary<string, long> _fallbacks = new(StringComparer.Ordinal);

    public Calls Fast { get; } = new();

    public Calls Enhanced { get; } = new();

    public long CacheHits { get; set; }

    public long Stale { get; set; }

    public long Sent { get; set; }

    public void Rule(CoordinatorRule rule) => _rules[(int)rule]++;

    public void Fallback(string cause)
    {
        _fallbacks[cause] = _fallbacks.GetValueOrDefault(cause) + 1;
        FallbackCount++;
    }

    /// <summary>All fallbacks, whatever their cause.</summary>
    public long FallbackCount { get; private set; }

    /// <summary>For whoever watches, from any thread: plain numbers only, each of which is written at once.</summary>
    public IReadOnlyList<BlockGauge> Gauges(LatencyBreaker breaker) =>
    [
        .. RuleNames.Select((name, rule) => new BlockGauge("qt_coordinator_requests", "Requests that this rule decided.", Volatile.Read(ref _rules[rule])) { Of = name }),
        new("qt_coordinator_calls", "Times that the model was asked.", Fast.Count) { Of = "fast" },
        new("qt_coordinator_calls", "Times that the model was asked.", Enhanced.Count) { Of = "enhanced" },
        new("qt_coordinator_latency_ms", "Mean latency of the model, exponential with weight 0.1.", Fast.MeanMs) { Of = "fast", TakesLargest = true },
        new("qt_coordinator_latency_ms", "Mean latency of the model, exponential with weight 0.1.", Enhanced.MeanMs) { Of = "enhanced", TakesLargest = true },
        new("qt_coordinator_cache_hits", "Vectors answered without asking.", CacheHits),
        new("qt_coordinator_fallbacks", "Times that a level had no answer.", FallbackCount),
        new("qt_coordinator_stale", "Older predictions sent again.", Stale),
        new("qt_coordinator_breaker_open", "1 while the enhanced model is left alone because it is slow.", breaker.IsOpen ? 1 : 0) { TakesLargest = true },
    ];

    public CoordinatorReport Report(LatencyBreaker breaker) => new(
        Sent, Fast.Count, Enhanced.Count, CacheHits, Stale, Fast.MeanMs, Enhanced.MeanMs,
        RuleNames.Zip(_rules).ToDictionary(r => r.First, r => r.Second, StringComparer.Ordinal),
        new SortedDictionary<string, long>(_fallbacks, StringComparer.Ordinal),
        new BreakerReport(breaker.IsOpen, breaker.Openings, breaker.Probes));

    /// <summary>Calls of one model and their mean latency, each new one with a weight of 0.1.</summary>
    public sealed class Calls
    {
        private const double Weight = 0.1;

        public long Count { get; private set; }

        public double MeanMs { get; private set; }

        public void Add(double milliseconds)
        {
            MeanMs = Count == 0 ? milliseconds : MeanMs + (Weight * (milliseconds - MeanMs));
            Count++;
        }
    }
}

/// <summary>What the report says of a coordinator.</summary>
/// <param name="TotalPredictions">Predictions sent.</param>
/// <param name="FastModeCalls">How often the fast model was asked.</param>
/// <param name="TimeTravelCalls">How often the enhanced model was asked.</param>
/// <param name="CacheHits">Vectors answered without asking.</param>
/// <param name="Stale">Older predictions sent again.</param>
/// <param name="FastMs">Mean latency of the fast model in ms, exponential with weight 0.1.</param>
/// <param name="EnhancedMs">Mean latency of the enhanced model in ms, exponential with weight 0.1.</param>
/// <param name="Rules">How often each rule decided.</param>
/// <param name="Fallbacks">How often a level had no answer, by cause.</param>
/// <param name="Breaker">What the breaker did.</param>
public sealed record CoordinatorReport(
    long TotalPredictions, long FastModeCalls, long TimeTravelCalls, long CacheHits, long Stale, double FastMs, double EnhancedMs,
    IReadOnlyDictionary<string, long> Rules, IReadOnlyDictionary<string, long> Fallbacks, BreakerReport Breaker)
{
    /// <summary>How far the fast model has moved away from its training; null when that is not watched.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DriftReport? FastDrift { get; init; }

    /// <summary>How far the enhanced model has; null when that is not watched, or there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DriftReport? EnhancedDrift { get; init; }
}

/// <summary>What the report says of a breaker.</summary>
/// <param name="IsOpen">Whether it is open at the end.</param>
/// <param name="Openings">How often it opened.</param>
/// <param name="Probes">Requests let through to see whether it can close.</param>
public sealed record BreakerReport(bool IsOpen, long Openings, long Probes);
