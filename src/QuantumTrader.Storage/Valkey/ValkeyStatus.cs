using System.Globalization;

namespace QuantumTrader.Storage.Valkey;

/// <summary>Asks a server what it holds and whether it is set up for a store.</summary>
internal static class ValkeyStatus
{
    /// <summary>A set with the channel and symbol of every stream, so that nobody needs to search all keys.</summary>
    public const string Registry = "qt:streams";

    // Above this share of its memory a server is worth a warning.
    private const double FullAt = 0.8;

    public static StoreStatus Ask(ValkeyOptions options, ValkeyKeys keys, IValkey valkey)
    {
        try
        {
            var streams = new List<StoreStream>();
            var bytes = 0L;
            foreach (var member in valkey.Call("SMEMBERS", new ValkeyKey(Registry)).Items.Select(i => i.Text).Order(StringComparer.Ordinal))
            {
                var (channel, symbol) = (member.Split(' ', 2)[0], member.Split(' ', 2)[^1]);
                var key = new ValkeyKey(keys.Stream(channel, symbol));
                if (valkey.Call("TYPE", key).Text != "stream")
                {
                    continue;
                }

                var info = valkey.Call("XINFO", "STREAM", key).Items;
                var values = Enumerable.Range(0, info.Count / 2).ToDictionary(i => info[2 * i].Text, i => info[(2 * i) + 1], StringComparer.Ordinal);
                streams.Add(new StoreStream(channel, symbol, values["length"].Number, Time(values["first-entry"]), Time(values["last-entry"])));
                bytes += valkey.Call("MEMORY", "USAGE", key).Number;
            }

            return new StoreStatus("valkey", options.ToString(), bytes, streams);
        }
        catch (ValkeyErrorException e)
        {
            throw ValkeyErrors.Refused(options.Address, e);
        }
    }

    /// <summary>What is wrong with the server's memory settings. None for a node of a cluster that does not say.</summary>
    public static IReadOnlyList<string> Findings(ValkeyOptions options, IValkey valkey)
    {
        var memory = valkey.Call("INFO", "memory").Text.Split('\n').Select(l => l.Trim().Split(':', 2)).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
        var findings = new List<string>();
        var policy = memory.GetValueOrDefault("maxmemory_policy", "noeviction");
        if (policy != "noeviction")
        {
            findings.Add($"{options} may evict: maxmemory-policy is {policy}, and would remove whole streams at once. Set it to noeviction; the store trims by time itself.");
        }

        var (used, limit) = (Number(memory, "used_memory"), Number(memory, "maxmemory"));
        if (limit > 0 && used > FullAt * limit)
        {
            findings.Add(string.Create(CultureInfo.InvariantCulture, $"{options} uses {(double)used / limit:P0} of its memory ({used >> 20} of {limit >> 20} MiB). Raise maxmemory, or shorten store.valkey.retention_days."));
        }

        return findings;
    }

    private static long Number(Dictionary<string, string> memory, string name) =>
        long.TryParse(memory.GetValueOrDefault(name), CultureInfo.InvariantCulture, out var value) ? value : 0;

    private static long Time(ValkeyReply entry) => entry.IsNothing ? 0 : EntryId.Parse(System.Text.Encoding.ASCII.GetBytes(entry.Items[0].Text)).Ms * 1_000_000;
}
