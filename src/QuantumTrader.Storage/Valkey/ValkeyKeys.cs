namespace QuantumTrader.Storage.Valkey;

/// <summary>The keys of a profile. A channel that an older program does not have keeps the default's name.</summary>
internal sealed class ValkeyKeys(KeyProfile profile, bool isCluster)
{
    /// <summary>Key of the stream of a channel and symbol.</summary>
    public string Stream(string channel, string symbol)
    {
        if (symbol.Length == 0)
        {
            return $"qt:{channel}";
        }

        var s = isCluster ? $"{{{symbol}}}" : symbol;
        return (profile, channel) switch
        {
            (KeyProfile.Guide, "tick") => $"ticks:{s}:realtime",
            (KeyProfile.Guide, "features") => $"features:{s}",
            (KeyProfile.Guide, "signal") => $"signals:{s}",
            (KeyProfile.Code, "tick") => $"stream:ticks:{s}",
            (KeyProfile.Code, "book" or "features") => $"stream:{channel}:{s}",
            (KeyProfile.Code, "signal" or "prediction") => $"stream:{channel}s:{s}",
            (KeyProfile.Code, _) when channel.StartsWith("bar:", StringComparison.Ordinal) => $"stream:candles:{channel[4..]}:{s}",
            (KeyProfile.Hmarl, "tick") => $"market_data:{s}",
            (KeyProfile.Hmarl, "flow") => $"order_flow:{s}",
            (KeyProfile.Hmarl, "footprint") => $"footprint:{s}",
            (KeyProfile.Hmarl, "tape") => $"tape_reading:{s}",
            (KeyProfile.Hmarl, "liquidity") => $"liquidity_profile:{s}",
            (KeyProfile.Hmarl, "event") => $"flow_events:{s}",
            (KeyProfile.Hmarl, "decision") => $"agent_decisions:{s}",
            _ => $"qt:{channel}:{s}",
        };
    }

    /// <summary>Key of the sorted set that names the hours for which a stream has late events, and beginning of the keys of their side streams.</summary>
    public static string LateIndex(string stream) => stream + ":late";

    /// <summary>Key of the side stream for late events of one hour (ms since 1970).</summary>
    public static string LateStream(string stream, long hourMs) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{stream}:late:{DateTimeOffset.FromUnixTimeMilliseconds(hourMs):yyyyMMddHH}");
}
