namespace QuantumTrader.Pipelines;

/// <summary>Every port of a block is fed, by blocks that exist, each named once; a source is fed by nobody.</summary>
internal sealed class InputCheck : IPipelineCheck
{
    public void Check(PipelineDraft draft, FindingList findings)
    {
        foreach (var block in draft.Blocks)
        {
            foreach (var input in block.Inputs)
            {
                CheckNames(input, draft, findings);
            }

            if (block.Type is { } type)
            {
                CheckPorts(block, type, draft, findings);
            }
        }
    }

    private static void CheckNames(InputDraft input, PipelineDraft draft, FindingList findings)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var reference in input.From)
        {
            if (!seen.Add(reference.Block))
            {
                findings.Add(FindingCodes.DuplicateInput, reference.Node.Position, reference.Path, $"'{reference.Node.Shown}' is named twice.");
            }
            else if (draft[reference.Block] is null)
            {
                var nearest = reference.Node.IsInterpolated ? null : NearestName.Of(reference.Block, draft.Names);
                findings.Add(FindingCodes.UnknownBlock, reference.Node.Position, reference.Path, $"no block is named '{reference.Node.Shown}'.", nearest: nearest);
            }
        }
    }

    private static void CheckPorts(BlockDraft block, BlockType type, PipelineDraft draft, FindingList findings)
    {
        if (type.Inputs.Count == 0 && block.Inputs is [var given, ..])
        {
            findings.Add(FindingCodes.SourceWithInput, given.Position, given.Path, $"'{type.Name}' is a source and makes its own events; remove 'from'.");
        }

        foreach (var port in type.Inputs)
        {
            var input = block.Inputs.FirstOrDefault(i => i.Port == port.Name);
            if (input is null)
            {
                var senders = draft.Blocks.Where(b => b != block && b.Type is { } sender && port.Takes(sender.Output)).Select(b => b.Name).ToList();
                var legal = senders.Count == 0 ? $"blocks that send {port.Words}" : $"blocks that send {port.Words}: {string.Join(", ", senders)}";
                findings.Add(FindingCodes.MissingInput, block.Position, ConfigPath.Key(block.Path, port.Name), $"'{type.Name}' needs '{port.Name}'.", legal);
            }
            else if (block.Node[port.Name]!.Value is SequenceNode { Items.Count: 0 })
            {
                findings.Add(FindingCodes.MissingInput, input.Position, input.Path, "the list is empty.");
            }
        }
    }
}
