namespace QuantumTrader.Pipelines;

/// <summary>Lays one tree over another.</summary>
internal static class Overlay
{
    /// <summary>
    /// Mappings merge key by key; lists and single values replace; <c>null</c> removes the key. Every value keeps the place it came from.
    /// </summary>
    public static MappingNode Merge(MappingNode below, MappingNode above, FindingList findings, string path = "")
    {
        var entries = below.Entries.ToList();
        foreach (var entry in above.Entries)
        {
            var keyPath = ConfigPath.Key(path, entry.Key);
            var index = entries.FindIndex(e => e.Key == entry.Key);
            if (entry.Value is ScalarNode { IsNull: true })
            {
                Remove(entries, index, entry, keyPath, findings);
            }
            else if (index < 0)
            {
                entries.Add(entry);
            }
            else if (entries[index].Value is MappingNode old && entry.Value is MappingNode changes)
            {
                entries[index] = entries[index] with { Value = Merge(old, changes, findings, keyPath) };
            }
            else
            {
                entries[index] = entry;
            }
        }

        return new MappingNode(below.Position, entries);
    }

    private static void Remove(List<MappingEntry> entries, int index, MappingEntry entry, string path, FindingList findings)
    {
        if (index >= 0)
        {
            entries.RemoveAt(index);
            return;
        }

        findings.Add(FindingCodes.NothingToRemove, entry.Position, path, $"there is no '{entry.Key}' to remove.", nearest: NearestName.Of(entry.Key, entries.Select(e => e.Key)));
    }
}

/// <summary>Builds paths such as <c>blocks.signal.from[1]</c>.</summary>
internal static class ConfigPath
{
    public static string Key(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    public static string Item(string path, int index) => $"{path}[{index}]";
}
