using System.Globalization;

namespace QuantumTrader.Storage.Valkey;

/// <summary>An error that the server answered with, such as <c>WRONGTYPE Operation against a key holding the wrong kind of value</c>.</summary>
internal sealed class ValkeyErrorException(string reply) : Exception(reply)
{
    /// <summary>Its first word.</summary>
    public string Code => Message.Split(' ', 2)[0];

    /// <summary>Of a redirection, <c>MOVED 3999 10.0.0.7:6379</c> or <c>ASK ...</c>: the node that it names. One without a host means another port of the host that said it.</summary>
    public ValkeyAddress RedirectedBy(ValkeyAddress node)
    {
        var named = Message.Split(' ')[2];
        var colon = named.LastIndexOf(':');
        return new ValkeyAddress(colon == 0 ? node.Host : named[..colon], int.Parse(named[(colon + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>The server is there but cannot serve now; the same call can succeed later.</summary>
    public bool IsPassing => Code is "LOADING" or "BUSY" or "MASTERDOWN" or "CLUSTERDOWN" or "TRYAGAIN" or "OOM" or "MISCONF" or "READONLY" or "NOREPLICAS";
}

/// <summary>Words for what can go wrong with a server: each names host and port and says what to do.</summary>
internal static class ValkeyErrors
{
    public static StoreException Down(ValkeyAddress address, string why, Exception? inner = null) => new(
        $"Valkey at {address} cannot be reached ({why.TrimEnd('.')}). Start it, or correct store.valkey.host and store.valkey.port (VALKEY_HOST, VALKEY_PORT).", inner);

    public static StoreException Refused(ValkeyAddress address, ValkeyErrorException e) => new(
        e.Code switch
        {
            "NOAUTH" => $"Valkey at {address} wants a password. Set store.valkey.password (VALKEY_PASSWORD).",
            "WRONGPASS" => $"Valkey at {address} refuses the password. Correct store.valkey.password (VALKEY_PASSWORD).",
            "NOPERM" => $"Valkey at {address} does not let this user do that ({e.Message}). Give the user the commands of streams and the keys of the store.",
            "OOM" => $"Valkey at {address} has no memory left (maxmemory). Raise maxmemory, or shorten store.valkey.retention_days; what was not taken is kept and sent again.",
            "LOADING" => $"Valkey at {address} is still loading its data. It is tried again.",
            "CLUSTERDOWN" => $"The cluster of Valkey at {address} does not serve all slots ({e.Message}). Check it with valkey-cli --cluster check {address}.",
            _ => e.Message.Contains("DB index is out of range", StringComparison.Ordinal)
                ? $"Valkey at {address} has no database of that number. Correct store.valkey.database (VALKEY_DB)."
                : $"Valkey at {address} answered: {e.Message}",
        },
        e);
}
