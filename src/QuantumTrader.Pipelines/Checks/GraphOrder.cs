namespace QuantumTrader.Pipelines;

/// <summary>Puts blocks behind those that feed them. By loops, not recursion: a chain may be as long as a file can hold.</summary>
internal static class GraphOrder
{
    /// <summary>The blocks in topological order, as near to the file's order as that allows; those in or behind a cycle are left over.</summary>
    public static (IReadOnlyList<BlockDraft> Ordered, IReadOnlyList<BlockDraft> LeftOver) Of(PipelineDraft draft)
    {
        var index = draft.Blocks.Select((b, i) => (b.Name, i)).ToDictionary(p => p.Name, p => p.i, StringComparer.Ordinal);
        var waitsFor = new int[draft.Blocks.Count];
        var feeds = draft.Blocks.Select(_ => new List<int>()).ToArray();
        for (var i = 0; i < draft.Blocks.Count; i++)
        {
            foreach (var upstream in draft.Feeding(draft.Blocks[i]))
            {
                waitsFor[i]++;
                feeds[index[upstream.Name]].Add(i);
            }
        }

        var ready = new SortedSet<int>(Enumerable.Range(0, waitsFor.Length).Where(i => waitsFor[i] == 0));
        var ordered = new List<BlockDraft>();
        while (ready.Count > 0)
        {
            var next = ready.Min;
            ready.Remove(next);
            ordered.Add(draft.Blocks[next]);
            foreach (var target in feeds[next].Where(target => --waitsFor[target] == 0))
            {
                ready.Add(target);
            }
        }

        return (ordered, [.. draft.Blocks.Where((_, i) => waitsFor[i] > 0)]);
    }

    /// <summary>The blocks and all that feed them, however far upstream.</summary>
    public static IReadOnlySet<BlockDraft> Upstream(PipelineDraft draft, IEnumerable<BlockDraft> blocks)
    {
        var found = new HashSet<BlockDraft>(ReferenceEqualityComparer.Instance);
        var waiting = new Stack<BlockDraft>(blocks);
        while (waiting.TryPop(out var block))
        {
            if (found.Add(block))
            {
                foreach (var upstream in draft.Feeding(block))
                {
                    waiting.Push(upstream);
                }
            }
        }

        return found;
    }
}
