namespace QuantumTrader.Tests.Rollout;

/// <summary>Moves only when told, and calls nobody: ticks look for themselves.</summary>
internal sealed class Clock : TimeProvider
{
    private long _now = 1_700_000_000L * TimeSpan.TicksPerSecond;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(_now);

    public override long GetTimestamp() => _now;

    public void Advance(TimeSpan time) => _now += time.Ticks;
}
