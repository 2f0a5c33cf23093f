namespace QuantumTrader.Pipelines;

/// <summary>
/// What the old system takes from the environment: each variable is laid over the pipeline like an overlay of one line, under what
/// <c>--set</c> says. Settings of a section only where the pipeline has the thing that they are about.
/// </summary>
internal static class EnvironmentSettings
{
    public const string File = "environment";

    // Days that streams are kept can be told apart by channel; the variable is for all of them.
    private static readonly string[] Channels = ["tick", "quote", "book", "bar", "flow", "footprint", "liquidity", "tape", "features", "signal", "prediction", "decision", "feedback", "agent"];

    private static readonly (string Variable, string Section, string[] Path)[] Settings =
    [
        ("VALKEY_HOST", "store", ["valkey", "host"]),
        ("VALKEY_PORT", "store", ["valkey", "port"]),
        ("VALKEY_PASSWORD", "store", ["valkey", "password"]),
        ("VALKEY_DB", "store", ["valkey", "database"]),
        ("STREAM_MAX_LENGTH", "store", ["valkey", "max_entries"]),
        .. Channels.Select(c => ("STREAM_RETENTION_DAYS", "store", (string[])["valkey", "retention_days", c])),
        .. ((string[])["tick", "book", "flow", "footprint", "liquidity", "tape", "history", "signal", "features"]).Select(c => ($"ZMQ_{c.ToUpperInvariant()}_PORT", "bus", (string[])["channels", c])),
    ];

    /// <summary>The tree with what the environment sets.</summary>
    public static MappingNode Lay(MappingNode root, Func<string, string?> environment, FindingList findings)
    {
        foreach (var one in Switch.All)
        {
            root = LaySwitch(root, one, environment, findings);
        }

        foreach (var (variable, section, path) in Settings)
        {
            if (environment(variable) is { Length: > 0 } && Has(root, section))
            {
                root = Overlay.Merge(root, Tree($"${{{variable}}}", [section, .. path]), findings);
            }
        }

        if (environment(Lookback) is { Length: > 0 })
        {
            foreach (var (name, type) in Blocks(root))
            {
                root = type == "features.time_travel" ? Overlay.Merge(root, Tree($"${{{Lookback}}}", ["blocks", name, "lookback_minutes"]), findings) : root;
            }
        }

        return root;
    }

    private const string Lookback = "TIME_TRAVEL_LOOKBACK_MINUTES";

    // A section may be left to its defaults; then a block that uses it is there.
    private static bool Has(MappingNode root, string section) =>
        root[section]?.Value is MappingNode
        || Blocks(root).Any(b => section == "bus" ? b.Type.EndsWith(".zeromq", StringComparison.Ordinal) : b.Type is "sink.store" or "source.store" or "source.valkey");

    private static IEnumerable<(string Name, string Type)> Blocks(MappingNode root) => root["blocks"]?.Value is not MappingNode blocks
        ? []
        : blocks.Entries.Select(e => (e.Key, ((e.Value as MappingNode)?["type"]?.Value as ScalarNode)?.Value ?? ""));

    private static MappingNode LaySwitch(MappingNode root, Switch one, Func<string, string?> environment, FindingList findings)
    {
        var variable = one.Alias.Length > 0 && string.IsNullOrEmpty(environment(one.Name)) ? one.Alias : one.Name;
        if (environment(variable) is not { Length: > 0 } value)
        {
            return root;
        }

        if (one.Set(new SwitchOptions(), value) is { } set)
        {
            return Overlay.Merge(root, Tree(one.Get(set)!, ["switches", one.Name.ToLowerInvariant()]), findings);
        }

        findings.Add(FindingCodes.BadSwitch, root.Position, "", $"{variable} was '{value}'.", one.Legal);
        return root;
    }

    // Settings as if the file said ${NAME}, so that findings never print a secret.
    private static MappingNode Tree(string text, IReadOnlyList<string> keys)
    {
        var at = new Position(File, 1, 1);
        ConfigNode value = new ScalarNode(at, text, IsQuoted: false);
        foreach (var key in keys.Reverse())
        {
            value = new MappingNode(at, [new MappingEntry(key, at, value)]);
        }

        return (MappingNode)value;
    }
}
