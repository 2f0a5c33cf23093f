using System.Globalization;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

/// <summary>
/// Reads ranges of streams page by page. The next page is asked for before the last one is decoded, so server and client work at the same
/// time; and pages are small, so that no other client of the server waits long.
/// </summary>
internal sealed class ValkeyQuery(ValkeyOptions options, ValkeyKeys keys, ReadConnections reads)
{
    private const long NanosecondsPerMillisecond = 1_000_000;
    private const long HourMs = 3_600_000;
    private const int FirstPage = 128;
    private const int LargestPage = 2000;

    // A server builds and sends about either of these in less than a millisecond: it spends most on each field, little on each byte.
    private const int PageFields = 8000;
    private const int PageBytes = 512 * 1024;

    private const int MaxGaps = 100;

    /// <summary>Handles one page; false to stop.</summary>
    private delegate bool PageHandler(EntryPage page);

    /// <summary>Answers a query. See <see cref="IEventStore.Query"/>.</summary>
    public StoreAnswer Run<T>(StoreQuery query, EventFormat<T> format, StorePage<T> page) where T : struct, IEvent<T>
    {
        if (query.From >= query.To || query.AtMost <= 0)
        {
            return new StoreAnswer(0, 0, 0, []);
        }

        try
        {
            using var running = new Running<T>(this, query, format, page, keys.Stream(query.Channel, query.Symbol));
            return running.Read();
        }
        catch (ValkeyErrorException e)
        {
            throw e.Code == "WRONGTYPE"
                ? new StoreException($"What stands at the key '{keys.Stream(query.Channel, query.Symbol)}' of {options} is no stream. Rename or remove it (valkey-cli TYPE shows what it is).", e)
                : ValkeyErrors.Refused(options.Address, e);
        }
    }

    /// <summary>Calls for every key of a range.</summary>
    public void Keys<T>(string channel, string symbol, EventFormat<T> format, long from, long to, Action<EventKey> take) where T : struct, IEvent<T> =>
        Run(new StoreQuery(channel, symbol, from, to), format, events =>
        {
            foreach (ref readonly var e in events)
            {
                take(KeyOf(format.AddressOf(in e)));
            }

            return true;
        });

    /// <summary>Calls for the key of every event in the entries of one stream from an id (ms) on.</summary>
    public void ReadKeys<T>(string stream, string symbol, EventFormat<T> format, long fromMs, Action<EventKey> take) where T : struct, IEvent<T> =>
        ReadKeys(stream, symbol, format, Bound(fromMs), default, take);

    /// <summary>Calls for the key of every event behind an entry; returns the last entry.</summary>
    public EntryId ReadKeysBehind<T>(string stream, string symbol, EventFormat<T> format, EntryId after, Action<EventKey> take) where T : struct, IEvent<T> =>
        ReadKeys(stream, symbol, format, $"({after}", after, take);

    private EntryId ReadKeys<T>(string stream, string symbol, EventFormat<T> format, string from, EntryId last, Action<EventKey> take) where T : struct, IEvent<T>
    {
        var decoder = new EntryDecoder<T>(format, symbol);
        ReadStream(stream, from, "+", page =>
        {
            decoder.Decode(page, (in T e, EventKey key) => take(key), (_, _) => { });
            last = page.Count > 0 ? page.LastId : last;
            return true;
        });
        return last;
    }

    /// <summary>Newest id of a stream; null when it has none.</summary>
    public EntryId? Top(string stream) => reads.Use(stream, connection =>
    {
        connection.Writer.Begin(6).Bulk("XREVRANGE"u8).Bulk(stream).Bulk("+"u8).Bulk("-"u8).Bulk("COUNT"u8).Bulk(1);
        connection.Send();
        var page = connection.Page;
        page.Read(connection.Reader);
        return page.Count == 0 ? (EntryId?)null : page.LastId;
    });

    /// <summary>Goes through the entries behind an id until told to stop.</summary>
    public void ReadBehind(string stream, EntryId after, Func<EntryPage, int, bool> take) => ReadStream(stream, $"({after}", "+", page =>
    {
        for (var i = 0; i < page.Count; i++)
        {
            if (!take(page, i))
            {
                return false;
            }
        }

        return true;
    });

    private static EventKey KeyOf(in EventAddress address) => new(address.EventTime, address.Number);

    private static string Bound(long ms) => Math.Max(0, ms).ToString(CultureInfo.InvariantCulture);

    // On another connection or node it goes on behind the last page that was handled, so that none is handed over twice.
    private void ReadStream(string stream, string from, string to, PageHandler handle) => reads.Use(stream, connection =>
    {
        ReadPages(connection, stream, from, to, page =>
        {
            var goesOn = handle(page);
            from = page.Count > 0 ? $"({page.LastId}" : from;
            return goesOn;
        });
        return 0;
    });

    private static void ReadPages(RespConnection connection, string stream, string from, string to, PageHandler handle)
    {
        var page = connection.Page;
        var count = FirstPage;
        Ask(connection, stream, from, to, count);
        while (true)
        {
            page.Read(connection.Reader);
            var isLast = page.Count < count;
            if (!isLast)
            {
                var most = Math.Min((long)page.Count * PageBytes / Math.Max(1, page.Bytes), (long)page.Count * PageFields / Math.Max(1, page.FieldCount));
                count = (int)Math.Clamp(most, 1, LargestPage);
                Ask(connection, stream, $"({page.LastId}", to, count);
            }

            var goesOn = handle(page);
            connection.Reader.Release();
            if (!isLast && !goesOn)
            {
                connection.Reader.Next();
                connection.Reader.Skip();
            }

            if (isLast || !goesOn)
            {
                return;
            }
        }
    }

    private static void Ask(RespConnection connection, string stream, string from, string to, int count)
    {
        connection.Writer.Begin(6).Bulk("XRANGE"u8).Bulk(stream).Bulk(from).Bulk(to).Bulk("COUNT"u8).Bulk(count);
        connection.Send();
    }

    /// <summary>One query while it runs.</summary>
    private sealed class Running<T>(ValkeyQuery owner, StoreQuery query, EventFormat<T> format, StorePage<T> page, string stream) : IDisposable where T : struct, IEvent<T>
    {
        private readonly EntryDecoder<T> _decoder = new(format, query.Symbol);
        private readonly EventBuffer<T> _buffer = new();
        private readonly List<StoreGap> _gaps = [];
        private readonly Queue<long> _lateHours = new();
        private long _count;
        private long _first;
        private long _last;
        private bool _isStopped;

        public StoreAnswer Read()
        {
            var lateness = owner.MaxLateness;
            var fromMs = query.From / NanosecondsPerMillisecond;
            var lastMs = (query.To - 1) / NanosecondsPerMillisecond;
            ReadLateHours(fromMs, lastMs);
            owner.ReadStream(stream, Bound(fromMs), lastMs > long.MaxValue / NanosecondsPerMillisecond - lateness - 1 ? "+" : Bound(lastMs + lateness), entries =>
            {
                Decode(entries);
                if (entries.Count > 0)
                {
                    // Nothing that follows can be older than this.
                    EmitBelow((entries.LastId.Ms - lateness) * NanosecondsPerMillisecond);
                }

                return !_isStopped;
            });

            EmitBelow(long.MaxValue);
            return new StoreAnswer(_count, _first, _last, _gaps);
        }

        public void Dispose() => _buffer.Dispose();

        private void Decode(EntryPage entries) => _decoder.Decode(
            entries,
            (in T e, EventKey key) =>
            {
                if (key.Time >= query.From && key.Time < query.To)
                {
                    _buffer.Add(in e, key);
                }
            },
            AddGap,
            (pack, symbol) => _buffer.Add(pack, symbol, query.From, query.To));

        private void AddGap(EntryId id, string reason)
        {
            var at = id.Ms * NanosecondsPerMillisecond;
            if (_gaps.Count > 0 && (_gaps[^1].Reason == reason || _gaps.Count == MaxGaps))
            {
                _gaps[^1] = _gaps[^1] with { To = at + NanosecondsPerMillisecond };
            }
            else
            {
                _gaps.Add(new StoreGap(at, at + NanosecondsPerMillisecond, reason));
            }
        }

        private void EmitBelow(long time)
        {
            while (!_isStopped && _lateHours.TryPeek(out var hour) && hour * NanosecondsPerMillisecond < time)
            {
                // Late events of earlier hours are complete before those of this one are read: one hour of them is held at a time.
                Emit(hour * NanosecondsPerMillisecond);
                _lateHours.Dequeue();
                var late = ValkeyKeys.LateStream(stream, hour);
                owner.ReadStream(late, "-", "+", entries =>
                {
                    Decode(entries);
                    return true;
                });
                if (time == long.MaxValue || hour + HourMs < time / NanosecondsPerMillisecond)
                {
                    Emit((hour + HourMs) * NanosecondsPerMillisecond);
                }
            }

            Emit(time);
        }

        private void Emit(long belowTime)
        {
            var ready = _buffer.Below(belowTime);
            if (_isStopped || ready == 0)
            {
                return;
            }

            var events = _buffer.First((int)Math.Min(ready, query.AtMost - _count), out var firstTime, out var lastTime);
            _first = _count == 0 ? firstTime : _first;
            _last = lastTime;
            _count += events.Length;
            _isStopped = !page(events) || _count >= query.AtMost;
            _buffer.Remove(events.Length);
        }

        private void ReadLateHours(long fromMs, long lastMs) => owner.UseLateIndex(stream, connection =>
        {
            connection.Writer.Begin(4).Bulk("ZRANGEBYSCORE"u8).Bulk(ValkeyKeys.LateIndex(stream)).Bulk(StreamState.HourOf(fromMs)).Bulk(lastMs);
            var reader = connection.Call();
            _lateHours.Clear();
            for (var left = reader.Number; left > 0; left--)
            {
                reader.Next();
                if (long.TryParse(reader.Bytes, CultureInfo.InvariantCulture, out var hour))
                {
                    _lateHours.Enqueue(hour);
                }
            }

            return 0;
        });
    }

    private long MaxLateness => options.MaxLatenessMs;

    private void UseLateIndex(string stream, Func<RespConnection, int> use) => reads.Use(ValkeyKeys.LateIndex(stream), use);
}
