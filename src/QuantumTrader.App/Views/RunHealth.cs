using QuantumTrader.App.Hosting;

namespace QuantumTrader.App.Views;

/// <summary>Whether the data of a run can be relied on.</summary>
/// <param name="Status"><c>healthy</c> or <c>degraded</c>.</param>
/// <param name="Reasons">Why it is degraded.</param>
/// <param name="StoreConnected">Whether the stores answer; null when nothing is stored, or the store does not tell.</param>
/// <param name="Streams">Sources that have sent something.</param>
/// <param name="DataAgeSeconds">Seconds since the newest event came; null before any.</param>
/// <param name="LatencyMs">The largest 99th percentile, in ms, from a source to the end of a path, of the last half to one minute; null when no event came in it.</param>
/// <param name="ErrorRate">Exceptions of all blocks per event of the sources.</param>
internal sealed record RunHealth(string Status, IReadOnlyList<string> Reasons, bool? StoreConnected, int Streams, double? DataAgeSeconds, double? LatencyMs, double ErrorRate)
{
    /// <summary>Older data is stale.</summary>
    public const double StaleSeconds = 10;

    /// <summary>A longer way through the pipeline is slow.</summary>
    public const double SlowMs = 100;

    /// <summary>More errors than this are too many.</summary>
    public const double TooManyErrors = 0.05;

    /// <summary>The health of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="age">Since the newest event came; null before any.</param>
    public static RunHealth Of(LiveRun run, TimeSpan? age)
    {
        var report = run.Watch.Now().Report;
        var stores = report.Blocks.SelectMany(b => b.Gauges).Where(g => g.Name == "qt_store_up").ToList();
        var sources = report.Blocks.Where(b => report.Edges.All(e => e.To != b.Name)).ToList();
        var errors = report.Blocks.Sum(b => b.Errors.Values.Sum());
        return Judge(
            stores.Count == 0 ? null : stores.All(g => g.Value > 0), sources.Count(s => s.Out > 0), run.State == RunState.Running ? age?.TotalSeconds : null,
            report.Latency.Max(l => l.RecentP99) / 1000, report.Events == 0 ? 0 : errors / (double)report.Events);
    }

    /// <summary>What these figures mean.</summary>
    public static RunHealth Judge(bool? storeConnected, int streams, double? ageSeconds, double? latencyMs, double errorRate)
    {
        string[] reasons =
        [
            .. storeConnected == false ? (string[])["store_down"] : [],
            .. ageSeconds > StaleSeconds ? (string[])["data_stale"] : [],
            .. latencyMs > SlowMs ? (string[])["latency_high"] : [],
            .. errorRate > TooManyErrors ? (string[])["errors"] : [],
        ];
        return new RunHealth(
            reasons.Length == 0 ? "healthy" : "degraded", reasons, storeConnected, streams,
            ageSeconds is { } age ? Math.Round(age, 1) : null, latencyMs is { } latency ? Math.Round(latency, 3) : null, Math.Round(errorRate, 6));
    }
}
