namespace QuantumTrader.App.Alerting.Channels;

/// <summary>
/// Brings alerts to one channel, in order, with growing pauses behind failures, and gives up on one after some attempts, so that a receiver
/// that is gone for good does not keep the others back for ever.
/// </summary>
internal sealed class Outbox : IDisposable
{
    /// <summary>Alerts that may wait; beyond it the oldest that is not under way is given up.</summary>
    public const int MaxWaiting = 1000;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly IAlertChannel _channel;
    private readonly ChannelOptions _options;
    private readonly TimeProvider _clock;
    private readonly Action<RaisedAlert, string> _giveUp;
    private readonly LinkedList<RaisedAlert> _waiting;
    private readonly SemaphoreSlim _news;
    private readonly Lock _gate = new();
    private long _delivered;
    private long _failures;
    private long _givenUp;
    private string? _lastFailure;
    private long _settled;

    /// <param name="channel">Where it leads; disposed with it.</param>
    /// <param name="options">Attempts and pauses.</param>
    /// <param name="waiting">What an earlier run did not bring out.</param>
    /// <param name="clock">Gives the pauses.</param>
    /// <param name="giveUp">Told of every alert that is not delivered, and why.</param>
    public Outbox(IAlertChannel channel, ChannelOptions options, IEnumerable<RaisedAlert> waiting, TimeProvider clock, Action<RaisedAlert, string> giveUp)
    {
        (_channel, _options, _clock, _giveUp) = (channel, options, clock, giveUp);
        _waiting = new LinkedList<RaisedAlert>(waiting.TakeLast(MaxWaiting));
        _news = new SemaphoreSlim(_waiting.Count);
    }

    /// <summary>The channel's name.</summary>
    public string Name => _channel.Name;

    /// <summary>How many alerts it got rid of, and how.</summary>
    public OutboxReport Report() => new(Name, Waiting.Count, Volatile.Read(ref _delivered), Volatile.Read(ref _failures), Volatile.Read(ref _givenUp), Volatile.Read(ref _lastFailure));

    /// <summary>Alerts that it is done with.</summary>
    public long Settled => Volatile.Read(ref _settled);

    /// <summary>What is not delivered, oldest first.</summary>
    public IReadOnlyList<RaisedAlert> Waiting
    {
        get
        {
            lock (_gate)
            {
                return [.. _waiting];
            }
        }
    }

    /// <summary>Adds an alert; never waits.</summary>
    public void Add(RaisedAlert alert)
    {
        RaisedAlert? tooMany = null;
        lock (_gate)
        {
            _waiting.AddLast(alert);
            if (_waiting.Count > MaxWaiting)
            {
                // The first may be under way.
                var second = _waiting.First!.Next!;
                tooMany = second.Value;
                _waiting.Remove(second);
            }
        }

        if (tooMany is null)
        {
            _news.Release();
            return;
        }

        Interlocked.Increment(ref _givenUp);
        _giveUp(tooMany, "more alerts wait than are kept");
    }

    /// <summary>Delivers until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await _news.WaitAsync(stop).ConfigureAwait(false);
            RaisedAlert alert;
            lock (_gate)
            {
                alert = _waiting.First!.Value;
            }

            if (await TryDeliverAsync(alert, stop).ConfigureAwait(false))
            {
                Interlocked.Increment(ref _delivered);
            }
            else
            {
                Interlocked.Increment(ref _givenUp);
                _giveUp(alert, Volatile.Read(ref _lastFailure) ?? "");
            }

            lock (_gate)
            {
                _waiting.RemoveFirst();
            }

            Interlocked.Increment(ref _settled);
        }
    }

    /// <summary>One attempt, for a test of the channel.</summary>
    /// <exception cref="DeliveryException">Why it failed.</exception>
    public Task SendAsync(RaisedAlert alert, CancellationToken stop) => AttemptAsync(alert, stop);

    /// <inheritdoc/>
    public void Dispose()
    {
        _channel.Dispose();
        _news.Dispose();
    }

    private async Task<bool> TryDeliverAsync(RaisedAlert alert, CancellationToken stop)
    {
        var pause = _options.Backoff;
        for (var attempt = 1; ; attempt++)
        {
            TimeSpan? asked;
            try
            {
                await AttemptAsync(alert, stop).ConfigureAwait(false);
                Volatile.Write(ref _lastFailure, null);
                return true;
            }
            catch (DeliveryException e)
            {
                Interlocked.Increment(ref _failures);
                Volatile.Write(ref _lastFailure, e.Message);
                if (e.IsFinal || attempt >= _options.Attempts)
                {
                    return false;
                }

                asked = e.RetryAfter;
            }

            var next = asked is { } longer && longer > pause ? longer : pause;
            await Task.Delay(next < LongestPause ? next : LongestPause, _clock, stop).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task AttemptAsync(RaisedAlert alert, CancellationToken stop)
    {
        using var tooLate = new CancellationTokenSource(_options.Timeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(tooLate.Token, stop);
        try
        {
            // A channel that ignores its token must not hold up the others of its outbox either.
            await _channel.SendAsync(alert, either.Token).WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new DeliveryException(FormattableString.Invariant($"no answer within {_options.Timeout.TotalSeconds:0.###} s"));
        }
        catch (Exception e) when (e is not (DeliveryException or OperationCanceledException))
        {
            throw new DeliveryException(e.GetType().Name);
        }
    }
}

/// <summary>What became of the alerts of a channel.</summary>
/// <param name="Channel">Its name.</param>
/// <param name="Waiting">Not delivered yet.</param>
/// <param name="Delivered">Delivered.</param>
/// <param name="Failures">Attempts that failed.</param>
/// <param name="GivenUp">Alerts that were never delivered.</param>
/// <param name="LastFailure">Why the last attempt failed; null when it did not.</param>
internal sealed record OutboxReport(string Channel, int Waiting, long Delivered, long Failures, long GivenUp, string? LastFailure);
