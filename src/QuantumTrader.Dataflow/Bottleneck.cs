using System.Globalization;

namespace QuantumTrader.Dataflow;

/// <summary>Names the slowest part of a graph from the three-state times.</summary>
internal static class Bottleneck
{
    /// <summary>One sentence.</summary>
    /// <param name="blocks">
    /// A row per instance and the time it took in its island's sampled turns. The rows of an island stand in the order in which events pass
    /// them, and share its times.
    /// </param>
    public static string InWords(IReadOnlyList<(BlockReport Row, long SampledTicks)> blocks)
    {
        var islands = blocks.GroupBy(b => b.Row.Island).Select(g => g.ToList()).ToList();
        if (islands.Count == 0)
        {
            return "The graph has no blocks.";
        }

        var busiest = islands.MaxBy(Busy)!;
        var costliest = busiest.MaxBy(b => b.SampledTicks).Row;
        var what = busiest.Count == 1
            ? costliest.Name
            : $"{string.Join("+", busiest.Select(b => b.Row.Name))} (most of it in {costliest.Name}: {costliest.NanosecondsPerEvent.ToString("0", CultureInfo.InvariantCulture)} ns an event)";
        if (Busy(busiest) < 0.5)
        {
            return $"Nothing is short: the busiest part is {what}, at work {Percent(Busy(busiest))} of the time.";
        }

        var waiting = islands.Where(i => i != busiest).Select(i => i[^1].Row).MaxBy(last => last.Backpressured);
        var effect = waiting is { Backpressured: > 0.1 } ? $"; {waiting.Name} waits for room {Percent(waiting.Backpressured)} of the time" : "";
        return $"The bottleneck is {what}, at work {Percent(Busy(busiest))} of the time{effect}.";
    }

    private static double Busy(List<(BlockReport Row, long SampledTicks)> island) => island[0].Row.Busy;

    private static string Percent(double share) => (share * 100).ToString("0", CultureInfo.InvariantCulture) + " %";
}
