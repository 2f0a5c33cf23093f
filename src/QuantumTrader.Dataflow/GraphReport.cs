namespace QuantumTrader.Dataflow;

/// <summary>What one block did, at one instant.</summary>
public sealed record BlockReport
{
    /// <summary>Its name; a row of <see cref="Instances"/> ends in <c>#0</c>, <c>#1</c> …</summary>
    public required string Name { get; init; }

    /// <summary>The island that it runs on.</summary>
    public required int Island { get; init; }

    /// <summary>Events taken in; for a source, events that it made and input that it refused.</summary>
    public required long In { get; init; }

    /// <summary>Runs in which it took events in: <c>In / Batches</c> is the mean size of a batch.</summary>
    public long Batches { get; init; }

    /// <summary>Events sent on: passed and created.</summary>
    public required long Out { get; init; }

    /// <summary>Input events sent on.</summary>
    public required long Passed { get; init; }

    /// <summary>Events that the block made.</summary>
    public required long Created { get; init; }

    /// <summary>Input events that were used up.</summary>
    public required long Consumed { get; init; }

    /// <summary>Input events taken in and not yet accounted for otherwise.</summary>
    public required long Held { get; init; }

    /// <summary>Input events lost to exceptions that the block's fault policy tolerates.</summary>
    public required long Failed { get; init; }

    /// <summary>Drops by reason. A source counts input here that never became events; an observer counts what it could not use.</summary>
    public required IReadOnlyDictionary<string, long> Dropped { get; init; }

    /// <summary>Exceptions by type.</summary>
    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    /// <summary>True when the counters add up.</summary>
    public required bool Balanced { get; init; }

    /// <summary>SHA-256 over the ordered output; null while hashing is off or the graph runs.</summary>
    public string? Hash { get; init; }

    /// <summary>Share of time without input.</summary>
    public required double Idle { get; init; }

    /// <summary>Share of time in which a full edge kept the block's island waiting.</summary>
    public required double Backpressured { get; init; }

    /// <summary>Share of time at work; the three add up to 1.</summary>
    public required double Busy { get; init; }

    /// <summary>Longest single wait for a full edge.</summary>
    public required double LongestStallSeconds { get; init; }

    /// <summary>Sampled cost of the block alone; 0 when nothing was sampled.</summary>
    public required double NanosecondsPerEvent { get; init; }

    /// <summary>How the block is now (<see cref="Block.Gauges"/>); the sums, or largest values, over the instances of a parallel one.</summary>
    public IReadOnlyList<BlockGauge> Gauges { get; init; } = [];

    /// <summary>What the block itself reports; of a parallel block each instance does.</summary>
    public object? Details { get; init; }

    /// <summary>The instances of a parallel block, whose sums and means this row is; none of any other.</summary>
    public IReadOnlyList<BlockReport> Instances { get; init; } = [];
}

/// <summary>What one edge did, at one instant: <c>In = Out + Dropped + Depth + Spilled</c>.</summary>
public sealed record EdgeReport
{
    /// <summary>The block that writes.</summary>
    public required string From { get; init; }

    /// <summary>The block that reads.</summary>
    public required string To { get; init; }

    /// <summary>Its port.</summary>
    public required string Port { get; init; }

    /// <summary>True when both blocks run on one island, so that there is no queue.</summary>
    public required bool Fused { get; init; }

    /// <summary>Events that may wait; 0 when fused.</summary>
    public required int Capacity { get; init; }

    /// <summary>What happens when the edge is full.</summary>
    public required WhenFull WhenFull { get; init; }

    /// <summary>Events written.</summary>
    public required long In { get; init; }

    /// <summary>Events read.</summary>
    public required long Out { get; init; }

    /// <summary>Drops by reason: <c>full</c>, <c>conflated</c>.</summary>
    public required IReadOnlyDictionary<string, long> Dropped { get; init; }

    /// <summary>Events waiting in memory now.</summary>
    public required int Depth { get; init; }

    /// <summary>Events waiting outside memory now.</summary>
    public long Spilled { get; init; }

    /// <summary>Events that ever had to wait outside memory.</summary>
    public long SpilledTotal { get; init; }

    /// <summary>Most events that ever waited in memory.</summary>
    public required int HighWater { get; init; }

    /// <summary>True when the counters add up.</summary>
    public required bool Balanced { get; init; }
}

/// <summary>Time that events took from the moment a source emitted them until a last block had handled them.</summary>
/// <param name="From">The source, or <c>source</c> when there are several.</param>
/// <param name="To">The last block.</param>
/// <param name="Count">Events measured.</param>
/// <param name="P50">Median, in microseconds.</param>
/// <param name="P99">99th percentile, in microseconds.</param>
/// <param name="P999">99.9th percentile, in microseconds.</param>
public sealed record LatencyReport(string From, string To, long Count, double P50, double P99, double P999)
{
    /// <summary>99th percentile of the last half to one minute, in microseconds; null when no event came in it.</summary>
    public double? RecentP99 { get; init; }
}

/// <summary>What a graph did, while it runs or when it has ended.</summary>
public sealed record GraphReport
{
    /// <summary>True when every block and every edge adds up and, at the end of a complete run, nothing is left anywhere.</summary>
    public required bool Balanced { get; init; }

    /// <summary>True when every source came to its end or was asked to stop, and everything was handed on.</summary>
    public required bool Completed { get; init; }

    /// <summary>Why the run was broken off; null when it was not.</summary>
    public string? Fault { get; init; }

    /// <summary>What did not add up, in words.</summary>
    public required IReadOnlyList<string> Imbalances { get; init; }

    /// <summary>Wall-clock time of the run.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Events that the sources made.</summary>
    public required long Events { get; init; }

    /// <summary>How far the sources are, from 0 to 1; null when not known.</summary>
    public double? Progress { get; init; }

    /// <summary>Blocks in topological order.</summary>
    public required IReadOnlyList<BlockReport> Blocks { get; init; }

    /// <summary>Edges in the order of their readers.</summary>
    public required IReadOnlyList<EdgeReport> Edges { get; init; }

    /// <summary>One row per block that nothing follows.</summary>
    public required IReadOnlyList<LatencyReport> Latency { get; init; }

    /// <summary>The bottleneck in words.</summary>
    public required string Bottleneck { get; init; }

    /// <summary>Remarks of the blocks.</summary>
    public required IReadOnlyList<RunNote> Notes { get; init; }

    /// <summary>How often each remark was made, by block and code.</summary>
    public required IReadOnlyDictionary<string, long> NoteCounts { get; init; }

    /// <summary>The same with the last remark of each kind.</summary>
    public required IReadOnlyList<NoteTally> NoteTallies { get; init; }

    /// <summary>Samples of refused events.</summary>
    public required IReadOnlyList<DeadLetter> DeadLetters { get; init; }

    /// <summary>Events per second of wall-clock time.</summary>
    public double EventsPerSecond => Elapsed > TimeSpan.Zero ? Events / Elapsed.TotalSeconds : 0;
}
