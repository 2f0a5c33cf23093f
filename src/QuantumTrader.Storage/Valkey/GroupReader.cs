using System.Globalization;
using System.Text;

namespace QuantumTrader.Storage.Valkey;

/// <summary>Why a member gets entries.</summary>
internal enum Delivery
{
    /// <summary>They are its own: new, or not acknowledged in an earlier life.</summary>
    Own,

    /// <summary>Another member had left them.</summary>
    TakenOver,

    /// <summary>They were acknowledged already, and are read once more.</summary>
    WarmUp,

    /// <summary>They are only looked at: whose they are is left as it is.</summary>
    Look,
}

/// <summary>
/// The streams of one node, read by one member of a consumer group over a connection of its own, which may block. Side streams for late
/// events are read whenever the group has caught up with the streams themselves. One that only looks reads what is there once, from the
/// beginning, joins no group and writes nothing.
/// </summary>
internal sealed class GroupReader(ValkeyOptions server, ValkeySourceOptions options, IReadOnlyList<GroupStream> streams, bool onlyLooks) : IDisposable
{
    // Few at a time: they are numbered on behind an entry of the stream itself, which has room for so many before the next one.
    private const int LatePage = 100;
    private const int LookForLateMs = 1000;

    private readonly EntryPage _page = new();

    // Entries that are read without the group.
    private readonly Queue<(GroupStream Stream, string From, string To)> _ranges = new();
    private List<GroupStream> _late = [];
    private NodeConnection? _connection;
    private bool _hasJoined;
    private bool _hasCaughtUp;
    private bool _mustJoinAgain;
    private bool _hasLookedForLate;
    private long _nextTakeOver;
    private long _nextLookForLate;

    /// <summary>Receives a page of entries of one stream.</summary>
    public delegate void Take(GroupStream stream, EntryPage page, Delivery delivery);

    /// <summary>Receives an entry that was delivered too often.</summary>
    public delegate void TooOften(GroupStream stream, EntryId id, long tries);

    public ValkeyAddress Address(ValkeyRoutes routes) => _connection?.Address ?? (server.Cluster ? routes.Of(streams[0].Key) : server.Address);

    /// <summary>Reads once: first what warms the blocks up, then what this member had not acknowledged, then what others left, then what is late, then what is new, for which it waits.</summary>
    public void Read(ValkeyRoutes routes, int count, int blockMs, long nowMs, Take take, TooOften tooOften)
    {
        Connect(routes);
        SendAcknowledgements();
        if (ReadRange(count, take) || onlyLooks || ReadOwn(streams, count, take, tooOften))
        {
            return;
        }

        var takesOver = nowMs >= _nextTakeOver;
        if (takesOver)
        {
            _nextTakeOver = nowMs + (options.TakeOverMs / 2);
            TakeOver(streams, take, tooOften);
        }

        var isAnyLate = options.Late && _hasCaughtUp && ReadLate(nowMs, takesOver, take, tooOften);
        _hasCaughtUp = ReadNew(streams, count, isAnyLate ? 1 : blockMs, take) < count;
    }

    /// <summary>Notes an entry as handled; it is sent with the next read.</summary>
    public static void Acknowledge(GroupStream stream, EntryId id) => stream.Acknowledged.Add(id);

    public void SendAcknowledgements()
    {
        if (_connection is null)
        {
            return;
        }

        foreach (var stream in streams.Concat(_late).Where(s => s.Acknowledged.Count > 0))
        {
            _connection.Call(command =>
            {
                command.Begin(3 + stream.Acknowledged.Count).Bulk("XACK"u8).Bulk(stream.Key).Bulk(options.Group);
                stream.Acknowledged.ForEach(id => command.Bulk(id.ToString()));
            });
            stream.Acknowledged.Clear();
        }
    }

    /// <summary>Copies an entry to the stream of dead letters, and takes it off the group.</summary>
    public void Bury(GroupStream stream, EntryId id, string reason)
    {
        // A connection of its own: the other one is in the middle of a page.
        using var connection = new NodeConnection(server, _connection!.Address);
        var reader = connection.Call(c => c.Begin(4).Bulk("XRANGE"u8).Bulk(stream.Key).Bulk(id.ToString()).Bulk(id.ToString()));
        reader.Hold();
        var page = new EntryPage();
        page.ReadEntries(reader);
        var fields = page.Count == 0 ? 0 : page.Fields(0);
        connection.Call(c => c.Begin(11 + (2 * fields)).Bulk("XADD"u8).Bulk(stream.DeadKey).Bulk("MAXLEN"u8).Bulk(100_000).Bulk("*"u8)
            .Bulk("entry"u8).Bulk(id.ToString()).Bulk("reason"u8).Bulk(reason).Bulk("group"u8).Bulk(options.Group).Raw(fields == 0 ? [] : page.Raw(0)));
        Acknowledge(stream, id);
    }

    /// <summary>Lets the connection go; the next read opens another, and begins with what is not acknowledged.</summary>
    public void Break()
    {
        _connection?.Dispose();
        _connection = null;
    }

    public void Dispose() => Break();

    private void Connect(ValkeyRoutes routes)
    {
        if (_connection is not null)
        {
            return;
        }

        var connection = new NodeConnection(server, Address(routes));
        try
        {
            if (!onlyLooks)
            {
                _ranges.Clear();
            }

            foreach (var stream in streams)
            {
                if (onlyLooks)
                {
                    if (!_hasJoined)
                    {
                        _ranges.Enqueue((stream, "-", "+"));
                    }
                }
                else if (Join(connection, stream, options.FromBeginning ? "0" : "$", "MKSTREAM"))
                {
                    stream.BeginsNow = !options.FromBeginning;
                }
                else if (!_hasJoined)
                {
                    // Once per life of this member: after a lost connection, what it holds is still on its way through the graph.
                    PlanWarmUp(connection, stream);
                }
            }
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        _hasJoined = true;
        _connection = connection;
    }

    // False for a group that exists, from this member's last life or from another member.
    private bool Join(NodeConnection connection, GroupStream stream, string from, string? create = null)
    {
        try
        {
            connection.Call(c =>
            {
                c.Begin(create is null ? 5 : 6).Bulk("XGROUP"u8).Bulk("CREATE"u8).Bulk(stream.Key).Bulk(options.Group).Bulk(from);
                if (create is not null)
                {
                    c.Bulk(create);
                }
            });
            return true;
        }
        catch (ValkeyErrorException e) when (e.Code == "BUSYGROUP")
        {
            return false;
        }
    }

    // What lies behind the group: all that was delivered, up to the oldest entry that somebody still holds.
    private void PlanWarmUp(NodeConnection connection, GroupStream stream)
    {
        if (options.WarmUpSeconds == 0)
        {
            return;
        }

        var reader = connection.Call(c => c.Begin(3).Bulk("XPENDING"u8).Bulk(stream.Key).Bulk(options.Group));
        reader.Next();
        var isHeld = reader.Number > 0;
        reader.Next();
        var oldestHeld = isHeld ? reader.Text() : "";
        reader.Next();
        reader.Next();
        reader.Skip();
        var end = isHeld ? oldestHeld : LastDelivered(connection, stream);
        var from = EntryId.Parse(Encoding.ASCII.GetBytes(end)).Ms - (options.WarmUpSeconds * 1000L);
        _ranges.Enqueue((stream, Math.Max(0, from).ToString(CultureInfo.InvariantCulture), isHeld ? "(" + end : end));
    }

    private string LastDelivered(NodeConnection connection, GroupStream stream)
    {
        var reader = connection.Call(c => c.Begin(3).Bulk("XINFO"u8).Bulk("GROUPS"u8).Bulk(stream.Key));
        var (name, last, found) = ("", "", "0-0");
        for (var groups = reader.Number; groups > 0; groups--)
        {
            reader.Next();
            for (var pairs = reader.Number / 2; pairs > 0; pairs--)
            {
                reader.Next();
                var field = reader.Text();
                reader.Next();
                name = field == "name" ? reader.Text() : name;
                last = field == "last-delivered-id" ? reader.Text() : last;
                reader.Skip();
            }

            found = name == options.Group ? last : found;
        }

        return found;
    }

    // A page at a time, so that the graph can take it in meanwhile.
    private bool ReadRange(int count, Take take)
    {
        while (_ranges.TryPeek(out var next))
        {
            var reader = _connection!.Call(c => c.Begin(6).Bulk("XRANGE"u8).Bulk(next.Stream.Key).Bulk(next.From).Bulk(next.To).Bulk("COUNT"u8).Bulk(count));
            TakePage(reader, next.Stream, onlyLooks ? Delivery.Look : Delivery.WarmUp, take);
            _ranges.Dequeue();
            if (_page.Count == count)
            {
                _ranges.Enqueue((next.Stream, $"({_page.LastId}", next.To));
            }

            if (_page.Count > 0)
            {
                return true;
            }
        }

        if (!onlyLooks || !options.Late || _hasLookedForLate)
        {
            return false;
        }

        _hasLookedForLate = true;
        foreach (var stream in streams)
        {
            LateKeys(_connection!, stream).ForEach(key => _ranges.Enqueue((new GroupStream(key, stream.Symbol, stream), "-", "+")));
        }

        return ReadRange(count, take);
    }

    // What this member was given in an earlier life and never acknowledged.
    private bool ReadOwn(IReadOnlyList<GroupStream> from, int count, Take take, TooOften tooOften)
    {
        var isAny = false;
        foreach (var stream in from)
        {
            while (stream.Own.Length > 0)
            {
                if (stream.Own == "0")
                {
                    RemoveWorn(stream, tooOften);
                }

                var last = "";
                ReadGroup([stream], count, null, stream.Own, (_, page, delivery) =>
                {
                    if (page.Count > 0)
                    {
                        last = page.LastId.ToString();
                        isAny = true;
                        take(stream, page, delivery);
                    }
                });
                stream.Own = last;
            }
        }

        return isAny;
    }

    private bool ReadLate(long nowMs, bool takesOver, Take take, TooOften tooOften)
    {
        try
        {
            if (nowMs >= _nextLookForLate)
            {
                LookForLate();
                _nextLookForLate = nowMs + LookForLateMs;
            }

            var isAny = ReadOwn(_late, LatePage, take, tooOften);
            if (takesOver)
            {
                TakeOver(_late, take, tooOften);
            }

            return (_late.Count > 0 && ReadNew(_late, LatePage, null, take) > 0) || isAny;
        }
        catch (ValkeyErrorException e) when (e.Code is "NOGROUP" or "TRYAGAIN")
        {
            // An hour that was trimmed away meanwhile, or some that are on their way to another node.
            (_nextLookForLate, _mustJoinAgain) = (0, true);
            return false;
        }
    }

    private void LookForLate()
    {
        var found = new List<GroupStream>();
        foreach (var stream in streams)
        {
            foreach (var key in LateKeys(_connection!, stream))
            {
                var known = _late.Find(l => l.Key == key);
                var late = known ?? new GroupStream(key, stream.Symbol, stream);
                try
                {
                    _ = (known is null || _mustJoinAgain) && Join(_connection!, late, stream.BeginsNow ? "$" : "0");
                    found.Add(late);
                }
                catch (ValkeyErrorException e) when (e.Message.Contains("requires the key to exist", StringComparison.Ordinal))
                {
                    // It is listed before it is written, and for a moment after it was trimmed away.
                }
            }

            stream.BeginsNow = false;
        }

        _late = found;
        _mustJoinAgain = false;
    }

    // The side streams of a stream, oldest first.
    private static List<string> LateKeys(NodeConnection connection, GroupStream stream)
    {
        var keys = new List<string>();
        var reader = connection.Call(c => c.Begin(4).Bulk("ZRANGEBYSCORE"u8).Bulk(ValkeyKeys.LateIndex(stream.Key)).Bulk("-inf"u8).Bulk("+inf"u8));
        for (var left = reader.Number; left > 0; left--)
        {
            reader.Next();
            if (long.TryParse(reader.Bytes, CultureInfo.InvariantCulture, out var hour))
            {
                keys.Add(ValkeyKeys.LateStream(stream.Key, hour));
            }
        }

        return keys;
    }

    private void TakeOver(IReadOnlyList<GroupStream> from, Take take, TooOften tooOften)
    {
        foreach (var stream in from)
        {
            for (var next = ""; next != "0-0";)
            {
                RemoveWorn(stream, tooOften);
                var reader = _connection!.Call(c => c.Begin(8).Bulk("XAUTOCLAIM"u8).Bulk(stream.Key).Bulk(options.Group).Bulk(options.Member)
                    .Bulk(options.TakeOverMs).Bulk(next.Length == 0 ? "0-0" : next).Bulk("COUNT"u8).Bulk(100));
                reader.Next();
                next = reader.Text();
                reader.Next();
                TakePage(reader, stream, Delivery.TakenOver, take, () =>
                {
                    reader.Next();
                    reader.Skip(); // entries that no longer exist
                });
            }
        }
    }

    // Entries that nobody could handle, however often they were delivered, must not come back for ever.
    private void RemoveWorn(GroupStream stream, TooOften tooOften)
    {
        var reader = _connection!.Call(c => c.Begin(8).Bulk("XPENDING"u8).Bulk(stream.Key).Bulk(options.Group).Bulk("IDLE"u8).Bulk(options.TakeOverMs).Bulk("-"u8).Bulk("+"u8).Bulk(1000));
        var worn = new List<(EntryId Id, long Tries)>();
        for (var left = reader.Number; left > 0; left--)
        {
            reader.Next();
            reader.Next();
            var id = EntryId.Parse(reader.Bytes);
            reader.Next();
            reader.Next();
            reader.Next();
            if (reader.Number >= options.Tries)
            {
                worn.Add((id, reader.Number));
            }
        }

        foreach (var (id, tries) in worn)
        {
            tooOften(stream, id, tries);
        }

        SendAcknowledgements();
    }

    // Returns the most entries that came of one stream.
    private int ReadNew(IReadOnlyList<GroupStream> from, int count, int? blockMs, Take take)
    {
        var most = 0;
        ReadGroup(from, count, blockMs, ">", (stream, page, delivery) =>
        {
            most = Math.Max(most, page.Count);
            take(stream, page, delivery);
        });
        return most;
    }

    private void ReadGroup(IReadOnlyList<GroupStream> from, int count, int? blockMs, string after, Take take)
    {
        var reader = _connection!.Call(c =>
        {
            c.Begin((blockMs is null ? 7 : 9) + (2 * from.Count)).Bulk("XREADGROUP"u8).Bulk("GROUP"u8).Bulk(options.Group).Bulk(options.Member).Bulk("COUNT"u8).Bulk(count);
            if (blockMs is { } wait)
            {
                c.Bulk("BLOCK"u8).Bulk(Math.Max(1, wait));
            }

            c.Bulk("STREAMS"u8);
            foreach (var stream in from)
            {
                c.Bulk(stream.Key);
            }

            foreach (var _ in from)
            {
                c.Bulk(after);
            }
        });
        for (var left = reader.Number; left > 0; left--)
        {
            reader.Next();
            reader.Next();
            var key = reader.Text();
            reader.Next();
            TakePage(reader, from.First(s => s.Key == key), Delivery.Own, take);
        }
    }

    // The list of entries whose first token was just read, and what of the reply still stands behind it.
    private void TakePage(RespReader reader, GroupStream stream, Delivery delivery, Take take, Action? readRest = null)
    {
        reader.Hold();
        _page.ReadEntries(reader);
        readRest?.Invoke();
        take(stream, _page, delivery);
        reader.Release();
    }
}
