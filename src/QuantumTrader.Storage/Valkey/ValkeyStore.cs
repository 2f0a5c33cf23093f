using System.Buffers.Text;
using System.Runtime.InteropServices;
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
public sealed class ValkeyStore : IEventStore, IAppendAnswers
{
    private const int TrimEvery = 4096;
    private const int MaxLateStreams = 512;
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
    private readonly Dictionary<(ValkeyAddress Address, int Shard), AppendLane> _lanes = [];
    private readonly List<StreamState> _openPacks = [];
    private readonly List<Kept> _kept = [];
    private readonly SortedDictionary<string, long> _refused = new(StringComparer.Ordinal);
    private IReadOnlyList<string> _memory = [];
    private StreamState? _lastStream;
    private ValkeyErrorException? _refusal;
    private long _handedOver;
    private long _stored;
    private long _repeated;
    private long _late;
    private long _cutOff;
    private long _outages;
    private long _conflicts;
    private long _refusedTotal;

    /// <summary>A command that waits to be sent again.</summary>
    private readonly record struct Kept(AppendBatch Batch, AppendCommand Command, bool WasSent);

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
            store._memory = ValkeyStatus.Findings(options, store._valkey);
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

    /// <inheritdoc/>
    public StoreAppend Append<T>(ReadOnlySpan<T> events, EventFormat<T> format) where T : struct, IEvent<T>
    {
        lock (_gate)
        {
            MakeReady();
            var (stored, repeated, late) = (_handedOver, _repeated, _late);
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

            return new StoreAppend(_handedOver - stored, _repeated - repeated, _late - late);
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

    private void AppendOne<T>(in T e, EventFormat<T> format) where T : struct, IEvent<T>
    {
        var address = format.AddressOf(in e);
        var stream = StreamOf(in address, format);
        var key = new EventKey(address.EventTime, address.Number);
        if (stream.ForeignUntil is { } until && !IsOurs(stream, until, format))
        {
            Refuse("foreign_key", 1);
            return;
        }

        if (key.Time < 0)
        {
            Refuse("before_1970", 1);
            return;
        }

        if (!(key > stream.Recent.Newest))
        {
            if (IsStored(stream, key, format))
            {
                _repeated++;
                return;
            }

            if (key < stream.Recent.Floor)
            {
                stream.Old.Add(key);
            }
        }

        var ms = key.Time / NanosecondsPerMillisecond;
        var target = stream;
        if (stream.TopMs > long.MinValue && ms < stream.TopMs - _options.MaxLatenessMs)
        {
            if (ms < _retention.FirstKept(stream.Channel, stream.TopMs))
            {
                Refuse("older_than_retention", 1);
                return;
            }

            target = LateStreamOf(stream, ms, format.Fields);
            Write(target, in e, format, ms);
            _late++;
        }
        else
        {
            Write(target, in e, format, ms);
        }

        stream.Recent.Add(key);
        _handedOver++;
        if (target.Pack is null)
        {
            SubmitEntry(target);
        }
    }

    private AppendCommand _unsubmitted;

    // Builds the entry, or puts the event into the open pack. What can throw comes first: until it is done, nothing of the event is noted.
    private void Write<T>(StreamState stream, in T e, EventFormat<T> format, long ms) where T : struct, IEvent<T>
    {
        if (stream.Pack is { } pack)
        {
            if (pack.Count == _options.Pack || (pack.Count > 0 && Math.Abs(ms - stream.PackMs.First) > _options.MaxLatenessMs))
            {
                ClosePack(stream);
            }

            if (pack.Count == 0)
            {
                stream.PackMs = (ms, ms);
                _openPacks.Add(stream);
            }

            pack.Add(in e, format);
            stream.PackMs = (Math.Min(stream.PackMs.First, ms), Math.Max(stream.PackMs.Last, ms));
            stream.TopMs = Math.Max(stream.TopMs, ms);
            return;
        }

        var lane = LaneOf(stream);
        var (start, idStart) = BeginEntry(lane.Bytes, stream, Math.Max(ms, stream.TopMs));
        var fieldsStart = lane.Bytes.Length;
        try
        {
            _entry.Target = lane.Bytes;
            _entry.Begin();
            format.Write(in e, _entry);
        }
        catch
        {
            lane.DropUnfinished();
            throw;
        }

        var moved = lane.Bytes.PatchParts(start, 3 + _entry.Parts);
        stream.TopMs = Math.Max(stream.TopMs, ms);
        _unsubmitted = new AppendCommand(stream, AppendKind.Entry, start, idStart + moved, fieldsStart + moved, lane.Bytes.Length, 1);
    }

    private void SubmitEntry(StreamState stream)
    {
        LaneOf(stream).Submit(in _unsubmitted);
        TrimNowAndThen(stream);
    }

    private void ClosePack(StreamState stream)
    {
        var pack = stream.Pack!;
        var lane = LaneOf(stream);
        var bytes = lane.Bytes;
        var (start, idStart) = BeginEntry(bytes, stream, stream.TopMs);
        var fieldsStart = bytes.Length;
        bytes.Bulk("pack"u8).Bulk(pack.Finish());
        var moved = bytes.PatchParts(start, 5);
        var command = new AppendCommand(stream, AppendKind.Entry, start, idStart + moved, fieldsStart + moved, bytes.Length, pack.Count);
        pack.Clear();
        _openPacks.Remove(stream);
        lane.Submit(in command);
        TrimNowAndThen(stream);
    }

    private void ClosePacks()
    {
        while (_openPacks.Count > 0)
        {
            ClosePack(_openPacks[^1]);
        }
    }

    private static (int Start, int IdStart) BeginEntry(RespWriter bytes, StreamState stream, long idMs)
    {
        var start = bytes.Length;
        bytes.Reserve(RespWriter.HeadLength);
        bytes.Raw("$4\r\nXADD\r\n"u8).Raw(stream.EncodedKey);
        var idStart = bytes.Length;
        WriteId(bytes, idMs);
        return (start, idStart);
    }

    private static void WriteId(RespWriter bytes, long ms)
    {
        Span<byte> id = stackalloc byte[22];
        Utf8Formatter.TryFormat(ms, id, out var length);
        "-*"u8.CopyTo(id[length..]);
        bytes.Bulk(id[..(length + 2)]);
    }

    private void TrimNowAndThen(StreamState stream)
    {
        if (++stream.SinceTrim < TrimEvery || stream.IsLate)
        {
            return;
        }

        stream.SinceTrim = 0;
        var firstKept = _retention.FirstKept(stream.Channel, stream.TopMs);
        if (firstKept > 0)
        {
            SubmitCommand(stream, AppendKind.Repeatable, "XTRIM"u8, "MINID"u8, firstKept);
        }

        SubmitCommand(stream, AppendKind.Limit, "XTRIM"u8, "MAXLEN"u8, _options.MaxEntries);
        TrimLate(stream, firstKept);
    }

    private void TrimLate(StreamState stream, long firstKept)
    {
        if (firstKept <= stream.LateTrimmedTo)
        {
            return;
        }

        stream.LateTrimmedTo = StreamState.HourOf(firstKept) + 3_600_000;
        var index = ValkeyKeys.LateIndex(stream.Key);
        foreach (var hour in _valkey.Call("ZRANGEBYSCORE", new ValkeyKey(index), "-inf", FormattableString.Invariant($"({StreamState.HourOf(firstKept)}")).Items)
        {
            _valkey.Call("UNLINK", new ValkeyKey(ValkeyKeys.LateStream(stream.Key, hour.Number)));
            _valkey.Call("ZREM", new ValkeyKey(index), hour.Text);
        }
    }

    private void SubmitCommand(StreamState stream, AppendKind kind, ReadOnlySpan<byte> command, ReadOnlySpan<byte> argument, long value)
    {
        var lane = LaneOf(stream);
        var start = lane.Bytes.Length;
        lane.Bytes.Begin(4).Bulk(command).Raw(stream.EncodedKey).Bulk(argument).Bulk(value);
        lane.Submit(new AppendCommand(stream, kind, start, 0, 0, lane.Bytes.Length, 0));
    }

    private AppendLane LaneOf(StreamState stream)
    {
        if (stream.Lane is { } known && stream.RoutesVersion == _routes.Version)
        {
            return known;
        }

        var shard = _options.Connections == 1 ? 0 : ValkeyRoutes.SlotOf(stream.Key) % _options.Connections;
        var where = (_routes.Of(stream.Key), shard);
        if (!_lanes.TryGetValue(where, out var lane))
        {
            _lanes[where] = lane = new AppendLane(_options, where.Item1, this);
        }

        lane.Connect();
        stream.RoutesVersion = _routes.Version;
        return stream.Lane = lane;
    }

    private StreamState StreamOf<T>(in EventAddress address, EventFormat<T> format) where T : struct, IEvent<T>
    {
        if (_lastStream is { } last && ReferenceEquals(last.Channel, address.Channel) && ReferenceEquals(last.Symbol, address.Symbol))
        {
            return last;
        }

        if (!_streams.TryGetValue((address.Channel, address.Symbol), out var stream))
        {
            stream = new StreamState(address.Channel, address.Symbol, _keys.Stream(address.Channel, address.Symbol));
            Load(stream, format);
            _streams[(address.Channel, address.Symbol)] = stream;
        }

        return _lastStream = stream;
    }

    // Reads where a stream ends and which of its newest events are there, so that repeats are known after a restart too.
    private void Load<T>(StreamState stream, EventFormat<T> format) where T : struct, IEvent<T>
    {
        try
        {
            stream.ForeignUntil = null;
            LoadTop(stream);
            stream.Recent = new RecentKeys();
            if (stream.TopMs > long.MinValue)
            {
                var floor = stream.TopMs - _options.MaxLatenessMs;
                stream.Recent.StartAt(new EventKey(floor * NanosecondsPerMillisecond, long.MinValue));
                _query.ReadKeys(stream.Key, stream.Symbol, format, floor, key =>
                {
                    if (!stream.Recent.Contains(key))
                    {
                        stream.Recent.Add(key);
                    }
                });
            }

            _valkey.Call("SADD", new ValkeyKey(ValkeyStatus.Registry), stream.Channel + " " + stream.Symbol);
            stream.Pack = _options.Pack > 1 ? new PackWriter(format.Fields) : null;
            stream.SinceTrim = TrimEvery - 1;
            stream.Format = typeof(T);
            stream.Seen = stream.Confirmed;
        }
        catch (ValkeyErrorException e) when (e.Code == "WRONGTYPE")
        {
            stream.ForeignUntil = _clock.GetTimestamp() + _clock.TimestampFrequency;
        }
        catch (ValkeyErrorException e)
        {
            throw ValkeyErrors.Refused(_routes.Of(stream.Key), e);
        }
    }

    // Streams of another format are not this call's.
    private void LookAtOthers<T>(StreamState stream, EventFormat<T> format) where T : struct, IEvent<T>
    {
        if (stream.ForeignUntil is not null || stream.Format != typeof(T))
        {
            return;
        }

        stream.Seen = _query.ReadKeysBehind(stream.Key, stream.Symbol, format, stream.Seen, key =>
        {
            if (key >= stream.Recent.Floor && !stream.Recent.Contains(key))
            {
                stream.Recent.Add(key);
            }
        });
        stream.TopMs = Math.Max(stream.TopMs, stream.Seen.Ms);
        stream.OldWindow = default;
    }

    private bool IsOurs<T>(StreamState stream, long until, EventFormat<T> format) where T : struct, IEvent<T>
    {
        if (_clock.GetTimestamp() >= until)
        {
            Load(stream, format);
        }

        return stream.ForeignUntil is null;
    }

    private void LoadTop(StreamState stream)
    {
        var top = _query.Top(stream.Key);
        stream.TopMs = Math.Max(stream.TopMs, top?.Ms ?? long.MinValue);
        stream.Confirmed = top ?? default;
    }

    private StreamState LateStreamOf(StreamState stream, long ms, IReadOnlyList<string> fields)
    {
        var hour = StreamState.HourOf(ms);
        var key = ValkeyKeys.LateStream(stream.Key, hour);
        if (stream.Late?.Key == key)
        {
            return stream.Late;
        }

        if (!_lateStreams.TryGetValue(key, out var late))
        {
            if (_lateStreams.Count >= MaxLateStreams)
            {
                ClosePacks();
                Confirm();
                _lateStreams.Clear();
            }

            late = new StreamState(stream.Channel, stream.Symbol, key) { IsLate = true, Pack = _options.Pack > 1 ? new PackWriter(fields) : null };
            LoadTop(late);
            _lateStreams[key] = late;
            var index = new StreamState(stream.Channel, stream.Symbol, ValkeyKeys.LateIndex(stream.Key)) { IsLate = true };
            var lane = LaneOf(index);
            var start = lane.Bytes.Length;
            lane.Bytes.Begin(4).Bulk("ZADD"u8).Raw(index.EncodedKey).Bulk(hour).Bulk(hour);
            lane.Submit(new AppendCommand(index, AppendKind.Repeatable, start, 0, 0, lane.Bytes.Length, 0));
        }

        return stream.Late = late;
    }

    private bool IsStored<T>(StreamState stream, EventKey key, EventFormat<T> format) where T : struct, IEvent<T>
    {
        if (key >= stream.Recent.Floor)
        {
            return stream.Recent.Contains(key);
        }

        var window = stream.OldWindow;
        if (key.Time < window.From || key.Time >= window.To)
        {
            // What was handed over must be there before the server is asked.
            ClosePacks();
            Confirm();
            var from = key.Time - (key.Time % OldWindow);
            var to = Math.Min(from + OldWindow, stream.Recent.Floor.Time + 1);
            stream.Old.Clear();
            stream.OldWindow = default;
            _query.Keys(stream.Channel, stream.Symbol, format, from, to, key => stream.Old.Add(key));
            stream.OldWindow = (from, to);
        }

        return stream.Old.Contains(key);
    }

    // Sends what is left and waits for all answers, so that what a block handed over is safe before the block goes on.
    private void Confirm()
    {
        foreach (var lane in _lanes.Values)
        {
            lane.Send();
        }

        foreach (var lane in _lanes.Values)
        {
            lane.AwaitAnswers(0);
        }

        // A refusal that passes at once, such as a slot that moved, is mended here; otherwise it throws.
        for (var attempt = 0; attempt < 4 && _lanes.Values.Any(l => l.HasRefused); attempt++)
        {
            Recover();
        }
    }

    private void MakeReady()
    {
        if (!_backoff.MayTry)
        {
            throw new StoreException(_backoff.Failure!.Message, _backoff.Failure);
        }

        if (_kept.Count == 0 && _backoff.Failure is null && _lanes.Values.All(l => l.IsConnected && !l.HasRefused))
        {
            return;
        }

        try
        {
            Recover();
            Confirm();
            _backoff.Succeeded();
        }
        catch (Exception e) when (e is IOException or StoreException)
        {
            throw Failed(e);
        }
    }

    /// <summary>Sends again what has no answer, less what turns out to have been stored.</summary>
    private void Recover()
    {
        _refusal = null;
        foreach (var lane in _lanes.Values)
        {
            if (lane.IsConnected)
            {
                lane.Send();
                lane.AwaitAnswers(0);
            }
        }

        foreach (var lane in _lanes.Values.Where(l => !l.IsConnected || l.HasRefused))
        {
            lane.TakeUnanswered((batch, command, wasSent) => _kept.Add(new Kept(batch, command, wasSent)));
        }

        try
        {
            DropConfirmed();
            foreach (var stream in _kept.Select(k => k.Command.Stream).Distinct().Where(s => s.IsTopStale).ToList())
            {
                LoadTop(stream);
                stream.SentAgainMs = stream.TopMs;
                stream.IsTopStale = false;
            }
        }
        catch (ValkeyErrorException e)
        {
            throw ValkeyErrors.Refused(_options.Address, e);
        }

        var sent = 0;
        try
        {
            foreach (ref readonly var kept in CollectionsMarshal.AsSpan(_kept))
            {
                var lane = LaneOf(kept.Command.Stream);
                var command = Copy(in kept, lane.Bytes);
                sent++;
                lane.Submit(in command);
            }
        }
        finally
        {
            _kept.RemoveRange(0, sent);
        }

        foreach (var lane in _lanes.Values)
        {
            lane.Connect();
            lane.Send();
            lane.AwaitAnswers(0);
        }

        if (_refusal is { } refusal)
        {
            throw ValkeyErrors.Refused(_options.Address, refusal);
        }
    }

    private static AppendCommand Copy(in Kept kept, RespWriter target)
    {
        var command = kept.Command;
        var source = kept.Batch.Bytes.Written;
        var start = target.Length;
        if (command.Kind != AppendKind.Entry)
        {
            target.Raw(source[command.Start..command.End]);
            return command with { Start = start, End = target.Length };
        }

        target.Raw(source[command.Start..command.IdStart]);
        var idStart = target.Length;
        var digits = source[command.IdStart..command.FieldsStart];
        digits = digits[(digits.IndexOf((byte)'\n') + 1)..];
        WriteId(target, Math.Max(EntryId.Parse(digits[..digits.IndexOf((byte)'-')]).Ms, kept.Command.Stream.SentAgainMs));
        var fieldsStart = target.Length;
        target.Raw(source[command.FieldsStart..command.End]);
        return command with { Start = start, IdStart = idStart, FieldsStart = fieldsStart, End = target.Length };
    }

    // The outcome of what was sent before a connection was lost is unknown. Entries are compared by their bytes: those behind the last
    // confirmed one that equal ours are ours.
    private void DropConfirmed()
    {
        foreach (var group in _kept.Where(k => k is { WasSent: true, Command.Kind: AppendKind.Entry }).GroupBy(k => k.Command.Stream).ToList())
        {
            var open = new Queue<Kept>(group);
            var stored = new HashSet<Kept>();
            _query.ReadBehind(group.Key.Key, group.Key.Confirmed, (page, entry) =>
            {
                if (open.TryPeek(out var next) && page.Raw(entry).SequenceEqual(next.Batch.Bytes.Written[next.Command.FieldsStart..next.Command.End]))
                {
                    stored.Add(open.Dequeue());
                    Stored(next.Command, page.Id(entry));
                }

                return open.Count > 0;
            });
            _kept.RemoveAll(stored.Contains);
        }

        for (var i = 0; i < _kept.Count; i++)
        {
            _kept[i] = _kept[i] with { WasSent = false };
        }
    }

    private StoreException Failed(Exception e)
    {
        var failure = e as StoreException ?? ValkeyErrors.Down(_options.Address, e is IOException { InnerException: System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.TimedOut or System.Net.Sockets.SocketError.WouldBlock } } ? $"no answer within {_options.TimeoutMs} ms" : e.Message, e);
        _outages += _backoff.Failure is null ? 1 : 0;
        _backoff.Failed(failure);
        _routes.Forget();
        return failure;
    }

    private void Refuse(string reason, long events)
    {
        _refused[reason] = _refused.GetValueOrDefault(reason) + events;
    }

    void IAppendAnswers.Stored(in AppendCommand command, EntryId id) => Stored(in command, id);

    private void Stored(in AppendCommand command, EntryId id)
    {
        command.Stream.Confirmed = id;
        _stored += command.Events;
    }

    void IAppendAnswers.CutOff(in AppendCommand command, long entries) => _cutOff += entries;

    bool IAppendAnswers.KeepRefused(in AppendCommand command, ValkeyErrorException error)
    {
        if (error.Message.Contains("equal or smaller than the target stream top item", StringComparison.Ordinal))
        {
            command.Stream.IsTopStale = true;
            _conflicts++;
            return true;
        }

        if (error.Code == "MOVED")
        {
            _routes.Forget();
            return true;
        }

        if (error.IsPassing || error.Code == "ASK")
        {
            _refusal = error;
            return true;
        }

        if (error.Code == "WRONGTYPE")
        {
            command.Stream.ForeignUntil = _clock.GetTimestamp() + _clock.TimestampFrequency;
        }

        _refusedTotal += command.Events;
        Refuse(error.Code == "WRONGTYPE" ? "foreign_key" : SnakeCase.From(error.Code.ToLowerInvariant()), command.Events);
        return false;
    }
}
