using System.Diagnostics;
using System.Diagnostics.Metrics;
using QuantumTrader.App.Hosting;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Telemetry;

/// <summary>What the engine does not know of a run: its state, its place in time, and the process.</summary>
internal sealed class RunMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "QuantumTrader.Run";

    // Older events are a recording's: their age says nothing of a feed.
    private static readonly TimeSpan Live = TimeSpan.FromDays(1);

    private readonly LiveRun _run;

    public RunMetrics(LiveRun run)
    {
        _run = run;
        Gauge("qt_run_state", "1 for the state that the run is in.", () => Enum.GetValues<RunState>().Select(s => Measure(s == run.State ? 1.0 : 0, "state", SnakeCase.From(s.ToString()))));
        Gauge("qt_run_balanced", "1 when every event is accounted for.", () => [Measure(run.Watch.Now().Report.Balanced ? 1.0 : 0)]);
        Gauge("qt_event_time_seconds", "Time of the newest market event, since 1970.", () => run.EventTime is > 0 and var t ? [Measure(t / 1e9)] : []);
        Gauge("qt_source_lag_seconds", "Age of the newest market event; only of a live market.", () => Lag() is { } lag ? [Measure(lag)] : []);
        Gauge("process_resident_memory_bytes", "Memory of the process.", () => [new Measurement<double>(Environment.WorkingSet)]);
        Gauge("process_start_time_seconds", "When the process began, since 1970.", () => [new Measurement<double>(Start())]);
        Meter.CreateObservableCounter("process_cpu_seconds_total", () => Environment.CpuUsage.TotalTime.TotalSeconds, null, "Processor time of the process.");
    }

    /// <summary>Everything that is measured here; the host adds its own.</summary>
    public Meter Meter { get; } = new(MeterName);

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    /// <summary>Adds what the host counts.</summary>
    public void Add(StreamHub hub)
    {
        Gauge("qt_stream_clients", "Open streams.", () => [Measure((double)hub.Open)]);
        Counter("qt_stream_cut_off_total", "Clients that were cut off because they did not read.", () => [Measure(hub.CutOff)]);
        Counter("qt_stream_failed_total", "Updates that failed.", () => [Measure(hub.Failed)]);
    }

    private double? Lag()
    {
        if (_run.EventTime is not (> 0 and var newest))
        {
            return null;
        }

        var age = _run.Clock.GetUtcNow() - DateTimeOffset.UnixEpoch.AddTicks(newest / 100);
        return age < Live ? Math.Max(0, age.TotalSeconds) : null;
    }

    private void Gauge(string name, string description, Func<IEnumerable<Measurement<double>>> read) => Meter.CreateObservableGauge(name, read, null, description);

    private void Counter(string name, string description, Func<IEnumerable<Measurement<long>>> read) => Meter.CreateObservableCounter(name, read, null, description);

    private Measurement<T> Measure<T>(T value, params ReadOnlySpan<string> tags) where T : struct
    {
        var all = new KeyValuePair<string, object?>[1 + (tags.Length / 2)];
        all[0] = new("pipeline", _run.Plan.Name);
        for (var i = 0; i < tags.Length; i += 2)
        {
            all[1 + (i / 2)] = new(tags[i], tags[i + 1]);
        }

        return new Measurement<T>(value, all);
    }

    private static double Start()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1e3;
    }
}
