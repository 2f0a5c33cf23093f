namespace QuantumTrader.Pipelines;

/// <summary>
/// The switches of phases that are off when the pipeline is loaded: each leaves the blocks of its phase out of the plan, so that not even what
/// they need has to be installed. Whoever read from a block that only passes its input on then reads what that block read; a block that
/// is left without input goes too if it belongs to a phase itself.
/// </summary>
internal sealed class PhaseSwitches(SwitchOptions switches, FindingList findings)
{
    /// <summary>The phases of a draft that are switched off.</summary>
    public static IReadOnlyList<string> Off(PipelineDraft draft, SwitchOptions switches) =>
        [.. draft.Blocks.Select(b => b.Common.Phase).Distinct().OfType<string>().Where(p => p is "zmq" or "valkey" && switches.WhatKeepsOff(p) is not null)];

    /// <summary>The draft without the blocks of phases that are off.</summary>
    public PipelineDraft Apply(PipelineDraft draft, IReadOnlyList<string> off)
    {
        if (off.Count == 0 || findings.HasErrors)
        {
            return draft;
        }

        // What to read instead of a block that is left out; empty for nothing.
        var instead = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var kept = new Dictionary<string, BlockDraft>(StringComparer.Ordinal);
        foreach (var block in GraphOrder.Of(draft).Ordered)
        {
            var inputs = block.Inputs.Select(i => i with { From = [.. i.From.SelectMany(r => Follow(r, instead)).DistinctBy(r => r.Block)] }).ToList();
            var starved = inputs.FirstOrDefault(i => i.From.Count == 0);
            if (off.Contains(block.Common.Phase ?? "") || (starved is not null && block.Common.Phase is not null))
            {
                instead[block.Name] = block.Type!.PassesThrough && starved is null ? [.. inputs[0].From.Select(r => r.Block)] : [];
            }
            else if (starved is not null)
            {
                findings.Add(
                    FindingCodes.PhaseOff, starved.Position, starved.Path,
                    $"'{block.Name}' reads only from blocks that are switched off ({string.Join(", ", off.Order(StringComparer.Ordinal).Reverse().Select(switches.WhatKeepsOff))}). Give it the same phase, or another block to read from.");
                instead[block.Name] = [];
            }
            else
            {
                kept[block.Name] = block with { Inputs = inputs };
            }
        }

        return new PipelineDraft(draft.Root, draft.Registry, [.. draft.Blocks.Where(b => kept.ContainsKey(b.Name)).Select(b => kept[b.Name])], draft.Sections);
    }

    private static IEnumerable<InputReference> Follow(InputReference reference, Dictionary<string, IReadOnlyList<string>> instead) =>
        instead.TryGetValue(reference.Block, out var others) ? others.Select(o => reference with { Block = o }) : [reference];
}
