namespace QuantumTrader.Pipelines;

/// <summary>Fan-in merges by sequence, and sequences can only be compared below one root: a source, or a block that numbers anew.</summary>
internal sealed class RootCheck : IPipelineCheck
{
    public void Check(PipelineDraft draft, FindingList findings)
    {
        var roots = new Dictionary<BlockDraft, BlockDraft>(ReferenceEqualityComparer.Instance);
        foreach (var block in GraphOrder.Of(draft).Ordered)
        {
            var inputs = block.Inputs.SelectMany(i => i.From)
                .Where(r => draft[r.Block] is { } upstream && roots.ContainsKey(upstream))
                .Select(r => (Reference: r, Root: roots[draft[r.Block]!]))
                .ToList();
            if (block.Type is { MergesRoots: true })
            {
                CheckSources(block, draft, findings);
            }
            else if (inputs.FirstOrDefault(i => i.Root != inputs[0].Root) is { Root: not null } other)
            {
                var list = string.Join(", ", inputs.Select(i => i.Reference.Block == i.Root.Name ? $"'{i.Root.Name}' (a root itself)" : $"'{i.Reference.Block}' (root '{i.Root.Name}')"));
                findings.Add(
                    FindingCodes.DifferentRoots, other.Reference.Node.Position, other.Reference.Path,
                    $"the inputs of '{block.Name}' come from different roots: {list}. Their sequences cannot be compared. Put the branches behind one block that numbers events anew, such as normalize, and branch after it; or merge sources by event time with a block of type merge.");
            }

            // After a finding the first input's root stands for all, so that one mistake is reported once and not at every block behind it.
            if (block.Type is { IsRoot: true })
            {
                roots[block] = block;
            }
            else if (inputs.Count > 0)
            {
                roots[block] = inputs[0].Root;
            }
        }
    }

    // One input would wait for an event that the source cannot send, because the other input is full.
    private static void CheckSources(BlockDraft block, PipelineDraft draft, FindingList findings)
    {
        var seen = new Dictionary<BlockDraft, string>(ReferenceEqualityComparer.Instance);
        foreach (var reference in block.Inputs.SelectMany(i => i.From).Where(r => draft[r.Block] is not null))
        {
            foreach (var source in GraphOrder.Upstream(draft, [draft[reference.Block]!]).Where(b => b.Type is { Shape: BlockShape.Source }))
            {
                if (!seen.TryAdd(source, reference.Block))
                {
                    findings.Add(
                        FindingCodes.MergedTwice, reference.Node.Position, reference.Path,
                        $"the source '{source.Name}' reaches '{block.Name}' over '{seen[source]}' and over '{reference.Block}', of which one would wait for the other for ever. Merge before branching.");
                }
            }
        }
    }
}
