namespace QuantumTrader.Pipelines;

/// <summary>Reads the keys of one mapping and reports those that nobody asked for.</summary>
internal sealed class MappingReader(MappingNode node, string path, FindingList findings)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public MappingNode Node => node;

    public string Path => path;

    /// <summary>The entry of a key, which is legal from now on; null when it is not given.</summary>
    public MappingEntry? Take(string key)
    {
        _known.Add(key);
        return node[key];
    }

    public string PathOf(string key) => ConfigPath.Key(path, key);

    /// <summary>Reports every key that was not taken.</summary>
    public void RejectOthers()
    {
        foreach (var entry in node.Entries.Where(e => !_known.Contains(e.Key)))
        {
            if (entry.Key == "<<")
            {
                findings.Add(FindingCodes.MergeKey, entry.Position, PathOf(entry.Key), "merge keys are not supported; write the keys out, or use an overlay.");
                continue;
            }

            var nearest = NearestName.Of(entry.Key, _known.Where(k => node[k] is null));
            findings.Add(FindingCodes.UnknownKey, entry.Position, PathOf(entry.Key), $"the key '{entry.Key}' is not known here.", string.Join(", ", _known.Order(StringComparer.Ordinal)), nearest);
        }
    }
}
