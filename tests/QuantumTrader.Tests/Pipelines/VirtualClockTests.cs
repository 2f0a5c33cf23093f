using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class VirtualClockTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void The_clock_stands_where_it_was_moved_and_never_goes_back()
    {
        var clock = new VirtualClock();
        clock.MoveTo(5 * Second);
        clock.MoveTo(3 * Second);

        clock.GetUtcNow().ShouldBe(DateTimeOffset.UnixEpoch.AddSeconds(5));
        clock.GetElapsedTime(0, clock.GetTimestamp()).ShouldBe(clock.GetUtcNow() - DateTimeOffset.MinValue);
    }

    [Fact]
    public void Timers_are_called_at_their_moments_in_the_order_in_which_they_are_due()
    {
        var clock = new VirtualClock();
        var calls = new List<(string Name, double Seconds)>();
        void Call(object? name) => calls.Add(((string)name!, (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds));
        using var late = clock.CreateTimer(Call, "late", TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        using var every = clock.CreateTimer(Call, "every", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));
        var never = clock.CreateTimer(Call, "never", TimeSpan.FromSeconds(1), TimeSpan.Zero);
        never.Dispose();

        clock.MoveTo(1 * Second);
        calls.ShouldBeEmpty();
        clock.MoveTo(6 * Second);
        calls.ShouldBe([("every", 2), ("late", 3), ("every", 4), ("every", 6)]);
    }
}
