using System.Diagnostics;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Tests.Dataflow;

public sealed class RecentLatencyTests
{
    private static readonly long Half = RecentLatency.HalfWindow;
    private static readonly long Millisecond = Stopwatch.Frequency / 1000;

    private readonly RecentLatency _latency = new();

    private double? P99(long now) => _latency.Quantile(now, 0.99);

    [Fact]
    public void What_was_slow_is_forgotten_within_a_minute()
    {
        P99(100 * Half).ShouldBeNull();
        _latency.Record(100 * Half, 500 * Millisecond, 10);
        P99(100 * Half).ShouldNotBeNull().ShouldBe(500_000, 500_000 * 0.032);

        _latency.Record((101 * Half) + 1, Millisecond, 10);
        P99((101 * Half) + 1).ShouldNotBeNull().ShouldBe(500_000, 500_000 * 0.032);
        _latency.Record(102 * Half, Millisecond, 10);
        P99(102 * Half).ShouldNotBeNull().ShouldBe(1_000, 1_000 * 0.032);
    }

    [Fact]
    public void Without_news_there_is_no_latency()
    {
        _latency.Record(100 * Half, Millisecond, 1);
        P99((102 * Half) - 1).ShouldNotBeNull();
        P99(102 * Half).ShouldBeNull();
    }

    [Fact]
    public void Behind_a_long_pause_nothing_of_before_counts()
    {
        _latency.Record(100 * Half, 500 * Millisecond, 10);
        _latency.Record(101 * Half, 500 * Millisecond, 10);
        _latency.Record(110 * Half, Millisecond, 1);
        P99(110 * Half).ShouldNotBeNull().ShouldBe(1_000, 1_000 * 0.032);
    }

    [Fact]
    public void Every_event_of_a_run_counts()
    {
        _latency.Record(100 * Half, 500 * Millisecond, 2);
        _latency.Record(100 * Half, Millisecond, 197);
        P99(100 * Half).ShouldNotBeNull().ShouldBe(500_000, 500_000 * 0.032);
        _latency.Record(100 * Half, Millisecond, 2);
        P99(100 * Half).ShouldNotBeNull().ShouldBe(1_000, 1_000 * 0.032);
    }
}
