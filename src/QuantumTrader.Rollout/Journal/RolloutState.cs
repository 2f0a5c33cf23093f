using System.Threading.Channels;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Journal;

/// <summary>
/// Writes down what happens to the phases while they run, behind them: memory acts first, and a disk that is slow or full never holds up a
/// rollback. Also looks for the kill file.
/// </summary>
internal sealed class RolloutState : IDisposable
{
    private const int MaxWaiting = 1024;
    private static readonly TimeSpan KillInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    private readonly PhaseControl _control;
    private readonly TimeProvider _clock;
    private readonly StateFolder? _folder;
    private readonly string? _killFile;
    private readonly Channel<JournalEntry?> _entries = Channel.CreateBounded<JournalEntry?>(MaxWaiting);
    private readonly Task _writer;
    private readonly ITimer _timer;
    private readonly Dictionary<string, (string Candidate, string Ramp, string? Baseline)> _hashes;
    private readonly bool _isRun;
    private readonly long _eventTime;
    private long _saved;
    private long _looked;
    private volatile bool _isKilled;
    private long _lost;

    /// <summary>Restores the phases and begins to write.</summary>
    /// <param name="control">The phases.</param>
    /// <param name="options">Where the state is kept; null keeps none.</param>
    /// <param name="killFile">The kill file; null for none.</param>
    /// <param name="files">Resolves paths.</param>
    /// <param name="clock">Stamps lines and drives the timer.</param>
    /// <param name="isRun">A run begins; else somebody sends one command.</param>
    /// <exception cref="ConfigurationException">Another process has the folder, or it cannot be written; or a baseline is missing that must stay.</exception>
    public RolloutState(PhaseControl control, StateOptions? options, string? killFile, SectionContext files, TimeProvider clock, bool isRun)
    {
        (_control, _clock, _isRun) = (control, clock, isRun);
        _killFile = killFile is null ? null : files.Resolve(killFile);
        _hashes = control.Phases.ToDictionary(p => p.Options.Name, p => (JournalEntry.CandidateHash(p.Options), JournalEntry.RampHash(p.Options), p.Options.Baseline?.Block));
        Recovered? known = null;
        if (options is not null)
        {
            (_folder, known) = StateFolder.Open(files.Resolve(options.Path), clock);
            (Damage, _eventTime) = (known.Damage, known.EventTime);
            if (isRun)
            {
                CheckBaselines(known, options);
            }
        }

        _isKilled = _killFile is not null && File.Exists(_killFile);
        (_saved, _looked) = (clock.GetTimestamp(), clock.GetTimestamp());
        _writer = Task.Factory.StartNew(WriteAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        control.Changed += Write;
        control.IsKilled = IsKilled;
        if (isRun && known?.IsUnclean == true)
        {
            Enqueue(new JournalEntry { Kind = JournalKind.Crashed, Reason = "the run before did not end as it should" });
        }

        if (isRun)
        {
            Enqueue(new JournalEntry { Kind = JournalKind.Began });
        }

        known?.Restore(control, options!, clock.GetUtcNow(), isRun);
        control.Recall(known?.TakenOutBySwitch ?? []);
        if (_isKilled)
        {
            control.Kill();
        }

        control.Start();
        _timer = clock.CreateTimer(_ => Look(), null, KillInterval, KillInterval);
    }

    /// <summary>Why the state of earlier runs could not be believed; null when it could.</summary>
    public string? Damage { get; }

    /// <summary>Lines that could not be written, because the disk was full or far too slow.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>Why the last one could not be written.</summary>
    public string? Fault { get; private set; }

    /// <summary>Writes what is left; the next run knows that this one ended as it should.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        _control.Changed -= Write;
        if (_isRun)
        {
            Enqueue(new JournalEntry { Kind = JournalKind.Stopped });
        }

        _entries.Writer.TryWrite(null);
        _entries.Writer.TryComplete();
        _writer.Wait(TimeSpan.FromSeconds(10));
        _folder?.Dispose();
    }

    private void CheckBaselines(Recovered known, StateOptions options)
    {
        try
        {
            known.CheckBaselines(_control.Phases, options);
        }
        catch
        {
            _folder!.Dispose();
            throw;
        }
    }

    private void Write(PhaseTransition change)
    {
        var (candidate, ramp, baseline) = _hashes[change.Phase];
        Enqueue(new JournalEntry
        {
            Kind = JournalKind.Change,
            Actor = change.Actor,
            Phase = change.Phase,
            From = SavedState.Of(change.From),
            To = SavedState.Of(change.To),
            Generation = change.To.Generation,
            EventTime = change.EventTime == 0 ? _eventTime : change.EventTime,
            Reason = change.Reason,
            Evidence = change.Gates.Count > 0 ? change.Gates : null,
            Candidate = candidate,
            Ramp = ramp,
            Baseline = baseline,
        });
    }

    /// <summary>A switch was changed.</summary>
    public void Write(SwitchChange change) =>
        Enqueue(new JournalEntry { Kind = JournalKind.Switch, Actor = change.Actor, Reason = change.Reason.Length > 0 ? $"{change}: {change.Reason}" : change.ToString() });

    private void Enqueue(JournalEntry entry)
    {
        if (_folder is not null && !_entries.Writer.TryWrite(entry))
        {
            Interlocked.Increment(ref _lost);
        }
    }

    private async Task WriteAsync()
    {
        while (await _entries.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            var isChange = false;
            while (_entries.Reader.TryRead(out var entry))
            {
                isChange |= entry?.Kind is null or JournalKind.Change;
                Try(() =>
                {
                    if (entry is not null)
                    {
                        _folder!.Append(entry);
                    }
                });
            }

            if (isChange && _folder is not null)
            {
                Try(() => _folder.Save(_control.Sums(), Math.Max(_eventTime, _control.EventTime)));
            }
        }
    }

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Interlocked.Increment(ref _lost);
            Fault = e.Message;
        }
    }

    // Slow, for a market that stands still; while events flow the ticks look too.
    private void Look()
    {
        if (_clock.GetElapsedTime(_saved) >= SaveInterval)
        {
            _saved = _clock.GetTimestamp();
            _entries.Writer.TryWrite(null);
        }

        if (IsKilled())
        {
            _control.Kill();
        }
    }

    private bool IsKilled()
    {
        if (_killFile is not null && _clock.GetElapsedTime(Volatile.Read(ref _looked)) >= LookInterval)
        {
            Volatile.Write(ref _looked, _clock.GetTimestamp());
            _isKilled = File.Exists(_killFile);
        }

        return _isKilled;
    }
}
