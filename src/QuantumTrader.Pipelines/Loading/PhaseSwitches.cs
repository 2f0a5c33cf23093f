namespace QuantumTrader.Pipelines;

/// <summary>
/// The old system's environment switches: a variable that is false leaves the blocks of its phase out of the plan, so that not even what
/// they need has to be installed. Whoever read from a block that only passes its input on then reads what that block read; a block that
/// is left without input goes too if it belongs to a phase itself.
/// </summary>
internal sealed class PhaseSwitches(Func<string, string?> environment, FindingList findings)
{
    private static readonly (string Phase, string Variable)[] Switches = [("zmq", "ZMQ_ENABLED"), ("valkey", "VALKEY_ENABLED")];

    /// <summary>The draft without the blocks that are switched off.</summary>
    public PipelineDraft Apply(PipelineDraft draft)
    {
        var off = Switches.Where(s => draft.Blocks.Any(b => b.Common.Phase == s.Phase) && !IsOn(s.Variable, draft)).Select(s => s.Phase).ToHashSet(StringComparer.Ordinal);
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
                    $"'{block.Name}' reads only from blocks that are switched off ({string.Join(", ", Switches.Where(s => off.Contains(s.Phase)).Select(s => $"{s.Variable} is false"))}). Give it the same phase, or another block to read from.");
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

    private bool IsOn(string variable, PipelineDraft draft)
    {
        var value = environment(variable);
        switch (value?.Trim().ToLowerInvariant())
        {
            case null or "" or "true" or "1" or "yes" or "on":
                return true;
            case "false" or "0" or "no" or "off":
                return false;
            default:
                findings.Add(FindingCodes.BadSwitch, draft.Root.Position, "", $"{variable} was '{value}'.", "true, false");
                return true;
        }
    }
}
