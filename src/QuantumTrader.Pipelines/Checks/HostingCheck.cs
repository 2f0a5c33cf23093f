using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>A hosted Dataflow block ends with its first exception, so there is nothing to go on with behind it.</summary>
internal sealed class HostingCheck : IPipelineCheck
{
    public void Check(PipelineDraft draft, FindingList findings)
    {
        foreach (var block in draft.Blocks.Where(b => b.Type is { Shape: BlockShape.Propagator } && b.Common.OnError != OnError.Fail))
        {
            var (at, path) = block.Locate("on_error");
            findings.Add(FindingCodes.HostedPolicy, at, path, $"'{block.Type!.Name}' hosts a Dataflow block, which the first exception ends. Catch exceptions inside it instead.", "fail");
        }
    }
}
