namespace QuantumTrader.Pipelines;

/// <summary>A port takes one type of events.</summary>
internal sealed class EventTypeCheck : IPipelineCheck
{
    public void Check(PipelineDraft draft, FindingList findings)
    {
        foreach (var block in draft.Blocks)
        {
            foreach (var port in block.Type?.Inputs ?? [])
            {
                foreach (var reference in block.Inputs.Where(i => i.Port == port.Name).SelectMany(i => i.From))
                {
                    if (draft[reference.Block] is { Type: { } sender } upstream && !port.Takes(sender.Output))
                    {
                        Report(block, port, upstream, reference, draft, findings);
                    }
                }
            }
        }
    }

    private static void Report(BlockDraft block, Port port, BlockDraft upstream, InputReference reference, PipelineDraft draft, FindingList findings)
    {
        var sent = upstream.Type!.Output;
        var takes = draft.Registry.Blocks[block.Type!.Name].Inputs.First(p => p.Name == port.Name).IsOpen
            ? $"'{block.Name}' takes one type of events, and '{FirstSender(block, port.EventType, draft)}' sends {port.EventType.Name}"
            : $"'{block.Name}' takes {port.EventType.Name} at '{port.Name}'";
        var message = $"{takes}, but '{upstream.Name}' sends {sent.Name}";
        var way = WayFromOrigin(upstream, draft);
        if (way.Count > 1)
        {
            message += $", which comes from '{way[0].Name}': {string.Join(" -> ", way.Append(block).Select(b => b.Name))}";
        }

        var senders = draft.Blocks.Where(b => b != block && b.Type?.Output == port.EventType).Select(b => b.Name).ToList();
        findings.Add(FindingCodes.TypeMismatch, reference.Node.Position, reference.Path, message + ".", senders.Count == 0 ? null : $"blocks that send {port.EventType.Name}: {string.Join(", ", senders)}");
    }

    /// <summary>The block from which a generic one has its type.</summary>
    private static string FirstSender(BlockDraft block, Type sent, PipelineDraft draft) => draft.Feeding(block).First(b => b.Type?.Output == sent).Name;

    /// <summary>The block that made the events, and those that only passed them on.</summary>
    private static List<BlockDraft> WayFromOrigin(BlockDraft last, PipelineDraft draft)
    {
        var way = new List<BlockDraft> { last };
        while (way[^1].Type is { PassesThrough: true, Output: var type }
            && draft.Feeding(way[^1]).FirstOrDefault(b => b.Type?.Output == type) is { } upstream && !way.Contains(upstream))
        {
            way.Add(upstream);
        }

        way.Reverse();
        return way;
    }
}
