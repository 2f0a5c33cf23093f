using System.Globalization;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage;

/// <summary>Options of the journal.</summary>
public sealed record JournalOptions
{
    /// <summary>Folder of the segments; it is made when it is not there. Relative paths start at the pipeline's folder.</summary>
    public string Path { get; init; } = ".qt/journal";

    /// <summary>
    /// When the disk is told to keep what was written: <c>never</c> leaves it to the system, <c>interval:100ms</c> at most that long after
    /// an event was written, <c>batch</c> before an append returns, <c>close</c> when a segment is full and at the end. Whatever is
    /// chosen, an event that was appended survives the end of the process; this is about the end of the machine.
    /// </summary>
    public string Fsync { get; init; } = "interval:100ms";

    /// <summary>Size of a segment in bytes, before it is compressed.</summary>
    [Range(65_536, 4_294_967_296)]
    public long SegmentBytes { get; init; } = 64 << 20;

    /// <summary>Compresses segments that are full, in the background.</summary>
    public bool Compress { get; init; } = true;

    /// <summary>
    /// Events that are older than the newest of their channel and symbol by more than this are counted as late and kept in blocks of their
    /// own, so that they do not slow down queries of other times.
    /// </summary>
    [Range(0, 86_400)]
    public double MaxLatenessSeconds { get; init; } = 60;

    /// <summary>Days behind the newest event after which segments are removed; 0 keeps them.</summary>
    [Range(0, 100_000)]
    public double RetentionDays { get; init; }

    /// <summary>Bytes that all segments may take; the oldest are removed first. 0 for no limit.</summary>
    [Range(0, 1e18)]
    public long MaxBytes { get; init; }
}

/// <summary>When the disk is told to keep what was written.</summary>
internal enum FsyncKind
{
    Never,
    Interval,
    Batch,
    Close,
}

/// <summary>A policy as users write it.</summary>
internal readonly record struct FsyncPolicy(FsyncKind Kind, TimeSpan Interval)
{
    /// <exception cref="StoreException">The text is no policy.</exception>
    public static FsyncPolicy Parse(string text) => text switch
    {
        "never" => new(FsyncKind.Never, default),
        "batch" => new(FsyncKind.Batch, default),
        "close" => new(FsyncKind.Close, default),
        _ when text.StartsWith("interval:", StringComparison.Ordinal) && text.EndsWith("ms", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(9, text.Length - 11), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds is > 0 and <= 60_000
            => new(FsyncKind.Interval, TimeSpan.FromMilliseconds(milliseconds)),
        _ => throw new StoreException($"fsync: '{text}' is no policy. Legal are 'never', 'batch', 'close' and an interval such as 'interval:100ms' (1 to 60000 ms)."),
    };
}
