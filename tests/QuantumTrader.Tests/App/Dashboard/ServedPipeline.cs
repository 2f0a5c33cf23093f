using Microsoft.Extensions.Logging;
using QuantumTrader.App.Alerting;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Logging;
using QuantumTrader.Rollout;
using QuantumTrader.Tests.App.Hosting;

namespace QuantumTrader.Tests.App.Dashboard;

/// <summary>One of pipelines/, running in this process beside its host.</summary>
internal sealed class ServedPipeline : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly HostedRun _hosted;
    private readonly Task _run;

    private ServedPipeline(HostedRun hosted)
    {
        _hosted = hosted;
        hosted.Live.Factory.Section<RolloutSection>()?.Begin();
        _run = hosted.RunAsync(_stop.Token);
    }

    public LiveRun Live => _hosted.Live;

    public StreamHub Hub => _hosted.Host.Hub;

    public Uri Address => _hosted.Host.Address;

    /// <summary>Starts on this port; 0 for any free one.</summary>
    public static async Task<ServedPipeline> StartAsync(string pipeline, int port, string[] sets, string? token = HostedRun.Token) => new(await HostedRun.StartAsync(
        await File.ReadAllTextAsync(Path.Combine(Qt.Root, "pipelines", pipeline)), token: token, listen: $"127.0.0.1:{port}", sets: sets,
        options: new HostOptions { UpdatesPerSecond = 10, RequestsPerSecond = 10_000 }));

    /// <summary>Watches for alerts, as <c>qt run</c> does, by this rule besides those that are built in.</summary>
    public void Watch(GaugeRuleOptions rule) => Live.Alerts = new AlertsSection(
        new AlertsOptions { Every = TimeSpan.FromMilliseconds(100), Gauges = [rule] }, Live.Factory.Files, Live.Clock)
        .Start(Live.Factory, Live.Graph, RunLog.Open(LogForm.Off, Live.Clock, () => LogLevel.None));

    /// <summary>The run ends, as after Ctrl-C; the host stays.</summary>
    public async Task EndAsync()
    {
        await _stop.CancelAsync();
        await _run;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        if (Live.Alerts is { } alerts)
        {
            await alerts.DisposeAsync();
        }

        await _hosted.DisposeAsync();
        _stop.Dispose();
    }
}
