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

/// <summary>What becomes of the events of a <c>sink.store</c> now.</summary>
public enum StoreState
{
    /// <summary>The store takes them.</summary>
    Connected,

    /// <summary>The store takes none: they wait.</summary>
    Spilled,

    /// <summary>The store takes them again, and those that waited go in first.</summary>
    Backfilling,
}

/// <summary>
/// Stores what flows by, once for each address. While the store is down or full the events wait in a buffer, in order, and go in when it
/// is back, whether another event comes or not; nothing upstream waits for it. With <c>edge: { when_full: spill }</c> what the buffer has no
/// room for waits on the disk, so that nothing is lost as long as the spill has room. What the store refuses for good is dropped under the
/// store's reason, such as <c>older_than_retention</c>.
/// </summary>
[Block("sink.store", "Keeps events in a store, where they can be queried and replayed.", Io = true)]
[RunEvent("QT2101", "store_down", "The store takes no events.", "Start the store again; events wait on disk and go in, in order.", Level = RunEventLevel.Error)]
[RunEvent("QT2102", "store_back", "The store takes events again.", "Nothing.", Level = RunEventLevel.Information)]
[RunEvent("QT2103", "store", "The store found something at its start.", "Read the message.")]
public sealed class StoreSink<T> : Observer<T> where T : struct, IEvent<T>
{
    private const int Piece = 4096;
    private static readonly TimeSpan s_shortestRest = TimeSpan.FromMilliseconds(10);
    private static readonly IReadOnlyDictionary<(string Channel, string Reason), long> NoneRefused = new Dictionary<(string Channel, string Reason), long>();

    // The sink's own thread stores what comes; while the store is down, a timer of its clock tries again too.
    private readonly Lock _gate = new();
    private readonly StoreSinkOptions _options;
    private readonly Func<IEventStore> _open;
    private readonly EventFormat<T> _format;
    private readonly TimeProvider _clock;
    private readonly bool _holdsBack;
    private readonly ITimer _retry;
    private IEventStore? _store;
    private T[] _waiting = new T[Piece];
    private int _first;
    private int _count;
    private long _failedAt;
    private volatile StoreState _state;
    private long _outages;
    private bool _isOver;
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
        _retry = clock.CreateTimer(_ => TryAgainAside(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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
        lock (_gate)
        {
            if (_count == 0 && _state != StoreState.Spilled)
            {
                // Nothing is to go in before them, so they need not be copied to wait for it.
                events = events[Store(events)..];
            }

            if (events.Length == 0)
            {
                return;
            }

            Wait(events);
        }

        if (_holdsBack)
        {
            WaitForRoom();
        }

        lock (_gate)
        {
            // Only what cannot be stored waits beyond this call.
            Drop(_count - _options.Buffer);
        }
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        lock (_gate)
        {
            StoreWaiting();
            Drop(_count);
            _isOver = true;
            try
            {
                _store!.Flush();
            }
            catch (StoreException e)
            {
                Note("store", e.Message);
            }
        }
    }

    /// <inheritdoc/>
    public override object Report()
    {
        lock (_channels)
        {
            return new StoreSinkReport(
                _total.Stored, _total.Repeated, _total.Late, _state, _outages, _mostWaiting, _store?.Findings ?? [], new SortedDictionary<string, StoredChannel>(_channels, StringComparer.Ordinal));
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<BlockGauge> Gauges =>
    [
        new("qt_store_up", "The store takes events: 1, or 0 while they wait.", _state == StoreState.Spilled ? 0 : 1),
        new("qt_store_backfilling", "What waited for the store goes in now: 1, otherwise 0.", _state == StoreState.Backfilling ? 1 : 0),
        new("qt_store_waiting", "Events that wait for the store in the sink's memory.", Volatile.Read(ref _count)),
        new("qt_store_outages", "Times that the store stopped taking events.", Volatile.Read(ref _outages)),
    ];

    /// <inheritdoc/>
    public override void Dispose()
    {
        _retry.Dispose();
        lock (_gate)
        {
            _isOver = true;
        }

        base.Dispose();
    }

    private TimeSpan Pause => TimeSpan.FromSeconds(_options.RetrySeconds);

    // Not shorter than this where nothing else paces the attempts.
    private TimeSpan RestBetween => Pause > s_shortestRest ? Pause : s_shortestRest;

    private void Wait(ReadOnlySpan<T> events)
    {
        Reserve(events.Length);
        foreach (ref readonly var e in events)
        {
            _waiting[_first + _count++] = T.Keep(in e);
        }

        if (_state != StoreState.Spilled || _clock.GetElapsedTime(_failedAt) >= Pause)
        {
            StoreWaiting();
        }

        _mostWaiting = Math.Max(_mostWaiting, _count);
    }

    // On the sink's own thread, so that only its edge fills. It ends when the store is back, or when the drain deadline breaks the run off.
    private void WaitForRoom()
    {
        while (Volatile.Read(ref _count) > _options.Buffer && !BrokenOff.IsCancellationRequested)
        {
            Task.Delay(RestBetween, _clock, BrokenOff).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
            TryAgain();
        }
    }

    private void TryAgain()
    {
        lock (_gate)
        {
            if (_state == StoreState.Spilled && !_isOver)
            {
                StoreWaiting();
            }
        }
    }

    private void TryAgainAside()
    {
        try
        {
            TryAgain();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // No outage, or it would have been counted. The events still wait: the sink's own thread meets it again, where the engine sees it.
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
                _total = new StoreAppend(_total.Stored + result.Stored, _total.Repeated + result.Repeated, _total.Late + result.Late);
                Count(piece, result.Refused ?? NoneRefused);
            }
            catch (StoreException e)
            {
                Failed(e);
                return stored;
            }

            stored += piece.Length;
            if (_state == StoreState.Spilled)
            {
                _state = StoreState.Backfilling;
                Note("store_back", $"The store takes events again; {events.Length} had waited for it.");
            }
        }

        _state = _state == StoreState.Backfilling ? StoreState.Connected : _state;
        return stored;
    }

    private void Failed(StoreException e)
    {
        if (_state != StoreState.Spilled)
        {
            _state = StoreState.Spilled;
            _outages++;
            Note("store_down", $"{e.Message} Up to {_options.Buffer} events wait for it; beyond that {(_holdsBack ? "no more are taken, and the edge decides" : "the oldest are dropped")}.");
        }

        _failedAt = _clock.GetTimestamp();
        _retry.Change(RestBetween, Timeout.InfiniteTimeSpan);
    }

    private void Count(ReadOnlySpan<T> taken, IReadOnlyDictionary<(string Channel, string Reason), long> refused)
    {
        for (var rest = taken; rest.Length > 0;)
        {
            var count = _format.Stretch(rest, out _, out var last);
            rest = rest[count..];
            Count(last.Channel, count, last.EventTime);
        }

        foreach (var ((channel, reason), count) in refused)
        {
            Accounts.Drop(reason, count);
            Count(channel, -count, 0);
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
/// <param name="State">What became of events at the end.</param>
/// <param name="Outages">Times that the store stopped taking events.</param>
/// <param name="MostWaiting">Most events that waited for the store at once.</param>
/// <param name="Findings">What was found to be wrong with the store.</param>
/// <param name="Channels">What the store took, by channel.</param>
public sealed record StoreSinkReport(
    long Stored, long Repeated, long Late, StoreState State, long Outages, int MostWaiting, IReadOnlyList<string> Findings, IReadOnlyDictionary<string, StoredChannel> Channels);

/// <summary>What a store took of one channel.</summary>
/// <param name="Events">Events, those that were stored already included, refused ones not.</param>
/// <param name="LastTime">Latest event time, ns UTC.</param>
public readonly record struct StoredChannel(long Events, long LastTime);
