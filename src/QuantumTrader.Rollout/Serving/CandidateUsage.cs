using System.Globalization;

namespace QuantumTrader.Rollout.Serving;

/// <summary>What a candidate may use where nobody waits for its answers.</summary>
/// <param name="Processors">Of processors; 0.2 is a fifth of one.</param>
/// <param name="BytesPerOperation">Of managed memory that it allocates on its own thread, on average.</param>
/// <param name="OperationsPerSecond">Of the clock on the wall.</param>
internal readonly record struct UsageLimits(double Processors, long BytesPerOperation = long.MaxValue, double OperationsPerSecond = double.MaxValue)
{
    /// <summary>What a file says; the memory of a process of its own is nobody else's.</summary>
    public static UsageLimits Of(ShadowOptions options) =>
        new(
            options.CpuShare.Fraction * Environment.ProcessorCount,
            options.Isolation == Isolation.Thread ? (long)options.MaxKilobytesPerOperation << 10 : long.MaxValue,
            options.MaxOperationsPerSecond ?? double.MaxValue);
}

/// <summary>What a candidate used, on the thread that feeds it: how long it must rest for it, and whether it is too much.</summary>
/// <param name="limits">What it may use.</param>
/// <param name="clock">By which it rests.</param>
/// <param name="rested">Told how long it rested.</param>
internal sealed class CandidateUsage(UsageLimits limits, TimeProvider clock, Action<TimeSpan>? rested = null)
{
    // Operations that may allocate more, such as the first, with which tables and buffers are made.
    private const int Grace = 64;

    // Seconds, of a processor and of its rate, that it may use at once: so that it rests often and not long.
    private const double AtOnce = 0.01;

    private long _at;
    private TimeSpan? _used;
    private long _allocated;
    private double _owed;
    private double _ahead;
    private double _perOperation = double.PositiveInfinity;
    private long _bytes;
    private long _operations;

    /// <summary>How long it must rest for what it used too much.</summary>
    public TimeSpan Rest => TimeSpan.FromSeconds(Math.Max(_owed / limits.Processors, _ahead / limits.OperationsPerSecond));

    /// <summary>Operations that it may take at once.</summary>
    public int AtMost(int operations) => (int)Math.Clamp(AtOnce * Math.Min(1 / _perOperation, limits.OperationsPerSecond), 1, operations);

    /// <summary>Why it must end; null when it need not.</summary>
    public string? Excess => _bytes / (_operations + Grace) < limits.BytesPerOperation
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"it allocated {_bytes / Math.Max(1, _operations) >> 10:N0} KiB an operation, over {_operations:N0} of them, and max_kilobytes_per_operation is {limits.BytesPerOperation >> 10:N0}");

    /// <summary>Counts what it used since it was asked last.</summary>
    /// <param name="used">Processor time so far.</param>
    /// <param name="operations">Operations that it was given for it.</param>
    public void Count(TimeSpan used, int operations)
    {
        var (now, allocated) = (clock.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        if (_used is { } before)
        {
            // Less than before on another thread, where both begin anew.
            var time = Math.Max(0, (used - before).TotalSeconds);
            var elapsed = clock.GetElapsedTime(_at, now).TotalSeconds;
            _owed = Math.Max(0, _owed + time - (limits.Processors * elapsed));
            _ahead = Math.Max(0, _ahead + operations - (limits.OperationsPerSecond * elapsed));
            _bytes += Math.Max(0, allocated - _allocated);
            _operations += operations;
            _perOperation = operations > 0 ? time / operations : _perOperation;
        }

        (_at, _used, _allocated) = (now, used, allocated);
    }

    /// <summary>Counts what it used although it rested.</summary>
    public void CountRest(TimeSpan used)
    {
        var began = _at;
        Count(used, 0);
        rested?.Invoke(clock.GetElapsedTime(began, _at));
    }

    /// <summary>It need not keep to its limits: it owes nothing, and what it uses until it is counted again is its own affair.</summary>
    public void Forget() => (_owed, _ahead, _used) = (0, 0, null);
}
