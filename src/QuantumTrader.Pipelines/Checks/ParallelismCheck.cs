namespace QuantumTrader.Pipelines;

/// <summary>Only a block whose state is kept per key can run several times.</summary>
internal sealed class ParallelismCheck : IPipelineCheck
{
    public void Check(PipelineDraft draft, FindingList findings)
    {
        foreach (var block in draft.Blocks.Where(b => b.Common.Parallelism > 1 && b.Type is { Partitioned: false }))
        {
            var (at, path) = block.Locate("parallelism");
            findings.Add(FindingCodes.NotPartitioned, at, path, $"found {block.Node["parallelism"]?.Value.Kind}, but '{block.Type!.Name}' keeps one state for all keys.", "1");
        }
    }
}
