namespace QuantumTrader.Storage.Valkey;

/// <summary>A stream that a member of a group reads: one of a channel and symbol, or a side stream of it.</summary>
/// <param name="key">Its key.</param>
/// <param name="symbol">The symbol of its events.</param>
/// <param name="lateOf">Of a side stream: the stream that its events were too late for.</param>
internal sealed class GroupStream(string key, string symbol, GroupStream? lateOf = null)
{
    public string Key => key;

    public string Symbol => symbol;

    public GroupStream? LateOf => lateOf;

    /// <summary>Where its dead letters go.</summary>
    public string DeadKey => (lateOf?.Key ?? key) + ":dead";

    /// <summary>How far this member has read what it was given in an earlier life; empty when it has read all of it.</summary>
    public string Own { get; set; } = "0";

    /// <summary>Entries that were handled and are to be acknowledged with the next read.</summary>
    public List<EntryId> Acknowledged { get; } = [];

    /// <summary>The group was made just now, to begin with what comes from now on: side streams that are there already are not its.</summary>
    public bool BeginsNow { get; set; }
}
