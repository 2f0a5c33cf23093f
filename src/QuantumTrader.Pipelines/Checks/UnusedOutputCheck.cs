namespace QuantumTrader.Pipelines;

/// <summary>A block that is no sink is there for those behind it; one of a phase may stand in for another block instead.</summary>
internal sealed class UnusedOutputCheck : IPipelineCheck
{
    public void Check(PipelineDraft draft, FindingList findings)
    {
        var used = draft.Blocks.SelectMany(b => b.Inputs).SelectMany(i => i.From).Select(r => r.Block).ToHashSet(StringComparer.Ordinal);
        foreach (var block in draft.Blocks.Where(b => b.Type is { IsSink: false } && b.Common.Phase is null && !used.Contains(b.Name)))
        {
            findings.Add(FindingCodes.Unused, block.Position, block.Path, $"nobody uses the output of '{block.Name}'.");
        }
    }
}
