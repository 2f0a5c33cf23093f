using QuantumTrader.App.Api;

namespace QuantumTrader.App.Terminal;

/// <summary>What <c>qt top</c> can sort by.</summary>
internal enum TopColumn
{
    /// <summary>In the order of the pipeline.</summary>
    Flow,
    Block,
    In,
    Out,
    Fill,
    Busy,
    Backpressured,
    Drops,
    Errors,
    P99,
}

/// <summary>A block in <c>qt top</c>.</summary>
/// <param name="Block">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="InPerSecond">Events that it takes in per second.</param>
/// <param name="OutPerSecond">Events that it sends on per second.</param>
/// <param name="Fill">How full its fullest input edge is, from 0 to 1; null when it has none that can fill.</param>
/// <param name="Busy">Share of the last second at work.</param>
/// <param name="Backpressured">Share of the last second waiting for room.</param>
/// <param name="Drops">Events dropped by the block and by its input edges.</param>
/// <param name="Errors">Exceptions.</param>
/// <param name="P99Microseconds">99th percentile of the time from the source through this block; null when others follow it.</param>
internal sealed record TopRow(
    string Block, string Type, double InPerSecond, double OutPerSecond, double? Fill, double Busy, double Backpressured, long Drops, long Errors, double? P99Microseconds)
{
    /// <summary>The rows of a run: those whose name or type contains the filter, sorted, the largest figures first.</summary>
    public static IReadOnlyList<TopRow> Of(FlowView flow, TopColumn sort = TopColumn.Flow, bool isReversed = false, string filter = "")
    {
        var rows = flow.Pipeline.Blocks.Select(b => Of(flow.Blocks[b.Name], flow))
            .Where(r => r.Block.Contains(filter, StringComparison.OrdinalIgnoreCase) || r.Type.Contains(filter, StringComparison.OrdinalIgnoreCase));
        // Sorting is stable: what is equal stays in the order of the pipeline.
        List<TopRow> sorted = sort switch
        {
            TopColumn.Flow => [.. rows],
            TopColumn.Block => [.. rows.OrderBy(r => r.Block, StringComparer.Ordinal)],
            _ => [.. rows.OrderByDescending(r => r.Figure(sort))],
        };
        if (isReversed)
        {
            sorted.Reverse();
        }

        return sorted;
    }

    private double Figure(TopColumn column) => column switch
    {
        TopColumn.In => InPerSecond,
        TopColumn.Out => OutPerSecond,
        TopColumn.Fill => Fill ?? -1,
        TopColumn.Busy => Busy,
        TopColumn.Backpressured => Backpressured,
        TopColumn.Drops => Drops,
        TopColumn.Errors => Errors,
        TopColumn.P99 => P99Microseconds ?? -1,
        _ => 0,
    };

    private static TopRow Of(BlockView block, FlowView flow)
    {
        var edges = flow.Edges.Values.Where(e => PipelineView.BlockOf(e.To) == block.Name && !e.Fused).ToList();
        return new TopRow(
            block.Name, block.Type, block.InPerSecond, block.OutPerSecond,
            edges.Where(e => e.Capacity > 0).Max(e => (double?)e.Depth / e.Capacity), block.Busy, block.Backpressured,
            block.Dropped.Values.Sum() + edges.Sum(e => e.Dropped.Values.Sum()), block.Errors.Values.Sum(),
            flow.Latency.Values.Where(l => PipelineView.BlockOf(l.To) == block.Name).Max(l => (double?)l.P99));
    }
}
