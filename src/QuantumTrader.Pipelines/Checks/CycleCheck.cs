namespace QuantumTrader.Pipelines;

/// <summary>Events flow one way. Cycles that share no block are reported one by one, each with every block on it.</summary>
internal sealed class CycleCheck : IPipelineCheck
{
    public void Check(PipelineDraft draft, FindingList findings)
    {
        var left = new HashSet<BlockDraft>(GraphOrder.Of(draft).LeftOver, ReferenceEqualityComparer.Instance);
        while (left.Count > 0)
        {
            // What is left lies on a cycle or behind one, and each block of it is fed by another: walking upstream must come round.
            var cycle = Walk(draft.Blocks.First(left.Contains), draft, left);
            Report(cycle, findings);
            left.ExceptWith(cycle);
            while (left.RemoveWhere(b => !draft.Feeding(b).Any(left.Contains)) > 0)
            {
            }
        }
    }

    /// <summary>Upstream from a block until one comes up twice.</summary>
    private static List<BlockDraft> Walk(BlockDraft start, PipelineDraft draft, HashSet<BlockDraft> left)
    {
        var way = new List<BlockDraft>();
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        var block = start;
        while (places.TryAdd(block.Name, way.Count))
        {
            way.Add(block);
            block = draft.Feeding(block).First(left.Contains);
        }

        return way[places[block.Name]..];
    }

    private static void Report(List<BlockDraft> upstream, FindingList findings)
    {
        // The walk went against the flow; the message goes with it, from the block that stands first in the file.
        var first = upstream.MinBy(b => (b.Position.Line, b.Position.Column))!;
        var flow = Enumerable.Reverse(upstream).ToList();
        var start = flow.IndexOf(first);
        var way = flow[start..].Concat(flow[..start]).ToList();
        var reference = first.Inputs.SelectMany(i => i.From).First(r => r.Block == way[^1].Name);
        findings.Add(FindingCodes.Cycle, reference.Node.Position, reference.Path, $"blocks feed each other in a circle: {string.Join(" -> ", way.Append(first).Select(b => b.Name))}.");
    }
}
