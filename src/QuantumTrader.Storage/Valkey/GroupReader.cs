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
}

/// <summary>The streams of one node, read by one member of a consumer group over a connection of its own, which may block.</summary>
internal sealed class GroupReader(ValkeyOptions server, ValkeySourceOptions options, string[] keys) : IDisposable
{
    private readonly EntryPage _page = new();
    private readonly Dictionary<string, List<EntryId>> _acknowledged = keys.ToDictionary(k => k, _ => new List<EntryId>(), StringComparer.Ordinal);
    private readonly Dictionary<string, string> _own = new(StringComparer.Ordinal);
    private readonly Queue<(string Key, string From, string To)> _warmUp = new();
    private RespConnection? _connection;
    private long _nextTakeOver;

    /// <summary>Receives a page of entries of one stream.</summary>
    public delegate void Take(string key, EntryPage page, Delivery delivery);

    /// <summary>Receives an entry that was delivered too often.</summary>
    public delegate void TooOften(string key, EntryId id, long tries);

    public ValkeyAddress Address(ValkeyRoutes routes) => _connection?.Address ?? (server.Cluster ? routes.Of(keys[0]) : server.Address);

    /// <summary>Reads once: first what warms the blocks up, then what this member had not acknowledged, then what others left, then what is new, for which it waits.</summary>
    public void Read(ValkeyRoutes routes, int count, int blockMs, long nowMs, Take take, TooOften tooOften)
    {
        Connect(routes);
        SendAcknowledgements();
        if (ReadWarmUp(count, take) || ReadOwn(count, take, tooOften))
        {
            return;
        }

        if (nowMs >= _nextTakeOver)
        {
            _nextTakeOver = nowMs + (options.TakeOverMs / 2);
            foreach (var key in keys)
            {
                TakeOver(key, take, tooOften);
            }
        }

        Ask(count, blockMs, [.. keys.Select(_ => ">")]);
        ReadStreams((key, page) => take(key, page, Delivery.Own));
    }

    /// <summary>Notes an entry as handled; it is sent with the next read.</summary>
    public void Acknowledge(string key, EntryId id) => _acknowledged[key].Add(id);

    public void SendAcknowledgements()
    {
        foreach (var (key, ids) in _acknowledged)
        {
            if (ids.Count == 0 || _connection is not { } connection)
            {
                continue;
            }

            connection.Writer.Begin(3 + ids.Count).Bulk("XACK"u8).Bulk(key).Bulk(options.Group);
            ids.ForEach(id => connection.Writer.Bulk(id.ToString()));
            connection.Call();
            ids.Clear();
        }
    }

    /// <summary>Copies an entry to the stream of dead letters, and takes it off the group.</summary>
    public void Bury(string key, EntryId id, string reason)
    {
        using var connection = RespConnection.Open(server, _connection!.Address);
        connection.Writer.Begin(4).Bulk("XRANGE"u8).Bulk(key).Bulk(id.ToString()).Bulk(id.ToString());
        connection.Send();
        var page = new EntryPage();
        page.Read(connection.Reader);
        var fields = page.Count == 0 ? 0 : page.Fields(0);
        connection.Writer.Begin(11 + (2 * fields)).Bulk("XADD"u8).Bulk(key + ":dead").Bulk("MAXLEN"u8).Bulk(100_000).Bulk("*"u8).Bulk("entry"u8).Bulk(id.ToString()).Bulk("reason"u8).Bulk(reason).Bulk("group"u8).Bulk(options.Group);
        connection.Writer.Raw(fields == 0 ? [] : page.Raw(0));
        connection.Call();
        Acknowledge(key, id);
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

        // Once per life of this member: after a lost connection, what it holds is still on its way through the graph.
        var isFirst = _own.Count == 0;
        if (isFirst)
        {
            _warmUp.Clear();
        }

        var connection = RespConnection.Open(server, Address(routes));
        try
        {
            foreach (var key in keys)
            {
                connection.Writer.Begin(6).Bulk("XGROUP"u8).Bulk("CREATE"u8).Bulk(key).Bulk(options.Group).Bulk(options.FromBeginning ? "0" : "$").Bulk("MKSTREAM"u8);
                try
                {
                    connection.Call();
                }
                catch (ValkeyErrorException e) when (e.Code == "BUSYGROUP")
                {
                    // It exists, from this member's last life or from another member.
                    if (isFirst)
                    {
                        PlanWarmUp(connection, key);
                    }
                }
            }
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        foreach (var key in isFirst ? keys : [])
        {
            _own[key] = "0";
        }

        _connection = connection;
    }

    // What lies behind the group: all that was delivered, up to the oldest entry that somebody still holds.
    private void PlanWarmUp(RespConnection connection, string key)
    {
        if (options.WarmUpSeconds == 0)
        {
            return;
        }

        connection.Writer.Begin(3).Bulk("XPENDING"u8).Bulk(key).Bulk(options.Group);
        var reader = connection.Call();
        reader.Next();
        var isHeld = reader.Number > 0;
        reader.Next();
        var oldestHeld = isHeld ? reader.Text() : "";
        reader.Next();
        reader.Next();
        reader.Skip();
        var end = isHeld ? oldestHeld : LastDelivered(connection, key);
        var from = EntryId.Parse(Encoding.ASCII.GetBytes(end)).Ms - (options.WarmUpSeconds * 1000L);
        _warmUp.Enqueue((key, Math.Max(0, from).ToString(CultureInfo.InvariantCulture), isHeld ? "(" + end : end));
    }

    private string LastDelivered(RespConnection connection, string key)
    {
        connection.Writer.Begin(3).Bulk("XINFO"u8).Bulk("GROUPS"u8).Bulk(key);
        var reader = connection.Call();
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
    private bool ReadWarmUp(int count, Take take)
    {
        while (_warmUp.TryPeek(out var next))
        {
            var connection = _connection!;
            connection.Writer.Begin(6).Bulk("XRANGE"u8).Bulk(next.Key).Bulk(next.From).Bulk(next.To).Bulk("COUNT"u8).Bulk(count);
            connection.Send();
            _page.Read(connection.Reader);
            take(next.Key, _page, Delivery.WarmUp);
            connection.Reader.Release();
            _warmUp.Dequeue();
            if (_page.Count == count)
            {
                _warmUp.Enqueue((next.Key, $"({_page.LastId}", next.To));
            }

            if (_page.Count > 0)
            {
                return true;
            }
        }

        return false;
    }

    // What this member was given in an earlier life and never acknowledged.
    private bool ReadOwn(int count, Take take, TooOften tooOften)
    {
        var isAny = false;
        foreach (var key in keys)
        {
            while (_own[key].Length > 0)
            {
                if (_own[key] == "0")
                {
                    RemoveWorn(key, tooOften);
                }

                _connection!.Writer.Begin(9).Bulk("XREADGROUP"u8).Bulk("GROUP"u8).Bulk(options.Group).Bulk(options.Member).Bulk("COUNT"u8).Bulk(count).Bulk("STREAMS"u8).Bulk(key).Bulk(_own[key]);
                _connection.Send();
                var last = "";
                ReadStreams((_, page) =>
                {
                    if (page.Count > 0)
                    {
                        last = page.LastId.ToString();
                        isAny = true;
                        take(key, page, Delivery.Own);
                    }
                });
                _own[key] = last;
            }
        }

        return isAny;
    }

    private void TakeOver(string key, Take take, TooOften tooOften)
    {
        for (var from = "0-0"; ;)
        {
            RemoveWorn(key, tooOften);
            var reader = _connection!.Reader;
            _connection.Writer.Begin(8).Bulk("XAUTOCLAIM"u8).Bulk(key).Bulk(options.Group).Bulk(options.Member).Bulk(options.TakeOverMs).Bulk(from).Bulk("COUNT"u8).Bulk(100);
            _connection.Call();
            reader.Hold();
            reader.Next();
            from = reader.Text();
            reader.Next();
            _page.ReadEntries(reader);
            reader.Next();
            reader.Skip(); // entries that no longer exist
            take(key, _page, Delivery.TakenOver);
            reader.Release();
            if (from == "0-0")
            {
                return;
            }
        }
    }

    // Entries that nobody could handle, however often they were delivered, must not come back for ever.
    private void RemoveWorn(string key, TooOften tooOften)
    {
        _connection!.Writer.Begin(8).Bulk("XPENDING"u8).Bulk(key).Bulk(options.Group).Bulk("IDLE"u8).Bulk(options.TakeOverMs).Bulk("-"u8).Bulk("+"u8).Bulk(1000);
        var reader = _connection.Call();
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
            tooOften(key, id, tries);
        }

        SendAcknowledgements();
    }

    private void Ask(int count, int blockMs, string[] ids)
    {
        var writer = _connection!.Writer;
        writer.Begin(9 + (2 * keys.Length)).Bulk("XREADGROUP"u8).Bulk("GROUP"u8).Bulk(options.Group).Bulk(options.Member).Bulk("COUNT"u8).Bulk(count)
            .Bulk("BLOCK"u8).Bulk(Math.Max(1, blockMs).ToString(CultureInfo.InvariantCulture)).Bulk("STREAMS"u8);
        foreach (var key in keys)
        {
            writer.Bulk(key);
        }

        foreach (var id in ids)
        {
            writer.Bulk(id);
        }

        _connection.Send();
    }

    private void ReadStreams(Action<string, EntryPage> take)
    {
        var reader = _connection!.Reader;
        reader.Next();
        if (reader.Kind == RespKind.Error)
        {
            throw new ValkeyErrorException(reader.Text());
        }

        for (var streams = reader.Number; streams > 0; streams--)
        {
            reader.Hold();
            reader.Next();
            reader.Next();
            var key = reader.Text();
            reader.Next();
            _page.ReadEntries(reader);
            take(key, _page);
            reader.Release();
        }
    }
}
