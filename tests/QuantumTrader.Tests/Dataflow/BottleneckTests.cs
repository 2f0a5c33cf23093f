using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

public sealed class BottleneckTests
{
    [Fact]
    public void The_busiest_island_is_the_bottleneck_and_who_waits_for_it_is_said() =>
        Bottleneck.InWords([Row("source", 0, 0.2, 0.75), Row("quick", 1, 0.25, 0.5), Row("slow", 2, 0.9, 0)])
            .ShouldBe("The bottleneck is slow, at work 90 % of the time; source waits for room 75 % of the time.");

    [Fact]
    public void Of_an_island_of_several_blocks_the_costliest_is_named() =>
        Bottleneck.InWords([Row("source", 0, 0.8, 0, 10, 10_000), Row("rare", 0, 0.8, 0, 900, 9_000), Row("features", 0, 0.8, 0, 40, 40_000), Row("end", 1, 0.1, 0.05)])
            .ShouldBe("The bottleneck is source+rare+features (most of it in features: 40 ns an event), at work 80 % of the time.");

    [Fact]
    public void Of_islands_that_are_mostly_idle_none_is_a_bottleneck()
    {
        Bottleneck.InWords([Row("source", 0, 0.1, 0.3), Row("end", 1, 0.4, 0)]).ShouldBe("Nothing is short: the busiest part is end, at work 40 % of the time.");
        Bottleneck.InWords([]).ShouldBe("The graph has no blocks.");
    }

    private static (BlockReport, long) Row(string name, int island, double busy, double backpressured, double nanosecondsPerEvent = 0, long sampledTicks = 0) => (
        new BlockReport
        {
            Name = name,
            Island = island,
            In = 0,
            Out = 0,
            Passed = 0,
            Created = 0,
            Consumed = 0,
            Held = 0,
            Failed = 0,
            Dropped = new Dictionary<string, long>(),
            Errors = new Dictionary<string, long>(),
            Balanced = true,
            Idle = 1 - busy - backpressured,
            Backpressured = backpressured,
            Busy = busy,
            LongestStallSeconds = 0,
            NanosecondsPerEvent = nanosecondsPerEvent,
        },
        sampledTicks);
}
