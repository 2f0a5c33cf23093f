using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using QuantumTrader.Dataflow;
using QuantumTrader.Models;
using QuantumTrader.Models.Drift;

namespace QuantumTrader.App.Reports;

/// <summary>The report of a run, as <c>--report</c> writes it.</summary>
internal sealed record RunReport(
    string Pipeline, bool Balanced, bool Completed, string? Fault, double ElapsedSeconds, long Events, double ThroughputEventsPerSecond,
    string Bottleneck, IReadOnlyDictionary<string, RunBlock> Blocks, IReadOnlyList<EdgeReport> Edges, IReadOnlyList<LatencyReport> Latency,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] BridgeReport? Bridge,
    IReadOnlyList<string> Imbalances, IReadOnlyList<RunNote> Notes, IReadOnlyDictionary<string, long> NoteCounts, IReadOnlyList<DeadLetter> DeadLetters)
{
    /// <summary>What became of the phases; null when there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RolloutReport? Rollout { get; init; }

    public static RunReport Of(string pipeline, GraphReport graph) => new(
        pipeline, graph.Balanced, graph.Completed, graph.Fault, graph.Elapsed.TotalSeconds, graph.Events, graph.EventsPerSecond, graph.Bottleneck,
        ByName(graph.Blocks) ?? [],
        graph.Edges, graph.Latency, BridgeReport.Of(graph.Blocks), graph.Imbalances, graph.Notes, graph.NoteCounts, graph.DeadLetters);

    private static Dictionary<string, RunBlock>? ByName(IReadOnlyList<BlockReport> blocks) => blocks.Count == 0 ? null : blocks.ToDictionary(b => b.Name, b => new RunBlock(
        b.In, b.Out, b.Passed, b.Created, b.Consumed, b.Held, b.Failed, b.Dropped, b.Errors, b.Hash, b.Idle, b.Backpressured, b.Busy,
        b.LongestStallSeconds, b.NanosecondsPerEvent, b.Details, ByName(b.Instances)), StringComparer.Ordinal);

    /// <summary>The report for a reader.</summary>
    public string ToText(bool withHashes)
    {
        var text = new StringBuilder();
        text.AppendLine();
        Line($"{"block",-14} {"in",12} {"out",12} {"created",10} {"consumed",12} {"dropped",10} {"held",6}  {"busy",5} {"ns/event",9}");
        foreach (var (name, b) in Blocks)
        {
            Line($"{name,-14} {b.In,12:N0} {b.Out,12:N0} {b.Created,10:N0} {b.Consumed,12:N0} {b.Dropped.Values.Sum(),10:N0} {b.Held,6:N0}  {b.Busy,5:P0} {b.NanosecondsPerEvent,9:0}");
        }

        text.AppendLine();
        foreach (var e in Edges.Where(e => !e.Fused))
        {
            var dropped = e.Dropped.Count == 0 ? "" : ", dropped " + Counts(e.Dropped);
            var spilled = e.SpilledTotal == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", spilled {e.SpilledTotal:N0} on the way");
            Line($"edge {e.From} -> {e.To}: in {e.In:N0}, out {e.Out:N0}, waiting {e.Depth + e.Spilled}{dropped}{spilled}; most waiting {e.HighWater:N0} of {e.Capacity:N0}");
        }

        foreach (var (name, b) in Blocks.Where(b => b.Value.Dropped.Count + b.Value.Errors.Count > 0))
        {
            Line($"dropped by {name}: {Counts(b.Dropped)}{(b.Errors.Count > 0 ? "; errors: " + Counts(b.Errors) : "")}");
        }

        foreach (var l in Latency)
        {
            Line($"latency {l.From} -> {l.To}: p50 {l.P50:N0} us, p99 {l.P99:N0} us, p99.9 {l.P999:N0} us ({l.Count:N0} events)");
        }

        foreach (var (name, b) in Blocks.Where(b => b.Value.Details is Trading.ExecutionReport))
        {
            text.AppendLine();
            Line($"{name}: {Json.Serialize(b.Details)}");
        }

        foreach (var (name, drift) in Blocks.Select(b => (b.Key, (b.Value.Details as OnnxReport)?.Drift)).Where(b => b.Drift is not null))
        {
            text.AppendLine();
            Line($"drift of {name}: {Drifted(drift!)}");
        }

        if (Bridge is not null)
        {
            text.AppendLine();
            Line($"bridge: {Json.Serialize(Bridge)}");
        }

        if (Rollout is not null)
        {
            text.AppendLine();
            foreach (var line in Rollout.ToLines())
            {
                Line($"rollout: {line}");
            }
        }

        if (NoteCounts.Count > 0)
        {
            text.AppendLine();
            foreach (var (key, count) in NoteCounts)
            {
                var dot = key.IndexOf('.', StringComparison.Ordinal);
                var first = Notes.FirstOrDefault(n => n.Block == key[..dot] && n.Code == key[(dot + 1)..]);
                Line($"note {key} ({count:N0}): {first?.Message}");
            }
        }

        if (withHashes)
        {
            text.AppendLine();
            foreach (var (name, b) in Blocks)
            {
                Line($"hash {name,-14} {b.Hash}");
            }
        }

        text.AppendLine();
        Line($"{Events:N0} events in {ElapsedSeconds:0.000} s: {ThroughputEventsPerSecond:N0} events/s. {Bottleneck}");
        if (Fault is not null)
        {
            Line($"FAILED: {Fault}");
        }

        Line($"{(Balanced ? "Balanced: every event is accounted for." : "NOT BALANCED: " + string.Join("; ", Imbalances))}");
        return text.ToString();

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
    }

    private static string Drifted(DriftReport drift)
    {
        const int shown = 5;
        if (drift.Comparisons == 0)
        {
            return string.Create(CultureInfo.InvariantCulture, $"fewer than {drift.Window:N0} predictions, so nothing was held against training.");
        }

        var moved = drift.Features.Where(f => f.Band != DriftBand.Stable).OrderByDescending(f => f.Index).ToList();
        var named = string.Join(", ", moved.Take(shown).Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Name} {f.Index:0.00}")));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{drift.Score.Name} {drift.Score.Index:0.00} (at most {drift.Score.Largest:0.00}); {moved.Count} of {drift.Features.Count} features at {PopulationStability.MovedFrom} or more{(moved.Count == 0 ? "" : $": {named}{(moved.Count > shown ? ", ..." : "")}")}");
    }

    private static string Counts(IReadOnlyDictionary<string, long> counts) =>
        string.Join(", ", counts.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Value:N0} {c.Key}")));
}

/// <summary>One block of a <see cref="RunReport"/>.</summary>
internal sealed record RunBlock(
    long In, long Out, long Passed, long Created, long Consumed, long Held, long Failed,
    IReadOnlyDictionary<string, long> Dropped, IReadOnlyDictionary<string, long> Errors,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Hash,
    double Idle, double Backpressured, double Busy, double LongestStallSeconds, double NanosecondsPerEvent,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] object? Details,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, RunBlock>? Instances);
