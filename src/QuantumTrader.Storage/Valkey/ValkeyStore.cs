using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

/// <summary>What a Valkey store did and how it is.</summary>
/// <param name="Address">Host and port.</param>
/// <param name="IsConnected">The last call reached the server.</param>
/// <param name="DownSince">Since when it does not, UTC.</param>
/// <param name="Failure">Why, in words.</param>
/// <param name="Stored">Events that the server confirmed.</param>
/// <param name="Unconfirmed">Events that were handed over and have no answer yet.</param>
/// <param name="Repeated">Events that were stored already.</param>
/// <param name="Late">Events that went to a side stream.</param>
/// <param name="Refused">Events that were not stored, by reason.</param>
/// <param name="CutOff">Entries that were cut off because a stream had more than <see cref="ValkeyOptions.MaxEntries"/>.</param>
/// <param name="Outages">Times that the server was lost.</param>
/// <param name="Conflicts">Entries that were sent again because another writer of the same stream was faster.</param>
public sealed record ValkeyReport(
    string Address, bool IsConnected, DateTimeOffset? DownSince, string Failure, long Stored, long Unconfirmed, long Repeated, long Late,
    IReadOnlyDictionary<string, long> Refused, long CutOff, long Outages, long Conflicts);

/// <summary>
/// Events in streams of a Valkey server: one stream per channel and symbol, ids by event time. Nothing that was handed over is forgotten
/// before the server confirmed it: after an outage the end of each stream is compared with what has no answer, and only what is missing is
/// sent again. What is described in docs/store.md.
/// </summary>
public sealed partial class ValkeyStore : IEventStore, IAppendAnswers
{
    private const int TrimEvery = 4096;
    private const int MaxLateStreams = 512;
    private const int MostRedirections = 8;
    private const long NanosecondsPerMillisecond = 1_000_000;

    // A repeat among older events than are remembered is looked for in a window of this length.
    private const long OldWindow = 600_000_000_000;

    private readonly Lock _gate = new();
    private readonly ValkeyOptions _options;
    private readonly TimeProvider _clock;
    private readonly ValkeyKeys _keys;
    private readonly Retention _retention;
    private readonly ValkeyRoutes _routes;
    private readonly ReadConnections _reads;
    private readonly IValkey _valkey;
    private readonly ValkeyQuery _query;
    private readonly Backoff _backoff;
    private readonly EntryWriter _entry = new(new RespWriter(16));
    private readonly Dictionary<(string Channel, string Symbol), StreamState> _streams = [];
    private readonly Dictionary<string, StreamState> _lateStreams = new(StringComparer.Ordinal);
    private readonly Dictionary<(ValkeyAddress Address, int Shard, bool IsAsking), AppendLane> _lanes = [];
    private readonly HashSet<StreamState> _moving = [];
    private readonly List<StreamState> _openPacks = [];
    private readonly List<Kept> _kept = [];
    private readonly SortedDictionary<string, long> _refused = new(StringComparer.Ordinal);
    private Dictionary<(string Channel, string Reason), long> _untold = [];
    private IReadOnlyList<string> _memory = [];
    private StreamState? _lastStream;
    private ValkeyErrorException? _refusal;
    private bool _hasMoved;
    private long _handedOver;
    private long _stored;
    private long _repeated;
    private long _late;
    private long _cutOff;
    private long _outages;
    private long _conflicts;
    private long _refusedTotal;

    private ValkeyStore(ValkeyOptions options, TradingCalendar calendar, TimeProvider clock, IValkey valkey)
    {
        (_options, _clock) = (options, clock);
        _keys = new ValkeyKeys(options.KeyProfile, options.Cluster);
        _retention = new Retention(options, calendar);
        _routes = new ValkeyRoutes(options);
        _reads = new ReadConnections(options, _routes);
        _valkey = valkey;
        _query = new ValkeyQuery(options, _keys, _reads);
        _backoff = new Backoff(clock);
    }

    /// <summary>
    /// A store on a server. A server that cannot be reached now is no error: a pipeline must be able to start, and the events of its sink
    /// wait until the server is back. Throws <see cref="StoreException"/> when the server refuses the password, the database or TLS.
    /// </summary>
    public static ValkeyStore Open(ValkeyOptions options, TradingCalendar calendar, TimeProvider clock)
    {
        var store = new ValkeyStore(options, calendar, clock, new RedisValkey(options));
        try
        {
            store._reads.Use(options.Address, c => { c.Writer.Begin(1).Bulk("PING"u8); c.Call(); return 0; });
            store._memory = store.AskMemory();
        }
        catch (StoreException e) when (e.InnerException is System.Net.Sockets.SocketException or IOException or OperationCanceledException)
        {
            store._backoff.Failed(e);
        }
        catch
        {
            store.Dispose();
            throw;
        }

        return store;
    }

    // Only for people: a busy server that does not say in time is no reason to refuse the run.
    private IReadOnlyList<string> AskMemory()
    {
        try
        {
            return ValkeyStatus.Findings(_options, _valkey);
        }
        catch (StoreException e)
        {
            return [$"How the server's memory is set could not be asked. {e.Message}"];
        }
    }

    /// <inheritdoc/>
    public StoreAppend Append<T>(ReadOnlySpan<T> events, EventFormat<T> format) where T : struct, IEvent<T>
    {
        lock (_gate)
        {
            MakeReady();
            ForgetRefused();
            var (stored, repeated, late) = (_handedOver - _refusedTotal, _repeated, _late);
            try
            {
                foreach (var stream in _options.Shared ? _streams.Values : Enumerable.Empty<StreamState>())
                {
                    LookAtOthers(stream, format);
                }

                foreach (ref readonly var e in events)
                {
                    AppendOne(in e, format);
                }

                ClosePacks();
                Confirm();
            }
            catch (Exception e) when (e is IOException or StoreException)
            {
                // What was handed over is kept, packs that are still open too.
                throw Failed(e);
            }

            return new StoreAppend(_handedOver - _refusedTotal - stored, _repeated - repeated, _late - late) { Refused = TellRefused() };
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        lock (_gate)
        {
            MakeReady();
            try
            {
                ClosePacks();
                Confirm();
            }
            catch (Exception e) when (e is IOException or StoreException)
            {
                throw Failed(e);
            }
        }
    }

    /// <inheritdoc/>
    public StoreAnswer Query<T>(StoreQuery query, EventFormat<T> format, StorePage<T> page) where T : struct, IEvent<T> => _query.Run(query, format, page);

    /// <inheritdoc/>
    public IReadOnlyList<string> Findings
    {
        get
        {
            lock (_gate)
            {
                return
                [
                    .. _memory,
                    .. _refused.Select(r => $"{_options}: {r.Value} events were not stored ({r.Key})."),
                    .. _cutOff > 0 ? [$"{_options}: {_cutOff} entries were cut off because a stream had more than {_options.MaxEntries}. Raise store.valkey.max_entries, or pack events."] : Array.Empty<string>(),
                ];
            }
        }
    }

    /// <inheritdoc/>
    public StoreStatus Status() => ValkeyStatus.Ask(_options, _keys, _valkey);

    /// <summary>What the store did and how it is.</summary>
    public ValkeyReport Report()
    {
        lock (_gate)
        {
            var failure = _backoff.Failure;
            var refused = new SortedDictionary<string, long>(_refused, StringComparer.Ordinal);
            return new ValkeyReport(
                _options.Address.ToString(), failure is null, failure is null ? null : _backoff.DownSince, failure?.Message ?? "",
                _stored, _handedOver - _stored - _refusedTotal, _repeated, _late, refused, _cutOff, _outages, _conflicts);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var lane in _lanes.Values)
            {
                lane.Dispose();
            }

            _lanes.Clear();
        }

        _reads.Dispose();
        _valkey.Dispose();
    }
}
