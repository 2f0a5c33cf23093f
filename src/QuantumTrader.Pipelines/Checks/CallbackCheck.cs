using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>A vendor's thread is never blocked: the edge of a callback source names a policy that cannot.</summary>
internal sealed class CallbackCheck : IPipelineCheck
{
    public void Check(PipelineDraft draft, FindingList findings)
    {
        foreach (var block in draft.Blocks.Where(b => b.Type is { Callback: true } && (b.Common.Edge?.WhenFull ?? WhenFull.Block) == WhenFull.Block))
        {
            var (at, path) = block.Locate("edge", "when_full");
            var legal = Enum.GetNames<WhenFull>().Where(n => n != nameof(WhenFull.Block)).Select(SnakeCase.From);
            findings.Add(FindingCodes.CallbackEdge, at, path, $"the events of '{block.Type!.Name}' come on its vendor's thread, which must never wait. Add for example edge: {{ when_full: drop_oldest }}.", $"when_full: {string.Join(", ", legal)}");
        }
    }
}
