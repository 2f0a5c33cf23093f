using System.Globalization;

namespace QuantumTrader.Pipelines;

/// <summary>Reads <c>tests</c>. The fields of the events are checked later, by their formats, which may need sections.</summary>
internal sealed class PipelineTestReader(PipelineDraft draft, FindingList findings)
{
    public IReadOnlyList<PipelineTest> Read(MappingEntry? entry)
    {
        if (entry is null or { Value: ScalarNode { IsNull: true } })
        {
            return [];
        }

        if (entry.Value is not SequenceNode list)
        {
            Reject(entry.Value, "tests", "a list of tests");
            return [];
        }

        return [.. list.Items.Select((item, i) => ReadTest(item, ConfigPath.Item("tests", i))).OfType<PipelineTest>()];
    }

    private PipelineTest? ReadTest(ConfigNode node, string path)
    {
        if (node is not MappingNode map)
        {
            Reject(node, path, "a mapping with name, insert, expect");
            return null;
        }

        var reader = new MappingReader(map, path, findings);
        var name = reader.Take("name")?.Value;
        if (name is not ScalarNode { IsNull: false })
        {
            findings.Add(FindingCodes.MissingKey, name?.Position ?? node.Position, reader.PathOf("name"), "a test needs a name.", "a sentence about the pipeline");
        }

        var insert = ReadEvents(reader, "insert", ResolveInsert);
        var expect = ReadEvents(reader, "expect", ResolveExpect);
        var tolerance = ReadTolerance(reader);
        reader.RejectOthers();
        return new PipelineTest(
            (name as ScalarNode)?.Value ?? "",
            [.. insert.Select(i => new InsertedEvents(i.Target.Block, i.Target.Port, i.Target.EventType, i.Events))],
            [.. expect.Select(e => new ExpectedEvents(e.Target.Block, e.Target.EventType, e.Events, e.At, e.Path))],
            tolerance,
            node.Position);
    }

    private decimal ReadTolerance(MappingReader reader)
    {
        if (reader.Take("tolerance")?.Value is not { } node)
        {
            return 0;
        }

        if (node is ScalarNode scalar && decimal.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 0)
        {
            return value;
        }

        findings.Add(FindingCodes.NotANumber, node.Position, reader.PathOf("tolerance"), $"found {node.Kind}.", "a number, 0 or more");
        return 0;
    }

    private List<(Target Target, IReadOnlyList<EventText> Events, Position At, string Path)> ReadEvents(MappingReader reader, string key, Func<string, Target?> resolve)
    {
        var path = reader.PathOf(key);
        if (reader.Take(key) is not { Value: MappingNode { Entries.Count: > 0 } map })
        {
            findings.Add(FindingCodes.TestEmpty, reader.Node[key]?.Value.Position ?? reader.Node.Position, path, $"the test has nothing to {key}.", "a mapping of blocks to lists of events");
            return [];
        }

        var all = new List<(Target, IReadOnlyList<EventText>, Position, string)>();
        foreach (var entry in map.Entries)
        {
            var entryPath = ConfigPath.Key(path, entry.Key);
            if (resolve(entry.Key) is not { } target)
            {
                RejectTarget(entry, entryPath, key);
            }
            else if (all.Exists(a => a.Item1 == target))
            {
                findings.Add(FindingCodes.DuplicateInput, entry.Position, entryPath, $"'{entry.Key}' is named twice: a block stands for its first port.");
            }
            else if (target.EventType is not null)
            {
                if (draft.Registry.FormatOf(target.EventType) is null)
                {
                    findings.Add(FindingCodes.TestFormat, entry.Position, entryPath, $"{target.EventType.Name} has no outside form, so a test cannot {key} it.");
                }

                all.Add((target, ReadList(entry.Value, entryPath), entry.Position, entryPath));
            }
        }

        return all;
    }

    private List<EventText> ReadList(ConfigNode node, string path)
    {
        if (node is not SequenceNode list)
        {
            Reject(node, path, "a list of events, each a mapping of fields to values");
            return [];
        }

        return [.. list.Items.Select((item, i) => ReadEvent(item, ConfigPath.Item(path, i))).OfType<EventText>()];
    }

    private EventText? ReadEvent(ConfigNode node, string path)
    {
        if (node is not MappingNode map)
        {
            Reject(node, path, "a mapping of fields to values");
            return null;
        }

        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in map.Entries)
        {
            switch (entry.Value)
            {
                case ScalarNode scalar:
                    fields[entry.Key] = scalar.Value;
                    break;
                case SequenceNode list when list.Items.All(i => i is ScalarNode):
                    fields[entry.Key] = $"[{string.Join(", ", list.Items.Select(i => ((ScalarNode)i).Value))}]";
                    break;
                default:
                    Reject(entry.Value, ConfigPath.Key(path, entry.Key), "a single value, or a list of them");
                    break;
            }
        }

        return new EventText(fields, node.Position, path, map);
    }

    /// <summary>A source stands for its output, another block for its first port, <c>block.port</c> for the port.</summary>
    private Target? ResolveInsert(string key)
    {
        var dot = key.IndexOf('.', StringComparison.Ordinal);
        var (name, port) = dot < 0 ? (key, null) : (key[..dot], key[(dot + 1)..]);
        if (draft[name] is not { } block)
        {
            return null;
        }

        if (block.Type is not { } type)
        {
            return new Target(name, null, null!);
        }

        if (type.Inputs.Count == 0)
        {
            return port is null ? new Target(name, null, Known(type.Output)) : null;
        }

        return type.Inputs.FirstOrDefault(p => p.Name == (port ?? Port.Main)) is { } found ? new Target(name, found.Name, Known(found.EventType)) : null;
    }

    private Target? ResolveExpect(string key) => draft[key] is { } block ? new Target(key, null, Known(block.Type?.Output)) : null;

    private static Type Known(Type? events) => events is { IsGenericParameter: false } ? events : null!;

    private void RejectTarget(MappingEntry entry, string path, string key)
    {
        var legal = draft.Names.ToList();
        if (key == "insert")
        {
            legal.AddRange(draft.Blocks.SelectMany(b => b.Type?.Inputs.Skip(1).Select(p => $"{b.Name}.{p.Name}") ?? []));
        }

        findings.Add(FindingCodes.TestPort, entry.Position, path, $"no block or port is named '{entry.Key}'.", nearest: NearestName.Of(entry.Key, legal));
    }

    private void Reject(ConfigNode node, string path, string legal) =>
        findings.Add(FindingCodes.WrongKind, node.Position, path, $"{node.Kind} stands where something else is needed.", legal);

    /// <summary>Where events go in or come out. The type is null while the block's own is not known.</summary>
    private sealed record Target(string Block, string? Port, Type EventType);
}
