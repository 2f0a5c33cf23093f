using System.Globalization;

namespace QuantumTrader.Dataflow;

/// <summary>Adds up what the parts of a graph counted, and says where it does not add up.</summary>
internal sealed class GraphAccount(IReadOnlyList<GraphNode> nodes, IReadOnlyList<GraphEdge> edges)
{
    public GraphReport Report(TimeSpan elapsed, string? fault, bool isCompleted, long outstandingBatches)
    {
        var blockReports = nodes.Select(n => Describe(n, isCompleted)).ToList();
        var edgeReports = edges.Select(e => Describe(e, blockReports)).ToList();
        var imbalances = Imbalances(blockReports, edgeReports, isCompleted, outstandingBatches).ToList();
        var sources = nodes.Where(n => n.Node is ISourceNode).ToList();
        var accounts = nodes.Select(n => n.Node.Block.Accounts).ToList();
        return new GraphReport
        {
            Balanced = imbalances.Count == 0,
            Imbalances = imbalances,
            Completed = isCompleted,
            Fault = fault,
            Elapsed = elapsed,
            Events = sources.Sum(n => n.Node.Outlet.Count),
            Progress = sources.Average(n => ((ISourceNode)n.Node).Progress),
            Blocks = [.. nodes.Zip(blockReports).GroupBy(x => x.First.BlockName, x => x.Second).Select(g => Sum([.. g]))],
            Edges = edgeReports,
            Latency = [.. nodes.Where(n => !n.Node.Outlet.HasConsumers).Select(n => Latency(n, sources)).Where(l => l.Count > 0)],
            Bottleneck = Bottleneck.InWords([.. blockReports.Zip(nodes, (b, n) => (b, n.Node.SampledTicks))]),
            Notes = [.. accounts.SelectMany(a => a.Notes)],
            NoteCounts = Sum(accounts.SelectMany(a => a.NoteCounts.Select(c => KeyValuePair.Create($"{a.Block}.{c.Key}", c.Value)))),
            NoteTallies = [.. accounts.SelectMany(a => a.NoteTallies)],
            DeadLetters = [.. accounts.SelectMany(a => a.DeadLetters)],
        };
    }

    private static BlockReport Describe(GraphNode n, bool isCompleted)
    {
        var counts = n.Node.Count();
        var (idle, backpressured, busy, stall) = n.Island.Clock.Shares();
        var accounts = n.Node.Block.Accounts;
        return new BlockReport
        {
            Name = n.Name,
            Island = n.Island.Index,
            In = counts.In,
            Batches = counts.Batches,
            Out = counts.Out,
            Passed = counts.Passed,
            Created = counts.Created,
            Consumed = counts.Consumed,
            Held = counts.Held,
            Failed = counts.Errors,
            Dropped = accounts.Dropped,
            Errors = accounts.Errors,
            Balanced = counts.In == counts.Passed + counts.Consumed + counts.Dropped + counts.Errors + counts.Held
                && counts.Consumed >= 0 && counts.Out == counts.Passed + counts.Created,
            Hash = isCompleted ? n.Node.Outlet.Hash : null,
            Idle = idle,
            Backpressured = backpressured,
            Busy = busy,
            LongestStallSeconds = stall,
            NanosecondsPerEvent = n.Node.SampledEvents == 0 ? 0 : n.Node.SampledTicks * 1e9 / System.Diagnostics.Stopwatch.Frequency / n.Node.SampledEvents,
            Gauges = n.Node.Block.Gauges,
            Details = isCompleted ? n.Node.Block.Report() : null,
        };
    }

    /// <summary>One row per block that users declared: of a parallel one, its instances; behind them stands what gathers their output.</summary>
    private static BlockReport Sum(List<BlockReport> rows)
    {
        if (rows is [var only])
        {
            return only;
        }

        var (instances, gather) = (rows[..^1], rows[^1]);
        return new BlockReport
        {
            Name = gather.Name,
            Island = gather.Island,
            In = instances.Sum(r => r.In),
            Batches = instances.Sum(r => r.Batches),
            Out = instances.Sum(r => r.Out),
            Passed = instances.Sum(r => r.Passed),
            Created = instances.Sum(r => r.Created),
            Consumed = instances.Sum(r => r.Consumed),
            Held = instances.Sum(r => r.Held),
            Failed = instances.Sum(r => r.Failed),
            Dropped = Sum(instances.SelectMany(r => r.Dropped)),
            Errors = Sum(instances.SelectMany(r => r.Errors)),
            Balanced = rows.All(r => r.Balanced),
            Hash = gather.Hash,
            Idle = instances.Average(r => r.Idle),
            Backpressured = instances.Average(r => r.Backpressured),
            Busy = instances.Average(r => r.Busy),
            LongestStallSeconds = instances.Max(r => r.LongestStallSeconds),
            NanosecondsPerEvent = instances.Sum(r => r.NanosecondsPerEvent * r.In) / Math.Max(1, instances.Sum(r => r.In)),
            Gauges = [.. instances.SelectMany(r => r.Gauges).GroupBy(g => (g.Name, g.Of)).Select(g => g.First() with { Value = g.First().TakesLargest ? g.Max(x => x.Value) : g.Sum(x => x.Value) })],
            Instances = instances,
        };
    }

    private static SortedDictionary<string, long> Sum(IEnumerable<KeyValuePair<string, long>> counts)
    {
        var sums = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (key, count) in counts)
        {
            sums[key] = sums.GetValueOrDefault(key) + count;
        }

        return sums;
    }

    private static EdgeReport Describe(GraphEdge e, List<BlockReport> blocks)
    {
        if (e.Link is null)
        {
            var crossed = blocks.First(b => b.Name == e.From).Out;
            return new EdgeReport
            {
                From = e.From, To = e.To, Port = e.Port, Fused = true, Capacity = 0, WhenFull = WhenFull.Block, In = crossed, Out = crossed,
                Dropped = new Dictionary<string, long>(), Depth = 0, HighWater = 0, Balanced = true,
            };
        }

        var counts = e.Link.Count();
        var dropped = new SortedDictionary<string, long>(StringComparer.Ordinal);
        if (counts.DroppedFull > 0)
        {
            dropped["full"] = counts.DroppedFull;
        }

        if (counts.Conflated > 0)
        {
            dropped["conflated"] = counts.Conflated;
        }

        return new EdgeReport
        {
            From = e.From, To = e.To, Port = e.Port, Fused = false, Capacity = e.Link.Capacity, WhenFull = e.WhenFull, In = counts.In, Out = counts.Out,
            Dropped = dropped, Depth = counts.Depth, Spilled = counts.Spilled, SpilledTotal = counts.SpilledTotal, HighWater = counts.HighWater,
            Balanced = counts.In == counts.Out + counts.DroppedFull + counts.Conflated + counts.Depth + counts.Spilled,
        };
    }

    // What one side sent and the other side received are counted apart, so the sums below are checks and not identities.
    private IEnumerable<string> Imbalances(List<BlockReport> blocks, List<EdgeReport> edgeReports, bool isCompleted, long outstandingBatches)
    {
        foreach (var b in blocks.Where(b => !b.Balanced))
        {
            yield return Text($"block {b.Name}: in {b.In} is not passed {b.Passed} + consumed {b.Consumed} + dropped {b.Dropped.Values.Sum()} + failed {b.Failed} + held {b.Held}, or out {b.Out} is not passed + created {b.Created}");
        }

        foreach (var e in edgeReports.Where(e => !e.Balanced))
        {
            yield return Text($"edge {e.From} -> {e.To}: in {e.In} is not out {e.Out} + dropped {e.Dropped.Values.Sum()} + waiting {e.Depth + e.Spilled}");
        }

        if (!isCompleted)
        {
            yield break;
        }

        foreach (var b in blocks.Where(b => b.Held != 0))
        {
            yield return Text($"block {b.Name} still holds {b.Held} events");
        }

        foreach (var e in edgeReports.Where(e => e.Depth != 0))
        {
            yield return Text($"edge {e.From} -> {e.To} still holds {e.Depth} events");
        }

        foreach (var b in blocks.Where(b => edgeReports.Any(e => e.To == b.Name)))
        {
            var arrived = edgeReports.Where(e => e.To == b.Name).Sum(e => e.Out);
            if (arrived != b.In)
            {
                yield return Text($"block {b.Name} took in {b.In} events, but its edges handed it {arrived}");
            }
        }

        foreach (var target in edges.GroupBy(e => (e.From, To: e.To.Split('#')[0], e.Port)))
        {
            var sent = blocks.First(b => b.Name == target.Key.From).Out;
            var written = target.Sum(t => edgeReports[IndexOf(t)].In);
            if (written != sent)
            {
                yield return Text($"block {target.Key.From} sent {sent} events, but its edge to {target.Key.To} got {written}");
            }
        }

        if (outstandingBatches != 0)
        {
            yield return Text($"{outstandingBatches} batches were never given back");
        }
    }

    private int IndexOf(GraphEdge edge)
    {
        for (var i = 0; i < edges.Count; i++)
        {
            if (ReferenceEquals(edges[i], edge))
            {
                return i;
            }
        }

        return -1;
    }

    private static LatencyReport Latency(GraphNode n, List<GraphNode> sources)
    {
        var (count, us) = n.Node.Latency.Quantiles(0.5, 0.99, 0.999);
        return new LatencyReport(sources.Count == 1 ? sources[0].Name : "source", n.Name, count, us[0], us[1], us[2])
        {
            RecentP99 = n.Node.RecentLatency?.Quantile(System.Diagnostics.Stopwatch.GetTimestamp(), 0.99),
        };
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
