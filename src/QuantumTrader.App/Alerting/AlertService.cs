using Microsoft.Extensions.Logging;
using QuantumTrader.App.Alerting.Channels;
using QuantumTrader.App.Logging;
using QuantumTrader.Dataflow;

namespace QuantumTrader.App.Alerting;

/// <summary>Looks at the rules now and then while a run goes on, logs what fires and hands it to the channels.</summary>
[RunEvent("QT2901", "alert", "A rule of the alerts was met.", "See `docs/alerts.md` for the rule.")]
[RunEvent("QT2902", "alert_state", "The state of the alerts could not be read or written.", "Free some room, or name another file; alerts may come twice behind a restart.")]
[RunEvent("QT2903", "alert_rule_failed", "A rule of the alerts failed, and is looked at again the next time.", "Report it with the message.", Level = RunEventLevel.Error)]
[RunEvent("QT2904", "alert_undelivered", "An alert could not be delivered to a channel.", "Run `qt alerts test` on the pipeline, and correct the channel.", Level = RunEventLevel.Error)]
internal sealed class AlertService : IAsyncDisposable
{
    // At the end, what can be delivered at once still is; the rest waits in the state file for the next run.
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(3);

    private readonly AlertsOptions _options;
    private readonly IReadOnlyList<AlertRule> _rules;
    private readonly AlertBook _book;
    private readonly string? _file;
    private readonly IReadOnlyList<Outbox> _outboxes;
    private readonly Lookout _lookout;
    private readonly BlockAlerts _blocks;
    private readonly TimeProvider _clock;
    private readonly RunLog _log;
    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _endOutboxes = new();
    private readonly Task _watching;
    private readonly Task _delivering;
    private (long, long) _written = (-1, -1);
    private string? _whyNotWritten;

    public AlertService(
        string pipeline, AlertsOptions options, IReadOnlyList<AlertRule> rules, AlertState state, string? file, IReadOnlyList<Outbox> outboxes, Lookout lookout, BlockAlerts blocks, TimeProvider clock, RunLog log)
    {
        (_options, _rules, _file, _outboxes, _lookout, _blocks, _clock, _log) = (options, rules, file, outboxes, lookout, blocks, clock, log);
        _book = new AlertBook(pipeline, state);
        _delivering = Task.WhenAll(outboxes.Select(o => o.RunAsync(_endOutboxes.Token)));
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>What is so now, and what fired.</summary>
    public AlertOverview Overview() => _book.Overview();

    /// <summary>What became of it, by channel.</summary>
    public IReadOnlyList<OutboxReport> Channels => [.. _outboxes.Select(o => o.Report())];

    /// <summary>Takes a last look, delivers what can be delivered at once, and writes down the rest.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        Look();
        for (var waited = TimeSpan.Zero; waited < LongestGoodbye && _outboxes.Any(o => o.Waiting.Count > 0 && o.Report().LastFailure is null); waited += TimeSpan.FromMilliseconds(20))
        {
            await Task.Delay(20).ConfigureAwait(false);
        }

        await _endOutboxes.CancelAsync().ConfigureAwait(false);
        await _delivering.ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
        Write();
        foreach (var outbox in _outboxes)
        {
            outbox.Dispose();
        }

        _lookout.Dispose();
        _blocks.Dispose();
        _log.Dispose();
        _end.Dispose();
        _endOutboxes.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            Look();
            Write();
            await Task.Delay(_options.Every, _clock, _end.Token).ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
        }
    }

    private void Look()
    {
        var look = _lookout.Look();
        _log.Follow(look.Report);
        foreach (var (rule, reading) in _blocks.Read())
        {
            if (_book.Raise(rule, reading, look.Now) is { } alert)
            {
                Tell(alert);
            }
        }

        foreach (var rule in _rules)
        {
            try
            {
                foreach (var alert in _book.Check(rule, look))
                {
                    Tell(alert);
                }
            }
            catch (Exception e)
            {
                // A mistake in one rule must not silence the others.
                _log.Tell("alert_rule_failed", rule.Name, e.Message);
            }
        }
    }

    private void Tell(RaisedAlert alert)
    {
        _log.Tell("alert", $"{alert.Rule} {alert.Subject}", alert.Message, LevelOf(alert));
        if (alert.Severity >= _options.Channels.From)
        {
            foreach (var outbox in _outboxes)
            {
                outbox.Add(alert);
            }
        }
    }

    // A state that cannot be written costs repeats behind a restart, nothing else.
    private void Write()
    {
        var mark = (_book.LastId, _outboxes.Sum(o => o.Settled));
        if (_file is null || mark == _written)
        {
            return;
        }

        try
        {
            (_book.ToState() with { Waiting = _outboxes.ToDictionary(o => o.Name, o => o.Waiting) }).Write(_file);
            (_written, _whyNotWritten) = (mark, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (e.Message != _whyNotWritten)
            {
                _whyNotWritten = e.Message;
                _log.Tell("alert_state", "alerts", $"The state of the alerts cannot be written to '{_file}': {e.Message} Alerts may come twice behind a restart; free some room or name another file.");
            }
        }
    }

    private static LogLevel LevelOf(RaisedAlert alert) => alert.Severity switch
    {
        Features.AlertSeverity.Info => LogLevel.Information,
        Features.AlertSeverity.Critical => LogLevel.Critical,
        Features.AlertSeverity.Error => LogLevel.Error,
        _ => LogLevel.Warning,
    };
}
