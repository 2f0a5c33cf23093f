using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>Nothing is dropped on the way to a block that trades, except where a vendor's thread must not wait.</summary>
internal sealed class TradingPathCheck : IPipelineCheck
{
    public void Check(PipelineDraft draft, FindingList findings)
    {
        var upstream = GraphOrder.Upstream(draft, draft.Blocks.Where(b => b.Type is { Trading: true }));
        foreach (var block in upstream.Where(b => b.Type is not { Callback: true } && b.Common.Edge is { WhenFull: not (WhenFull.Block or WhenFull.Spill) }))
        {
            var (at, path) = block.Locate("edge", "when_full");
            var traders = draft.Blocks.Where(b => b.Type is { Trading: true } && GraphOrder.Upstream(draft, [b]).Contains(block)).Select(b => $"'{b.Name}'");
            findings.Add(FindingCodes.LossyTrading, at, path, $"events can be dropped here on the way to {string.Join(", ", traders)}.", "when_full: block, spill");
        }
    }
}
