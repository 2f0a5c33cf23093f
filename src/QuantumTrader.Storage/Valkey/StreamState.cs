namespace QuantumTrader.Storage.Valkey;

/// <summary>What the writing side knows of one stream.</summary>
internal sealed class StreamState
{
    private const long HourMs = 3_600_000;

    public StreamState(string channel, string symbol, string key)
    {
        (Channel, Symbol, Key) = (channel, symbol, key);
        EncodedKey = new RespWriter(64).Bulk(key).Written.ToArray();
    }

    public string Channel { get; }

    public string Symbol { get; }

    public string Key { get; }

    /// <summary>The key as a part of a command.</summary>
    public byte[] EncodedKey { get; }

    /// <summary>Newest id's ms, of what was sent too; the lowest possible for an empty stream.</summary>
    public long TopMs { get; set; } = long.MinValue;

    /// <summary>Newest id that the server confirmed: what stands behind it may be ours with its answer lost.</summary>
    public EntryId Confirmed { get; set; }

    /// <summary>Type of its events.</summary>
    public Type? Format { get; set; }

    /// <summary>Where streams are shared: the last entry that was looked at.</summary>
    public EntryId Seen { get; set; }

    /// <summary>Another writer was faster: ask for the newest id before the next entry is sent again.</summary>
    public bool IsTopStale { get; set; }

    /// <summary>Keys of the newest events.</summary>
    public RecentKeys Recent { get; set; } = new();

    /// <summary>The server refused entries of it for good: what is known of it must be asked for again.</summary>
    public bool MustLoad { get; set; }

    /// <summary>What stands at the key is no stream; when to look again (timestamp of the clock).</summary>
    public long? ForeignUntil { get; set; }

    /// <summary>It is itself a side stream, or the list of them.</summary>
    public bool IsLate { get; init; }

    /// <summary>Side streams of hours before this one (ms) were removed.</summary>
    public long LateTrimmedTo { get; set; }

    /// <summary>The connection that it is written through.</summary>
    public AppendLane? Lane { get; set; }

    /// <summary>Its slot is moving: the node that takes its commands when they ask for it.</summary>
    public ValkeyAddress? Asked { get; set; }

    /// <summary>The state of the routes when <see cref="Lane"/> was chosen.</summary>
    public int RoutesVersion { get; set; }

    /// <summary>Entries that are sent again get at least this id (ms), because another writer had got so far.</summary>
    public long SentAgainMs { get; set; }

    /// <summary>The side stream that was written to last.</summary>
    public StreamState? Late { get; set; }

    /// <summary>Keys that a window of old time has, to tell a repeat from a new event there.</summary>
    public HashSet<EventKey> Old { get; } = [];

    /// <summary>The window that <see cref="Old"/> covers, ns UTC: [from, to).</summary>
    public (long From, long To) OldWindow { get; set; }

    /// <summary>Entries since the stream was trimmed.</summary>
    public int SinceTrim { get; set; }

    /// <summary>Events that wait for the rest of their pack; null when events are not packed.</summary>
    public PackWriter? Pack { get; set; }

    /// <summary>Time of the oldest and the newest event of the pack, ms.</summary>
    public (long First, long Last) PackMs { get; set; }

    /// <summary>The hour that a moment falls in, ms.</summary>
    public static long HourOf(long ms) => ms - (((ms % HourMs) + HourMs) % HourMs);
}
