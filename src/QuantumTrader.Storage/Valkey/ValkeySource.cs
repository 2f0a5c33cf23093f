using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

/// <summary>Options of the sources that read a Valkey server.</summary>
public sealed record ValkeySourceOptions
{
    /// <summary>The server; without it, that of the section <c>store</c>.</summary>
    public ValkeyOptions? Server { get; init; }

    /// <summary>Channels that are read, for all symbols of the section <c>market</c>; without it, the first one of these events: <c>tick</c> for market events.</summary>
    public IReadOnlyList<string> Channels { get; init; } = [];

    /// <summary>Name of the consumer group: every entry goes to one member of it. Pipelines that do different things are different groups.</summary>
    [Required]
    public string Group { get; init; } = "";

    /// <summary>Name of this member. What it had not acknowledged when it ended is its own again when it comes back; two that run at once need different names.</summary>
    [Required]
    public string Member { get; init; } = "";

    /// <summary>A new group begins with the oldest entry instead of what comes from now on.</summary>
    public bool FromBeginning { get; init; }

    /// <summary>
    /// Seconds of event time before its first entry that a member reads once more when it begins, so that blocks with a memory know what they
    /// knew: as long as their longest memory, nights included. What comes of it has the names that it had, so a store has it already.
    /// </summary>
    [Range(0, 31_536_000)]
    public int WarmUpSeconds { get; init; }

    /// <summary>
    /// Reads the side streams too, where events are that came later than the store's <c>max_lateness_ms</c>: they are sent when the group has
    /// caught up with the stream itself, behind what was sent before, as they came when they were stored.
    /// </summary>
    public bool Late { get; init; } = true;

    /// <summary>Ends when everything has been read, instead of waiting for more.</summary>
    public bool UntilEmpty { get; init; }

    /// <summary>An entry that a member has held for so long without acknowledging it is taken over from it, in ms.</summary>
    [Range(100, 86_400_000)]
    public int TakeOverMs { get; init; } = 30_000;

    /// <summary>An entry that was delivered so often and never acknowledged goes to the stream <c>KEY:dead</c>.</summary>
    [Range(1, 1000)]
    public int Tries { get; init; } = 5;

    /// <summary>Entries that may be under way in the graph; then none are read until some are handled.</summary>
    [Range(1, 1_000_000)]
    public int UnderWay { get; init; } = 10_000;
}

/// <summary>What a Valkey source leaves in the run's report.</summary>
/// <param name="Entries">Entries read.</param>
/// <param name="Late">Of these, entries of side streams.</param>
/// <param name="Acknowledged">Entries acknowledged, after all blocks had handled their events.</param>
/// <param name="TakenOver">Entries taken over from other members.</param>
/// <param name="Dead">Entries that went to a stream of dead letters.</param>
/// <param name="WarmUp">Entries read once more to warm the blocks up.</param>
/// <param name="Outages">Times that the server was lost.</param>
public sealed record ValkeySourceReport(long Entries, long Late, long Acknowledged, long TakenOver, long Dead, long WarmUp, long Outages);

/// <summary>
/// A member of a consumer group. Entries are acknowledged once every block behind has handled their events, so those of a member that dies
/// are delivered again: to itself when it comes back, or to another. While the server is down it waits and tries again.
/// <para>Commands that only look, such as <c>qt check</c>, <c>qt export</c> and <c>qt train</c>, read everything that is stored, once, as no
/// member: they acknowledge nothing and leave the group as it is.</para>
/// <para>An event's sequence is made of its entry's id, so what is caused by an entry has the same name however often the entry is delivered.
/// That holds for a source of one stream; of several, entries that come behind later ones are numbered on behind those, as entries of side
/// streams always are.</para>
/// </summary>
/// <example>
/// feed: { type: source.valkey, events: market, group: features, member: one, from_beginning: true, warm_up_seconds: 1500 }
/// </example>
[Block("source.valkey", "Events from a Valkey server, as a member of a consumer group; acknowledged after they were handled.")]
public sealed class ValkeySource<T> : Source<T> where T : struct, IEvent<T>
{
    private const int PageEntries = 512;
    private const int BlockMs = 100;

    private readonly ValkeySourceOptions _options;
    private readonly ValkeyOptions _server;
    private readonly TimeProvider _clock;
    private readonly ValkeyRoutes _routes;
    private readonly GroupReader[] _readers;
    private readonly EventFormat<T> _format;
    private readonly Queue<UnderWay> _underWay = new();
    private readonly Backoff _backoff;
    private readonly bool _endsWhenEmpty;
    private long _sequence;
    private long _entries;
    private long _late;
    private long _outages;
    private long _acknowledged;
    private long _takenOver;
    private long _dead;
    private long _warmUp;
    private int _turn;
    private int _emptyTurns;

    private readonly record struct UnderWay(GroupStream Stream, EntryId Id, long LastSequence);

    /// <summary>Checks options; connects to nothing.</summary>
    /// <exception cref="ConfigurationException">A channel stands for many.</exception>
    public ValkeySource(ValkeySourceOptions options, StoreSection store, MarketContext market, EventFormat<T> format, BlockContext context)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(format);
        ArgumentNullException.ThrowIfNull(context);
        (_options, _format, _clock) = (options, format, context.Clock);
        _endsWhenEmpty = options.UntilEmpty || context.OnlyLooks;
        _server = options.Server ?? store.ValkeyServer;
        _routes = new ValkeyRoutes(_server);
        _backoff = new Backoff(_clock);
        var keys = new ValkeyKeys(_server.KeyProfile, _server.Cluster);
        var channels = options.Channels.Count > 0 ? options.Channels : [format.Channels[0]];
        if (channels.FirstOrDefault(c => c.EndsWith(':')) is { } open)
        {
            throw new ConfigurationException("channels", $"{typeof(T).Name} has a channel for each length; name those to read, such as {open}1m.");
        }

        // All keys of a symbol are on one node; a single server has all of them.
        _readers = [.. market.Instruments.SelectMany(i => channels.Select(c => new GroupStream(keys.Stream(c, i.Symbol), i.Symbol)))
            .GroupBy(s => _server.Cluster ? s.Symbol : "")
            .Select(g => new GroupReader(_server, _options, [.. g], context.OnlyLooks))];
    }

    /// <inheritdoc/>
    public override HandledNews HandledNews => HandledNews.BetweenReads;

    /// <inheritdoc/>
    public override bool Read(Output<T> output, int limit, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (!_backoff.MayTry || _underWay.Count >= _options.UnderWay)
        {
            using var idle = Idle();
            stop.WaitHandle.WaitOne(1);
            return true;
        }

        var reader = _readers[_turn++ % _readers.Length];
        var before = _sequence;
        try
        {
            var now = (long)_clock.GetElapsedTime(0).TotalMilliseconds;
            reader.Read(_routes, PageEntries, BlockMs / _readers.Length, now, (stream, page, delivery) => Take(reader, stream, page, delivery, output), (stream, id, tries) => Bury(reader, stream, id, $"delivered {tries} times"));
            if (_backoff.Failure is not null)
            {
                Note("store_back", $"{_server} answers again.");
            }

            _backoff.Succeeded();
        }
        catch (Exception e) when (e is IOException or StoreException or ValkeyErrorException)
        {
            if (_backoff.Failure is null)
            {
                _outages++;
                Note("store_down", e is StoreException ? e.Message : ValkeyErrors.Down(reader.Address(_routes), e.Message).Message);
            }

            reader.Break();
            _routes.Forget();
            _backoff.Failed(e as StoreException ?? ValkeyErrors.Down(_server.Address, e.Message, e));
            return true;
        }

        _emptyTurns = _sequence == before ? _emptyTurns + 1 : 0;
        return !_endsWhenEmpty || _emptyTurns <= _readers.Length || _underWay.Count > 0;
    }

    /// <inheritdoc/>
    public override void Handled(long sequence)
    {
        while (_underWay.TryPeek(out var first) && first.LastSequence <= sequence)
        {
            _underWay.Dequeue();
            GroupReader.Acknowledge(first.Stream, first.Id);
            _acknowledged++;
        }
    }

    /// <inheritdoc/>
    public override object Report() => new ValkeySourceReport(_entries, _late, _acknowledged, _takenOver, _dead, _warmUp, _outages);

    /// <inheritdoc/>
    public override IReadOnlyList<BlockGauge> Gauges =>
    [
        new("qt_store_up", "The store answers: 1, or 0 while it is waited for.", _backoff.Failure is null ? 1 : 0),
        new("qt_store_outages", "Times that the store was lost.", Volatile.Read(ref _outages)),
        new("qt_source_under_way", "Entries that were read and are not acknowledged yet.", _underWay.Count),
    ];

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var reader in _readers)
        {
            try
            {
                reader.SendAcknowledgements();
            }
            catch (Exception e) when (e is IOException or ValkeyErrorException)
            {
                // The server went away meanwhile: what it does not know as acknowledged it delivers again.
            }

            reader.Dispose();
        }

        base.Dispose();
    }

    private void Take(GroupReader reader, GroupStream stream, EntryPage page, Delivery delivery, Output<T> output)
    {
        var decoder = new NumberedDecoder<T>(_format, stream.Symbol);
        for (var i = 0; i < page.Count; i++)
        {
            var last = _sequence;
            // What is late has an old id: it must not hold up the numbers of what is not.
            _sequence = stream.LateOf is null ? Math.Max(last, FirstSequence(page.Id(i)) - 1) : last;
            if (decoder.Decode(page, i, ref _sequence, output) is { } reason)
            {
                _sequence = last;
                if (delivery == Delivery.Look)
                {
                    Accounts.Reject("bad_entry", -1, $"{stream.Key} {page.Id(i)}: {reason}");
                }
                else if (delivery != Delivery.WarmUp)
                {
                    Bury(reader, stream, page.Id(i), reason);
                }
            }
            else if (delivery == Delivery.WarmUp)
            {
                _warmUp++;
            }
            else
            {
                _entries++;
                _late += stream.LateOf is null ? 0 : 1;
                _takenOver += delivery == Delivery.TakenOver ? 1 : 0;
                if (delivery != Delivery.Look)
                {
                    _underWay.Enqueue(new UnderWay(stream, page.Id(i), _sequence));
                }
            }
        }
    }

    // 128 events fit into an entry, and 8192 entries into a ms before they borrow from the next one; enough until the year 2248.
    private static long FirstSequence(EntryId id) => (id.Ms << 20) + (id.Number << 7);

    private void Bury(GroupReader reader, GroupStream stream, EntryId id, string reason)
    {
        _dead++;
        reader.Bury(stream, id, reason);
        Accounts.Reject("dead_letter", -1, $"{stream.Key} {id}: {reason}");
    }
}
