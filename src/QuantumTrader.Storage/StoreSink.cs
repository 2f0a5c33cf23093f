using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage;

/// <summary>Options of <c>sink.store</c>.</summary>
public sealed record StoreSinkOptions
{
    /// <summary>Which store of the section <c>store</c>; without it, the section's <c>kind</c>.</summary>
    public StoreKind? Store { get; init; }

    /// <summary>
    /// Events that wait while the store cannot take them. Beyond that the oldest are dropped and counted as <c>not_stored</c>; but behind
    /// an edge whose <c>when_full</c> is not <c>block</c> the sink takes no more, and the edge does with the rest what it is told to.
    /// </summary>
    [Range(0, 16_777_216)]
    public int Buffer { get; init; } = 100_000;

    /// <summary>Seconds between two attempts while the store cannot take events.</summary>
    [Range(0, 3600)]
    public double RetrySeconds { get; init; } = 1;
}

/// <summary>
/// Stores what flows by, once for each address. While the store is down or full the events wait in a buffer, in order, and go in when it
/// is back; nothing upstream waits for it. With <c>edge: { when_full: spill }</c> what the buffer has no room for waits on the disk, so that
/// nothing is lost as long as the spill has room. What the store refuses for good is dropped under the
/// store's reason, such as <c>older_than_retention</c>.
/// </summary>
[Block("sink.store", "Keeps events in a store, where they can be queried and replayed.", Io = true)]
public sealed class StoreSink<T> : Observer<T> where T : struct, IEvent<T>
{
    private const int Piece = 4096;
    private static readonly IReadOnlyDictionary<string, long> NoneRefused = new Dictionary<string, long>();

    private readonly StoreSinkOptions _options;
    private readonly Func<IEventStore> _open;
    private readonly EventFormat<T> _format;
    private readonly TimeProvider _clock;
    private readonly bool _holdsBack;
    private IEventStore? _store;
    private T[] _waiting = new T[Piece];
    private int _first;
    private int _count;
    private long _failedAt;
    private bool _isDown;
    private StoreAppend _total;
    private int _mostWaiting;
    private readonly SortedDictionary<string, StoredChannel> _channels = new(StringComparer.Ordinal);

    /// <summary>A sink into one of the run's stores.</summary>
    public StoreSink(StoreSinkOptions options, StoreSection stores, EventFormat<T> format, BlockContext context)
        : this(options, () => stores.Open(options.Store), format, context.Clock, holdsBack: context.WhenFull != WhenFull.Block)
    {
        _store = _open();
    }

    internal StoreSink(StoreSinkOptions options, Func<IEventStore> open, EventFormat<T> format, TimeProvider clock, bool holdsBack = false)
    {
        (_options, _open, _format, _clock, _holdsBack) = (options, open, format, clock, holdsBack);
    }

    /// <inheritdoc/>
    public override void Start()
    {
        _store ??= _open();
        foreach (var finding in _store.Findings)
        {
            Note("store", finding);
        }
    }

    /// <inheritdoc/>
    public override void Observe(Run<T> run)
    {
        var events = run.Rest;
        if (_count == 0 && !_isDown)
        {
            // Nothing is to go in before them, so they need not be copied to wait for it.
            events = events[Store(events)..];
        }

        if (events.Length > 0)
        {
            Wait(events);
        }
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        StoreWaiting();
        Drop(_count);
        try
        {
            _store!.Flush();
        }
        catch (StoreException e)
        {
            Note("store", e.Message);
        }
    }

    /// <inheritdoc/>
    public override object Report()
    {
        lock (_channels)
        {
            return new StoreSinkReport(
                _total.Stored, _total.Repeated, _total.Late, _mostWaiting, _store?.Findings ?? [], new SortedDictionary<string, StoredChannel>(_channels, StringComparer.Ordinal));
        }
    }

    private void Wait(ReadOnlySpan<T> events)
    {
        Reserve(events.Length);
        foreach (ref readonly var e in events)
        {
            _waiting[_first + _count++] = T.Keep(in e);
        }

        if (!_isDown || _clock.GetElapsedTime(_failedAt).TotalSeconds >= _options.RetrySeconds)
        {
            StoreWaiting();
        }

        _mostWaiting = Math.Max(_mostWaiting, _count);
        if (_holdsBack)
        {
            WaitForRoom();
        }

        // Only what cannot be stored waits beyond this call.
        Drop(_count - _options.Buffer);
    }

    // On the sink's own thread, so that only its edge fills. It ends when the store is back, or when the drain deadline breaks the run off.
    private void WaitForRoom()
    {
        var pause = TimeSpan.FromSeconds(Math.Max(_options.RetrySeconds, 0.01));
        while (_count > _options.Buffer && !BrokenOff.IsCancellationRequested)
        {
            Task.Delay(pause, _clock, BrokenOff).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
            StoreWaiting();
        }
    }

    private void StoreWaiting()
    {
        var stored = Store(_waiting.AsSpan(_first, _count));
        (_first, _count) = (_count == stored ? 0 : _first + stored, _count - stored);
    }

    // As many as the store takes, from the first one on.
    private int Store(ReadOnlySpan<T> events)
    {
        var stored = 0;
        while (stored < events.Length)
        {
            var piece = events.Slice(stored, Math.Min(events.Length - stored, Piece));
            try
            {
                var result = _store!.Append(piece, _format);
                foreach (var (reason, count) in result.Refused ?? NoneRefused)
                {
                    Accounts.Drop(reason, count);
                }

                _total = new StoreAppend(_total.Stored + result.Stored, _total.Repeated + result.Repeated, _total.Late + result.Late);
            }
            catch (StoreException e)
            {
                if (!_isDown)
                {
                    Note("store_down", $"{e.Message} Up to {_options.Buffer} events wait for it; beyond that {(_holdsBack ? "no more are taken, and the edge decides" : "the oldest are dropped")}.");
                }

                (_isDown, _failedAt) = (true, _clock.GetTimestamp());
                break;
            }

            Count(piece);
            stored += piece.Length;
            if (_isDown)
            {
                _isDown = false;
                Note("store_back", $"The store takes events again; {events.Length} had waited for it.");
            }
        }

        return stored;
    }

    private void Count(ReadOnlySpan<T> taken)
    {
        for (var rest = taken; rest.Length > 0;)
        {
            var count = _format.Stretch(rest, out _, out var last);
            rest = rest[count..];
            Count(last.Channel, count, last.EventTime);
        }
    }

    private void Count(string channel, long events, long last)
    {
        // A running sink may be asked for its report.
        lock (_channels)
        {
            var before = _channels.GetValueOrDefault(channel);
            _channels[channel] = new StoredChannel(before.Events + events, Math.Max(before.LastTime, last));
        }
    }

    private void Drop(int count)
    {
        if (count > 0)
        {
            Accounts.Drop("not_stored", count);
            (_first, _count) = (_first + count, _count - count);
        }
    }

    private void Reserve(int more)
    {
        if (_first + _count + more <= _waiting.Length)
        {
            return;
        }

        var target = _count + more <= _waiting.Length / 2 ? _waiting : new T[Math.Max(_count + more, _waiting.Length * 2)];
        _waiting.AsSpan(_first, _count).CopyTo(target);
        (_waiting, _first) = (target, 0);
    }
}

/// <summary>What a <c>sink.store</c> leaves in the run's report.</summary>
/// <param name="Stored">Events stored, late ones included.</param>
/// <param name="Repeated">Events that were stored already.</param>
/// <param name="Late">Events that came later than the store's settings expect.</param>
/// <param name="MostWaiting">Most events that waited for the store at once.</param>
/// <param name="Findings">What was found to be wrong with the store.</param>
/// <param name="Channels">What the store took, by channel.</param>
public sealed record StoreSinkReport(
    long Stored, long Repeated, long Late, int MostWaiting, IReadOnlyList<string> Findings, IReadOnlyDictionary<string, StoredChannel> Channels);

/// <summary>What a store took of one channel.</summary>
/// <param name="Events">Events, those that were stored already included.</param>
/// <param name="LastTime">Latest event time, ns UTC.</param>
public readonly record struct StoredChannel(long Events, long LastTime);
